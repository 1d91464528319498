"""The built site: made by Jupyter Book with warnings as errors, then weighed and crawled."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from deblur_lib.errors import BookError

PAGE_BYTES = 2 * 2**20
NOTEBOOK_BYTES = 2 * 2**20
SHOWN = {"stylesheet", "icon", "preload"}
OURS = ("_static", "vendor", "searchindex.js")  # where the book's own scripts lie
FOREIGN = ("iframe", "object", "embed", "base", "form", "meta")  # never part of a page's text
ADDRESSES = ("href", "src", "action", "formaction", "xlink:href", "data", "srcdoc")
LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}


@dataclass
class _Tag:
    name: str
    attributes: dict[str, str]
    inside: bool  # the article, which is the page's own text
    text: str = ""  # what a script says


class _Tags(HTMLParser):
    """The tags of a page in their order; no check needs a tree of them, which takes longer."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[_Tag] = []
        self._articles = 0
        self._open = ""  # the tag that text belongs to
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.found.append(_Tag(tag, given, self._articles > 0))
        self._articles += tag == "article"
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._articles = max(0, self._articles - (tag == "article"))  # one too many opens nothing
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.found[-1].text += data


def run_jupyter_book(book: Path, *, online: bool) -> Path:
    """Build the pages to <book>/_build/html; every warning is an error.

    Args:
        book: folder of the book's sources.
        online: take MathJax from its CDN instead of the vendored copy.

    Returns:
        The folder of the built pages.

    Raises:
        BookError: holds the warnings that Sphinx printed.
    """
    shutil.rmtree(book / "_build", ignore_errors=True)  # nothing of an earlier build stays
    command = [
        str(Path(sysconfig.get_path("scripts")) / "jupyter-book"),
        *("build", str(book), "--quiet"),
        *("--warningiserror", "--nitpick", "--keep-going"),
        *("--config", str(book / ("_config_online.yml" if online else "_config.yml"))),
    ]
    environment = os.environ | {"PYTHONWARNINGS": "ignore", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [one for one in done.stderr.splitlines() if "WARNING" in one or "ERROR" in one]
        raise BookError("the book does not build:\n" + ("\n".join(lines) or done.stderr[-3000:]))
    return book / "_build" / "html"


def check_site(html: Path, root: Path, *, online: bool = False) -> None:
    """Weigh and crawl the built pages.

    Args:
        html: folder of the built pages.
        root: project root, whose path must not appear in any page.
        online: allow resources of other hosts.

    Raises:
        BookError: lists every dead link or anchor, id of several places, resource of another host,
            picture without alt text, machine path, page over its byte budget, and whatever would
            run code that is not the book's own: the texts of a page come from files that anybody
            may have named.
    """
    # _static holds the theme's templates
    found_pages = (path for path in sorted(html.rglob("*.html")) if "_static" not in path.parts)
    texts = {path: path.read_text(encoding="utf-8") for path in found_pages}
    pages = {path: _Tags(text).found for path, text in texts.items()}
    anchors = {
        path: {tag.attributes["id"] for tag in tags if "id" in tag.attributes}
        for path, tags in pages.items()
    }
    problems: list[str] = []
    for path, tags in pages.items():
        name = path.relative_to(html).as_posix()
        found = [*_dead_links(path, tags, anchors), *_resources(path, tags, online=online)]
        found += _live(html, path, tags)
        ids = (tag.attributes.get("id") for tag in tags if tag.inside)
        named = Counter(one for one in ids if one is not None)
        found += [f"has the id {one} {times} times" for one, times in named.items() if times > 1]
        if str(root) in texts[path]:
            found.append(f"holds the machine path {root}")
        problems += [f"{name}: {one}" for one in found]
    if problems:
        raise BookError(f"{len(problems)} problem(s) in the built book:\n" + "\n".join(problems))


def _dead_links(path: Path, tags: list[_Tag], anchors: dict[Path, set[str]]) -> Iterator[str]:
    for link in (
        tag.attributes["href"] for tag in tags if tag.name == "a" and "href" in tag.attributes
    ):
        address = urlsplit(link)
        if address.scheme or address.netloc:
            continue
        target = path if not address.path else (path.parent / unquote(address.path)).resolve()
        if not target.is_file():
            yield f"dead link {link}"
            continue
        anchor = unquote(address.fragment)
        if anchor and anchor not in anchors.get(target, {anchor}):
            yield f"dead anchor {link}"


def _live(html: Path, path: Path, tags: list[_Tag]) -> Iterator[str]:
    """What would run or load something in a reader's browser and is not the theme's or ours."""
    for tag in tags:
        for name, value in tag.attributes.items():
            if name.startswith("on"):
                yield f"<{tag.name}> has the event attribute {name}"
            elif name in ADDRESSES:
                text = "".join(value.split()).lower()
                if text.startswith(("javascript:", "vbscript:")):
                    yield f"<{tag.name}> has the address {value[:40]}"
        if tag.inside and tag.name in FOREIGN:
            yield f"its text holds <{tag.name}>"
        if tag.name != "script" or "json" in tag.attributes.get("type", ""):
            continue
        address = urlsplit(tag.attributes.get("src", ""))
        if tag.inside:
            yield f"its text holds a script ({(tag.text.strip() or address.path)[:40]})"
        elif address.path and not (address.scheme or address.netloc):
            place = (path.parent / unquote(address.path)).resolve()
            if not any(place.is_relative_to((html / one).resolve()) for one in OURS):
                yield f"loads the script {address.path}, which is not the book's"


def _resources(path: Path, tags: list[_Tag], *, online: bool) -> Iterator[str]:
    weight = path.stat().st_size
    for tag, address in _loaded(tags):
        parts = urlsplit(address)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            if not online:
                yield f"loads {address} from another host"
            continue
        target = (path.parent / unquote(parts.path)).resolve()
        if not target.is_file():
            yield f"misses {address}"
        elif tag.name == "img":
            weight += target.stat().st_size
        if tag.name == "img" and not tag.attributes.get("alt"):
            yield f"picture {address} has no alt text"
    if weight > PAGE_BYTES:
        yield f"weighs {weight:,} bytes with its pictures, the budget is {PAGE_BYTES:,}"


def _loaded(tags: list[_Tag]) -> Iterator[tuple[_Tag, str]]:
    for tag in tags:
        address = tag.attributes.get(LOADED.get(tag.name, ""), "")
        hidden = tag.name == "link" and not SHOWN & set(tag.attributes.get("rel", "").split())
        if address and not hidden:
            yield tag, address
