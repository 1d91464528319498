"""Which runs a request means: paper, profile and parameters in, run declarations out. No torch.

A run is (network and options, data, recipe, seed, profile). Its id is its method, its seed and a
hash of every setting that can change its numbers; the same settings always give the same id.
"""

import dataclasses
import itertools
import json
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deblur_lib import catalogue, papers
from deblur_lib.data.real import checksets
from deblur_lib.errors import RecordError, UsageError, unknown_name
from deblur_lib.profiles import DEVICES, PRECISIONS, PROFILES
from deblur_lib.provenance import settings_hash
from deblur_lib.spec import CheckSet, Method, Options, Paper, Profile, Train, override
from deblur_lib.training.schedules import check as check_recipe
from deblur_lib.training.schedules import check_share

TRAIN_MODES = ("missing", "renew", "keep", "never")
PLAIN = {"paper", "profile", "device", "devices", "precision", "train", "roots", "checks"}


@dataclass(frozen=True)
class Request:
    """What a notebook, the command line or a script asks for.

    Attributes:
        paper: room id.
        profile: smoke, demo, study, gpu or paper.
        device: auto, cpu, cuda or mps.
        devices: how many devices of that kind share the batches of each run.
        precision: auto, fp32 or bf16.
        seeds: seeds of the runs; empty takes the profile's.
        train: "missing" trains what no stored run covers, and refuses runs that other code
            trained; "renew" trains these again, "keep" takes them as they are; "never" only reads
            published results.
        methods: rows to run; empty takes all that the profile runs.
        options: overrides of network options, by network name.
        recipe: overrides of the training recipe.
        data: settings of generated pictures.
        roots: folder of each real data set, by data id.
        sources: data id that takes the place of one that the profile names, for training and
            testing, e.g. {"gopro-linear": "gopro-gamma"} or a folder of your own named in `roots`.
        released: weights of authors that rows are scored with instead of being trained, by row id:
            the file that `deblur weights add` wrote; the notebooks and commands take its name.
        checks: sets that trained networks are scored on for checking: declared ones, data ids, or
            names in `roots`; empty takes the paper's whose folder is in `roots`.
    """

    paper: str
    profile: str = "demo"
    device: str = "auto"
    devices: int = 1
    precision: str = "auto"
    seeds: tuple[int, ...] = ()
    train: str = "missing"
    methods: tuple[str, ...] = ()
    options: dict[str, Options] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    data: Options = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)
    checks: tuple[str, ...] = ()

    @property
    def altered(self) -> dict[str, Any]:
        """Parameters given besides those of `PLAIN`: what is asked is not what a profile declares.

        Such a request has folders and a notebook of its own, see `store`. At the paper's own
        profile released weights alter nothing: there papers compare with them too.
        """
        plain = PLAIN | ({"released"} if self.profile == "paper" else set())
        given = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        given["methods"] = sorted(set(self.methods))
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in given.items()
            if name not in plain and value
        }


