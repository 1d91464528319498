"""The built site: made by Jupyter Book with warnings as errors, then weighed and crawled."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from deblur_lib.errors import BookError

PAGE_BYTES = 2 * 2**20
NOTEBOOK_BYTES = 2 * 2**20
SHOWN = {"stylesheet", "icon", "preload"}
OURS = ("_static", "vendor", "searchindex.js")  # where the book's own scripts lie
FOREIGN = ("iframe", "object", "embed", "base", "form", "meta")  # never part of a page's text
ADDRESSES = ("href", "src", "action", "formaction", "xlink:href", "data", "srcdoc")
LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}


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
    found_pages = (path for path in sorted(html.rglob("*.html")) if "_static" not in path.parts)
    pages = {path: _parse(path) for path in found_pages}  # _static holds the theme's templates
    anchors = {
        path: {str(tag["id"]) for tag in soup.find_all(id=True)} for path, soup in pages.items()
    }
    problems: list[str] = []
    for path, soup in pages.items():
        name = path.relative_to(html).as_posix()
        found = [*_dead_links(path, soup, anchors), *_resources(path, soup, online=online)]
        found += _live(html, path, soup)
        named = Counter(str(tag["id"]) for tag in soup.select("article [id]"))
        found += [f"has the id {one} {times} times" for one, times in named.items() if times > 1]
        if str(root) in path.read_text(encoding="utf-8"):
            found.append(f"holds the machine path {root}")
        problems += [f"{name}: {one}" for one in found]
    if problems:
        raise BookError(f"{len(problems)} problem(s) in the built book:\n" + "\n".join(problems))


def _parse(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def _dead_links(path: Path, soup: BeautifulSoup, anchors: dict[Path, set[str]]) -> Iterator[str]:
    for tag in soup.find_all("a", href=True):
        address = urlsplit(str(tag["href"]))
        if address.scheme or address.netloc:
            continue
        target = path if not address.path else (path.parent / unquote(address.path)).resolve()
        if not target.is_file():
            yield f"dead link {tag['href']}"
            continue
        anchor = unquote(address.fragment)
        if anchor and anchor not in anchors.get(target, {anchor}):
            yield f"dead anchor {tag['href']}"


def _live(html: Path, path: Path, soup: BeautifulSoup) -> Iterator[str]:
    """What would run or load something in a reader's browser and is not the theme's or ours."""
    texts = {id(tag) for tag in soup.select("article *")}
    for tag in soup.find_all(True):
        inside = id(tag) in texts
        for name, value in tag.attrs.items():
            text = "".join(str(value).split()).lower()
            if name.lower().startswith("on"):
                yield f"<{tag.name}> has the event attribute {name}"
            elif name.lower() in ADDRESSES and text.startswith(("javascript:", "vbscript:")):
                yield f"<{tag.name}> has the address {str(value)[:40]}"
        if inside and tag.name in FOREIGN:
            yield f"its text holds <{tag.name}>"
        if tag.name != "script" or "json" in str(tag.get("type", "")):
            continue
        address = urlsplit(str(tag.get("src", "")))
        if inside:
            yield f"its text holds a script ({(tag.string or address.path).strip()[:40]})"
        elif address.path and not (address.scheme or address.netloc):
            place = (path.parent / unquote(address.path)).resolve()
            if not any(place.is_relative_to((html / one).resolve()) for one in OURS):
                yield f"loads the script {address.path}, which is not the book's"


def _resources(path: Path, soup: BeautifulSoup, *, online: bool) -> Iterator[str]:
    weight = path.stat().st_size
    for tag, address in _loaded(soup):
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
        if tag.name == "img" and not tag.get("alt"):
            yield f"picture {address} has no alt text"
    if weight > PAGE_BYTES:
        yield f"weighs {weight:,} bytes with its pictures, the budget is {PAGE_BYTES:,}"


def _loaded(soup: BeautifulSoup) -> Iterator[tuple[Tag, str]]:
    for name, attribute in LOADED.items():
        for tag in soup.find_all(name):
            if name == "link" and not SHOWN & set(tag.get_attribute_list("rel")):
                continue
            if tag.get(attribute):
                yield tag, str(tag[attribute])
