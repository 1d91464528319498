"""wan2023 declared: rows, recipe, tables, figures, departures and the five budgets.

Literals only. Steps of the paper: 2,103 pairs in batches of 4 are 526 steps; 3,000 epochs of them
are 1,578,000. The printed cells stand in printed.yaml, the claims in claims.yaml.
"""

from deblur_lib.spec import (
    LONG,
    Adversarial,
    Column,
    Departure,
    Figure,
    Method,
    Paper,
    Profile,
    Table,
    Train,
)

COPIES = (
    "run from study on: it draws the whole picture instead of a correction, and the steps of the "
    "small budgets end before it can copy its input"
)
LARGER = "the smoke budget shows the paper's own rows"

RAGAN = Adversarial(
    discriminator="double", options={"norm": "instance"}, loss="ragan_ls", weight=0.01
)

METHODS = (
    Method(
        id="nah2017",
        title="Nah et al. 2017",
        network="deepdeblur",
        profiles=("study", "gpu", "paper"),
        not_run=COPIES,
    ),
    Method(
        id="svrnn",
        title="Zhang et al. 2018 (SVRNN)",
        network="svrnn",
        profiles=("study", "gpu", "paper"),
        not_run=COPIES,
    ),
    Method(
        id="deblurgan_v2",
        title="DeblurGAN-v2",
        network="deblurgan_v2",
        profiles=("demo", "study", "gpu", "paper"),
        not_run=LARGER,
    ),
    Method(
        id="srn",
        title="SRN",
        network="srn",
        profiles=("study", "gpu", "paper"),
        not_run=COPIES,
    ),
    Method(
        id="dbgan",
        title="DBGAN",
        network="dbgan",
        profiles=("demo", "study", "gpu", "paper"),
        not_run=LARGER,
    ),
    Method(
        id="mtrnn",
        title="MT-RNN",
        network="mtrnn",
        profiles=("demo", "study", "gpu", "paper"),
        not_run=LARGER,
    ),
    Method(
        id="dmphn",
        title="DMPHN (stack of four)",
        network="dmphn",
        options={"levels": 3, "stages": 4},
        profiles=("study", "gpu", "paper"),
        not_run=COPIES,
    ),
    Method(
        id="wan2023_baseline",
        title="Baseline",
        network="wan2023",
        options={"block": "residual", "skip": "plain"},
    ),
    Method(
        id="wan2023_dffm",
        title="Baseline + DFFM",
        network="wan2023",
        options={"block": "residual", "skip": "dffm"},
    ),
    Method(
        id="wan2023",
        title="wan2023 (DFFM + MSRM)",
        network="wan2023",
        options={"block": "msrm", "skip": "dffm"},
    ),
    Method(
        id="wan2023_aff",
        title="Baseline + AFF",
        network="wan2023",
        options={"block": "residual", "skip": "aff"},
        control=True,
    ),
    Method(
        id="wan2023_msrm_plain",
        title="Baseline + MSRM",
        network="wan2023",
        options={"block": "msrm", "skip": "plain"},
        profiles=("smoke", "study", "gpu", "paper"),
        not_run="the demo budget is spent on the printed rows and the AFF control",
        control=True,
    ),
    Method(
        id="wan2023_msrm_aff",
        title="Baseline + AFF + MSRM",
        network="wan2023",
        options={"block": "msrm", "skip": "aff"},
        profiles=("study", "gpu", "paper"),
        not_run="the small budgets are spent on the printed rows and the AFF control",
        control=True,
    ),
    Method(
        id="wan2023_long",
        title="wan2023, long run",
        network="wan2023",
        options={"block": "msrm", "skip": "dffm"},
        profiles=("study",),
        not_run=LONG,
        control=True,
        apart=True,
    ),
    Method(
        id="mimo_unet",
        title="MIMO-UNet, its own recipe",
        network="mimo_unet",
        train={"schedule": "step", "decay": 0.5, "decay_every": 0.16666666666666666},
        control=True,
    ),
    Method(id="identity", title="Blurred input", network="identity", control=True),
)

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

