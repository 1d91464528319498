"""Networks that a page of the book runs in the reader's browser: ONNX files beside the pages.

<book>/_extra/models/<id>-<begin of the weights' digest>.onnx, so that a file of other weights than
the published ones is known by its name. A build exports what is missing where the weights are at
hand, by `deblur weights export` in a process of its own: no torch here.
"""

import html
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deblur_lib import papers
from deblur_lib.book import answers
from deblur_lib.book.blocks import shown
from deblur_lib.errors import BookError
from deblur_lib.profiles import PROFILES
from deblur_lib.provenance import file_digest
from deblur_lib.records import Manifest, read_json
from deblur_lib.report.columns import own_method
from deblur_lib.report.markup import escape
from deblur_lib.report.results import Results
from deblur_lib.runs import store
from deblur_lib.weights import shipped

FOLDER = Path("_extra") / "models"
RUNTIME = Path("vendor") / "onnxruntime" / "ort-wasm-simd-threaded.wasm"
MOST = 5_000_000  # bytes of a network that a page may load
TRACKED = 1_500_000  # bytes up to which a network is kept in the repository
BACKSLASH = "\\"  # before signs that mean something in Markdown
EXPORT = (sys.executable, "-m", "deblur_lib.cli", "weights", "export")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Network:
    """A network that the page could offer.

    Attributes:
        id: paper, or "photo".
        title: what the menu shows.
        told: where its weights come from, HTML.
        digest: SHA-256 of its weights.
        weights: its checkpoint; None where it is not at hand.
    """

    id: str
    title: str
    told: str
    digest: str
    weights: Path | None

    @property
    def file(self) -> str:
        """Name of its ONNX file."""
        return f"{self.id}-{self.digest[:8]}.onnx"


def networks(published: Path) -> Iterator[Network | str]:
    """The shipped network, then the papers' own ones at the largest published profile.

    Args:
        published: folder of the published results.

    Yields:
        The network, or a sentence that says why there is none.
    """
    path = shipped.FOLDER / shipped.PHOTO
    if path.is_file():
        card = read_json(path.with_suffix(".json"))
        told = (
            f"Weights that come with the package; their last training took {card['step']:,} steps."
        )
        yield Network("photo", "For photographs, shipped weights", told, card["sha256"], path)
    else:
        yield "For photographs: the package ships no weights yet, they are not trained."
    for name in papers.names():
        folder = next(_largest(published / name), None)
        results = Results.load(folder) if folder else None
        own = own_method(papers.load(name), results) if results else None
        if results is None or own is None or not results.of_method(own.id):
            yield f"{name}: no results of its own network are published."
        else:
            yield _own(results, results.of_method(own.id)[0], own.title)


def _largest(folder: Path) -> Iterator[Path]:
    """Published profiles of a paper, the largest first; smoke is none."""
    yield from (
        folder / one for one in PROFILES[:0:-1] if (folder / one / "manifests.json").is_file()
    )


def _own(results: Results, run: Manifest, title: str) -> Network:
    gains = answers.gains(results, papers.load(run.paper), results.folder.parents[1])
    gained = "".join(f"<li>{html.escape(one.replace(BACKSLASH, ''))}</li>" for one in gains)
    told = (
        f'From the chapter <a href="notebooks/{run.paper}.html">{run.paper}</a>, profile '
        f"{run.profile}, seed {run.seed}.<ul>{gained}</ul>"
    )
    title = title if title.startswith(run.paper) else f"{run.paper}: {title}"
    folder = store.workspace() / run.paper / run.profile / run.run
    found = [folder / f"{one}.safetensors" for one in ("best", "last")]
    found.append(results.folder / "own.safetensors")
    same = (one for one in found if one.is_file() and file_digest(one) == run.weights_digest)
    return Network(run.paper, title, told, run.weights_digest, next(same, None))


