"""Two executions of one chapter at once share their runs and their results."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from deblur_lib.notebook.room import Room
from deblur_lib.runs import store
from deblur_lib.runs.plan import Request, make_plan

TIMED = {"manifests.json", "digests.json"}  # hold the seconds that a run took
BOTH = """
import itertools, sys, time
from pathlib import Path
from deblur_lib.notebook import room as module
from deblur_lib.runs.plan import Request, make_plan

times = itertools.count()
def meet():
    place = Path("meeting", str(next(times)))
    place.mkdir(parents=True, exist_ok=True)
    (place / sys.argv[1]).touch()
    for _ in range(6000):
        if len(list(place.iterdir())) == 2:
            return
        time.sleep(0.01)
    sys.exit("the other one did not come")

room = module.Room(make_plan(Request("wan2023", profile="smoke", methods=("wan2023",))))
writing, collect = room._writing, module.collect
def together():
    meet()
    return writing()
def slowly(*given):
    start = time.monotonic()
    time.sleep(0.5)
    collect(*given)
    print("wrote", start, time.monotonic())
room._writing, module.collect = together, slowly

meet()
for _ in range(2):
    room.run()
"""


def written(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }


def test_both_end_and_leave_what_one_leaves(project: Path) -> None:
    plan = make_plan(Request("wan2023", profile="smoke", methods=("wan2023",)))
    (run,) = plan.runs
    alone = Room(plan)
    alone.run()
    expected, rows = written(alone.folder), alone.results.rows

    store.run_folder(run).joinpath("rows.csv").unlink()  # both find a run to score
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BOTH, name],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in "ab"
    ]
    said = [one.communicate(timeout=300)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    turns = sorted(
        tuple(float(one) for one in line.split()[1:])
        for line in "".join(said).splitlines()
        if line.startswith("wrote ")
    )
    assert len(turns) == 4
    assert all(end <= start for (_, end), (start, _) in pairwise(turns))
    again = written(alone.folder)
    assert again.keys() == expected.keys()
    assert {name for name in again if again[name] != expected[name]} <= TIMED
    assert alone.results.rows.equals(rows)  # and the seals hold