TABLES = (
    Table(
        id="T1",
        number="Table 1",
        caption="Networks compared on GoPro, and on RealBlur-J without training on it.",
        methods=(
            "nah2017", "svrnn", "deblurgan_v2", "srn", "dbgan", "mtrnn", "dmphn", "wan2023",
            "mimo_unet", "identity",
        ),
        columns=(
            Column("gopro_test", "psnr_db", "psnr-rgb", "PSNR [dB]"),
            Column("gopro_test", "ssim", "vol3d-rgb", "SSIM"),
            Column("gopro_test", "psnr_db", "psnr-float", "PSNR, psnr-float [dB]"),
            Column("gopro_test", "ssim", "wang-rgb", "SSIM, wang-rgb"),
            Column("realblur_j", "psnr_db", "realblur-ecc-psnr", "PSNR, aligned [dB]"),
            Column("realblur_j", "ssim", "realblur-ecc-ssim", "SSIM, aligned"),
            Column("realblur_j", "psnr_db", "psnr-rgb", "PSNR, psnr-rgb [dB]"),
            Column("realblur_j", "ssim", "wang-rgb", "SSIM, wang-rgb"),
            Column("realblur_j", "ssim", "vol3d-rgb", "SSIM, vol3d-rgb"),
        ),
    ),
    Table(
        id="T2",
        number="Table 2",
        caption="What each module adds to the baseline on GoPro.",
        methods=(
            "wan2023_baseline", "wan2023_dffm", "wan2023", "wan2023_aff", "wan2023_msrm_plain",
            "wan2023_msrm_aff", "mimo_unet", "identity",
        ),
        columns=(
            Column("gopro_test", "psnr_db", "psnr-rgb", "PSNR [dB]"),
            Column("gopro_test", "ssim", "vol3d-rgb", "SSIM"),
            Column("gopro_test", "psnr_db", "psnr-float", "PSNR, psnr-float [dB]"),
            Column("gopro_test", "ssim", "wang-rgb", "SSIM, wang-rgb"),
        ),
        kind="ablation",
    ),
)  # fmt: skip

FIGURES = (
    Figure(
        id="F1",
        title="The network",
        kind="diagram",
        caption="Blocks of the network with the shape that leaves each and its parameters: "
        "encoders (EM), shrunken inputs (SCM), fused skips (DFFM), decoders (DM) at three sizes.",
        settings={"name": "wan2023"},
    ),
    Figure(
        id="F2",
        title="Reach of the four groups of MSRM",
        kind="receptive_field",
        caption="How strongly the centre of each group's output depends on the pixels around it, "
        "before training; the square marks the largest possible reach.",
        settings={"diagram": "msrm"},
    ),
    Figure(
        id="dffm",
        title="DFFM at full size",
        kind="diagram",
        caption="Blocks of the dynamic feature fusion with the shape that leaves each and its "
        "parameters: three encoder outputs, aligned, weighed by a softmax across them, joined.",
        settings={"name": "dffm"},
    ),
    Figure(
        id="F3",
        title="What each fused skip listens to",
        kind="branch_weights",
        caption="Share that DFFM gives to each encoder level, averaged over channels, for the "
        "pictures shown below; equal shares would be one third.",
    ),
    Figure(
        id="data",
        title="The pictures",
        kind="data",
        caption="Test pairs, blurred above and sharp below, and how far the blurred pictures of "
        "each test set are from the sharp ones.",
    ),
    Figure(
        id="curves",
        title="Training",
        kind="curves",
        caption="Loss of the training crops and PSNR of the validation pictures; thin lines are "
        "single seeds, thick ones their mean.",
    ),
    Figure(
        id="bars",
        title="Gain of each row of Table 2",
        kind="bars",
        caption="PSNR gained over the blurred input; bars are means over seeds, lines the 95 "
        "percent interval over photographs, dots single seeds.",
        settings={"table": "T2", "dataset": "gopro_test", "metric": "psnr_db"},
    ),
    Figure(
        id="F4",
        title="GoPro stand-in: crops",
        kind="crops",
        caption="Crops of three test pictures and their error against the sharp picture; the "
        "pictures and the crop are chosen by a fixed rule on the blurred input.",
        settings={
            "dataset": "gopro_test",
            "methods": ["deblurgan_v2", "dmphn", "mimo_unet", "wan2023_baseline", "wan2023"],
        },
    ),
    Figure(
        id="F5",
        title="RealBlur-J stand-in: crops",
        kind="crops",
        caption="The same networks on the other test set, whose kind of blur they never saw.",
        settings={
            "dataset": "realblur_j",
            "methods": ["deblurgan_v2", "dmphn", "mimo_unet", "wan2023_baseline", "wan2023"],
        },
    ),
)

