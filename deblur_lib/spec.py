"""What a paper's room declares: methods, recipes, tables, claims, departures, profiles.

Everything here is frozen, typed and free of torch. A declaration with an unknown key or a value of
the wrong type is refused when it is made, so nothing starts on a half-understood experiment.
"""

import dataclasses
import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import to_json

from deblur_lib.errors import DeclarationError, unknown_name

STRICT = ConfigDict(extra="forbid", strict=True)

ProfileName = Literal["smoke", "demo", "study", "gpu", "paper"]
PROFILES: tuple[ProfileName, ...] = ("smoke", "demo", "study", "gpu", "paper")
LONG = "the long run belongs to the study: about an hour of one core at GoPro's full length of blur"
Option = str | bool | int | float | None | list[Any] | dict[str, Any]
Options = dict[str, Option]
Share = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, config=STRICT)
class Departure:
    """One place where the paper is silent, ambiguous or wrong, and what we do there.

    Attributes:
        where: section, equation or table of the paper.
        says: what the paper says there, in our words.
        does: what the suite does.
        why: the reason, with its source (relative's code, arithmetic, measurement, judgement).
        option: network, training or evaluation option that offers the alternatives, if any.
        id: the open point's number in the paper's specification ("W3").
    """

    where: str
    says: str
    does: str
    why: str
    option: str = ""
    id: str = ""


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


@dataclass(frozen=True, config=STRICT)
class Method:
    """One row of a table: a network with options, or a printed row that nobody runs here.

    Attributes:
        id: name used in rows and printed cells ("wan2023_dffm").
        title: name shown to readers.
        network: catalogue name; None for a method that is only quoted, "identity" for the
            blurred picture scored as output.
        options: keyword arguments of the network.
        train: overrides of the paper's recipe.
        train_on: printed data set whose training pictures this row learns from ("realblur_j");
            "" takes the profile's.
        profiles: profiles in which this row is trained or scored.
        not_run: the reason shown where it is not run.
        control: True for a row that the paper does not print.
        apart: True for a long run, which compares with no other row and stands in no table.
    """

    id: str
    title: str
    network: str | None
    options: Options = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)
    train_on: str = ""
    profiles: tuple[ProfileName, ...] = PROFILES
    not_run: str = ""
    control: bool = False
    apart: bool = False

    @model_validator(mode="after")
    def _says_why_not(self) -> "Method":
        if set(self.profiles) != set(PROFILES) and not self.not_run:
            raise ValueError(f"{self.id}: not run in every profile, so `not_run` must say why")
        return self


@dataclass(frozen=True, config=STRICT)
class Column:
    """One column of a table: a data set, a printed metric, and the convention we score it by.

    Attributes:
        dataset: the data set's name in the printed cells ("gopro_test").
        metric: the metric's name in the printed cells ("psnr_db", "ssim", "time_s", "params_m").
        convention: our named convention ("psnr-rgb"), or the name of a cost ("parameters").
        title: heading shown to readers.
        size_of: of a column of costs, what stands for a row whose printed cost is of another size
            of its network than the printed scores, by method id; a subject of the probes.
    """

    dataset: str
    metric: str
    convention: str
    title: str
    size_of: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, config=STRICT)
class Table:
    """A table of the paper: which methods, which columns; the printed cells live in printed.yaml.

    Attributes:
        id: "T1".
        number: "Table 1", as printed.
        caption: what it shows, in our words.
        methods: method ids, in printed order; controls and identity may follow.
        columns: columns, in printed order.
        kind: comparison with other networks or ablation of the paper's own.
    """

    id: str
    number: str
    caption: str
    methods: tuple[str, ...]
    columns: tuple[Column, ...]
    kind: Literal["comparison", "ablation"] = "comparison"


@dataclass(frozen=True, config=STRICT)
class Profile:
    """One budget for the same notebook.

    Attributes:
        name: smoke, demo, study, gpu or paper.
        train_on: data id the networks are trained on ("synth-gopro-linear").
        test_on: data id scored for each printed data set ({"gopro_test": "synth-gopro-linear"}).
        data: settings of the data source, e.g. of the generated benchmark (size, counts, blur).
        options: overrides of each network's options, by network name
            ({"mimo_unet": {"base_channels": 8}}).
        train: overrides of the recipe; a method's own overrides come after them.
        train_of: last overrides of the recipe for single methods, by method id.
        data_of: settings of the pictures that single methods learn from, over `data`, by method id.
        seeds: seeds of the runs.
        seeds_of: seeds of single methods in place of those, by method id.
        precision: of the training where the request says "auto"; "auto" takes bf16 where the
            hardware multiplies it. Small depthwise networks are faster in fp32 on a processor.
        why: what this budget can and cannot show, for readers.
    """

    name: ProfileName
    train_on: str
    test_on: dict[str, str]
    data: Options = Field(default_factory=dict)
    options: dict[str, Options] = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)
    train_of: dict[str, dict[str, Any]] = Field(default_factory=dict)
    data_of: dict[str, Options] = Field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    seeds_of: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    why: str = ""


