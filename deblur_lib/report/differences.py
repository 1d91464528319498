"""How a number of ours differs from the printed one in what lies behind it, one text for each kind.

A recipe as it was run is compared field by field with the one that the paper profile gives the
same row. Each text begins with its kind and a colon: "size: blocks 1 (paper: 8)".
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deblur_lib.records import Manifest
from deblur_lib.report import columns, numbers
from deblur_lib.report.columns import meant_for, method_of, profile_of, tested_on, trained_on
from deblur_lib.report.results import Results
from deblur_lib.spec import Column, Paper, override

JOINT = "; "  # between the differences of one cell
APART = ("data", "training data", "size", "steps")  # with these a gap to the print says nothing
NONE = "none: data, size and recipe are the paper's, what remains are its open points and chance"
COUNTED = "none: counted on the network at its published size"
Recipe = Mapping[str, Any]


def differences(results: Results, paper: Paper, method: str, column: Column) -> list[str]:
    """All that differs behind a cell, or one text that says that nothing does."""
    if columns.is_cost(column):
        return [_of_cost(results, paper, method, column)]
    runs = [one for one in results.of_method(method) if one.steps]
    found = _data(results, paper, method, column.dataset, trained=bool(runs))
    found += _network(paper, method, results.of_method(method))
    if runs:
        found += _recipe(runs[0].train, published_recipe(paper, method))
    return found or [NONE]


def comparable(results: Results, column: Column, found: list[str]) -> bool:
    """True where a gap to the printed number means something.

    Scores need the pictures, the size and the steps of the paper; counts the published network.
    Times belong to one machine and compare in their order alone.
    """
    if columns.is_cost(column):
        return results.profile != "smoke" and column.convention in ("parameters", "macs")
    return results.profile == "paper" and not {kind_of(one) for one in found} & set(APART)


def kind_of(text: str) -> str:
    """The kind that a text begins with."""
    return text.partition(":")[0]


def kinds(joined: str) -> list[str]:
    """Kinds of the differences of a cell, each once; none where nothing differs."""
    found = dict.fromkeys(kind_of(one) for one in joined.split(JOINT) if one)
    return [one for one in found if one != "none"]


def published_recipe(paper: Paper, method: str) -> Recipe:
    """What the paper profile trains a row with."""
    full, declared = profile_of(paper, "paper"), method_of(paper, method)
    own = full.train_of.get(method, {})
    return dataclasses.asdict(override(paper.recipe, {**full.train, **declared.train, **own}))


def changes(paper: Paper, runs: Iterable[Manifest]) -> list[str]:
    """Options of runs that differ from those of the paper profile: "blocks 2 (full: 8)"."""
    full_size = profile_of(paper, "paper").options
    found = set()
    for one in runs:
        declared = method_of(paper, one.method)
        full = {**full_size.get(str(declared.network), {}), **declared.options}
        found |= {
            f"{name} {value}" + (f" (full: {full[name]})" if name in full else "")
            for name, value in one.options.items()
            if name not in full or full[name] != value
        }
    return sorted(found)


def _of_cost(results: Results, paper: Paper, method: str, column: Column) -> str:
    if results.profile == "smoke":
        runs = results.of_method(method)
        return f"size: {', '.join(changes(paper, runs)) or 'the network as it was run'}"
    if column.convention in ("parameters", "macs"):
        return COUNTED
    return "machine: one pass in float32 on ours, a processor with one thread"


def _data(results: Results, paper: Paper, method: str, dataset: str, *, trained: bool) -> list[str]:
    settings = profile_of(paper, results.profile).data
    scored = tested_on(results, paper).get(dataset, "")
    meant = profile_of(paper, "paper").test_on.get(dataset, "")
    found = []
    if scored != meant:
        found.append(f"data: {_pictures(scored, settings)} stands for {meant}")
    used, printed = trained_on(results, paper, method), meant_for(paper, method, "paper")
    if trained and used != printed:
        found.append(f"training data: {_pictures(used, settings)} instead of {printed}")
    return found


def _pictures(data_id: str, settings: Mapping[str, Any]) -> str:
    """A data id, and of generated pictures how far they are blurred and how large they are."""
    told = {"blur": "blur {:g} of its length", "size": "{} px"}
    parts = [text.format(settings[name]) for name, text in told.items() if name in settings]
    generated = data_id.startswith("synth-") and parts
    return f"{data_id} ({', '.join(parts)})" if generated else data_id


def _network(paper: Paper, method: str, runs: list[Manifest]) -> list[str]:
    found = changes(paper, runs)
    texts = [f"size: {', '.join(found)}"] if found else []
    begun = paper.starts_from.get(str(method_of(paper, method).network))
    if begun and any(not one.options.get("backbone_weights") for one in runs):
        texts.append(f"weights: random at the start instead of {begun}")
    return texts


def _recipe(used: Recipe, meant: Recipe) -> list[str]:
    """Differences of two recipes; fields that the stored one lacks are passed over."""
    found = []
    for kind, (fields, text) in KINDS.items():
        if all(name in used for name in fields):
            ours, theirs = text(used), text(meant)
            if ours != theirs:
                found.append(f"{kind}: {ours} instead of {theirs}{_share(kind, used, meant)}")
    changed = [
        f"{name} {_plain(used[name])} (full: {_plain(meant[name])})"
        for name in OTHERS
        if name in used and _plain(used[name]) != _plain(meant[name])
    ]
    return [*found, *([f"optimiser: {', '.join(changed)}"] if changed else [])]


def _plain(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, list | tuple) else value
    return numbers.short(text) if isinstance(text, float) else str(text)


def _share(kind: str, used: Recipe, meant: Recipe) -> str:
    seen, planned = (one["steps"] * one["batch"] * one["crop"] ** 2 for one in (used, meant))
    return f", {100 * seen / planned:.2g} % of the pixels" if kind == "steps" else ""


def _steps(one: Recipe) -> str:
    many = f"{one['batch']} crop" + ("s" if one["batch"] > 1 else "")
    return f"{one['steps']:,} of {many} of {one['crop']} px"


def _rate(one: Recipe) -> str:
    schedule = one["schedule"]
    more = {
        "step": f", times {one['decay']:g} every {one['decay_every']:.3g}",
        "polynomial": f", power {one['decay']:g}",
        "linear": f" from {one['decay_from']:g} on",
    }
    floor = one["lr_floor"] if schedule not in ("constant", "step") else 0
    parts = (
        f"{numbers.short(one['lr'])} {schedule}{more.get(schedule, '')}",
        f" to {numbers.short(floor)}" if floor else "",
        f", {one['warmup']:,} steps of warm-up" if one["warmup"] else "",
    )
    return "".join(parts)


def _loss(one: Recipe) -> str:
    terms = " + ".join(f"{numbers.short(weight)} {name}" for name, weight in one["loss"].items())
    return (terms or "none") + (" at every scale" if one["scales"] else "")


def _game(one: Recipe) -> str:
    game = one["adversarial"]
    if not game:
        return "none"
    told = {**game["options"], "steps": game["critic_steps"], "rate": game["lr"]}
    told |= {"penalty": game["penalty"]} if game["loss"] == "wgan_gp" else {}
    told |= {"pool": game["pool"]} if game["loss"].startswith("ragan") else {}
    told |= {"conditional": game["conditional"]}
    usual = {"steps": 1, "rate": None, "conditional": False}
    named = [
        f"{name} {_plain(value)}"
        for name, value in told.items()
        if (name, value) not in usual.items()
    ]
    options = f" ({', '.join(named)})" if named else ""
    return f"{numbers.short(game['weight'])} {game['loss']} by {game['discriminator']}{options}"


def _augment(one: Recipe) -> str:
    return ", ".join(one["augment"]) or "none"


KINDS: dict[str, tuple[tuple[str, ...], Callable[[Recipe], str]]] = {
    "steps": (("steps", "batch", "crop"), _steps),
    "rate": (("lr", "lr_floor", "schedule", "warmup"), _rate),
    "loss": (("loss", "scales"), _loss),
    "adversarial": (("adversarial",), _game),
    "augmentation": (("augment",), _augment),
}
OTHERS = ("optimiser", "betas", "weight_decay", "sgd_from", "clip", "init", "ema")
