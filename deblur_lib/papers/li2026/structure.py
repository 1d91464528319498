"""What diagrams and listings of li2026 show, read off built networks and the declared recipes."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.papers.li2026 import diagrams
from deblur_lib.papers.li2026.blocks import AFEM, ECA, MSFM
from deblur_lib.papers.li2026.diagrams import Block, parameters
from deblur_lib.papers.li2026.experiment import PAPER
from deblur_lib.spec import Train, override

SWITCHES = ("msfm", "afem", "eca")
Counter = Callable[[nn.Module, Tensor], int]


def generator_listing(parts: list[Block]) -> list[Block]:
    """The same parts as a table."""
    return [
        {"block": one["name"], "does": one["does"],
         "shape": "x".join(map(str, one["shape"])), "parameters": one["parameters"]}
        for one in parts
    ]  # fmt: skip


def trainings() -> list[Block]:
    """One row per declared training: switches and losses, at the paper's own recipe."""
    found = []
    for method in PAPER.methods:
        if method.network == "identity" or method.weights_of or "paper" not in method.profiles:
            continue
        recipe = override(PAPER.recipe, method.train)
        row: Block = {"row": method.title, "network": method.network}
        for name in SWITCHES:
            row[name.upper()] = {True: "yes", False: "–"}.get(method.options.get(name), "")  # type: ignore[call-overload]
        found.append(row | _losses(recipe))
    return found


def _losses(recipe: Train) -> Block:
    game = recipe.adversarial
    terms = " + ".join(f"{weight:g} {name}" for name, weight in recipe.loss.items())
    return {
        "content and perceptual": terms or "–",
        "adversarial": f"{game.weight:g} {game.loss}" if game else "–",
        "discriminator": f"{game.discriminator} {_told(game.options)}".strip() if game else "–",
    }


def _told(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items())


def counts(count_macs: Counter) -> dict[str, Any]:
    """Diagrams, listings and counts of blocks at the printed sizes; see `probes.structure`."""
    parts = diagrams.generator_parts()
    modules = {"msfm": MSFM(256), "eca": ECA(32), "afem": AFEM(128)}
    sizes = {"msfm": (256, 8), "eca": (32, 127), "afem": (128, 64)}
    return {
        "architecture": {
            "loop": diagrams.loop_plan(),
            "generator": diagrams.generator_plan(parts),
            "msfm": diagrams.msfm_plan(),
            **diagrams.gate_plans(),
            "discriminators": diagrams.discriminators_plan(),
        },
        "costs": {
            name: {
                "parameters": parameters(module),
                "macs": count_macs(
                    module.eval(), torch.zeros(1, sizes[name][0], sizes[name][1], sizes[name][1])
                ),
            }
            for name, module in modules.items()
        },
        "generator": generator_listing(parts),
        "trainings": trainings(),
    }