@dataclass(frozen=True, config=STRICT)
class Figure:
    """A figure of the paper or of ours.

    Attributes:
        id: "F4" for a figure of the paper, another word for ours.
        title: heading.
        kind: which drawing function makes it ("crops", "curves", "data", "diagram", "bars", ...).
        caption: what it shows, in our words.
        settings: keyword arguments of the drawing function.
    """

    id: str
    title: str
    kind: str
    caption: str
    settings: Options = Field(default_factory=dict)


@dataclass(frozen=True, config=STRICT)
class CheckSet:
    """Pictures that trained networks are scored on for checking only: none learns from them.

    Attributes:
        id: its name in rows and in the request ("gopro_real").
        title: its name for readers.
        data: data id ("gopro-linear"; of generated pictures "synth-gopro-linear").
        why: one sentence, what it tells.
        licence: terms of use and source of its pictures.
        split: the part that is scored.
        root: name of its folder in the request's `roots`; "" where it needs none. Generated
            pictures take the folder's photographs as their scenes.
        settings: settings of the data, see `data.opening.open_data`.
        pictures: most pictures that are scored, evenly spread over all that are there; 0 for all.
        conventions: metric conventions of its rows.
    """

    id: str
    title: str
    data: str
    why: str
    licence: str
    split: Literal["train", "validation", "test"] = "test"
    root: str = ""
    settings: Options = Field(default_factory=dict)
    pictures: int = Field(default=0, ge=0)
    conventions: tuple[str, ...] = ("psnr-rgb", "vol3d-rgb")


_GOPRO = CheckSet(
    id="gopro_real",
    title="GoPro, real pairs",
    data="gopro-linear",
    split="train",
    root="gopro-linear",
    pictures=48,
    licence="CC BY 4.0, Nah et al. 2017",
    why="Real blur at its own size and length: what generated blur stands in for.",
)
_REDS = CheckSet(
    id="reds_real",
    title="REDS, real pairs at 320x180",
    data="reds-180p",
    split="train",
    root="reds-180p",
    pictures=48,
    licence="CC BY 4.0, Nah et al. 2019",
    why="Another camera, another response curve, and scenes that no GoPro picture shows.",
)
_KODAK = CheckSet(
    id="kodak24_generated",
    title="Kodak photographs with generated blur of full length",
    data="synth-gopro-linear",
    root="kodak24",
    settings={"size": 256, "blur": 1.0, "test": 48},
    licence="the 24 photographs of the Kodak set, free to use",
    why="Photographs of other places and cameras, under blur as long as GoPro's own.",
)
CHECKS = (_GOPRO, _REDS, _KODAK)
CLIP_CHECKS = (  # for networks that take three frames: neighbouring pairs of a scene as clips
    dataclasses.replace(_GOPRO, title="GoPro, real clips", settings={"clips": True}),
    dataclasses.replace(_REDS, title="REDS, real clips at 320x180", settings={"clips": True}),
    dataclasses.replace(_KODAK, data="synth-clip"),
)


@dataclass(frozen=True, config=STRICT)
class Paper:
    """A paper's room, declared.

    Attributes:
        id: folder, notebook and chapter name.
        title: title in English.
        authors: as printed.
        venue: where it appeared.
        doi: digital object identifier, or "".
        bibkey: key in the book's bibliography.
        networks: class in the room's network.py for each network name it adds to the catalogue.
        discriminators: the same for its discriminators.
        checks: pictures that its trained networks are scored on for checking.
        starts_from: weights of others that the published training of a network begins with, by
            network name; none are shipped here.
        recipe: the paper's own training recipe (paper profile).
        methods: all rows of all tables.
        tables: the tables.
        figures: the figures, in the order of the chapter.
        departures: open points of the paper and what we do.
        profiles: the budgets, one of each name.
    """

    id: str
    title: str
    authors: str
    venue: str
    doi: str
    bibkey: str
    networks: dict[str, str]
    recipe: Train
    methods: tuple[Method, ...]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    departures: tuple[Departure, ...]
    profiles: tuple[Profile, ...]
    discriminators: dict[str, str] = Field(default_factory=dict)
    checks: tuple[CheckSet, ...] = CHECKS
    starts_from: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_resolve(self) -> "Paper":
        known = [method.id for method in self.methods]
        if len(known) != len(set(known)):
            raise ValueError(f"{self.id}: method ids repeat: {known}")
        for table in self.tables:
            missing = set(table.methods) - set(known)
            if missing:
                raise ValueError(f"{self.id} {table.id}: no method is called {sorted(missing)}")
        for profile in self.profiles:
            for name, seeds in profile.seeds_of.items():
                if name not in known or seeds[:1] != profile.seeds[:1]:
                    raise ValueError(
                        f"{self.id} {profile.name}: seeds_of {name} needs a method of the paper, "
                        f"and seeds that begin with {profile.seeds[0]}, which the figures show"
                    )
        if sorted(one.name for one in self.profiles) != sorted(PROFILES):
            raise ValueError(f"{self.id}: each of {PROFILES} must be declared once")
        return self


