"""Execute a notebook in a kernel of this very interpreter, beside the place it will have. No torch.

Nothing around it takes part: no kernel that is installed under the same name, no start-up files and
no profile of IPython. What was executed before stays until the new notebook is whole.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from traitlets import default

from deblur_lib.errors import DeblurError

PATIENCE = 240.0  # seconds to end in; trainings under way store their state in half of them


class NotebookError(DeblurError):
    """A cell of the notebook failed, or its kernel; what ran before it is kept."""


class OwnKernel(AsyncKernelManager):
    """A kernel of `sys.executable`, whatever kernels Jupyter finds."""

    @default("shutdown_wait_time")
    def _patience(self) -> float:
        return PATIENCE

    @property
    def kernel_spec(self) -> KernelSpec:
        """How to start it."""
        return KernelSpec(resource_dir="", **get_kernel_dict())


def execute(source: Path, target: Path, parameters: Mapping[str, Any], *, root: Path) -> Path:
    """Execute a notebook in the project root.

    Args:
        source: the notebook.
        target: where the caller will put it, together with its stamp; left alone here.
        parameters: values of types of JSON for the cell behind the tagged one.
        root: project root, the kernel's folder and its DEBLUR_ROOT.

    Returns:
        The whole notebook, beside the target.

    Raises:
        NotebookError: a cell or the kernel failed; names it and where the partial notebook is.
    """
    import papermill

    target.parent.mkdir(parents=True, exist_ok=True)
    partial, failed = target.with_suffix(".partial.ipynb"), target.with_suffix(".failed.ipynb")
    partial.unlink(missing_ok=True)
    try:
        with (
            TemporaryDirectory(ignore_cleanup_errors=True) as profile,
            _environment(
                TQDM_DISABLE="1", DEBLUR_ROOT=str(root), IPYTHONDIR=profile, PYTHONSTARTUP=""
            ),
        ):
            papermill.execute_notebook(
                str(source),
                str(partial),
                parameters=dict(parameters),
                kernel_name="python3",
                kernel_manager_class=OwnKernel,
                progress_bar=False,
                cwd=str(root),
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            )
    except BaseException as error:
        kept = ""
        if partial.is_file():
            partial.replace(failed)
            kept = f"; what ran before it is kept in {failed.relative_to(root)}"
        told = _told(source.name, error)
        if not told:
            raise
        raise NotebookError(f"{told}{kept}, finished runs are not repeated") from None
    failed.unlink(missing_ok=True)
    return partial


def _told(name: str, error: BaseException) -> str:
    """What failed, in words; empty where it is nothing that a notebook can do."""
    from papermill import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        first = next((one for one in error.source.splitlines() if one.strip()), "")
        return (
            f"cell {error.cell_index} of {name} failed ({first.strip()}): "
            f"{error.ename}: {error.evalue}"
        )
    if isinstance(error, DeadKernelError):
        return f"the kernel of {name} was killed, for instance for want of memory"
    if isinstance(error, RuntimeError) and "Kernel died" in str(error):
        return f"no kernel starts for {name}; try {sys.executable} -m ipykernel_launcher"
    return ""


@contextmanager
def _environment(**changes: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
