"""wan2023 declared: rows, recipe, tables and the five budgets.

Literals only. Steps of the paper: 2,103 pairs in batches of 4 are 526 steps; 3,000 epochs of them
are 1,578,000. What is printed, claimed, drawn and open stands in the YAML files beside this one.
"""

from deblur_lib.spec import (
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
    RAGAN,
    SMOKE,
    STUDY,
    THREE,
    Method,
    Paper,
    Table,
    Train,
    columns,
    extend,
)

COPIES = (
    "run from study on: it draws the whole picture instead of a correction, and the steps of the "
    "small budgets end before it can copy its input"
)

SPENT = "the small budgets are spent on the printed ablation, AFF and MIMO-UNet"

BASELINE = Method("wan2023_baseline", "Baseline", "wan2023", {"block": "residual", "skip": "plain"})
CONTROL = extend(BASELINE, control=True)
OWN = Method("wan2023", "wan2023 (DFFM + MSRM)", "wan2023", {"block": "msrm", "skip": "dffm"})
LATER = extend(OWN, profiles=FROM_STUDY, not_run=SPENT, control=True)

METHODS = (
    Method("nah2017", "Nah et al. 2017", "deepdeblur", profiles=FROM_STUDY, not_run=COPIES),
    Method("svrnn", "Zhang et al. 2018 (SVRNN)", "svrnn", profiles=FROM_STUDY, not_run=COPIES),
    Method("deblurgan_v2", "DeblurGAN-v2", "deblurgan_v2", profiles=FROM_DEMO, not_run=LARGER),
    Method("srn", "SRN", "srn", profiles=FROM_STUDY, not_run=COPIES),
    Method("dbgan", "DBGAN", "dbgan", profiles=FROM_DEMO, not_run=LARGER),
    Method("mtrnn", "MT-RNN", "mtrnn", profiles=FROM_DEMO, not_run=LARGER),
    Method(
        "dmphn", "DMPHN (stack of four)", "dmphn", {"levels": 3, "stages": 4},
        profiles=FROM_STUDY, not_run=COPIES,
    ),
    BASELINE,
    extend(BASELINE, id="wan2023_dffm", title="Baseline + DFFM", options={"skip": "dffm"}),
    OWN,
    extend(CONTROL, id="wan2023_aff", title="Baseline + AFF", options={"skip": "aff"}),
    extend(
        CONTROL, id="wan2023_msrm_plain", title="Baseline + MSRM", options={"block": "msrm"},
        profiles=NOT_DEMO,
        not_run="the demo budget is spent on the printed ablation, AFF and MIMO-UNet",
    ),
    extend(
        LATER, id="wan2023_msrm_aff", title="Baseline + AFF + MSRM", options={"skip": "aff"}
    ),
    extend(
        CONTROL, id="wan2023_dffm_mean", title="Baseline + DFFM, shares fixed at their mean",
        options={"skip": "dffm", "dffm_shares": "mean"}, weights_of="wan2023_dffm",
        profiles=FROM_DEMO, not_run=LARGER,
    ),
    extend(
        CONTROL, id="wan2023_dffm_equal", title="Baseline + DFFM, shares of a third",
        options={"skip": "dffm", "dffm_shares": "equal"}, weights_of="wan2023_dffm",
    ),
    extend(
        LATER, id="wan2023_wide", title="wan2023, MSRM twice as wide", options={"msrm_expand": 2}
    ),
    extend(LATER, id="wan2023_l1", title="wan2023, L1 alone", train={"loss": {"l1": 1.0}}),
    extend(
        LATER, id="wan2023_l2", title="wan2023, L2 and spectrum",
        train={"loss": {"mse": 1.0, "spectrum": 0.1}},
    ),
    extend(
        LONG_RUN, id="wan2023_long", title="wan2023, long run", network="wan2023",
        options={"block": "msrm", "skip": "dffm"},
    ),
    Method(
        "mimo_unet", "MIMO-UNet, its stepped rate", "mimo_unet",
        train={"schedule": "step", "decay": 0.5, "decay_every": 0.16666666666666666},
        control=True,
    ),
    IDENTITY,
)  # fmt: skip

RECIPE = Train(
    steps=1578000,
    batch=4,
    crop=256,
    lr=1e-4,
    lr_floor=1e-6,
    optimiser="adam",
    schedule="cosine",
    loss={"l1": 1.0, "spectrum": 0.1},
    scales=True,
    augment=("hflip",),
    validate=30,
)

GOPRO = ("psnr-rgb", "vol3d-rgb", "psnr-float", "wang-rgb")
REALBLUR = ("realblur-ecc-psnr", "realblur-ecc-ssim", "psnr-rgb", "wang-rgb", "vol3d-rgb")

TABLES = (
    Table(
        id="T1",
        number="Table 1",
        caption="Networks compared on GoPro, and on RealBlur-J without training on it.",
        methods=(
            "nah2017", "svrnn", "deblurgan_v2", "srn", "dbgan", "mtrnn", "dmphn", "wan2023",
            "mimo_unet", "identity",
        ),
        columns=columns({"gopro_test": GOPRO, "realblur_j": REALBLUR}),
    ),
    Table(
        id="T2",
        number="Table 2",
        caption="What each module adds to the baseline on GoPro.",
        methods=(
            "wan2023_baseline", "wan2023_dffm", "wan2023", "wan2023_aff", "wan2023_msrm_plain",
            "wan2023_msrm_aff", "wan2023_wide", "wan2023_dffm_mean", "wan2023_dffm_equal",
            "mimo_unet", "identity",
        ),
        columns=columns({"gopro_test": GOPRO}),
        kind="ablation",
    ),
    Table(
        id="loss",
        number="Loss",
        caption="What the spectrum and the absolute difference are worth; not in the paper.",
        methods=("wan2023", "wan2023_l1", "wan2023_l2", "identity"),
        columns=columns({"gopro_test": GOPRO}),
        kind="ablation",
    ),
)  # fmt: skip

