"""A network in the page: what the browser restores is what PyTorch restores, and nothing leaves."""

import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image
from playwright.sync_api import Page, expect

from deblur_lib import catalogue
from deblur_lib.book.models import MOST, RUNTIME
from deblur_lib.book.site import PAGE_BYTES
from deblur_lib.evaluation.exporting import export
from deblur_lib.evaluation.restore import from_8bit, restore, to_8bit
from deblur_lib.nn import Deblurrer

pytestmark = pytest.mark.browser
PATIENCE = 120_000  # ms that a restoration may take on a busy machine
MODEL = "models/of-the-test.onnx"


def drawn(height: int, width: int) -> NDArray[np.uint8]:
    """A picture with edges, slopes and noise."""
    draw = np.random.default_rng(height)
    y, x = np.mgrid[:height, :width]
    waves = 120 + 80 * np.sin(x / 9)[..., None] * np.cos(y[..., None] / [7, 11, 23])
    return np.clip(waves + draw.normal(0, 8, waves.shape), 0, 255).astype(np.uint8)


def png(picture: NDArray[np.uint8]) -> bytes:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "PNG")
    return held.getvalue()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deblurrer, bytes]:
    """A small network and its file, stored as those of the page."""
    torch.manual_seed(0)
    network = catalogue.build("mimo_unet", base_channels=4, blocks=1).eval()
    path = tmp_path_factory.mktemp("try") / "small.onnx"
    export(network, path, half=True)
    return network, path.read_bytes()


def turned(picture: NDArray[np.uint8]) -> bytes:
    """A JPEG of a camera that was held upright."""
    told, held = Image.Exif(), io.BytesIO()
    told[ExifTags.Base.Orientation] = 6
    Image.fromarray(picture).save(held, "JPEG", exif=told)
    return held.getvalue()


@pytest.fixture
def trial(page: Page, address: str, small: tuple[Deblurrer, bytes]) -> Iterator[Page]:
    """The page with the small network chosen; requests are kept in `page.asked`."""
    asked: list[str] = []
    page.on("request", lambda one: asked.append(f"{one.method} {one.url}"))
    page.route(f"**/{MODEL}", lambda route: route.fulfill(body=small[1]))
    page.goto(f"{address}try.html")
    if not page.locator(".try-network").count():
        pytest.skip("needs a network in the book: git add -f one, see CONTRIBUTING")
    page.locator(".try-network").evaluate(
        "(menu, value) => {"
        "  const one = new Option('Of the test', value);"
        "  Object.assign(one.dataset, {bytes: 1, step: 4, least: 1, frames: 1, told: '',"
        "    input: 'blurred', output: 'restored'});"
        "  menu.append(one); menu.value = value; menu.dispatchEvent(new Event('change')) }",
        MODEL,
    )
    yield page
    outside = [one for one in asked if not one.startswith((f"GET {address}", "GET blob:"))]
    assert outside == []


def give(page: Page, held: bytes, name: str = "mine.png") -> None:
    page.get_by_label("Or a picture of your own").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": held}
    )
    page.get_by_role("button", name="Restore").click()


def says(page: Page, text: str) -> None:
    expect(page.locator(".try [role=status]")).to_have_text(re.compile(text), timeout=PATIENCE)


@pytest.mark.parametrize("size", [(300, 270), (70, 3), (64, 96)], ids=str)
def test_the_browser_restores_what_pytorch_restores(
    trial: Page, small: tuple[Deblurrer, bytes], size: tuple[int, int]
) -> None:
    picture = drawn(*size)
    give(trial, png(picture))
    says(trial, f"Restored {size[1]} x {size[0]} pixels")
    with trial.expect_download() as told:
        trial.get_by_role("link", name="Download").click()
    assert told.value.suggested_filename == "mine-restored.png"
    with Image.open(told.value.path()) as opened:
        made = np.asarray(opened.convert("RGB")).astype(int)
    ours = to_8bit(restore(small[0], from_8bit(picture)[None], tile=256, overlap=64))[0]
    assert np.abs(made - ours).max() <= 1
    assert np.abs(made - picture).max() > 1  # it did restore
    box = trial.locator(".try-result.compare-ready")
    assert box.locator("img").count() == 2
    assert trial.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_every_network_of_the_page_restores_a_given_picture(trial: Page) -> None:
    menu = trial.locator(".try-network")
    names = menu.locator("option").all_inner_texts()
    assert len(names) > 1
    for name in names:
        menu.select_option(label=name)
        trial.get_by_role("radio").first.check()
        trial.get_by_role("button", name="Restore").click()
        says(trial, "Restored")
        expect(trial.locator(".try-result img").first).to_have_attribute(
            "alt", f"restored by {name}"
        )


