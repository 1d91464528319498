"""The command that all verbs belong to."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from deblur_lib import __version__
from deblur_lib.errors import DeblurError
from deblur_lib.files import ADVICE, unwritten


class Verbs(click.Group):
    """A group of verbs that prints our errors in one line and exits with their status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; a `DeblurError`, Ctrl-C and a disk that cannot be written become a line."""
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


@click.group(cls=Verbs)
@click.version_option(__version__)
def main() -> None:
    """Reproduce image-deblurring papers: train, evaluate, compare with every printed number."""


def examples(*lines: str) -> str:
    """The end of a help text, its lines kept as they are."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])


def pair(option: str, text: str) -> tuple[str, str]:
    """Name and value of an option given as KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{option} needs KEY=VALUE, got {text!r}")
    return key, value


@contextmanager
def ends_as_ctrl_c() -> Iterator[None]:
    """A request to end (SIGTERM, as batch systems send it) counts as Ctrl-C: states are stored."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
