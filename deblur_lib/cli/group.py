"""The command that all verbs belong to."""

import gc
import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from deblur_lib import __version__
from deblur_lib.errors import DeblurError
from deblur_lib.files import ADVICE, unwritten
from deblur_lib.profiles import PROFILES

if TYPE_CHECKING:
    from deblur_lib.spec import Train


class Verbs(click.Group):
    """A group of verbs that prints our errors in one line and exits with their status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; a `DeblurError`, Ctrl-C and a disk that cannot be written become a line.

        Names that are no UTF-8 are printed with escapes, which JSON readers understand.
        """
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except DeblurError as error:
            click.echo(f"deblur: {error}", err=True)
            ctx.exit(error.exit_status)
        except OSError as error:
            if error.errno not in ADVICE:
                raise
            click.echo(f"deblur: {unwritten(error.filename or 'a file', error)}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("deblur: stopped; what was finished is kept", err=True)
            ctx.exit(130)


@contextmanager
def loading() -> Iterator[None]:
    """Load libraries without looking for garbage meanwhile: they leave none, and stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def examples(*lines: str) -> str:
    """The end of a help text, its lines kept as they are."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])


@click.group(
    cls=Verbs,
    epilog=examples(
        "deblur restore holiday/ --out restored",
        "deblur train --network nafnet --data FOLDER",
        "deblur reproduce wan2023 --dry-run",
    ),
)
@click.version_option(__version__)
def main() -> None:
    """Reproduce image-deblurring papers: train, evaluate, compare with every printed number.

    And put the same networks to use: restore photographs and videos, train on pictures of your own,
    score, take weights of others. Each command tells its options with --help.
    """


profile_option = click.option(
    "--profile", type=click.Choice(PROFILES), default="demo", show_default=True,
    help="budget of the runs, as the paper declares it",
)  # fmt: skip


def in_words(recipe: "Train") -> str:
    """What a training does, in a line."""
    from deblur_lib.report.numbers import short

    terms = [*recipe.loss.items()]
    if recipe.adversarial:
        terms.append((recipe.adversarial.loss, recipe.adversarial.weight))
    loss = " + ".join(f"{short(weight)} {name}" for name, weight in terms)
    return (
        f"{recipe.steps} steps of {recipe.batch} crops of {recipe.crop} px, rate "
        f"{short(recipe.lr)} {recipe.schedule}, loss {loss}"
    )


def pair(option: str, text: str) -> tuple[str, str]:
    """Name and value of an option given as KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{option} needs KEY=VALUE, got {text!r}")
    return key, value


def _as_ctrl_c(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else signal.default_int_handler)(signal.SIGINT, frame)


class Place(click.Path):
    """The path of a file or folder to write; an empty text, as of an unset variable, is none."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A path from the text of an option."""
        if value == "":
            self.fail("needs a path, got an empty text", param, ctx)
        return super().convert(value, param, ctx)


@contextmanager
def ends_as_ctrl_c() -> Iterator[None]:
    """A request to end (SIGTERM, as batch systems send it) counts as Ctrl-C: states are stored.

    It takes the way that Ctrl-C has at that moment, which a training holds back between two steps.
    """
    before = signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
