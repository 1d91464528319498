"""Built pages are weighed and crawled; every kind of damage is found and named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deblur_lib.book import NOTICE, marked, site, vendor
from deblur_lib.book.site import check_site
from deblur_lib.errors import BookError

HEAD = '<html><head><link rel="stylesheet" href="style.css"></head><body>'


@pytest.fixture
def html(tmp_path: Path) -> Path:
    """A small site in order."""
    folder = tmp_path / "html"
    (folder / "_static").mkdir(parents=True)
    (folder / "_static" / "template.html").write_text('<script src="{{ x }}">', encoding="utf-8")
    (folder / "style.css").write_text("", encoding="utf-8")
    (folder / "p.png").write_bytes(b"x" * 1000)
    add(folder, "other.html", '<h1 id="top">x</h1>')
    add(folder, "index.html", '<a href="other.html#top">x</a> <img src="p.png" alt="a dot">')
    return folder


def add(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(HEAD + body, encoding="utf-8")


def test_a_site_in_order_passes(html: Path, tmp_path: Path) -> None:
    check_site(html, tmp_path / "project")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<a href="gone.html">x</a>', "dead link gone.html"),
        ('<a href="other.html#gone">x</a>', "dead anchor other.html#gone"),
        ('<a href="#gone">x</a>', "dead anchor #gone"),
        ('<img src="gone.png" alt="x">', "misses gone.png"),
        ('<img src="p.png">', "p.png has no alt text"),
        ('<script src="https://example.org/x.js"></script>', "from another host"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "from another host"),
        ('<img src="p.png" alt="x" OnError="x()">', "<img> has the event attribute onerror"),
        ('<a href="java\nscript:x()">x</a>', "<a> has the address java"),
        ("<article><script>x()</script></article>", "its text holds a script (x())"),
        ("<article><svg><script>x()</script></svg></article>", "its text holds a script (x())"),
        ("</article><article><script>x()</script></article>", "its text holds a script (x())"),
        ('<article><script src="p.png"> </script>x</article>', "its text holds a script (p.png)"),
        ('<article><iframe srcdoc="x"></iframe></article>', "its text holds <iframe>"),
        ('<article><form action="x"></form></article>', "its text holds <form>"),
        ('<article><p id="a"><p id="a"></article>', "has the id a 2 times"),
        ('<script src="p.png"></script>', "loads the script p.png, which is not the book's"),
    ],
)
def test_damage_is_named(html: Path, tmp_path: Path, body: str, problem: str) -> None:
    add(html, "bad.html", body)
    with pytest.raises(BookError, match=r"1 problem") as caught:
        check_site(html, tmp_path / "project")
    assert f"bad.html: {problem}" in str(caught.value) or problem in str(caught.value)


def test_the_scripts_of_theme_and_book_are_no_damage(html: Path, tmp_path: Path) -> None:
    for name in ("_static/x.js", "vendor/y.js", "searchindex.js"):
        (html / name).parent.mkdir(exist_ok=True)
        (html / name).write_text("", encoding="utf-8")
    ours = '<script src="_static/x.js?v=1"></script><script src="_static/../vendor/y.js"></script>'
    data = '<article><script type="application/json">{}</script></article>'
    add(
        html, "good.html", f'{ours}<script src="searchindex.js"></script><script>x()</script>{data}'
    )
    check_site(html, tmp_path / "project")


def test_links_to_other_hosts_are_no_damage(html: Path, tmp_path: Path) -> None:
    add(html, "good.html", '<a href="https://example.org/">x</a>')
    check_site(html, tmp_path / "project")


def test_a_machine_path_is_found(html: Path, tmp_path: Path) -> None:
    add(html, "bad.html", f"<p>{tmp_path}/project/x</p>")
    with pytest.raises(BookError, match=r"bad.html: holds the machine path"):
        check_site(html, tmp_path / "project")


def test_a_heavy_page_is_found(html: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "PAGE_BYTES", 1000)
    with pytest.raises(BookError, match=r"index.html: weighs 1,\d+ bytes with its pictures"):
        check_site(html, tmp_path / "project")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose npm installs a few files, or does what `npm` in the folder says."""
    (tmp_path / "package.json").write_text('{"dependencies": {"mathjax": "0.0.0"}}')
    (tmp_path / "package-lock.json").write_text("{}")

    def npm(command: Any, *, cwd: Path, timeout: float, **_: Any) -> Any:
        told = (tmp_path / "npm").read_text() if (tmp_path / "npm").is_file() else ""
        if told == "hangs":
            raise vendor.subprocess.TimeoutExpired(command, timeout)
        assert (cwd / "package-lock.json").is_file()
        for name in (
            "mathjax/LICENSE",
            "mathjax/es5/tex-mml-chtml.js",
            "mathjax/es5/output/chtml/fonts/woff-v2/a.woff",
            "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
            "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
            "onnxruntime-web/dist/ort.webgpu.min.mjs",
        ):
            path = cwd / "node_modules" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        return vendor.subprocess.CompletedProcess(command, int(bool(told)), "", told)

    monkeypatch.setattr(vendor.shutil, "which", lambda _: "npm")
    monkeypatch.setattr(vendor.subprocess, "run", npm)
    return tmp_path