# --- printed cells and claims: data files of a room, checked when read -------------------------


@dataclass(frozen=True, config=STRICT)
class PrintedCell:
    """One number printed in the paper.

    Attributes:
        table: table id ("T1").
        method: method id.
        dataset: data set name.
        metric: metric name.
        printed: the text exactly as in the source, blanks included.
        value: the number it stands for.
        flags: reasons for caution.
    """

    table: str
    method: str
    dataset: str
    metric: str
    printed: str
    value: float
    flags: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name of the cell in claim expressions: "T1.gopro_test.psnr_db.wan2023"."""
        return f"{self.table}.{self.dataset}.{self.metric}.{self.method}"


@dataclass(frozen=True, config=STRICT)
class Check:
    """One testable part of a claim.

    Attributes:
        expr: arithmetic over cell keys (+ - * /, parentheses, max(), min(), numbers), e.g.
            "T1.gopro_test.psnr_db.wan2023 - T1.gopro_test.psnr_db.dmphn".
        relation: eq (|expr - stated| <= tol), gt, lt, ge, le (against `stated`).
        stated: the number the paper states, 0 for plain orderings.
        tol: tolerance of eq.
        scope: "printed": only arithmetic on the printed tables; "both": also on our rows;
            "ours": only on our rows or on measured costs.
        margin: how far beyond `stated` the effect must lie where the words promise size ("a clear
            step"); the bound is ours and the claim's note says so.
        module: module that the check is about; where it never left its start, nothing is judged.
        about: "loss" or "size" where the rows differ in it on purpose; rows of an ablation that
            differ otherwise are not judged.
    """

    expr: str
    relation: Literal["eq", "gt", "lt", "ge", "le"]
    stated: float = 0.0
    tol: float = 0.0
    scope: Literal["printed", "both", "ours"] = "both"
    margin: float = Field(default=0.0, ge=0)
    module: str = ""
    about: tuple[Literal["loss", "size"], ...] = ()

    @model_validator(mode="after")
    def _margin_has_a_side(self) -> "Check":
        if self.margin and self.relation == "eq":
            raise ValueError("a margin belongs to gt, lt, ge or le; eq states its size")
        return self


@dataclass(frozen=True, config=STRICT)
class Claim:
    """One statement of the paper that can be held against numbers, or a note why it cannot.

    Attributes:
        id: "wan2023-C01".
        section: where it stands.
        statement: the claim in our words.
        kind: arithmetic, ordering, efficiency, structural or visual.
        checks: its testable parts; all must hold.
        untestable: why no number can decide it ("" when checks exist).
        note: remarks for readers.
    """

    id: str
    section: str
    statement: str
    kind: Literal["arithmetic", "ordering", "efficiency", "structural", "visual"]
    checks: tuple[Check, ...] = ()
    untestable: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _testable_or_not(self) -> "Claim":
        if bool(self.checks) == bool(self.untestable):
            raise ValueError(f"{self.id}: give checks, or say in `untestable` why there are none")
        return self


T = TypeVar("T")


def parse(kind: Any, data: Any, *, source: str) -> Any:
    """Build a declaration from plain data (read from YAML or JSON), refusing what does not fit.

    Args:
        kind: a class of this module, or a typing form such as tuple[Claim, ...].
        data: mappings, lists and scalars.
        source: file or place named in the error.

    Raises:
        DeclarationError: an unknown key, a missing key or a value of the wrong type.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DeclarationError(
            f"{source}: {first['msg']} at {where or 'the top'}, got {first.get('input')!r}"
            f" ({error.error_count()} problem(s) in all); mend the declaration"
        ) from error


def misfit(kind: Any, value: Any) -> str:
    """Why a value is not of a type such as PositiveInt, in words; empty where it is."""
    try:
        TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return ""


def override(base: T, changes: dict[str, Any]) -> T:
    """Copy a declaration with some fields changed; unknown fields and wrong types are refused.

    Changes may be plain data as notebooks and the command line hold it: lists, mappings, scalars.

    Raises:
        DeclarationError: a field that the declaration does not have, or a wrong type.
    """
    names = {field.name for field in dataclasses.fields(base)}  # type: ignore[arg-type]
    for name in changes:
        if name not in names:
            raise DeclarationError(
                unknown_name(f"field of {type(base).__name__}", name, names, see="deblur_lib.spec")
            )
    stored = {name: getattr(base, name) for name in names}
    try:
        return TypeAdapter(type(base)).validate_json(to_json(stored | changes), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise DeclarationError(
            f"{type(base).__name__}.{'.'.join(map(str, first['loc']))}: {first['msg']}, got "
            f"{first.get('input')!r}"
        ) from error
