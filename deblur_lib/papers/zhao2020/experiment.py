"""zhao2020 declared: rows, recipe, the table and the five budgets.

Literals only. Steps of the paper: 300 epochs of 5,710 clips, one clip a step, are 1,713,000. What
is printed, claimed, drawn and open stands in the YAML files beside this one.
"""

from deblur_lib.spec import (
    CLIP_CHECKS,
    DEMO,
    FROM_DEMO,
    FROM_STUDY,
    FULL_LENGTH,
    GPU,
    IDENTITY,
    LARGER,
    LONG_RUN,
    NOT_DEMO,
    ONE,
    PRINTED,
    SMOKE,
    STUDY,
    THREE,
    WGAN,
    Adversarial,
    Method,
    Paper,
    Table,
    Train,
    columns,
    extend,
)

NOT_AT_DEMO = "the demo budget is spent on the printed rows and the three controls below them"
SPENT = "the small budgets are spent on the printed rows and the controls below them"

METHODS = (
    Method(
        "nah2017", "Multi-scale CNN (Nah et al. 2017)", "deepdeblur",
        train={"loss": {"l1": 1.0}, "adversarial": None, "init": "default"},
    ),
    Method(
        "rdn", "RDN, read as Wieschollek et al. 2017", "rdn",
        train={"loss": {"mse": 1.0}, "adversarial": None, "init": "default"},
    ),
    Method(
        "deblurgan", "DeblurGAN", "deblurgan",
        train={"scales": False, "init": "default", "betas": (0.5, 0.999)},
    ),
    Method("zhao2020", "zhao2020", "zhao2020"),
    Method(
        "zhao2020_stage1", "Stage 1 alone, one frame", "zhao2020", {"stages": 1}, control=True
    ),
    Method("zhao2020_no_skips", "Without skips", "zhao2020", {"skips": False}, control=True),
    Method(
        "zhao2020_no_global", "Without P0 in the sum", "zhao2020", {"stage2_residual": False},
        control=True,
    ),
    Method(
        "zhao2020_no_flow", "Without the feature flow", "zhao2020", {"flow_levels": []},
        profiles=NOT_DEMO, not_run=NOT_AT_DEMO, control=True,
    ),
    Method(
        "zhao2020_flow_everywhere", "Feature flow at three levels", "zhao2020",
        {"flow_levels": [1, 2, 3]}, profiles=FROM_STUDY, not_run=SPENT, control=True,
    ),
    Method(
        "zhao2020_one_frame", "Trained on the middle frame three times", "zhao2020",
        {"neighbours": "middle"}, profiles=FROM_STUDY, not_run=SPENT, control=True,
    ),
    Method(
        "zhao2020_whole_p0", "Stage 1 draws the whole frame", "zhao2020",
        {"stage1_residual": False}, profiles=FROM_STUDY, not_run=SPENT, control=True,
    ),
    Method(
        "zhao2020_p0", "First estimate P0", "zhao2020", {"stages": 1}, weights_of="zhao2020",
        control=True,
    ),
    Method(
        "zhao2020_middle", "Neighbours replaced by the middle frame", "zhao2020",
        {"neighbours": "middle"}, weights_of="zhao2020", control=True,
    ),
    Method(
        "zhao2020_exchanged", "Neighbours exchanged", "zhao2020", {"neighbours": "exchanged"},
        weights_of="zhao2020", profiles=FROM_DEMO, not_run=LARGER, control=True,
    ),
    extend(LONG_RUN, id="zhao2020_long", title="zhao2020, long run", network="zhao2020"),
    extend(IDENTITY, title="Blurred middle frame"),
)  # fmt: skip

GAME = Adversarial("patchgan", {"norm": "layer", "padding": 1}, "lsgan")

RECIPE = Train(
    steps=1713000,
    batch=1,
    crop=256,
    lr=1e-5,
    optimiser="adam",
    schedule="polynomial",
    decay=0.3,
    loss={"mse": 40.0, "perceptual_l1": 5.0},
    scales=True,
    augment=(),
    validate=30,
    init="xavier",
    adversarial=GAME,
)

PLAIN = ("psnr-rgb", "wang-rgb")

TABLES = (
    Table(
        id="T1",
        number="Table 1",
        caption="Three competitors and the proposed network on clips of three blurred frames.",
        methods=(
            "nah2017", "rdn", "deblurgan", "zhao2020", "zhao2020_stage1", "zhao2020_no_skips",
            "zhao2020_no_global", "identity",
        ),
        columns=columns({
            "zhao2020_synthetic_test": ("psnr-rgb", "wang-rgb", "vol3d-rgb", "seconds"),
        }),
    ),
    Table(
        id="flow",
        number="Flow",
        caption="What the feature flow, the neighbours and the first estimate are worth; not in "
        "the paper.",
        methods=(
            "zhao2020", "zhao2020_no_flow", "zhao2020_flow_everywhere", "zhao2020_one_frame",
            "zhao2020_middle", "zhao2020_exchanged", "zhao2020_p0", "zhao2020_whole_p0",
            "identity",
        ),
        columns=columns({"zhao2020_synthetic_test": PLAIN}),
        kind="ablation",
    ),
    Table(
        id="sharp",
        number="Sharp",
        caption="Nearly sharp clips in: what a network takes away from them; not in the paper.",
        methods=("nah2017", "rdn", "deblurgan", "zhao2020", "zhao2020_p0", "identity"),
        columns=columns({"sharp_clips": PLAIN}),
    ),
)  # fmt: skip

