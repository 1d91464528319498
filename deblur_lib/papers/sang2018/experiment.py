"""sang2018 declared: rows, recipe, the table and the five budgets.

Literals only. The paper trains for 600,000 steps of 6 patches. What is printed, claimed, drawn and
open stands in the YAML files beside this one.
"""

from deblur_lib.spec import (
    DEMO,
    FROM_STUDY,
    FULL_LENGTH,
    GPU,
    IDENTITY,
    LONG_RUN,
    NOT_DEMO,
    ONE,
    PRINTED,
    SMOKE,
    STUDY,
    THREE,
    Adversarial,
    Method,
    Paper,
    Table,
    Train,
    columns,
    extend,
)

SPENT = "the small budgets are spent on the rows of the paper's four choices"
SHORT = (
    "a row of the study: at full depth 3x3 kernels see more than the longest blur here, and the "
    "small budgets have not the steps"
)
UNTOLD = "real pictures tell no motion"
KERNELS = "it estimates blur and deconvolves, for which the demo has not the minutes"
ALONE = {"adversarial": None}
TINY_SUN = {
    "components": 4,
    "patches": 500,
    "rounds": 3,
    "betas": [50.0, 200.0],
    "patch": 18,
    "widths": [8, 16, 32],
    "lengths": [1, 3],
    "rotations": 1,
}
TINY_GONG = {
    "components": 4,
    "patches": 500,
    "rounds": 3,
    "betas": [50.0, 200.0],
    "divisor": 16,
    "reach": 4,
}
SMALL_SUN = {
    "components": 20,
    "patches": 30000,
    "rounds": 12,
    "widths": [24, 64, 256],
    "lengths": [1, 3, 5, 7, 9, 11, 13, 15],
}
SMALL_PRIOR = {"components": 20, "patches": 30000, "rounds": 12}
SMALL_GONG = {
    "components": 20,
    "patches": 30000,
    "rounds": 12,
    "quick": True,
    "divisor": 8,
    "reach": 16,
}

OWN = Method("sang2018", "sang2018 (residual GAN)", "sang2018")
CONTROL = extend(OWN, control=True)
LATER = extend(CONTROL, profiles=FROM_STUDY, not_run=SPENT)
FAR = extend(CONTROL, train_on="long_paths", profiles=("study",), not_run=SHORT)
SUN = Method(
    "sun2015", "Sun et al. 2015", "sun2015", train=ALONE, profiles=NOT_DEMO, not_run=KERNELS
)

METHODS = (
    extend(SUN, id="whyte2012", title="Whyte et al. 2012", network="whyte2012", trains=False),
    SUN,
    extend(SUN, id="gong2017", title="Gong et al. 2017", network="gong2017"),
    OWN,
    extend(CONTROL, id="sang2018_content", title="content loss alone", train=ALONE),
    extend(
        CONTROL, id="sang2018_relu_after_sum", title="ReLU after the sum",
        options={"relu_after_sum": True},
    ),
    extend(
        CONTROL, id="sang2018_batch_norm", title="batch normalisation", options={"norm": "batch"}
    ),
    extend(CONTROL, id="sang2018_kernel3", title="3x3 kernels", options={"kernel": 3}),
    extend(LATER, id="sang2018_weight_10", title="adversarial weight tenfold"),
    extend(LATER, id="sang2018_weight_100", title="adversarial weight hundredfold"),
    extend(LATER, id="sang2018_weight_1000", title="adversarial weight thousandfold"),
    extend(
        LATER, id="sang2018_linear_output", title="no ReLU at the end",
        options={"output_activation": "none"},
    ),
    extend(LATER, id="sang2018_no_augment", title="no augmentation", train={"augment": ()}),
    extend(
        LATER, id="sang2018_light", title="trained on means of light", train_on="linear_light"
    ),
    extend(FAR, id="sang2018_far", title="trained on long paths, 5x5 kernels"),
    extend(
        FAR, id="sang2018_far_kernel3", title="trained on long paths, 3x3 kernels",
        options={"kernel": 3},
    ),
    Method(
        "true_blur", "True blur as lines, EPLL", "true_blur", train=ALONE,
        profiles=("smoke", "demo", "study", "gpu"), not_run=UNTOLD, control=True, trains=False,
    ),
    extend(LONG_RUN, id="sang2018_long", title="sang2018, long run", network="sang2018"),
    IDENTITY,
)  # fmt: skip

GAME = Adversarial("sang2018_discriminator", {"patch": 128}, "log2", weight=1e-4)

