"""A SLURM cluster of one node with two pretended graphics processors, as children of the tests.

Debian's packages slurmctld, slurmd, slurm-client and munge are needed, and root. Everything lies in
one folder and listens to this machine alone; no control groups are touched.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

CONF = """
ClusterName=t
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
CredType=cred/munge
# a requeued job may start again after that many seconds and one
AuthInfo=socket={folder}/munge.sock,cred_expire=5
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/slurmd
SlurmctldPidFile={folder}/ctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
MailProg=/usr/bin/true
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1
ReturnToService=2
JobRequeue=1
KillWait=1
SlurmctldTimeout=30
SlurmdTimeout=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 Gres=gpu:2 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
SBIN = f"{os.environ['PATH']}:/usr/sbin"


def missing() -> str:
    """What this machine lacks for a cluster, "" where nothing."""
    wanted = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue")
    lacking = [one for one in wanted if not shutil.which(one, path=SBIN)]
    return ", ".join(lacking) or ("" if os.geteuid() == 0 else "root")


class Slurm:
    """The cluster; `environment` is what its users need."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.children = folder, list[subprocess.Popen[bytes]]()
        for name in ("ctld", "slurmd"):
            (folder / name).mkdir(parents=True)
        folder.chmod(0o755)
        (folder / "munge.key").touch(0o600)
        (folder / "munge.key").write_bytes(os.urandom(128))
        for number in (0, 1):
            os.mknod(folder / f"gpu{number}", 0o20666, os.makedev(1, 3))
        gres = f"Name=gpu File={folder}/gpu[0-1] Flags=nvidia_gpu_env\n"
        (folder / "gres.conf").write_text(gres)
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        ports = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        host = socket.gethostname().split(".")[0]
        (folder / "slurm.conf").write_text(CONF.format(host=host, folder=folder, ports=ports))
        self.environment = {"SLURM_CONF": f"{folder}/slurm.conf", "PATH": SBIN}

    def __enter__(self) -> "Slurm":
        try:
            files = {"key-file": "key", "socket": "sock", "pid-file": "pid", "log-file": "log"}
            options = [f"--{name}={self.folder}/munge.{end}" for name, end in files.items()]
            options.append(f"--seed-file={self.folder}/munge.seed")
            self._start("munged", "--foreground", "--force", *options)
            self._until((self.folder / "munge.sock").exists)
            self._start("slurmctld", "-D")
            self._start("slurmd", "-D")
            self._until(lambda: self.out("sinfo", "-h", "-o", "%T") == "idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.out("scancel", "--user=root", "--state=PENDING")
            for step in self.out("squeue", "-h", "-s", "-o", "%i").split():
                self.out("scancel", "--signal=KILL", step)
            self.out("scancel", "--user=root")
            self._until(lambda: not self.out("squeue", "-h"))
        finally:
            for child in reversed(self.children):
                child.terminate()
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()

    def out(self, *command: str) -> str:
        """What one of SLURM's commands prints."""
        own = os.environ | self.environment
        done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def _start(self, *command: str) -> None:
        nothing = subprocess.DEVNULL
        self.children.append(
            subprocess.Popen(
                command, env=os.environ | self.environment, stdin=nothing, stdout=nothing,
                stderr=nothing,
            )
        )  # fmt: skip

    def _until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise RuntimeError(f"the cluster does not answer: {self.out('sinfo', '-R')}")
            time.sleep(0.05)