DEPARTURES = (
    Departure(
        id="W1",
        where="Sec. 1.1, Fig. 1",
        says="prints no channel numbers",
        does="32, 64 and 128 channels at full, half and quarter size",
        why="widths of MIMO-UNet, on which the network is built",
        option="wan2023: base_channels",
    ),
    Departure(
        id="W2",
        where="Sec. 1.2, Eq. (1)",
        says="a depthwise-separable 3x3 convolution before the split; the symbol is garbled",
        does="3x3 depthwise, then 1x1, both with bias, no activation",
        why="the usual meaning of the words; Res2Net has a 1x1 convolution there",
        option="wan2023: msrm_entry",
    ),
    Departure(
        id="W3",
        where="Sec. 1.2, Eqs. (1) to (3)",
        says="no activation, which leaves the block linear but for its gate",
        does="a ReLU after each of the four 3x3 convolutions",
        why="Res2Net has one there; the residual block that is replaced has one as well",
        option="wan2023: msrm_act, act_type",
    ),
    Departure(
        id="W4",
        where="Sec. 1.2, Eq. (3)",
        says="names channel attention and shows no structure: the figure it points to, 3, is DFFM",
        does="mean, 1x1, ReLU, 1x1, sigmoid; reduction 16 with at least 4 hidden channels",
        why="the common squeeze-and-excitation gate",
        option="wan2023: ca_reduction, ca_min",
    ),
    Departure(
        id="W5",
        where="Sec. 1.3",
        says="all encoder outputs go to DFFM; the number of modules is not given",
        does="one at full and one at half size",
        why="the lowest decoder is described without a second input; MIMO-UNet fuses at these two",
        option="wan2023: dffm_levels",
    ),
    Departure(
        id="W6",
        where="Sec. 1.3",
        says="up- or down-sampling of unnamed kind",
        does="bilinear, then the aligning convolution",
        why="judgement: nearest pixels, as in MIMO-UNet, alias when the size is divided by four",
        option="wan2023: dffm_resize",
    ),
    Departure(
        id="W7",
        where="Sec. 1.3",
        says="a convolution brings the branches to one width; its kernel is not given",
        does="1x1",
        why="the smaller reading; 3x3 would cost six times the parameters at full size",
        option="wan2023: dffm_align_kernel",
    ),
    Departure(
        id="W8",
        where="Sec. 1.3",
        says="the branches are fused before pooling, it is not said how",
        does="sum",
        why="selective-kernel fusion, whose form the module follows, adds them",
        option="wan2023: dffm_merge",
    ),
    Departure(
        id="W9",
        where="Sec. 1.3",
        says="two 1x1 convolutions, hidden width not given",
        does="channels / 8, at least 4, ReLU between, no normalisation",
        why="the rule of MIRNet's fusion, with the ReLU of MIMO-UNet",
        option="wan2023: dffm_reduction, dffm_min",
    ),
    Departure(
        id="W10",
        where="Sec. 2.2, Table 1",
        says="980 pairs of RealBlur-J; the metric code is not named",
        does="aligned scores in the printed columns, plain scores beside them",
        why="the competitors' cells equal those published with the aligned protocol",
        option="conventions realblur-ecc-psnr, realblur-ecc-ssim, psnr-rgb, wang-rgb, vol3d-rgb",
    ),
    Departure(
        id="W11",
        where="Sec. 2.1",
        says="no optimiser",
        does="Adam with betas 0.9 and 0.999, no weight decay",
        why="code of MIMO-UNet",
        option="recipe: optimiser, betas, weight_decay",
    ),
    Departure(
        id="W12",
        where="Sec. 2.1",
        says="cosine annealing from 1e-4 to 1e-6, citing a method with restarts",
        does="one cycle over the whole training, set at every step, no restart",
        why="no restart period is printed",
        option="recipe: schedule, lr, lr_floor",
    ),
    Departure(
        id="W13",
        where="Sec. 1.1",
        says="inputs are scaled to a half and a quarter",
        does="nearest pixels for the inputs, bilinear for the targets of the loss",
        why="code of MIMO-UNet",
        option="wan2023: pyramid_mode",
    ),
    Departure(
        id="W14",
        where="Sec. 1.4, Eqs. (4) and (5)",
        says="sums of absolute values of pixels and of the spectrum",
        does="means; the spectrum over real and imaginary parts, both sides, not normalised",
        why="code of MIMO-UNet; with sums the weight 0.1 would mean another balance per crop size",
        option="losses.spectrum: norm, onesided, modulus",
    ),
    Departure(
        id="W15",
        where="Sec. 2.4, Table 2",
        says="the baseline is the U-Net with several inputs and outputs",
        does="plain skips of the same level, residual blocks; AFF is a control row of ours",
        why="the text motivates DFFM by the plain skip, and the printed 31.66 dB lie below the "
        "31.73 dB of MIMO-UNet with AFF; this fits and proves nothing",
        option="wan2023: skip",
    ),
    Departure(
        id="W16",
        where="Sec. 1.1",
        says="names the module that merges the shrunken inputs with indices 1 and 2",
        does="merges at half and quarter size",
        why="only there a shrunken input exists",
    ),
    Departure(
        id="W17",
        where="Sec. 2.1",
        says="GoPro, without saying which of its two blurred folders",
        does="the folder without gamma correction",
        why="code of MIMO-UNet and of most successors",
        option="sources: gopro-gamma in place of gopro-linear",
    ),
    Departure(
        id="W18",
        where="Sec. 2.2",
        says="PSNR and SSIM without a definition",
        does="PSNR of 8-bit RGB pictures; SSIM as MATLAB computes it for RGB (vol3d-rgb)",
        why="0.954 at 31.95 dB fits only that SSIM; MIMO-UNet scores floats before rounding, "
        "which moves PSNR by a few thousandths of a dB",
        option="table columns: convention",
    ),
    Departure(
        id="W19",
        where="Sec. 2.2, Table 1",
        says="competitors are run with their released weights",
        does="trains them on the same pictures: with the recipe of this paper in the small "
        "budgets, without an adversarial term",
        why="released weights cannot be shipped and some have no licence; under one recipe only "
        "the networks differ",
        option="train overrides of each row",
    ),
    Departure(
        id="W20",
        where="Sec. 2.1",
        says="nothing about validation or which weights are scored",
        does="the weights with the best PSNR on validation pictures that are not in the test set; "
        "of GoPro's training part two scenes, 160 of the 2,103 pairs, which then train nothing",
        why="choosing on the test set would flatter every row",
        option="recipe: validate; data: held_out",
    ),
    Departure(
        id="W21",
        where="Sec. 2.4, Table 2",
        says="the data set of the ablation is not named",
        does="GoPro test",
        why="the row of the full model repeats its GoPro cells of Table 1",
    ),
    Departure(
        id="W22",
        where="Sec. 1.2, Table 2",
        says="no parameter counts; read to the letter, MSRM makes the network three times smaller",
        does="counts stand beside every row; a wider block is an option",
        why="a gain by a smaller network is a stronger claim than the paper makes, so its block "
        "may have been wider",
        option="wan2023: msrm_expand",
    ),
    Departure(
        id="W23",
        where="Sec. 2.2, Table 1",
        says="DeblurGAN-v2 with released weights, whose backbone was trained on ImageNet",
        does="random weights in the backbone at every budget, unless a file is given",
        why="nothing is downloaded; its row starts from less than the printed one",
        option="deblurgan_v2: backbone_weights",
    ),
    Departure(
        id="W24",
        where="Sec. 2.1",
        says="nothing about how the last layer begins or about a mean of weights",
        does="at study every network begins as its input (last layers of zeros; those that draw "
        "the whole picture add it) and the running mean of the weights is scored",
        why="a few thousand steps would otherwise go into copying the picture, and the luck of the "
        "last steps would decide; the published form stays at paper",
        option="each network: start; recipe: ema",
    ),
)

