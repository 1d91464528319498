"""li2026 declared: eleven trainings for eight tables, controls, recipe and the five budgets.

Literals only. Length of the paper's trainings: 200 epochs of 1,000 batches of one picture, as in
the configuration of the baseline, are 200,000 steps. What is printed, claimed, drawn and open
stands in the YAML files beside this one.
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
    ONE,
    PRINTED,
    RAGAN,
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

CONTROL = "a control of ours: the small budgets are spent on the printed rows"
WIRED = (
    "a control of ours: the small budgets are spent on the printed rows; at paper every row of the "
    "network is wired so"
)

BCE = Adversarial("double", {"norm": "batch"}, "bce", weight=0.01)
SMALL_BCE = extend(BCE, options={"features": 8})
SMALL_RAGAN = extend(RAGAN, options={"features": 8})
SMALL_WGAN = extend(WGAN, options={"features": 8})

V2_LOSSES = {"loss": {"mse": 9.8, "perceptual": 0.006}, "adversarial": RAGAN}
OWN = Method(
    "li2026", "li2026: MSFM, AFEM, ECA", "li2026", {"msfm": True, "afem": True, "eca": True}
)
PRINTED_WIRING = {"upsample": "mixed", "smooth_merge": "concat"}

METHODS = (
    Method(
        "multiscale_dpl", "mul [20], as DMPHN", "dmphn", {"levels": 3},
        train={"loss": {"mse": 1.0}, "adversarial": None},
    ),
    Method("deblurgan_v2", "DeblurGAN-v2 baseline", "deblurgan_v2", train=V2_LOSSES),
    OWN,
    Method("attention_se", "Attention [22], as SE U-Net", "unet_seresnext", train=V2_LOSSES),
    Method(
        "attention_group", "SE U-Net with gates that see", "unet_seresnext", {"norm": "group"},
        train=V2_LOSSES, profiles=FROM_STUDY, not_run=CONTROL, control=True,
    ),
    Method(
        "deblurgan", "DeblurGAN", "deblurgan",
        train={
            "loss": {"perceptual_signed": 100.0}, "adversarial": WGAN, "betas": (0.5, 0.999),
            "decay_from": 0.5, "lr_floor": 0.0,
        },
    ),
    extend(
        OWN, id="li2026_none", title="no module, the paper's losses",
        options={"msfm": False, "afem": False, "eca": False},
        profiles=FROM_DEMO, not_run=LARGER, control=True,
    ),
    extend(OWN, id="li2026_afem", title="AFEM alone", options={"msfm": False, "eca": False}),
    extend(OWN, id="li2026_msfm", title="MSFM alone", options={"afem": False, "eca": False}),
    extend(OWN, id="li2026_msfm_afem", title="MSFM and AFEM", options={"eca": False}),
    extend(OWN, id="li2026_no_afem", title="MSFM and ECA, no AFEM", options={"afem": False}),
    extend(
        OWN, id="li2026_loss_content", title="li2026, no adversarial loss",
        train={"adversarial": None},
    ),
    extend(
        OWN, id="li2026_loss_adv", title="li2026, adversarial loss alone", train={"loss": {}}
    ),
    extend(
        OWN, id="li2026_eca", title="ECA alone", options={"msfm": False, "afem": False},
        profiles=FROM_STUDY, not_run=CONTROL, control=True,
    ),
    extend(
        OWN, id="li2026_afem_eca", title="AFEM and ECA", options={"msfm": False},
        profiles=FROM_STUDY, not_run=CONTROL, control=True,
    ),
    extend(
        OWN, id="li2026_v2_losses", title="li2026, the baseline's losses", train=V2_LOSSES,
        profiles=FROM_STUDY, not_run=CONTROL, control=True,
    ),
    extend(
        OWN, id="li2026_print", title="li2026, wired as printed", options=PRINTED_WIRING,
        profiles=("study", "gpu"), not_run=WIRED, control=True,
    ),
    Method(
        "li2026_gates_mean", "li2026, gates fixed at their mean", "li2026", {"gates": "mean"},
        weights_of="li2026", control=True,
    ),
    extend(
        LONG_RUN, id="li2026_long", title="li2026, long run", network="li2026",
        options={"msfm": True, "afem": True, "eca": True},
    ),
    IDENTITY,
)  # fmt: skip

RECIPE = Train(
    steps=200000,
    batch=1,
    crop=256,
    lr=1e-4,
    lr_floor=1e-7,
    optimiser="adam",
    schedule="linear",
    decay_from=0.25,
    loss={"l1": 0.5, "perceptual": 0.006},
    augment=("hflip", "vflip", "rot90"),
    validate=40,
    adversarial=BCE,
)

PLAIN = ("psnr-rgb", "wang-rgb", "vol3d-rgb", "uniform7-rgb")
ALIGNED = ("psnr-rgb", "wang-rgb", "realblur-ecc-psnr", "realblur-ecc-ssim")
SYNTHETIC = columns({"hide_test": PLAIN, "gopro_test": PLAIN})
REAL = columns({"realblur_j": ALIGNED, "realblur_r": ALIGNED})

COMPARED = (
    "multiscale_dpl", "deblurgan_v2", "li2026", "attention_se", "deblurgan",
    "attention_group", "li2026_none", "identity",
)  # fmt: skip
MODULES = (
    "deblurgan_v2", "li2026_none", "li2026_afem", "li2026_msfm", "li2026_msfm_afem", "li2026_eca",
    "li2026_afem_eca", "identity",
)  # fmt: skip
WITHOUT_AFEM = (
    "deblurgan_v2", "li2026_none", "li2026", "li2026_no_afem", "li2026_gates_mean", "li2026_print",
    "identity",
)  # fmt: skip
LOSSES = (
    "deblurgan_v2", "li2026_none", "li2026", "li2026_loss_content", "li2026_loss_adv", "identity",
)  # fmt: skip
APART = ("deblurgan_v2", "li2026_none", "li2026_v2_losses", "li2026", "identity")

TABLES = (
    Table(
        "T1", "Table 1", "Five networks on HIDE and GoPro, trained on GoPro.",
        COMPARED, SYNTHETIC,
    ),
    Table(
        "T2", "Table 2",
        "The same five networks on RealBlur-J and RealBlur-R, without training on them.",
        COMPARED, REAL,
    ),
    Table(
        "T3", "Table 3",
        "MSFM and AFEM, one at a time and together, on HIDE and GoPro; ECA is off.",
        MODULES, SYNTHETIC, "ablation",
    ),
    Table(
        "T4", "Table 4", "The networks of Table 3 on RealBlur-J and RealBlur-R.",
        MODULES, REAL, "ablation",
    ),
    Table(
        "T5", "Table 5",
        "The full network with and without AFEM on HIDE and GoPro; MSFM and ECA stay.",
        WITHOUT_AFEM, SYNTHETIC, "ablation",
    ),
    Table(
        "T6", "Table 6", "The networks of Table 5 on RealBlur-J and RealBlur-R.",
        WITHOUT_AFEM, REAL, "ablation",
    ),
    Table(
        "T7", "Table 7",
        "The full network trained with the compound loss, without the adversarial term, and with "
        "it alone, on HIDE and GoPro.",
        LOSSES, SYNTHETIC, "ablation",
    ),
    Table(
        "T8", "Table 8", "The networks of Table 7 on RealBlur-J and RealBlur-R.",
        LOSSES, REAL, "ablation",
    ),
    Table(
        "apart", "Modules and losses",
        "The three modules, on or off, under the baseline's losses and under the paper's; not in "
        "the paper.",
        APART, SYNTHETIC, "ablation",
    ),
)  # fmt: skip

STAND_INS = {
    "hide_test": "synth-hide-close",
    "gopro_test": "synth-gopro-linear",
    "realblur_j": "synth-realblur-j",
    "realblur_r": "synth-realblur-r",
}
NARROW_V2 = {
    "backbone": "mobilenet", "pyramid_channels": 32, "head_channels": 32, "start": "identity",
}  # fmt: skip
NARROW_SE = {"features": 8, "planes": 16, "depths": [1, 1, 1, 1], "start": "identity"}
V2_SMALL = {"loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN}
SE_SMALL = {"lr": 1e-3, "loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN}  # faster, ReLUs die

PROFILES = (
    extend(
        SMOKE,
        test_on=STAND_INS,
        options={
            "deblurgan_v2": {
                "backbone": "mobilenet", "backbone_width": 0.25, "pyramid_channels": 8,
                "head_channels": 8,
            },
            "li2026": {
                "backbone": "mobilenet", "backbone_width": 0.25, "pyramid_channels": 8,
                "head_channels": 8, "msfm_levels": [2],
            },
            "dmphn": {"features": 4},
            "unet_seresnext": {"features": 4, "planes": 16, "depths": [1, 1, 1, 1]},
            "deblurgan": {"features": 4, "blocks": 1},
        },
        train={"crop": 64, "loss": {"l1": 0.5}, "adversarial": SMALL_BCE},
        train_of={
            "deblurgan_v2": V2_SMALL,
            "attention_se": V2_SMALL,
            "deblurgan": {"loss": {"mse": 1000.0}, "adversarial": SMALL_WGAN},
        },
    ),
    extend(
        DEMO,
        test_on=STAND_INS,
        options={
            "deblurgan_v2": NARROW_V2,
            "li2026": {
                "backbone": "mobilenet", "pyramid_channels": 32, "head_channels": 32,
                "msfm_levels": [2], "start": "identity",
            },
            "dmphn": {"features": 8, "start": "identity"},
            "unet_seresnext": NARROW_SE,
            "deblurgan": {"features": 12, "blocks": 2, "start": "identity"},
        },
        train={
            "steps": 280, "batch": 4, "crop": 64, "lr": 4e-3, "lr_floor": 1e-5,
            "loss": {"l1": 0.5}, "adversarial": SMALL_BCE,
        },
        train_of={
            "multiscale_dpl": {"steps": 120, "lr": 3e-3},
            "deblurgan_v2": V2_SMALL,
            "attention_se": {
                "steps": 120, "lr": 1e-3, "loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN,
            },
            "deblurgan": {
                "steps": 120, "lr": 1e-3, "loss": {"mse": 1000.0}, "adversarial": SMALL_WGAN,
            },
        },
        seeds_of={"li2026": THREE, "li2026_none": THREE, "li2026_gates_mean": THREE},
        precision="fp32",
        why="minutes on two processor cores: narrow networks on a random MobileNetV2, three seeds "
        "of the full network with and without its modules, one of the other rows, generated blur "
        "of two to three pixels, no perceptual term. It shows whether the rows of one size differ "
        "after the same short training, not what full training on GoPro would give",
    ),
    extend(
        STUDY,
        test_on=STAND_INS,
        data={"test": 36},
        options={
            "deblurgan_v2": NARROW_V2,
            "li2026": {
                "backbone": "mobilenet", "pyramid_channels": 32, "head_channels": 32,
                "msfm_levels": [3], "start": "identity",
            },
            "dmphn": {"features": 8, "start": "identity"},
            "unet_seresnext": NARROW_SE,
            "deblurgan": {"features": 12, "blocks": 2, "start": "identity"},
        },
        train={
            "batch": 4, "crop": 128, "lr": 2e-3, "lr_floor": 1e-5, "loss": {"l1": 0.5},
            "adversarial": SMALL_BCE,
        },
        train_of={
            "li2026_long": {"steps": 18000, "ema": 0.999},
            "deblurgan_v2": V2_SMALL,
            "attention_se": SE_SMALL,
            "attention_group": SE_SMALL,
            "li2026_v2_losses": V2_SMALL,
            "deblurgan": {"lr": 1e-3, "loss": {"mse": 1000.0}, "adversarial": SMALL_WGAN},
        },
        data_of={"li2026_long": FULL_LENGTH},
        seeds_of={
            "li2026_long": ONE, "multiscale_dpl": THREE, "attention_se": THREE, "deblurgan": THREE,
            "attention_group": THREE, "li2026_print": THREE,
        },
    ),
    extend(
        GPU,
        test_on=STAND_INS,
        options={"deblurgan_v2": {"start": "identity"}, "li2026": {"start": "identity"}},
        train={"steps": 4000, "batch": 8, "crop": 256, "lr": 2e-4, "loss": {"l1": 0.5}},
        train_of={
            "deblurgan_v2": {"loss": {"mse": 9.8}},
            "attention_se": {"loss": {"mse": 9.8}},
            "attention_group": {"loss": {"mse": 9.8}},
            "li2026_v2_losses": {"loss": {"mse": 9.8}},
            "deblurgan": {"loss": {"mse": 1000.0}},
        },
        why="networks of full size on one graphics processor; generated blur, a short training "
        "from random weights, no perceptual term",
    ),
    extend(
        PRINTED,
        test_on={
            "hide_test": "hide",
            "gopro_test": "gopro-linear",
            "realblur_j": "realblur-j",
            "realblur_r": "realblur-r",
        },
        data={"every": 2},
        options={"li2026": PRINTED_WIRING},
        why="the printed protocol on the printed data; days for each row on one graphics processor",
    ),
)  # fmt: skip

PAPER = Paper(
    id="li2026",
    title="Multi-Attention Fusion Generative Adversarial Network for Image Deblurring",
    authors="Li Qiuliang",
    venue="Hans Publishers, published 2026-03-16, in Chinese",
    doi="",
    bibkey="li2026",
    networks={"li2026": "MultiAttentionGenerator"},
    recipe=RECIPE,
    methods=METHODS,
    tables=TABLES,
    profiles=PROFILES,
    starts_from={
        "deblurgan_v2": "ImageNet weights of the backbone",
        "li2026": "ImageNet weights of the backbone",
    },
)