def test_without_npm_other_hosts_are_allowed(
    html: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor.shutil, "which", lambda _: None)
    assert vendor.copy_scripts(project, project / "book") is False
    add(html, "good.html", '<script src="https://example.org/x.js"></script>')
    check_site(html, project / "project", online=True)


@pytest.mark.parametrize("told", ["hangs", "npm error code ENOTFOUND", "npm error code E503"])
def test_npm_without_network_is_told_and_the_book_goes_on(
    project: Path, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    (project / "npm").write_text(told)
    assert vendor.copy_scripts(project, project / "book") is False
    assert "readers will load it from its CDN" in caplog.text
    assert not (project / "book/_extra/vendor").exists()
    assert vendor.PATIENCE <= 180
    assert "--fetch-retries=0" in vendor.NPM


def test_scripts_that_npm_finds_changed_are_refused(project: Path) -> None:
    (project / "npm").write_text("npm error code EINTEGRITY")
    with pytest.raises(BookError, match=r"other scripts than package-lock\.json seals"):
        vendor.copy_scripts(project, project / "book")


def vendored(project: Path) -> Path:
    assert vendor.copy_scripts(project, project / "book")
    return project / "book/_extra/vendor"


def test_vendored_scripts_are_kept_while_they_are_what_was_copied(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = vendored(project)
    assert sorted(path.name for path in (folder / "onnxruntime").iterdir()) == [
        "ort-wasm-simd-threaded.wasm",
        "ort.wasm.bundle.min.js",  # the only two that a page needs, named so that any host knows
    ]
    assert (folder / "mathjax" / "LICENSE").is_file()
    assert not list((project / "build").iterdir())  # the many megabytes of npm are gone
    assert not (project / "node_modules").exists()
    monkeypatch.setattr(vendor.shutil, "which", lambda _: None)
    vendored(project)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "mathjax/tex-mml-chtml.js").write_text("x()"),
        lambda folder: (folder / "mathjax/tex-mml-chtml.js").unlink(),
        lambda folder: (folder / "mathjax/more.js").write_text("x()"),
        lambda folder: (folder / "versions.json").write_text('{"versions": '),
        lambda folder: (folder / "versions.json").write_text("[]"),
        lambda folder: (folder / "versions.json").unlink(),
        lambda folder: (folder / "versions.json").write_text('{"mathjax": "0.0.0"}'),
    ],
    ids=["changed", "gone", "more", "cut", "other", "no mark", "earlier mark"],
)
def test_vendored_scripts_that_changed_are_copied_again(
    project: Path, spoil: Callable[[Path], Any]
) -> None:
    folder = vendored(project)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    spoil(folder)
    vendored(project)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_book_of_smoke_is_built_apart_and_says_so_on_every_page(tmp_path: Path) -> None:
    for name in ("_config.yml", "_generated/x.md", "_build/html/index.html", "intro.md"):
        path = tmp_path / "book" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("html: {favicon: x}", encoding="utf-8")
    before = sorted((tmp_path / "book").rglob("*"))
    book = marked(tmp_path)
    assert sorted(path.name for path in book.iterdir()) == ["_config.yml", "intro.md"]
    config = yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))
    assert config["html"] == {"favicon": "x", "announcement": NOTICE}
    assert "smoke" in NOTICE
    assert not book.is_relative_to(tmp_path / "book")
    assert sorted((tmp_path / "book").rglob("*")) == before