CLIPS = {"zhao2020_synthetic_test": "synth-clip", "sharp_clips": "synth-clip-short"}
SMALL_GAME = extend(GAME, options={"features": 16})
SMALL_WGAN = extend(WGAN, options={"features": 16}, weight=0.01, critic_steps=1)

PROFILES = (
    extend(
        SMOKE,
        train_on="synth-clip",
        test_on=CLIPS,
        data={"train": 6},
        options={
            "zhao2020": {"channels": [4, 6, 8], "blocks": 1, "start": "identity"},
            "deepdeblur": {"features": 4, "blocks": 1},
            "rdn": {"features": 2, "start": "identity"},
            "deblurgan": {"features": 4, "blocks": 1},
        },
        train={
            "steps": 3, "crop": 32, "lr": 1e-3, "validate": 1, "loss": {"mse": 40.0},
            "init": "default", "adversarial": SMALL_GAME,
        },
        train_of={"deblurgan": {"adversarial": SMALL_WGAN}},
    ),
    extend(
        DEMO,
        train_on="synth-clip",
        test_on=CLIPS,
        data={"train": 160, "validation": 6, "test": 12, "blur": 0.35, "spread": 0.5},
        options={
            "zhao2020": {"channels": [8, 16, 32], "blocks": 1, "start": "identity"},
            "deepdeblur": {"features": 16, "blocks": 2, "start": "identity"},
            "rdn": {"features": 8, "start": "identity"},
            "deblurgan": {"features": 16, "blocks": 3, "dropout": 0.0},
        },
        train={
            "steps": 520, "batch": 2, "crop": 64, "lr": 2e-3, "validate": 6, "loss": {"mse": 40.0},
            "augment": ("hflip", "time_reverse"), "init": "default", "adversarial": SMALL_GAME,
        },
        train_of={"deblurgan": {"adversarial": SMALL_WGAN}},
        seeds_of={
            "zhao2020": THREE, "zhao2020_p0": THREE, "zhao2020_middle": THREE,
            "zhao2020_exchanged": THREE,
        },
        why="minutes on two processor cores, three seeds of the full network and one of the other "
        "rows: shows whether the trained network uses the neighbours of a frame after a short "
        "training of narrow networks on generated clips; whether it gained by them is asked from "
        "study on",
    ),
    extend(
        STUDY,
        train_on="synth-clip",
        test_on=CLIPS,
        data={"train": 400, "validation": 12},
        options={
            "zhao2020": {"channels": [12, 24, 32], "blocks": 1, "start": "identity"},
            "deepdeblur": {"features": 16, "blocks": 3, "start": "identity"},
            "rdn": {"features": 8, "start": "identity"},
            "deblurgan": {"features": 12, "blocks": 3, "dropout": 0.0, "start": "identity"},
        },
        train={
            "batch": 2, "crop": 96, "lr": 1e-3, "loss": {"mse": 40.0}, "augment": ("hflip",),
            "init": "default", "adversarial": SMALL_GAME,
        },
        train_of={
            "zhao2020_long": {"steps": 20000, "ema": 0.999},
            "deblurgan": {"adversarial": SMALL_WGAN},
        },
        data_of={"zhao2020_long": FULL_LENGTH},
        seeds_of={"zhao2020_long": ONE, "nah2017": THREE, "rdn": THREE, "deblurgan": THREE},
    ),
    extend(
        GPU,
        train_on="synth-clip",
        test_on=CLIPS,
        data={"validation": 12},
        options={"zhao2020": {"start": "identity"}, "rdn": {"start": "identity"}},
        train={
            "steps": 6000, "batch": 8, "crop": 128, "lr": 2e-4, "loss": {"mse": 40.0},
            "augment": ("hflip", "time_reverse"), "init": "default", "adversarial": GAME,
        },
        train_of={"deblurgan": {"adversarial": WGAN}},
        why="networks of full size on one graphics processor; generated clips, a short training",
    ),
    extend(
        PRINTED,
        train_on="dvd-flow",
        test_on={"zhao2020_synthetic_test": "dvd-flow", "sharp_clips": "synth-clip-short"},
        data={"test_crop": "center"},
        train_of={
            "nah2017": {
                "lr": 1e-4, "batch": 16, "steps": 107100, "schedule": "step", "decay": 0.5,
                "decay_every": 0.25,
            },
            "rdn": {"lr": 5e-3, "batch": 8, "crop": 128, "steps": 400000, "schedule": "constant"},
            "deblurgan": {
                "lr": 1e-4, "schedule": "linear", "loss": {"perceptual_signed": 100.0},
                "adversarial": WGAN,
            },
        },
        why="the printed protocol on clips made from the videos of Su et al.; days on one graphics "
        "processor, and VGG19's weights are needed",
    ),
)  # fmt: skip

PAPER = Paper(
    id="zhao2020",
    title="Bidirectional Time-Domain Feature Flow Blind Motion Deblurring Algorithm",
    authors="Zhao Yuejin, Liu Wenlong, Liu Ming, Dong Liquan, Hui Mei",
    venue="journal and year not stated in the source; not before 2018",
    doi="",
    bibkey="zhao2020",
    networks={"zhao2020": "FeatureFlowDeblurrer"},
    recipe=RECIPE,
    methods=METHODS,
    tables=TABLES,
    profiles=PROFILES,
    checks=CLIP_CHECKS,
)