RECIPE = Train(
    steps=600000,
    batch=6,
    crop=128,
    lr=5e-5,
    optimiser="adam",
    schedule="constant",
    loss={"mse": 1.0},
    augment=("rot90", "hflip", "vflip", "shuffle_rgb", "saturation", "noise"),
    validate=30,
    adversarial=GAME,
)

PLAIN = ("psnr-rgb", "wang-rgb")
COUNTED = ("psnr-rgb", "wang-rgb", "edges-rgb", "black-rgb")
SHIFTED = ("psnr-rgb", "shift-y-psnr")

TABLES = (
    Table(
        id="T3",
        number="Table 3",
        caption="Quality of restoration on GoPro and on the set of Lai et al., without retraining.",
        methods=(
            "whyte2012", "sun2015", "gong2017", "sang2018", "sang2018_content",
            "sang2018_relu_after_sum", "sang2018_batch_norm", "sang2018_kernel3", "true_blur",
            "identity",
        ),
        columns=columns({
            "gopro_test": ("psnr-rgb", "wang-rgb", "vol3d-rgb"),
            "lai": ("psnr-rgb", "wang-rgb", "shift-y-psnr", "shift-y-ssim"),
        }),
    ),
    Table(
        id="choices",
        number="Choices",
        caption="Weight of the adversarial loss, the last ReLU and the augmentation; not in the "
        "paper.",
        methods=(
            "sang2018", "sang2018_content", "sang2018_weight_10", "sang2018_weight_100",
            "sang2018_weight_1000", "sang2018_linear_output", "sang2018_no_augment", "whyte2012",
            "true_blur", "identity",
        ),
        columns=columns({"gopro_test": COUNTED}),
        kind="ablation",
    ),
    Table(
        id="shift",
        number="Displacement",
        caption="The second test set with the sharp picture at the middle and at the first point "
        "of the path, at the budget's and at full strength, each with its best shift; not in the "
        "paper.",
        methods=("sang2018", "identity"),
        columns=columns({
            "lai": SHIFTED, "lai_first": SHIFTED, "lai_full": SHIFTED, "lai_first_full": SHIFTED,
        }),
    ),
    Table(
        id="other",
        number="Other blur",
        caption="Paths that a narrow network cannot see over, and pictures that are means of "
        "light; each row scored on its own kind. Not in the paper.",
        methods=(
            "sang2018", "sang2018_far", "sang2018_far_kernel3", "sang2018_light", "identity",
        ),
        columns=columns({"long_paths": PLAIN, "linear_light": PLAIN}),
        kind="ablation",
    ),
)  # fmt: skip

STAND_INS = {
    "gopro_test": "synth-gopro-linear",
    "lai": "synth-lai-nonuniform",
    "lai_first": "synth-lai-nonuniform-first",
    "lai_full": "synth-lai-nonuniform-full",
    "lai_first_full": "synth-lai-nonuniform-first-full",
}
MORE = {"linear_light": "synth-gopro-gamma", "long_paths": "synth-gopro-far"}
SMALL_GAME = extend(GAME, options={"patch": 64, "widths": [8, 16, 32, 32, 32], "hidden": 64})
STUDY_GAME = extend(SMALL_GAME, options={"patch": 96}, lr=1e-4)
WEIGHTS = {
    "sang2018_weight_10": {"adversarial": extend(GAME, weight=1e-3)},
    "sang2018_weight_100": {"adversarial": extend(GAME, weight=1e-2)},
    "sang2018_weight_1000": {"adversarial": extend(GAME, weight=1e-1)},
}
SOME = {
    "lai_first": ("sang2018",),
    "lai_full": ("sang2018",),
    "lai_first_full": ("sang2018",),
    "linear_light": ("sang2018", "sang2018_light"),
    "long_paths": ("sang2018", "sang2018_far", "sang2018_far_kernel3"),
}