def test_a_picture_is_turned_as_the_camera_was_held(trial: Page) -> None:
    give(trial, turned(drawn(48, 80)), "upright.jpg")
    says(trial, "Restored 48 x 80 pixels")


def test_while_a_picture_is_restored_nothing_else_can_be_chosen(trial: Page) -> None:
    give(trial, png(drawn(2000, 2000)))
    expect(trial.locator(".try-left")).to_have_text(re.compile(r"about \d+ (s|min) left"))
    expect(trial.locator(".try-network")).to_be_disabled()
    trial.get_by_role("button", name="Stop").click()
    says(trial, "Stopped")
    expect(trial.locator(".try-network")).to_be_enabled()


def test_nothing_loads_before_a_click_and_a_given_picture_works_by_keyboard(trial: Page) -> None:
    names = "() => performance.getEntriesByType('resource').map(one => one.name)"
    assert not [one for one in trial.evaluate(names) if ".wasm" in one or ".onnx" in one]
    expect(trial.get_by_role("button", name="Restore")).to_be_disabled()
    trial.get_by_role("radio").first.focus()
    trial.keyboard.press("Space")
    trial.keyboard.press("Tab")
    trial.keyboard.press("Tab")
    trial.keyboard.press("Enter")
    says(trial, "Restored")
    assert [one for one in trial.evaluate(names) if one.endswith(RUNTIME.name)]


def test_the_page_itself_is_light(page: Page, address: str, built_book: Path) -> None:
    page.goto(f"{address}try.html", wait_until="networkidle")
    loaded = page.evaluate(
        "() => [location.href, ...performance.getEntriesByType('resource').map(one => one.name)]"
    )
    files = {built_book / urlsplit(one).path.lstrip("/") for one in loaded}
    assert built_book / "_static" / "try.js" in files
    weight = sum(len(gzip.compress(one.read_bytes())) for one in files if one.is_file())
    assert weight < PAGE_BYTES  # as hosts compress it; runtime and network not in it


def test_what_loads_on_a_click_is_within_its_budget(built_book: Path) -> None:
    runtime = [*(built_book / "vendor" / "onnxruntime").iterdir()]
    assert sum(len(gzip.compress(one.read_bytes())) for one in runtime) < 3.9e6
    assert all(one.stat().st_size <= MOST for one in (built_book / "models").glob("*.onnx"))


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        (b"no picture", r"mine\.png is no picture that this browser reads; take a PNG"),
        (
            png(np.zeros((5000, 5000, 3), np.uint8)),
            r"has 25\.0 million pixels, this page takes 24 million; make it smaller",
        ),
    ],
    ids=["no picture", "too large"],
)
def test_what_cannot_be_restored_is_told_and_the_page_goes_on(
    trial: Page, held: bytes, answer: str
) -> None:
    give(trial, held)
    says(trial, answer)
    give(trial, png(drawn(16, 16)))
    says(trial, "Restored 16 x 16 pixels")


def test_a_network_that_is_not_there_is_told(trial: Page) -> None:
    trial.unroute(f"**/{MODEL}")
    give(trial, png(drawn(16, 16)))
    says(trial, r"of-the-test\.onnx could not be loaded \(404\)")


def test_a_stop_before_the_network_runs_holds(trial: Page) -> None:
    give(trial, png(drawn(16, 16)))
    says(trial, "Restored")
    trial.evaluate(
        "() => { const decode = createImageBitmap;"
        "  window.createImageBitmap = async (one) => {"
        "    document.querySelector('.try-button').click(); return decode(one) } }"
    )
    trial.get_by_role("button", name="Restore").click()
    says(trial, "Stopped")
    expect(trial.get_by_role("button", name="Restore")).to_be_enabled()


def test_a_page_opened_as_a_file_says_what_it_needs(page: Page, built_book: Path) -> None:
    page.goto((built_book / "try.html").as_uri())
    expect(page.locator(".try-needs")).to_contain_text("Serve the folder of the book")
    assert page.get_by_role("button", name="Restore").count() == 0