STAND_INS = {"gopro_test": "synth-gopro-linear", "realblur_j": "synth-shake"}
FULL = {
    "wan2023": {"base_channels": 32, "blocks_per_stage": 8},
    "mimo_unet": {"base_channels": 32, "blocks": 8},
}

PROFILES = (
    extend(
        SMOKE,
        test_on=STAND_INS,
        options={
            "wan2023": {"base_channels": 4, "blocks_per_stage": 1},
            "mimo_unet": {"base_channels": 4, "blocks": 1},
        },
        train={"crop": 32},
    ),
    extend(
        DEMO,
        test_on=STAND_INS,
        options={
            "wan2023": {"base_channels": 16, "blocks_per_stage": 1},
            "mimo_unet": {"base_channels": 16, "blocks": 1},
            "deblurgan_v2": {
                "backbone": "mobilenet", "backbone_width": 0.5, "pyramid_channels": 32,
                "head_channels": 32,
            },
            "dbgan": {"features": 16, "growth": 8, "blocks": 1},
            "mtrnn": {"base_channels": 8, "blocks": 1, "iterations": 3},
        },
        train={"steps": 220, "batch": 8, "crop": 64, "lr": 4e-3},
        seeds=THREE,
        seeds_of={
            "deblurgan_v2": ONE, "dbgan": ONE, "mtrnn": ONE, "mimo_unet": ONE, "wan2023_aff": ONE,
        },
        why="minutes on two processor cores, so three seeds for the printed rows of the ablation "
        "and one for the others: shows whether rows of one size differ after the same short "
        "training on generated blur of two to three pixels; it does not "
        "show what full training on GoPro would give",
    ),
    extend(
        STUDY,
        test_on={"gopro_test": "synth-gopro-linear", "realblur_j": "synth-realblur-j"},
        options={
            "wan2023": {"base_channels": 16, "blocks_per_stage": 1, "start": "identity"},
            "mimo_unet": {"base_channels": 16, "blocks": 1, "start": "identity"},
            "deepdeblur": {"features": 16, "blocks": 3, "start": "identity"},
            "svrnn": {"features": 8, "gates": 8, "start": "identity"},
            "deblurgan_v2": {
                "backbone": "mobilenet", "pyramid_channels": 32, "head_channels": 32,
                "start": "identity",
            },
            "srn": {"features": 6, "blocks": 1, "start": "identity"},
            "dbgan": {"features": 16, "growth": 8, "blocks": 1, "start": "identity"},
            "mtrnn": {"base_channels": 8, "blocks": 1, "iterations": 3, "start": "identity"},
            "dmphn": {"features": 4, "start": "identity"},
        },
        train={"batch": 4, "crop": 96, "lr": 1.5e-3},
        train_of={"wan2023_long": {"steps": 24000, "ema": 0.999}},
        data_of={"wan2023_long": FULL_LENGTH},
        seeds_of={
            "wan2023_long": ONE, "nah2017": THREE, "svrnn": THREE, "deblurgan_v2": THREE,
            "srn": THREE, "dbgan": THREE, "mtrnn": THREE, "dmphn": THREE,
        },
    ),
    extend(
        GPU,
        test_on=STAND_INS,
        options=FULL,
        train={"steps": 4000, "batch": 8, "crop": 128, "lr": 4e-4},
    ),
    extend(
        PRINTED,
        test_on={"gopro_test": "gopro-linear", "realblur_j": "realblur-j"},
        options=FULL,
        train_of={
            "nah2017": {
                "steps": 131500, "batch": 16, "schedule": "step", "decay_every": 0.25,
                "loss": {"l1": 1.0},
            },
            "svrnn": {
                "steps": 200000, "batch": 20, "crop": 128, "schedule": "polynomial", "decay": 2.0,
                "lr_floor": 0.0, "weight_decay": 1e-6, "loss": {"mse": 1.0},
            },
            "deblurgan_v2": {
                "steps": 200000, "batch": 1, "schedule": "linear", "decay_from": 0.25,
                "lr_floor": 1e-7, "loss": {"mse": 9.8, "perceptual": 0.006},
                "augment": ("hflip", "vflip", "rot90"),
                "adversarial": RAGAN,
            },
            "srn": {
                "steps": 526000, "batch": 16, "schedule": "polynomial", "decay": 0.3,
                "lr_floor": 0.0, "loss": {"mse": 1.0}, "augment": (), "init": "xavier",
            },
            "dbgan": {"crop": 128, "loss": {"l1": 1.0}},
            "mtrnn": {"loss": {"l1": 1.0}},
            "dmphn": {
                "steps": 842400, "batch": 6, "schedule": "step", "decay": 0.1,
                "decay_every": 0.4166666666666667, "loss": {"mse": 1.0}, "augment": (),
            },
        },
        why="the printed protocol on the printed data; weeks on one graphics processor",
    ),
)  # fmt: skip

PAPER = Paper(
    id="wan2023",
    title="Research on Image Deblurring Based on Multi-Scale Optimization and Dynamic Feature "
    "Fusion",
    authors="Wan Yuanyuan, Song Zhuoda, Chen Xiaolin, Zhu Xinxin",
    venue="ISSN 1672-8785, 2023, issue 4, nine pages from page 33",
    doi="10.3969/j.issn.1672-8785.2023.04.005",
    bibkey="wan2023",
    networks={"wan2023": "WanNet"},
    recipe=RECIPE,
    methods=METHODS,
    tables=TABLES,
    profiles=PROFILES,
    starts_from={"deblurgan_v2": "ImageNet weights of the backbone"},
)