def collect(book: Path, published: Path) -> tuple[dict[Network, dict[str, Any]], list[str]]:
    """Bring the networks of the page to <book>/_extra/models; files of other weights go.

    Args:
        book: folder of the book's sources.
        published: folder of the published results.

    Returns:
        What the .onnx.json of each network says, with its bytes; and why the others are not there.

    Raises:
        BookError: a file is not what the .onnx.json beside it says.
    """
    found, lacking = {}, []
    for one in networks(published):
        path = book / FOLDER / (one if isinstance(one, str) else one.file)
        why = one if isinstance(one, str) else _made(one, path)
        if isinstance(one, str) or why:
            lacking.append(why)
            continue
        told = read_json(path.with_name(f"{path.name}.json"))
        if file_digest(path) != told["sha256"]:
            raise BookError(
                f"{path} is not what {path.name}.json says; delete both and build again, or take "
                "them from another copy"
            )
        found[one] = told | {"bytes": path.stat().st_size}
    kept = {f"{one.file}{end}" for one in found for end in ("", ".json")}
    for path in (book / FOLDER).glob("*.onnx*"):
        if path.name not in kept:
            path.unlink()
    return found, lacking


def _made(one: Network, path: Path) -> str:
    """Why a network has no ONNX file, after an attempt to make it; "" where it has one."""
    if path.is_file():
        return ""
    if one.weights is None:
        return f"{one.title}: its weights are not part of this copy; train it, then build again."
    if one.weights.stat().st_size > 2 * MOST:  # float16 halves it
        return f"{one.title}: more than {MOST / 1e6:.0f} MB, which is too much for a page."
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [*EXPORT, str(one.weights), "--half", "--out", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        _log.warning("%s is not in the book: %s", one.title, reason[0])
        return f"{one.title}: it could not be exported."
    return ""


def page(book: Path, published: Path, stored: Mapping[str, Results]) -> str:
    """What the page needs to run a network: their menu, pictures to try, and what is not there.

    Args:
        book: folder of the book's sources; the runtime lies in its vendor folder.
        published: folder of the published results.
        stored: the results that the chapters show, whose pictures are on the front page.
    """
    found, lacking = collect(book, published)
    runtime = book / "_extra" / RUNTIME
    notes = ["Not offered in this copy:", ""] if lacking else []
    notes += [f"- {escape(one)}" for one in lacking]
    if not (found and runtime.is_file()):
        missing = "the runtime, which npm brings" if found else "a network"
        return "\n".join(
            [f"This copy of the book cannot restore: it lacks {missing}.", "", *notes, ""]
        )
    options = "".join(_option(one, told) for one, told in found.items())
    lines = [
        "```{raw} html",
        f'<div class="try" data-runtime="{RUNTIME.as_posix()}" '
        f'data-bytes="{runtime.stat().st_size}"><p><label>Network <select class="try-network">'
        f'{options}</select></label></p><p class="try-needs">A script of this page restores; '
        "without scripts it shows pictures only.</p></div>",
        "```",
        "::::{container} try-given",
    ]
    for name in stored:
        picture = book / "_generated" / "pictures" / f"strip-{name}-blurred.png"
        if picture.is_file():
            lines.append(shown(picture.name, f"blurred test picture of {name}"))
    return "\n".join([*lines, "::::", "", *notes, ""])


def _option(one: Network, told: dict[str, Any]) -> str:
    """An entry of the menu: where the file lies, and what the script must know of it."""
    frames = told["shape"][1] if len(told["shape"]) == 5 else 1
    fixed = [side for side in told["shape"][-2:] if isinstance(side, int)]
    facts = {
        "bytes": told["bytes"], "step": max(told["multiple_of"]), "frames": frames,
        "least": max([told["minimum_size"], *fixed]), "told": one.told,
        "input": told["input"], "output": told["output"],
    }  # fmt: skip
    data = "".join(f' data-{name}="{html.escape(str(value))}"' for name, value in facts.items())
    return f'<option value="models/{one.file}"{data}>{html.escape(one.title)}</option>'