PROFILES = (
    Profile(
        name="smoke",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "realblur_j": "synth-shake"},
        data={"size": 64, "train": 8, "validation": 2, "test": 3, "blur": 0.5},
        options={
            "wan2023": {"base_channels": 4, "blocks_per_stage": 1},
            "mimo_unet": {"base_channels": 4, "blocks": 1},
        },
        train={"steps": 4, "batch": 2, "crop": 32, "validate": 2},
        why="shows that every step runs; its numbers mean nothing",
    ),
    Profile(
        name="demo",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "realblur_j": "synth-shake"},
        data={
            "size": 128, "train": 96, "validation": 8, "test": 24, "blur": 0.25, "spread": 0.4,
        },
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
        train={"steps": 320, "batch": 8, "crop": 64, "lr": 4e-3, "validate": 8},
        seeds=(0, 1, 2),
        seeds_of={
            "deblurgan_v2": (0,), "dbgan": (0,), "mtrnn": (0,), "mimo_unet": (0,),
            "wan2023_aff": (0,),
        },
        why="minutes on two processor cores, so three seeds for the printed rows of the ablation "
        "and one for the others: shows whether rows of one size differ after the same short "
        "training on generated blur of two to three pixels; it does not "
        "show what full training on GoPro would give",
    ),
    Profile(
        name="study",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "realblur_j": "synth-realblur-j"},
        data={
            "size": 256, "train": 600, "validation": 16, "test": 48, "blur": 0.5,
        },
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
        train={
            "steps": 2400, "batch": 4, "crop": 96, "lr": 1.5e-3, "validate": 6, "ema": 0.995,
        },
        train_of={"wan2023_long": {"steps": 24000, "ema": 0.999}},
        data_of={"wan2023_long": {"blur": 1.0, "train": 2000}},
        seeds=(0, 1, 2, 3, 4),
        seeds_of={
            "wan2023_long": (0,),
            "nah2017": (0, 1, 2), "svrnn": (0, 1, 2), "deblurgan_v2": (0, 1, 2),
            "srn": (0, 1, 2), "dbgan": (0, 1, 2), "mtrnn": (0, 1, 2), "dmphn": (0, 1, 2),
        },
        why="hours on two processor cores, resumable: narrow networks of about equal cost, half of "
        "GoPro's length of blur, five seeds for the paper's rows and controls, "
        "three for competitors. It judges differences between rows of one size and budget, not "
        "what full width and full training would give; the long run shows full length",
    ),
    Profile(
        name="gpu",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "realblur_j": "synth-shake"},
        data={"size": 256, "train": 512, "validation": 16, "test": 48},
        options={
            "wan2023": {"base_channels": 32, "blocks_per_stage": 8},
            "mimo_unet": {"base_channels": 32, "blocks": 8},
        },
        train={"steps": 4000, "batch": 8, "crop": 128, "lr": 4e-4, "validate": 10},
        seeds=(0, 1, 2),
        why="networks of full size on one graphics processor; generated blur and a short training",
    ),
    Profile(
        name="paper",
        train_on="gopro-linear",
        test_on={"gopro_test": "gopro-linear", "realblur_j": "realblur-j"},
        options={
            "wan2023": {"base_channels": 32, "blocks_per_stage": 8},
            "mimo_unet": {"base_channels": 32, "blocks": 8},
        },
        train_of={
            "nah2017": {"steps": 131500, "batch": 16, "schedule": "step", "loss": {"l1": 1.0}},
            "svrnn": {
                "steps": 200000, "batch": 20, "crop": 128, "schedule": "polynomial", "decay": 2.0,
                "weight_decay": 1e-6, "loss": {"mse": 1.0},
            },
            "deblurgan_v2": {
                "steps": 200000, "batch": 1, "schedule": "linear", "decay_from": 0.25,
                "loss": {"mse": 9.8, "perceptual": 0.006},
                "augment": ("hflip", "vflip", "rot90"),
                "adversarial": RAGAN,
            },
            "srn": {
                "steps": 526000, "batch": 16, "schedule": "polynomial", "decay": 0.3,
                "loss": {"mse": 1.0}, "augment": (), "init": "xavier",
            },
            "dbgan": {"crop": 128, "loss": {"l1": 1.0}},
            "mtrnn": {"loss": {"l1": 1.0}},
            "dmphn": {
                "steps": 842400, "batch": 6, "schedule": "step", "decay": 0.1,
                "decay_every": 0.4166666666666667, "loss": {"mse": 1.0}, "augment": (),
            },
        },
        seeds=(0, 1, 2),
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
    figures=FIGURES,
    departures=DEPARTURES,
    profiles=PROFILES,
    starts_from={"deblurgan_v2": "ImageNet weights of the backbone"},
)
