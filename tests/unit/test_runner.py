"""Every pair is restored, rounded and scored, or the call fails and names the picture."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from networks import Fixed, Hungry, Local, Mean, Middle, Same
from torch import Tensor

from deblur_lib.data.pairs import Pair
from deblur_lib.errors import DataError, EvaluationError, UsageError
from deblur_lib.evaluation.metrics import DEFAULT, score
from deblur_lib.evaluation.restore import from_8bit, restore, to_8bit
from deblur_lib.evaluation.runner import PictureScore, evaluate


class Pairs:
    """Pairs held in memory; `broken` cannot be read."""

    data_id = "made-up/test"
    digest = "0" * 64

    def __init__(
        self, count: int = 3, *, size: tuple[int, int] = (20, 27), broken: int = -1
    ) -> None:
        rng = np.random.default_rng(0)
        self.sharp = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]
        self.blurred = [one // 2 + 40 for one in self.sharp]
        self.names = [f"{index:03d}" for index in range(count)]
        self.scenes = [f"scene {index // 2}" for index in range(count)]
        self.expected = count
        self.broken = broken

    def __len__(self) -> int:
        return len(self.names)

    def pair(self, index: int) -> Pair:
        if index == self.broken:
            raise DataError("the file is cut short; copy it again")
        blurred, sharp = from_8bit(self.blurred[index]), from_8bit(self.sharp[index])
        return Pair(blurred, sharp, self.names[index], self.scenes[index])

    def crop(
        self, index: int, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("scoring takes whole pictures")


class Clips(Pairs):
    """Three frames of which the middle one is the blurred picture."""

    def pair(self, index: int) -> Pair:
        pair = super().pair(index)
        clip = torch.stack((pair.blurred * 0, pair.blurred, pair.blurred * 2))
        return pair._replace(blurred=clip)


def run(network: object, source: Pairs, **settings: object) -> list[PictureScore]:
    return evaluate(network, source, progress=False, **settings)  # type: ignore[arg-type]


def test_no_network_scores_the_blurred_picture_itself() -> None:
    source = Pairs()
    scored = run(None, source)
    assert [one.picture for one in scored] == source.names
    assert [one.scene for one in scored] == source.scenes
    for one, blurred, sharp in zip(scored, source.blurred, source.sharp, strict=True):
        assert one.scores == score(blurred, sharp)
        assert list(one.scores) == list(DEFAULT)
        assert one.seconds == 0


def test_scores_are_those_of_the_rounded_output() -> None:
    source, network = Pairs(), Local()
    scored = run(network, source, conventions=("psnr-rgb", "psnr-float"))
    for index, one in enumerate(scored):
        restored = restore(network, source.pair(index).blurred[None])[0]
        expected = score(
            to_8bit(restored),
            source.sharp[index],
            ("psnr-rgb", "psnr-float"),
            restored_float=restored.permute(1, 2, 0).numpy(),
        )
        assert one.scores == expected
        assert one.scores["psnr-rgb"] != one.scores["psnr-float"]
        assert one.seconds > 0


def test_a_second_evaluation_gives_the_same_numbers() -> None:
    network = Local().train()
    first, second = (run(network, Pairs()) for _ in range(2))
    assert [one.scores for one in first] == [one.scores for one in second]
    assert network.training


def test_pictures_for_figures_are_handed_out_in_8_bits() -> None:
    kept: dict[str, tuple[np.ndarray, ...]] = {}

    def keep(name: str, *pictures: np.ndarray) -> None:
        kept[name] = pictures

    source = Pairs()
    run(Same(), source, keep=keep)
    assert list(kept) == source.names
    for index, (blurred, restored, sharp) in enumerate(kept.values()):
        np.testing.assert_array_equal(blurred, source.blurred[index])
        np.testing.assert_array_equal(restored, source.blurred[index])
        np.testing.assert_array_equal(sharp, source.sharp[index])
        assert blurred.dtype == np.uint8


def test_clips_are_scored_by_their_middle_frame() -> None:
    plain, clips = Pairs(), Clips()
    expected = [one.scores for one in run(None, plain)]
    assert [one.scores for one in run(None, clips)] == expected
    for one, plain_scores in zip(run(Middle(), clips), expected, strict=True):
        assert one.scores == pytest.approx(plain_scores)


def test_equal_pictures_score_infinity() -> None:
    source = Pairs()
    source.blurred[1] = source.sharp[1]
    values = [one.scores["psnr-rgb"] for one in evaluate(None, source, progress=True)]
    assert [math.isinf(value) for value in values] == [False, True, False]


def test_smaller_tiles_are_noted_for_the_picture_and_told_once() -> None:
    said: list[str] = []
    network = Hungry(65 * 65)
    scored = run(network, Pairs(2, size=(64, 100)), say=said.append)
    note = "Hungry ran out of memory at 100 px; restored again in tiles of 64 px that overlap by"
    assert all(one.notes[0].startswith(note) for one in scored)
    assert len(said) == 1
    assert said[0].startswith(f"made-up/test, 2 of 2 pictures: {note}")


def test_alignments_that_do_not_converge_are_counted() -> None:
    source, said = Pairs(3, size=(40, 40)), []
    source.blurred[2] = source.sharp[2]
    source.blurred[0] = np.zeros_like(source.sharp[0])
    source.blurred[1] = np.full_like(source.sharp[1], 9)
    scored = run(None, source, conventions=("realblur-ecc-psnr",), say=said.append)
    assert [len(one.notes) for one in scored] == [1, 1, 0]
    assert said[0].startswith("made-up/test, 2 of 3 pictures: realblur-ecc did not converge")


def test_tiles_of_a_network_that_sees_the_whole_picture_are_told() -> None:
    said: list[str] = []
    run(Mean(), Pairs(1, size=(40, 90)), tile=48, say=said.append)
    assert "mean_taker looks further than tiles" in said[0]


@pytest.mark.parametrize(
    ("network", "source", "text"),
    [
        (Fixed(math.nan), Pairs(), "made-up/test, picture 000: Fixed returned 2 of 1620"),
        (Same(), Pairs(broken=1), "made-up/test, picture 001: the file is cut short"),
        (None, Pairs(size=(9, 9)), "made-up/test, picture 000: .* needs at least 11x11"),
    ],
)
def test_a_picture_that_fails_is_named(network: object, source: Pairs, text: str) -> None:
    with pytest.raises(EvaluationError, match=text):
        run(network, source)


def test_an_unforeseen_failure_names_the_picture_too() -> None:
    network = Same()
    network.register_forward_pre_hook(_fail)
    with pytest.raises(ZeroDivisionError) as caught:
        run(network, Pairs())
    assert caught.value.__notes__ == ["while scoring made-up/test, picture 000"]


def _fail(module: object, given: Sequence[Tensor]) -> None:
    raise ZeroDivisionError


def test_wrong_requests_are_refused_before_any_picture_is_read() -> None:
    with pytest.raises(UsageError, match="did you mean 'wang-rgb'"):
        run(Same(), Pairs(broken=0), conventions=("wang-rbg",))
    with pytest.raises(UsageError, match="take a tile of at least"):
        run(Local(), Pairs(), tile=16, overlap=16)
    with pytest.raises(DataError, match="made-up/test holds no pair to score"):
        run(Same(), Pairs(0))
