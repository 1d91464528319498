"""How long a training step takes here and what it needs: a few real steps on noise."""

import time
from statistics import median
from typing import NamedTuple

import torch

from deblur_lib.devices import processor_threads
from deblur_lib.evaluation.timing import traced
from deblur_lib.nn import Deblurrer
from deblur_lib.spec import Train
from deblur_lib.training import memory
from deblur_lib.training.loop import make_player

FEWEST, LONGEST = 3, 2.0  # timed steps, and seconds after which no further one starts


class Pace(NamedTuple):
    """What a step takes.

    Attributes:
        seconds: median time of a step; on a processor that of one thread, which other processes
            do not stretch.
        memory: bytes of all tensors that live at once, weights and moments included.
        state: bytes of what resumes a training.
        weights: bytes of a checkpoint.
    """

    seconds: float
    memory: int
    state: int
    weights: int


def pace(network: Deblurrer, recipe: Train, *, device: torch.device, precision: str) -> Pace:
    """Take a few steps of a recipe on random pictures.

    Args:
        network: trained in place.
        recipe: batch, crop, losses, second player.
        device: where to train.
        precision: "fp32" or "bf16".
    """
    frames = (network.clip_length,) if network.clip_length > 1 else ()
    side, count = recipe.crop, 1 if device.type == "cpu" else None
    blurred = torch.rand(recipe.batch, *frames, 3, side, side, device=device)
    sharp = torch.rand(recipe.batch, 3, side, side, device=device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    kept = device.type == "cpu" and memory.keep_freed()
    try:
        with processor_threads(count):
            player = make_player(network, recipe, 0, device, precision)
            player.step(blurred, sharp, recipe.lr)  # makes the moments
            state = sum(one.nbytes for one in player.state().values())
            alive = traced(lambda: player.step(blurred, sharp, recipe.lr))
            seconds: list[float] = []
            while len(seconds) < FEWEST or sum(seconds) < LONGEST:
                start = clock()
                float(player.step(blurred, sharp, recipe.lr)["loss"])  # waits for the device
                seconds.append(clock() - start)
    finally:
        if kept:
            memory.give_back()
    return Pace(median(seconds), alive + state, state, weights_size(network))


def weights_size(network: Deblurrer) -> int:
    """Bytes of a checkpoint of a network."""
    return sum(one.nbytes for one in network.state_dict().values())