PROFILES = (
    extend(
        SMOKE,
        test_on=STAND_INS,
        options={
            "sang2018": {"features": 4, "blocks": 1, "start": "identity"},
            "whyte2012": {"side": 5, "levels": 2, "iterations": 5, "approximation": "exact"},
            "sun2015": TINY_SUN,
            "gong2017": TINY_GONG,
            "true_blur": {
                "components": 4, "patches": 500, "rounds": 3, "betas": [50.0, 200.0],
            },
        },
        train={
            "crop": 32,
            "adversarial": extend(
                GAME, options={"patch": 32, "widths": [4, 8, 8, 8, 8], "hidden": 16}
            ),
        },
    ),
    extend(
        DEMO,
        test_on=STAND_INS,
        options={
            "sang2018": {"features": 16, "blocks": 4, "start": "identity"},
            "true_blur": {
                "components": 10, "patches": 10000, "rounds": 6, "betas": [50.0, 200.0, 800.0],
            },
        },
        train={
            "steps": 290, "crop": 64, "lr": 1e-3, "schedule": "cosine",
            "adversarial": extend(SMALL_GAME, lr=1e-4),
        },
        seeds=THREE,
        seeds_of={"true_blur": ONE},
        why="minutes on two processor cores: shows whether rows of one size differ after the same "
        "short training on generated blur of two to three pixels; the "
        "network has no way around its layers and starts as the identity to save the steps; it "
        "does not show what full training on GoPro would give",
    ),
    extend(
        extend(STUDY, test_on=STAND_INS),
        test_on=MORE,
        options={
            "sang2018": {"features": 16, "blocks": 5, "start": "identity"},
            "whyte2012": {"side": 15},
            "sun2015": SMALL_SUN,
            "gong2017": SMALL_GONG,
            "true_blur": SMALL_PRIOR,
        },
        train={
            "batch": 4, "crop": 96, "lr": 1e-3, "schedule": "cosine", "adversarial": STUDY_GAME,
        },
        train_of={
            "sang2018_long": {"steps": 28000, "ema": 0.999},
            "sun2015": {"steps": 3000},
            "sang2018_weight_10": {"adversarial": extend(STUDY_GAME, weight=1e-3)},
            "sang2018_weight_100": {"adversarial": extend(STUDY_GAME, weight=1e-2)},
            "sang2018_weight_1000": {"adversarial": extend(STUDY_GAME, weight=1e-1)},
        },
        data_of={"sang2018_long": FULL_LENGTH},
        seeds_of={
            "sang2018_long": ONE, "whyte2012": ONE, "sun2015": THREE, "gong2017": THREE,
            "true_blur": ONE, "sang2018_weight_10": THREE, "sang2018_weight_100": THREE,
            "sang2018_weight_1000": THREE, "sang2018_linear_output": THREE,
            "sang2018_no_augment": THREE, "sang2018_light": THREE, "sang2018_far": THREE,
            "sang2018_far_kernel3": THREE,
        },
    ),
    extend(
        extend(GPU, test_on=STAND_INS, train_of=WEIGHTS),
        test_on=MORE,
        options={
            "sang2018": {"features": 64, "blocks": 19, "start": "identity"},
            "whyte2012": {"side": 15},
            "gong2017": {"reach": 20},
        },
        train={"steps": 6000, "lr": 2e-4, "schedule": "cosine"},
        train_of={"sun2015": {"steps": 50000, "lr": 1e-3}, "gong2017": {"steps": 30000}},
        seeds_of={
            "whyte2012": ONE, "sun2015": ONE, "gong2017": ONE, "true_blur": ONE,
            "sang2018_weight_10": ONE, "sang2018_weight_100": ONE, "sang2018_weight_1000": ONE,
            "sang2018_linear_output": ONE, "sang2018_no_augment": ONE, "sang2018_light": ONE,
        },
    ),
    extend(
        extend(PRINTED, train_of=WEIGHTS),
        test_on={
            "gopro_test": "gopro-linear",
            "lai": "lai-nonuniform",
            "linear_light": "gopro-gamma",
        },
        options={"sang2018": {"features": 64, "blocks": 19}},
        train_of={
            "sun2015": {"steps": 100000, "lr": 1e-3, "schedule": "cosine"},
            "gong2017": {"steps": 663000, "batch": 1, "lr": 1e-4},
        },
        seeds_of={
            "whyte2012": ONE, "sun2015": ONE, "gong2017": ONE, "sang2018_weight_10": ONE,
            "sang2018_weight_100": ONE, "sang2018_weight_1000": ONE,
            "sang2018_linear_output": ONE, "sang2018_no_augment": ONE, "sang2018_light": ONE,
        },
    ),
)  # fmt: skip

PAPER = Paper(
    id="sang2018",
    title="Motion Deblurring Based on Generative Adversarial Networks",
    authors="Sang Liang, Gao Shuang, Yin Zengshan",
    venue="Computer Engineering and Applications, online first 2018-06-25",
    doi="10.3778/j.issn.1002-8331.1712-0048",
    bibkey="sang2018",
    networks={"sang2018": "SangGenerator"},
    discriminators={"sang2018_discriminator": "SangDiscriminator"},
    recipe=RECIPE,
    methods=METHODS,
    tables=TABLES,
    scored_for=SOME,
    profiles=PROFILES,
)
