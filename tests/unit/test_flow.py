"""Blur by optical flow, held against the exposure that a renderer knows exactly."""

import numpy as np
import pytest

from deblur_lib.data.clips import flow
from deblur_lib.data.clips.flow import Blur, blurred_frame, optical_flow, shift, subframe
from deblur_lib.data.generated.moving import embedded_scene
from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import DeclarationError, UsageError
from deblur_lib.spec import parse


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    return 10 * float(np.log10(1 / np.mean((first.astype(np.float64) - second) ** 2)))


def frames(seed: int = 0, *, size: int = 200) -> tuple[list[U8], np.ndarray]:
    scene = embedded_scene(seed, size=size)
    sharp = [np.round(255 * scene.frame(time)).astype(np.uint8) for time in (-1, 0, 1)]
    return sharp, scene.exposure([0])[0]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("options", "least"),
    [({}, 33), ({"flow": "farneback"}, 33), ({"blend": True}, 33), ({"warp": "scatter"}, 33)],
)
def test_it_comes_close_to_the_exact_exposure(seed: int, options: dict, least: float) -> None:
    pytest.importorskip("cv2")
    (before, frame, after), exact = frames(seed)
    made = blurred_frame(before, frame, after, Blur(**options))
    assert psnr(made.picture, exact) >= least
    assert psnr(frame / 255, exact) < least - 2
    assert made.picture.dtype == np.float32


def test_without_opencv_the_slow_flow_does_as_well() -> None:
    (before, frame, after), exact = frames(size=96)
    made = blurred_frame(before, frame, after, Blur(flow="tvl1"))
    assert psnr(made.picture, exact) > psnr(frame / 255, exact) + 3


def test_the_printed_sum_is_43_percent_too_bright() -> None:
    dark = [np.full((16, 16, 3), 100, np.uint8)] * 3  # far from white, so nothing is cut
    ratio = {
        eq3: float(blurred_frame(*dark, Blur(flow="tvl1", eq3=eq3)).picture.mean()) / (100 / 255)
        for eq3 in ("mean", "literal", "literal_3l")
    }
    assert ratio["mean"] == pytest.approx(1, abs=1e-5)
    assert ratio["literal"] == pytest.approx(30 / 21, abs=1e-5)
    assert ratio["literal_3l"] == pytest.approx(1, abs=1e-5)


def test_flow_and_warp_agree_on_directions() -> None:
    pytest.importorskip("cv2")
    picture = frames(size=128)[0][1]
    moved = np.roll(picture, (2, 5), axis=(0, 1))  # 5 to the right, 2 down
    found = optical_flow(picture, moved)[20:-20, 20:-20]
    np.testing.assert_allclose(np.median(found, axis=(0, 1)), (5, 2), atol=0.2)
    constant = np.tile(np.float32([5, 2]), (128, 128, 1))
    back = shift(picture.astype(np.float32), constant, 1.0)[10:-10, 10:-10]
    np.testing.assert_allclose(back, moved[10:-10, 10:-10], atol=0.02)
    scattered = shift(picture.astype(np.float32), constant, 1.0, warp="scatter")[10:-10, 10:-10]
    np.testing.assert_array_equal(scattered, moved[10:-10, 10:-10])


def test_subframes_go_from_the_frame_to_its_neighbour() -> None:
    rng = np.random.default_rng(0)
    frame = rng.random((24, 24, 3), dtype=np.float32)
    field = np.tile(np.float32([21, 0]), (24, 24, 1))  # one pixel for each of 21 parts
    for number in (1, 3):
        moved = subframe(frame, frame, field, number, Blur())
        np.testing.assert_allclose(moved[:, 4:-4], np.roll(frame, number, 1)[:, 4:-4], atol=1e-4)
    mixed = subframe(frame, np.zeros_like(frame), 0 * field, 7, Blur(blend=True))
    np.testing.assert_allclose(mixed, frame * (1 - 7 / 21), atol=1e-5)


def test_light_and_noise_are_what_they_are_called() -> None:
    flat = [np.full((40, 40, 3), 128, np.uint8)] * 3
    noisy = blurred_frame(*flat, Blur(flow="tvl1", noise=4.0), seed=3).picture
    again = blurred_frame(*flat, Blur(flow="tvl1", noise=4.0), seed=3).picture
    np.testing.assert_array_equal(noisy, again)
    assert 255 * float(noisy.std()) == pytest.approx(4, rel=0.1)
    light = blurred_frame(*flat, Blur(flow="tvl1", crf="gamma")).picture
    np.testing.assert_allclose(light, 128 / 255, atol=1e-4)


def test_the_flow_needs_the_extra_only_where_opencv_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flow, "find_spec", lambda name: None)
    assert flow.usable_flow() == "tvl1"
    monkeypatch.setattr(flow, "find_spec", lambda name: object())
    assert flow.usable_flow() == "dis"


@pytest.mark.parametrize(
    ("options", "says"),
    [({"l": 21}, "may be n"), ({"flow": "raft"}, "flow"), ({"n": 0}, "greater than or equal")],
)
def test_impossible_blur_is_refused(options: dict, says: str) -> None:
    with pytest.raises((UsageError, DeclarationError), match=says):
        parse(Blur, options, source="test")
