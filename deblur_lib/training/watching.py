"""What a training reports at every validation: scores, and how many core-hours they took."""

from collections.abc import Mapping
from pathlib import Path

import torch

from deblur_lib.data.pairs import PairSource
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.nn import Deblurrer
from deblur_lib.records import write_text

CONVENTION = "psnr-rgb"
CEILING = 100.0  # dB counted for a picture that is restored exactly
CURVE, HEADER = "curve.csv", "step,core_hours,name,value\n"


def mean_score(network: Deblurrer | None, source: PairSource, device: torch.device) -> float:
    """Mean PSNR of restored pictures, of the blurred ones themselves for None; in dB."""
    scores = evaluate(network, source, conventions=(CONVENTION,), device=device, progress=False)
    return sum(min(one.scores[CONVENTION], CEILING) for one in scores) / len(scores)


class Watch:
    """Pictures that choose nothing, scored at every validation.

    Args:
        pictures: by name.
        device: where the network runs.
    """

    def __init__(self, pictures: Mapping[str, PairSource], device: torch.device) -> None:
        self.pictures, self._device = pictures, device
        self._inputs: dict[str, float] = {}

    def look(self, network: Deblurrer) -> dict[str, float]:
        """Scores of the restored and the blurred pictures, "check/<name>" and ".../input"."""
        found = {}
        for name, source in self.pictures.items():
            if name not in self._inputs:
                self._inputs[name] = mean_score(None, source, self._device)
            found[f"check/{name}"] = mean_score(network, source, self._device)
            found[f"check/{name}/input"] = self._inputs[name]
        return found


def write_curve(folder: Path, step: int, seconds: float, scores: Mapping[str, float]) -> None:
    """Add the scores of a step to curve.csv, in place of those of this step and later ones.

    Args:
        folder: of the training.
        step: optimiser steps done.
        seconds: processor time of all of them, in core-seconds.
        scores: by name.
    """
    path = folder / CURVE
    held = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    before = [line for line in held[1:] if int(line.partition(",")[0]) < step]
    now = [f"{step},{seconds / 3600:.4f},{name},{value:.4f}\n" for name, value in scores.items()]
    write_text(path, "".join([HEADER, *before, *now]))
