"""What is refused before anything starts: the same for notebooks, commands and dry runs.

`make_plan` holds names, seeds and recipes against the declarations. This module asks what only
pictures, networks and devices know, without opening or training any; where a request changes
nothing of that kind, no torch is loaded.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deblur_lib.errors import DataError, DeblurError, UsageError, unknown_name
from deblur_lib.files import check_writable
from deblur_lib.runs import store, vintage
from deblur_lib.runs.plan import Plan, Request, Run, make_plan, published_options

GENERATED = "synth-"  # how the ids of generated pictures begin


def checked_plan(request: Request) -> Plan:
    """Resolve a request whose values are all possible.

    Raises:
        UsageError: what is wrong and what would be right; nothing was started.
    """
    store.check_library()
    plan = make_plan(request)
    for name, folder in request.roots.items():
        if not Path(folder).is_dir():
            raise UsageError(
                f"roots needs a folder for {name!r}, {folder} is none; relative folders are looked "
                "for below the project root"
            )
    for run in plan.runs:
        if run.released:
            _check_released(run, plan)
    if request.altered:
        _check_pictures(plan)
        for run in {run.method.id: run for run in plan.runs}.values():
            if request.recipe or request.data:
                _check_recipe(run, plan)
            if run.method.network in request.options:
                _check_network(run)
    if request.device not in ("auto", "cpu") or request.devices > 1:
        from deblur_lib.devices import check_devices, resolve_device, resolve_precision

        device = resolve_device(request.device)
        resolve_precision(request.precision, device)
        check_devices(request.devices, device)
    return plan


def check_ready(plan: Plan) -> None:
    """Refuse to start where pictures to train on, or rows to read, are missing.

    Raises:
        UsageError: real data sets without their folders, runs of other code, VGG19's weights
            missing for the printed protocol, a workspace that cannot be written, or `train="never"`
            and no published rows.
    """
    folder = store.results_folder(plan.request)
    if plan.request.train == "never":
        if not (folder / "rows.csv").is_file():
            raise UsageError(
                f"train='never' reads results/{plan.paper.id}/{plan.profile.name}, which holds no "
                "rows; take train='missing'"
            )
        return
    check_writable(store.workspace())
    vintage.check(plan)
    missing = [*_places_missing(plan), *_features_missing(plan)]
    if missing:
        raise UsageError("\nand ".join(missing))


def _places_missing(plan: Plan) -> Iterator[str]:
    from deblur_lib.data.opening import check_place

    for data_id in used_data(plan):
        if not data_id.startswith(GENERATED):
            try:
                check_place(data_id, plan.request.roots)
            except DeblurError as error:
                yield str(error)


def used_data(plan: Plan) -> list[str]:
    """Ids of all data sets that a plan trains or tests on."""
    learnt = {run.train_on for run in plan.runs if not run.released}
    return sorted({*plan.profile.test_on.values(), *learnt})


def data_settings(plan: Plan, data_id: str, method: str = "") -> dict[str, Any]:
    """Settings of one data set: the profile's, then a method's own, then the request's.

    Where a plan uses generated and real pictures, each kind takes the settings that it knows.
    """
    from deblur_lib.data.generated.variants import VARIANTS
    from deblur_lib.data.opening import settings_of

    asked = plan.request.data
    if len({one in VARIANTS for one in [*used_data(plan), data_id]}) == 2:
        asked = settings_of(data_id, asked)
    declared = {**plan.profile.data, **plan.profile.data_of.get(method, {})}
    return {**settings_of(data_id, declared), **asked}


def located(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of pictures in which the folder `photographs` counts from the project's root."""
    folder = settings.get("photographs")
    found = {"photographs": str(store.below_root(folder))} if isinstance(folder, str) else {}
    return {**settings, **found}


