"""How a network is trained: the recipe, and the second player of an adversarial one."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.spec.ground import STRICT, Options, Share


@dataclass(frozen=True, config=STRICT)
class Adversarial:
    """The second player of a generative adversarial network and how the two take turns.

    Attributes:
        discriminator: catalogue name.
        options: keyword arguments of the discriminator.
        loss: form of the adversarial loss.
        weight: factor of the adversarial term in the generator's loss.
        critic_steps: discriminator updates for each generator update.
        lr: learning rate of the discriminator; the generator's when None.
        penalty: factor of the gradient penalty (Wasserstein loss only).
        pool: discriminator outputs kept for the running means of the relativistic losses.
        conditional: show the discriminator the blurred picture (of a clip the middle frame) joined
            to the judged one, six channels in all.
    """

    discriminator: str
    options: Options = Field(default_factory=dict)
    loss: Literal["log2", "bce", "lsgan", "wgan_gp", "ragan_ls"] = "bce"
    weight: float = 1.0
    critic_steps: int = Field(default=1, ge=1)
    lr: float | None = Field(default=None, gt=0)
    penalty: float = Field(default=10.0, ge=0)
    pool: int = Field(default=50, ge=1)
    conditional: bool = False


RAGAN = Adversarial("double", {"norm": "instance"}, "ragan_ls", weight=0.01)  # of DeblurGAN-v2
WGAN = Adversarial("deblurgan_critic", loss="wgan_gp", critic_steps=5)  # of DeblurGAN


@dataclass(frozen=True, config=STRICT)
class Train:
    """A training recipe.

    Attributes:
        steps: optimiser steps (an epoch of the paper is turned into steps in the declaration).
        batch: pairs in a step, over all accumulated parts.
        crop: side of the random square crop, in pixels.
        optimiser: which optimiser.
        sgd_from: fraction of the steps from which SGD with momentum `betas[0]` goes on, None never.
        lr: learning rate after warm-up.
        lr_floor: learning rate at the end of the schedule.
        schedule: "cosine" (one cycle to the floor), "constant", "linear" (to the floor from
            `decay_from` of the steps on), "polynomial" (power `decay`), "step" (times `decay`
            every `decay_every` of the steps).
        warmup: steps of linear warm-up from zero.
        decay: factor or power of the schedule, see `schedule`.
        decay_every: fraction of the steps between two reductions ("step").
        decay_from: fraction of the steps at which the decay begins ("linear").
        betas: Adam's betas; SGD takes the first as its momentum.
        weight_decay: weight decay.
        loss: weight of each named loss in the sum, e.g. {"l1": 1.0, "spectrum": 0.1}.
        scales: True when every output of `forward_all` is compared with a resized target.
        augment: names of the augmentations, applied in this order.
        accumulate: equal parts a batch is split into to save memory.
        clip: largest gradient norm, None for no clipping.
        validate: times that validation runs, evenly spread over the steps, the last at the end.
        init: initial weights: "default" (the framework's) or "xavier".
        ema: decay of the running mean of the weights that is validated and scored in place of the
            weights themselves, 0 for none; it begins lower, as (1 + step) / (10 + step).
        adversarial: the second player, None for plain training.
    """

    steps: int
    batch: int
    crop: int
    lr: float
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    sgd_from: float | None = None
    lr_floor: float = 0.0
    schedule: Literal["cosine", "constant", "linear", "polynomial", "step"] = "cosine"
    warmup: int = 0
    decay: float = Field(default=0.5, gt=0)
    decay_every: float = 1 / 6
    decay_from: float = 0.5
    betas: tuple[Share, Share] = (0.9, 0.999)
    weight_decay: float = Field(default=0.0, ge=0)
    loss: dict[str, float] = Field(default_factory=lambda: {"l1": 1.0})
    scales: bool = False
    augment: tuple[str, ...] = ("hflip",)
    accumulate: int = 1
    clip: float | None = None
    validate: int = 10
    init: Literal["default", "xavier"] = "default"
    ema: Share = 0.0
    adversarial: Adversarial | None = None
