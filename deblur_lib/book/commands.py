"""The page of the commands: examples from one declaration, with what they printed when last run.

book/commands.yaml declares the examples, book/commands.json holds their output; `cli.captured` runs
them and writes it. Building the book runs none.
"""

from dataclasses import field
from pathlib import Path
from textwrap import wrap

import yaml
from pydantic.dataclasses import dataclass

from deblur_lib.errors import BookError
from deblur_lib.records import read_json
from deblur_lib.spec import STRICT, parse

DECLARED, PRINTED = "commands.yaml", "commands.json"
WIDTH = 74  # letters of a command in a line
AGAIN = "run `make commands`"


@dataclass(frozen=True, config=STRICT)
class Section:
    """Commands that belong together.

    Attributes:
        title: heading.
        text: Markdown above them.
        examples: what is typed; each must end with status 0.
        help: commands whose options are shown in full.
        slow: more than tests should wait for.
    """

    title: str
    text: str
    examples: list[str] = field(default_factory=list)
    help: list[str] = field(default_factory=list)
    slow: bool = False

    def typed(self) -> list[str]:
        """All that is run for this section."""
        return [*self.examples, *(f"deblur {one} --help" for one in self.help)]


def sections(book: Path) -> list[Section]:
    """What the page shows, in order.

    Args:
        book: folder of the book's sources.
    """
    held = yaml.safe_load((book / DECLARED).read_text(encoding="utf-8"))
    found: list[Section] = parse(list[Section], held, source=DECLARED)
    return found


def commands_page(book: Path) -> str:
    """Every example with its output, and the options of each command on demand.

    Args:
        book: folder of the book's sources.

    Raises:
        BookError: the stored output is of other examples.
    """
    declared = sections(book)
    printed: dict[str, str] = read_json(book / PRINTED)
    typed = {command for one in declared for command in one.typed()}
    if other := sorted(typed ^ set(printed)):
        raise BookError(f"{PRINTED} is of other examples than {DECLARED} ({other[0]}); {AGAIN}")
    parts = []
    for one in declared:
        parts += [f"## {one.title}", one.text]
        parts += [_block(command, printed[command]) for command in one.examples]
        for name in one.help:
            summary = f"<details><summary>deblur {name} --help</summary>"
            command = f"deblur {name} --help"
            parts += [summary, _block(command, printed[command]), "</details>"]
    return "\n\n".join([*parts, ""])


def _block(command: str, output: str) -> str:
    fence, lines = "`" * 4, wrap(command, WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join([f"{fence}console", "$ " + " \\\n>   ".join(lines), output.rstrip(), fence])