@dataclass(frozen=True)
class Run:
    """One training with one seed, fully resolved.

    Attributes:
        paper, profile: room and budget.
        method: the row it fills.
        seed: seed of the run.
        options: options of the network, profile and request included.
        train: the recipe, method, profile and request included.
        train_on: data id of the training pictures.
        data: settings of generated pictures.
        precision: fp32 or bf16; what the request asks for, else the profile, else what the
            catalogue declares for the network.
        source: the run whose weights this one uses, for a row that trains nothing.
        released: file of the authors' weights that it is scored with, "" where it is trained.
        digest: SHA-256 of that file.
    """

    paper: str
    profile: str
    method: Method
    seed: int
    options: Options
    train: Train
    train_on: str
    data: Options
    precision: str
    source: "Run | None" = None
    released: str = ""
    digest: str = ""

    @property
    def steps(self) -> int:
        """Optimiser steps that this run takes itself."""
        trains = self.method.trains and not (self.source or self.released)
        return self.train.steps if trains else 0

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting that can change a number of this run."""
        origin = {"weights_of": settings_hash(self.source.settings)} if self.source else {}
        origin |= {"released": self.digest} if self.released else {}
        return origin | {
            "network": self.method.network,
            "options": self.options,
            "train": dataclasses.asdict(self.train),
            "train_on": self.train_on,
            "data": self.data,
            "precision": self.precision,
            "seed": self.seed,
        }

    @property
    def id(self) -> str:
        """Readable id: method, seed and settings hash."""
        return f"{self.method.id}-s{self.seed}-{settings_hash(self.settings)}"


@dataclass(frozen=True)
class Plan:
    """All runs of a request, with the declarations they come from."""

    request: Request
    paper: Paper
    profile: Profile
    runs: tuple[Run, ...]
    checks: tuple[CheckSet, ...] = ()


def make_plan(request: Request) -> Plan:
    """Resolve a request into runs.

    Raises:
        UsageError: an unknown paper, profile, method, device or check set, a seed that is no whole
            number from 0 on, a recipe field, type or value that cannot be; nothing was started.
    """
    paper = papers.load(request.paper)
    for kind, value, known in (
        ("profile", request.profile, PROFILES),
        ("device", request.device, DEVICES),
        ("precision", request.precision, PRECISIONS),
        ("train mode", request.train, TRAIN_MODES),
    ):
        if value not in known:
            raise UsageError(unknown_name(kind, value, known, see=f"notebooks/{paper.id}.ipynb"))
    _check_seeds(request.seeds)
    declared = next(one for one in paper.profiles if one.name == request.profile)
    profile = _with_sources(declared, request.sources)
    methods = _chosen(paper, request)
    used = sorted({str(one.network) for one in methods})
    for name in request.options:
        if name not in used:
            raise UsageError(unknown_name("network run here", name, used))
    seeds = {
        one.id: request.seeds or profile.seeds_of.get(one.id, profile.seeds) for one in methods
    }
    seeds |= {name: seeds[name][:1] for name in request.released if name in seeds}
    runs = [
        _run(paper, profile, request, method, seed)
        for seed in dict.fromkeys(itertools.chain(*seeds.values()))
        for method in methods
        if seed in seeds[method.id]
    ]
    learnt = {run.train_on for run in runs} | {str(run.data.get("photographs")) for run in runs}
    checks = checksets.choose(paper.checks, request.checks, request.roots, learnt)
    return Plan(request, paper, profile, tuple(runs), checks)


def widened(plan: Plan) -> Plan:
    """The same runs as part of the request that names no rows and, where it holds them, no seeds.

    What all runs of a request share then lies where the request of the whole profile looks for it.
    """
    ids = {run.id for run in plan.runs}
    for seeds in ((), plan.request.seeds):
        whole = make_plan(dataclasses.replace(plan.request, methods=(), seeds=seeds))
        if ids <= {run.id for run in whole.runs}:
            return dataclasses.replace(whole, runs=plan.runs, checks=plan.checks)
    return plan


def with_first_seeds(plan: Plan, count: int) -> Plan:
    """A plan without the runs of seeds after its first `count` ones."""
    seeds = list(dict.fromkeys(run.seed for run in plan.runs))[:count]
    return dataclasses.replace(plan, runs=tuple(run for run in plan.runs if run.seed in seeds))


def commands_of(request: Request, runs: Collection[str]) -> dict[str, str]:
    """The commands that execute some runs of a request again, by their ids.

    Args:
        request: what the runs belong to.
        runs: their ids.
    """
    named = ((one.id, one) for one in make_plan(request).runs)
    return {name: _command(request, one) for name, one in named if name in runs}


def _command(request: Request, one: Run) -> str:
    words = ["deblur", "run", request.paper, "--profile", request.profile]
    words += ["--methods", one.method.id, "--seeds", str(one.seed)]
    plain, told = Request(request.paper), {"paper", "profile", "methods", "seeds"}
    for each in dataclasses.fields(Request):
        value = getattr(request, each.name)
        if each.name not in told and value != getattr(plain, each.name):
            text = value if isinstance(value, str) else json.dumps(value)
            words += ["--set", f"{each.name}={text}"]
    return shlex.join(words)


def _check_seeds(seeds: Sequence[int]) -> None:
    wrong = any(type(one) is not int or one < 0 for one in seeds)
    if wrong or len(set(seeds)) < len(seeds):
        raise UsageError(
            f"seeds needs whole numbers from 0 on, each once, got {list(seeds)}; -1 stands for the "
            "blurred pictures"
        )


def _with_sources(profile: Profile, sources: dict[str, str]) -> Profile:
    named = {profile.train_on, *profile.test_on.values()}
    for name in sources:
        if name not in named:
            raise UsageError(unknown_name(f"data set of profile {profile.name}", name, named))
    return dataclasses.replace(
        profile,
        train_on=sources.get(profile.train_on, profile.train_on),
        test_on={printed: sources.get(one, one) for printed, one in profile.test_on.items()},
    )


def _chosen(paper: Paper, request: Request) -> list[Method]:
    see = f"deblur list {paper.id}"
    built = {one.id: one for one in paper.methods if one.network not in (None, "identity")}
    own = {name: one for name, one in built.items() if not one.weights_of}
    for name in request.released:
        if name not in own:
            raise UsageError(unknown_name("row with weights of its own", name, own, see=see))
    runnable = {
        name: one
        for name, one in built.items()
        if request.profile in one.profiles or name in request.released
    }
    for name in request.methods:
        if name not in runnable:
            raise UsageError(
                unknown_name(f"method run at profile {request.profile}", name, runnable, see=see)
            )
    return [one for one in runnable.values() if not request.methods or one.id in request.methods]


def published_options(paper: Paper, method: Method) -> Options:
    """Options of a row's network in the paper profile: its published size."""
    full = next(one for one in paper.profiles if one.name == "paper")
    return {**full.options.get(str(method.network), {}), **method.options}