def _check_pictures(plan: Plan) -> None:
    from deblur_lib.data.generated.variants import VARIANTS
    from deblur_lib.data.opening import FLOW_MADE, check_settings
    from deblur_lib.data.real.sources import SOURCES

    known = {*VARIANTS, *SOURCES, FLOW_MADE, *plan.request.roots}
    for data_id in used_data(plan):
        if data_id not in known:
            see = "a folder of your own needs an entry in roots"
            raise UsageError(unknown_name("data set", data_id, known, see=see))
        settings = data_settings(plan, data_id)
        check_settings(data_id, settings)
        if data_id in VARIANTS and settings.get("photographs"):
            _check_photographs(settings)


def _check_photographs(settings: dict[str, Any]) -> None:
    from deblur_lib.data.generated.benchmark import read_settings
    from deblur_lib.data.generated.folders import pictures_of
    from deblur_lib.data.generated.settings import SPLITS

    found = read_settings(located(settings))
    try:
        for split in SPLITS:
            pictures_of(found, split)
    except DataError as error:
        raise UsageError(str(error)) from error


def _check_recipe(run: Run, plan: Plan) -> None:
    """Names of losses and augmentations, the second player, crops for pictures and network."""
    import torch

    from deblur_lib.catalogue import build
    from deblur_lib.data.augment import side_to_draw
    from deblur_lib.data.generated.benchmark import read_settings
    from deblur_lib.data.generated.variants import VARIANTS
    from deblur_lib.training.checks import check_crop, check_names
    from deblur_lib.training.critics import build_critic, check_critic

    check_names(run.train)
    if run.train_on in VARIANTS:
        side = side_to_draw(run.train.augment, run.train.crop)
        size = read_settings(data_settings(plan, run.train_on)).size
        if side > size:
            raise UsageError(
                f"crop {run.train.crop} of {run.method.id} needs pictures of {side} pixels, "
                f"{run.train_on} gives {size}; take a smaller crop or a larger size"
            )
    if "crop" in plan.request.recipe and run.steps:
        with torch.device("meta"):
            check_crop(
                build(str(run.method.network), **run.options), run.train.crop, row=run.method.id
            )
    if run.train.adversarial and "adversarial" in plan.request.recipe:
        with torch.device("meta"):
            check_critic(build_critic(run.train.adversarial), run.train.adversarial)


def _features_missing(plan: Plan) -> Iterator[str]:
    """Another loss than the printed one, days of it, needs to be asked for."""
    if plan.profile.name != "paper":
        return
    from deblur_lib.losses import FEATURE_LOSSES, vgg

    trained = [run for run in plan.runs if not run.released]
    rows = {run.method.id for run in trained if run.train.loss.keys() & FEATURE_LOSSES.keys()}
    if rows and not vgg.random_wanted() and vgg.find_weights() is None:
        yield (
            f"the loss of {', '.join(sorted(rows))} needs VGG19's public weights: put "
            f"{vgg.WEIGHTS} into torch's cache or name the file in {vgg.VARIABLE}; {vgg.VARIABLE}="
            f"{vgg.RANDOM} trains with random features instead, and every number says so"
        )


def _check_released(run: Run, plan: Plan) -> None:
    """Weights of the network that the paper compares with, not of one of another size."""
    import torch

    from deblur_lib import catalogue

    name = str(run.method.network)
    with torch.device("meta"):
        printed, given = (
            {
                key: tuple(one.shape)
                for key, one in catalogue.build(name, **options).named_parameters()
            }
            for options in (published_options(plan.paper, run.method), run.options)
        )
    if printed != given:
        raise UsageError(
            f"row {run.method.id} needs {name} with {published_options(plan.paper, run.method)}, "
            f"{Path(run.released).stem} is of {run.options}; take weights of that size"
        )


def _check_network(run: Run) -> None:
    """Build it without memory for its weights."""
    import torch

    from deblur_lib import catalogue

    try:
        with torch.device("meta"):
            catalogue.build(str(run.method.network), **run.options)
    except DeblurError:
        raise
    except Exception as error:  # whatever a constructor meets in a value that cannot be
        raise UsageError(
            f"options {run.options} build no {run.method.network}: {error}; see the network's "
            "page in the library reference"
        ) from error
