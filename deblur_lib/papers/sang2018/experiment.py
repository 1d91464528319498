"""sang2018 declared: rows, recipe, tables, figures, departures and the five budgets.

Literals only. The paper trains for 600,000 steps of 6 patches. The printed cells stand in
printed.yaml, the claims in claims.yaml.
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

KERNELS = "estimates blur kernels, then deconvolves; measured by the authors, not built here yet"

METHODS = (
    Method(id="whyte2012", title="Whyte et al. 2012", network=None, not_run=KERNELS),
    Method(id="sun2015", title="Sun et al. 2015", network=None, not_run=KERNELS),
    Method(id="gong2017", title="Gong et al. 2017", network=None, not_run=KERNELS),
    Method(id="sang2018", title="sang2018 (residual GAN)", network="sang2018"),
    Method(
        id="sang2018_content",
        title="content loss alone",
        network="sang2018",
        train={"adversarial": None},
        control=True,
    ),
    Method(
        id="sang2018_relu_after_sum",
        title="ReLU after the sum",
        network="sang2018",
        options={"relu_after_sum": True},
        control=True,
    ),
    Method(
        id="sang2018_batch_norm",
        title="batch normalisation",
        network="sang2018",
        options={"norm": "batch"},
        control=True,
    ),
    Method(
        id="sang2018_kernel3",
        title="3x3 kernels",
        network="sang2018",
        options={"kernel": 3},
        control=True,
    ),
    Method(
        id="sang2018_long",
        title="sang2018, long run",
        network="sang2018",
        profiles=("study",),
        not_run=LONG,
        control=True,
        apart=True,
    ),
    Method(id="identity", title="Blurred input", network="identity", control=True),
)

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
    adversarial=Adversarial(
        discriminator="sang2018_discriminator",
        options={"patch": 128},
        loss="log2",
        weight=1e-4,
    ),
)

TABLES = (
    Table(
        id="T3",
        number="Table 3",
        caption="Quality of restoration on GoPro and on the set of Lai et al., without retraining.",
        methods=(
            "whyte2012", "sun2015", "gong2017", "sang2018", "sang2018_content",
            "sang2018_relu_after_sum", "sang2018_batch_norm", "sang2018_kernel3", "identity",
        ),
        columns=(
            Column("gopro_test", "psnr_db", "psnr-rgb", "PSNR [dB]"),
            Column("gopro_test", "ssim", "wang-rgb", "SSIM"),
            Column("gopro_test", "ssim", "vol3d-rgb", "SSIM, vol3d-rgb"),
            Column("lai", "psnr_db", "psnr-rgb", "PSNR [dB]"),
            Column("lai", "ssim", "wang-rgb", "SSIM"),
            Column("lai", "psnr_db", "shift-y-psnr", "PSNR, shift-y [dB]"),
            Column("lai", "ssim", "shift-y-ssim", "SSIM, shift-y"),
        ),
    ),
)  # fmt: skip

FIGURES = (
    Figure(
        id="F1",
        title="The residual block, before and after",
        kind="diagram",
        caption="Above the block of the original residual network, below the paper's: both norms "
        "and the ReLU after the sum are gone. Boxes give the shape that leaves them at a patch of "
        "128 pixels and their parameters.",
        settings={"name": "blocks"},
    ),
    Figure(
        id="generator",
        title="The generator",
        kind="diagram",
        caption="One size throughout: nineteen residual blocks between two convolutions, each "
        "with a ReLU.",
        settings={"name": "generator"},
    ),
    Figure(
        id="discriminator",
        title="The discriminator",
        kind="diagram",
        caption="Five pairs of convolutions, the second of each with stride 2, and two fully "
        "connected layers; the sigmoid belongs to the loss here.",
        settings={"name": "discriminator"},
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
        caption="Content loss of the training crops and PSNR of the validation pictures; thin "
        "lines are single seeds, thick ones their mean.",
    ),
    Figure(
        id="health",
        title="The two players",
        kind="curves",
        caption="Mean logit of the discriminator for sharp and for restored patches; above zero it "
        "calls a patch sharp.",
        settings={"names": ["critic/real", "critic/fake"]},
    ),
    Figure(
        id="bars",
        title="Gain of the design choices",
        kind="bars",
        caption="PSNR gained over the blurred input; bars are means over seeds, lines the 95 "
        "percent interval over photographs, dots single seeds.",
        settings={"table": "T3", "dataset": "gopro_test", "metric": "psnr_db"},
    ),
    Figure(
        id="spectra",
        title="Spectra of the output",
        kind="heatmaps",
        caption="Power of the frequencies of the pictures shown below, mean over them, zero "
        "frequency in the middle. A checkerboard would be a bright spot at the edge.",
        settings={"probe": "spectra", "columns": 3},
    ),
    Figure(
        id="F2",
        title="GoPro stand-in: crops",
        kind="crops",
        caption="Crops of three test pictures and their error against the sharp picture; the "
        "pictures and the crop are chosen by a fixed rule on the blurred input.",
        settings={
            "dataset": "gopro_test",
            "methods": ["whyte2012", "sun2015", "gong2017", "sang2018", "sang2018_content"],
        },
    ),
    Figure(
        id="F3",
        title="Lai stand-in: crops",
        kind="crops",
        caption="The same networks on camera shake around all axes, a kind of blur they were not "
        "trained on.",
        settings={
            "dataset": "lai",
            "methods": ["whyte2012", "sun2015", "gong2017", "sang2018", "sang2018_content"],
        },
    ),
)

DEPARTURES = (
    Departure(
        id="S1",
        where="Sec. 2.2",
        says="content and adversarial loss are added; the weight is missing",
        does="1e-4 on the adversarial term",
        why="code of the multi-scale CNN, whose block, losses and augmentation the paper shares",
        option="recipe: adversarial",
    ),
    Departure(
        id="S2",
        where="Sec. 3.1",
        says="the learning rate is blank in the text",
        does="5e-5, constant",
        why="code of the multi-scale CNN",
        option="recipe: lr, schedule",
    ),
    Departure(
        id="S3",
        where="Sec. 3.1",
        says="names Adam and stochastic gradient descent, with momentum 0.9",
        does="Adam, the momentum read as its first beta",
        why="code of the multi-scale CNN trains with Adam; its momentum belongs to another option",
        option="recipe: optimiser, betas, sgd_from",
    ),
    Departure(
        id="S4",
        where="Sec. 2.1.1",
        says="padding set to 0 keeps the resolution",
        does="two pixels of zeros on every side",
        why="5x5 kernels without padding would lose 160 pixels over 40 layers",
    ),
    Departure(
        id="S5",
        where="Table 1",
        says="a ReLU follows the last convolution",
        does="keeps it; the last bias starts at 0.5",
        why="started at zero, the output can be negative everywhere and never learn",
        option="sang2018: output_activation",
    ),
    Departure(
        id="S6",
        where="Table 1",
        says="no skip from input to output",
        does="none",
        why="as printed, and as in the multi-scale CNN; at the demo profile the weights start so "
        "that the untrained network returns its input, or it would spend the few steps on that",
        option="sang2018: global_skip, start",
    ),
    Departure(
        id="S7",
        where="Sec. 3.2",
        says="rotation by a random angle",
        does="quarter turns",
        why="code of the multi-scale CNN; other angles would resample and soften the sharp patch",
        option="recipe: augment (rot90 or rotate)",
    ),
    Departure(
        id="S8",
        where="Sec. 3.2",
        says="Gaussian noise of unnamed strength on the blurred patch",
        does="standard deviation drawn anew for each patch, itself Gaussian with 2/255",
        why="code of the multi-scale CNN",
        option="recipe: augment",
    ),
    Departure(
        id="S9",
        where="Sec. 2.1.2, Table 2",
        says="the prose gives every convolution of the discriminator stride 2, the table every "
        "second one",
        does="the table",
        why="only the table's sizes fit its last layers",
    ),
    Departure(
        id="S10",
        where="Sec. 3.1",
        says="not how often the discriminator is updated",
        does="once for each step of the generator, on the same patches",
        why="the usual choice, and that of the multi-scale CNN",
        option="recipe: adversarial",
    ),
    Departure(
        id="S11",
        where="Eqs. (4) and (6)",
        says="two forms of the adversarial loss",
        does="the non-saturating one of Eq. (4), logarithms to base 2",
        why="it has a gradient where the discriminator is sure",
        option="recipe: adversarial",
    ),
    Departure(
        id="S12",
        where="Sec. 3.2",
        says="the data set of Lai et al., without the part or the number of pictures",
        does="the synthetic non-uniform part",
        why="a score needs a sharp picture, and the paper is about non-uniform blur",
        option="sources: lai-uniform in place of lai-nonuniform",
    ),
    Departure(
        id="S13",
        where="Table 3",
        says="not whether restored and sharp pictures are aligned",
        does="scores without alignment stand in the printed columns, the best shift beside them",
        why="all printed values lie between 13.5 and 14.0 dB, which fits pictures that are "
        "displaced against the truth",
        option="conventions shift-y-psnr, shift-y-ssim",
    ),
    Departure(
        id="S14",
        where="Sec. 3.2",
        says="PSNR and SSIM without a definition",
        does="8-bit RGB; SSIM with a Gaussian window per channel, the volumetric one beside it",
        why="the definition is undecidable from the print",
        option="table columns: convention",
    ),
    Departure(
        id="S15",
        where="Sec. 3.2",
        says="GoPro, without saying which of its two blurred folders",
        does="the folder without gamma correction",
        why="the one most later papers use, so the rows of this book compare",
        option="sources: gopro-gamma in place of gopro-linear",
    ),
    Departure(
        id="S16",
        where="Sec. 2.2.2",
        says="attributes a remark on averaged losses to the wrong reference",
        does="ignored",
        why="no number depends on it",
    ),
    Departure(
        id="S17",
        where="Sec. 3.1",
        says="nothing about which weights are scored",
        does="the weights with the best PSNR on validation pictures that are not in the test set; "
        "of GoPro's training part two scenes, 160 of the 2,103 pairs, which then train nothing",
        why="choosing on the test set would flatter every row",
        option="recipe: validate; data: held_out",
    ),
    Departure(
        id="S18",
        where="Sec. 3.1",
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
        test_on={"gopro_test": "synth-gopro-linear", "lai": "synth-lai-nonuniform"},
        data={"size": 64, "train": 8, "validation": 2, "test": 3, "blur": 0.5},
        options={"sang2018": {"features": 4, "blocks": 1, "start": "identity"}},
        train={
            "steps": 4,
            "batch": 2,
            "crop": 32,
            "validate": 2,
            "adversarial": Adversarial(
                discriminator="sang2018_discriminator",
                options={"patch": 32, "widths": [4, 8, 8, 8, 8], "hidden": 16},
                loss="log2",
                weight=1e-4,
            ),
        },
        why="shows that every step runs; its numbers mean nothing",
    ),
    Profile(
        name="demo",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "lai": "synth-lai-nonuniform"},
        data={
            "size": 128, "train": 96, "validation": 8, "test": 24, "blur": 0.25, "spread": 0.4,
        },
        options={"sang2018": {"features": 16, "blocks": 4, "start": "identity"}},
        train={
            "steps": 400,
            "crop": 64,
            "lr": 1e-3,
            "schedule": "cosine",
            "validate": 8,
            "adversarial": Adversarial(
                discriminator="sang2018_discriminator",
                options={"patch": 64, "widths": [8, 16, 32, 32, 32], "hidden": 64},
                loss="log2",
                weight=1e-4,
                lr=1e-4,
            ),
        },
        seeds=(0, 1, 2),
        why="minutes on two processor cores: shows whether rows of one size differ after the same "
        "short training on generated blur of two to three pixels; the "
        "network has no way around its layers and starts as the identity to save the steps; it "
        "does not show what full training on GoPro would give",
    ),
    Profile(
        name="study",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "lai": "synth-lai-nonuniform"},
        data={
            "size": 256, "train": 600, "validation": 16, "test": 48, "blur": 0.5,
        },
        options={"sang2018": {"features": 16, "blocks": 5, "start": "identity"}},
        train={
            "steps": 2400,
            "batch": 4,
            "crop": 96,
            "lr": 1e-3,
            "schedule": "cosine",
            "validate": 6,
            "ema": 0.995,
            "adversarial": Adversarial(
                discriminator="sang2018_discriminator",
                options={"patch": 96, "widths": [8, 16, 32, 32, 32], "hidden": 64},
                loss="log2",
                weight=1e-4,
                lr=1e-4,
            ),
        },
        train_of={"sang2018_long": {"steps": 28000, "ema": 0.999}},
        data_of={"sang2018_long": {"blur": 1.0, "train": 2000}},
        seeds=(0, 1, 2, 3, 4),
        seeds_of={"sang2018_long": (0,)},
        why="hours on two processor cores, resumable: narrow networks of about equal cost, half of "
        "GoPro's length of blur, five seeds for the paper's rows and controls, "
        "three for competitors. It judges differences between rows of one size and budget, not "
        "what full width and full training would give; the long run shows full length",
    ),
    Profile(
        name="gpu",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "lai": "synth-lai-nonuniform"},
        data={"size": 256, "train": 512, "validation": 16, "test": 48},
        options={"sang2018": {"features": 64, "blocks": 19, "start": "identity"}},
        train={"steps": 6000, "lr": 2e-4, "schedule": "cosine", "validate": 10},
        seeds=(0, 1, 2),
        why="networks of full size on one graphics processor; generated blur and a short training",
    ),
    Profile(
        name="paper",
        train_on="gopro-linear",
        test_on={"gopro_test": "gopro-linear", "lai": "lai-nonuniform"},
        options={"sang2018": {"features": 64, "blocks": 19}},
        seeds=(0, 1, 2),
        why="the printed protocol on the printed data",
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
    figures=FIGURES,
    departures=DEPARTURES,
    profiles=PROFILES,
)