def _run(paper: Paper, profile: Profile, request: Request, method: Method, seed: int) -> Run:
    assert method.network is not None
    if method.weights_of:
        origin = next(one for one in paper.methods if one.id == method.weights_of)
        trained = dataclasses.replace(request, released={})  # it adopts what was trained here
        source = _run(paper, profile, trained, origin, seed)
        options = {**source.options, **method.options}
        return dataclasses.replace(source, method=method, options=options, source=source)
    options = {
        **profile.options.get(method.network, {}),
        **method.options,
        **request.options.get(method.network, {}),
    }
    own = profile.train_of.get(method.id, {})
    released, digest = request.released.get(method.id, ""), ""
    if released:
        options, digest = _released(Path(released), method)
    recipe = override(paper.recipe, {**profile.train, **method.train, **own, **request.recipe})
    check_recipe(recipe)
    check_share(recipe, request.devices, method.id)
    return Run(
        paper=paper.id,
        profile=profile.name,
        method=method,
        seed=seed,
        options=options,
        train=recipe,
        train_on=profile.test_on[method.train_on] if method.train_on else profile.train_on,
        data={**profile.data, **profile.data_of.get(method.id, {}), **request.data},
        precision=_precision(method.network, request.precision, profile.precision),
        released=released,
        digest=digest,
    )


def _released(path: Path, method: Method) -> tuple[Options, str]:
    """Options and digest on the card of released weights, which must be of the row's network."""
    from deblur_lib.records import read_json  # loads pandas, which no command should wait for

    try:
        card = read_json(path.with_suffix(".json"))
    except RecordError as error:
        raise UsageError(
            f"row {method.id} needs stored weights, {path.stem} has no card ({error}); store them "
            "with `deblur weights add`"
        ) from error
    if card.get("network") != method.network:
        raise UsageError(
            f"row {method.id} needs weights of {method.network}, {path.stem} holds those of "
            f"{card.get('network')}; see `deblur weights list`"
        )
    return card["options"], card["sha256"]


def _precision(network: str, *wishes: str) -> str:
    """The first wish that is not "auto", or the network's own precision."""
    return next((one for one in wishes if one != "auto"), catalogue.precision(network))
