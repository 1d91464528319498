"""zhao2020 declared: rows, recipe, the table, figures, departures and the five budgets.

Literals only. Steps of the paper: 300 epochs of 5,710 clips, one clip a step, are 1,713,000. The
printed cells stand in printed.yaml, the claims in claims.yaml.
"""

from deblur_lib.spec import (
    CLIP_CHECKS,
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

NOT_AT_DEMO = "the demo budget is spent on the printed rows and the three controls of the claims"

GAME = Adversarial(
    discriminator="patchgan", options={"norm": "layer", "padding": 1}, loss="lsgan", weight=1.0
)
SMALL_GAME = Adversarial(
    discriminator="patchgan",
    options={"norm": "layer", "padding": 1, "features": 16},
    loss="lsgan",
    weight=1.0,
)
WASSERSTEIN = Adversarial(
    discriminator="deblurgan_critic", loss="wgan_gp", weight=1.0, critic_steps=5, penalty=10.0
)
SMALL_WASSERSTEIN = Adversarial(
    discriminator="deblurgan_critic",
    options={"features": 16},
    loss="wgan_gp",
    weight=0.01,
    critic_steps=1,
    penalty=10.0,
)

METHODS = (
    Method(
        id="nah2017",
        title="Multi-scale CNN (Nah et al. 2017)",
        network="deepdeblur",
        train={"loss": {"l1": 1.0}, "adversarial": None, "init": "default"},
    ),
    Method(
        id="rdn",
        title="RDN, read as Wieschollek et al. 2017",
        network="rdn",
        train={"loss": {"mse": 1.0}, "adversarial": None, "init": "default"},
    ),
    Method(
        id="deblurgan",
        title="DeblurGAN",
        network="deblurgan",
        train={"scales": False, "init": "default", "betas": (0.5, 0.999)},
    ),
    Method(id="zhao2020", title="zhao2020", network="zhao2020"),
    Method(
        id="zhao2020_stage1",
        title="Stage 1 alone, one frame",
        network="zhao2020",
        options={"stages": 1},
        control=True,
    ),
    Method(
        id="zhao2020_no_skips",
        title="Without skips",
        network="zhao2020",
        options={"skips": False},
        control=True,
    ),
    Method(
        id="zhao2020_no_global",
        title="Without P0 in the sum",
        network="zhao2020",
        options={"stage2_residual": False},
        control=True,
    ),
    Method(
        id="zhao2020_no_flow",
        title="Without the feature flow",
        network="zhao2020",
        options={"flow_levels": []},
        profiles=("smoke", "study", "gpu", "paper"),
        not_run=NOT_AT_DEMO,
        control=True,
    ),
    Method(
        id="zhao2020_flow_everywhere",
        title="Feature flow at three levels",
        network="zhao2020",
        options={"flow_levels": [1, 2, 3]},
        profiles=("study", "gpu", "paper"),
        not_run=NOT_AT_DEMO,
        control=True,
    ),
    Method(
        id="zhao2020_long",
        title="zhao2020, long run",
        network="zhao2020",
        profiles=("study",),
        not_run=LONG,
        control=True,
        apart=True,
    ),
    Method(id="identity", title="Blurred middle frame", network="identity", control=True),
)

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

TABLES = (
    Table(
        id="T1",
        number="Table 1",
        caption="Three competitors and the proposed network on clips of three blurred frames.",
        methods=(
            "nah2017",
            "rdn",
            "deblurgan",
            "zhao2020",
            "zhao2020_stage1",
            "zhao2020_no_skips",
            "zhao2020_no_global",
            "zhao2020_no_flow",
            "zhao2020_flow_everywhere",
            "identity",
        ),
        columns=(
            Column("zhao2020_synthetic_test", "psnr_db", "psnr-rgb", "PSNR [dB]"),
            Column("zhao2020_synthetic_test", "ssim", "wang-rgb", "SSIM"),
            Column("zhao2020_synthetic_test", "ssim", "vol3d-rgb", "SSIM, vol3d-rgb"),
            Column("zhao2020_synthetic_test", "time_s", "seconds", "time at 256x256 [s]"),
        ),
    ),
)

FIGURES = (
    Figure(
        id="F1",
        title="The principle",
        kind="diagram",
        caption="Three frames in, one out: stage 1 restores the middle frame and hands features "
        "of it (the flow T) to two encoders; each sees one neighbour and the first estimate P0.",
        settings={"name": "principle"},
    ),
    Figure(
        id="F2",
        title="How a blurred frame is made",
        kind="panels",
        caption="Three sharp frames, the optical flow from the middle one to both neighbours "
        "(colour is direction, strength is length), sub-frames 1, 5 and 10 towards each, their "
        "mean, and the exposure rendered exactly, with ten times the difference.",
        settings={"name": "blur"},
    ),
    Figure(
        id="F3",
        title="Stage 1",
        kind="diagram",
        caption="Encoder and decoder of the first stage with the shape that leaves each block and "
        "its parameters; the flow T is tapped behind the third level.",
        settings={"name": "stage1"},
    ),
    Figure(
        id="F4",
        title="Stage 2",
        kind="diagram",
        caption="Two encoders of one structure and separate weights; T is mixed into both, their "
        "codes are mixed and decoded together, and the first estimate is added.",
        settings={"name": "stage2"},
    ),
    Figure(
        id="data",
        title="The pictures",
        kind="data",
        caption="Middle frames of test clips, blurred above and sharp below, and how far the "
        "blurred ones are from the sharp ones.",
    ),
    Figure(
        id="curves",
        title="Training",
        kind="curves",
        caption="Loss of the training crops and PSNR of the validation clips; thin lines are "
        "single seeds, thick ones their mean.",
    ),
    Figure(
        id="bars",
        title="Gain of each row",
        kind="bars",
        caption="PSNR gained over the blurred middle frame; bars are means over seeds, lines the "
        "95 percent interval over photographs, dots single seeds.",
        settings={"table": "T1", "dataset": "zhao2020_synthetic_test", "metric": "psnr_db"},
    ),
    Figure(
        id="F5",
        title="Test clips: crops",
        kind="crops",
        caption="Crops of three test clips and their error against the sharp frame; the clips and "
        "the crop are chosen by a fixed rule on the blurred input.",
        settings={
            "dataset": "zhao2020_synthetic_test",
            "methods": ["nah2017", "deblurgan", "zhao2020"],
        },
    ),
    Figure(
        id="stages",
        title="What the second stage adds",
        kind="crops",
        caption="The first estimate P0 of the same trained network, made from the middle frame "
        "alone, beside the result E0, which has seen the neighbours.",
        settings={
            "dataset": "zhao2020_synthetic_test",
            "methods": ["P0", "zhao2020"],
        },
    ),
    Figure(
        id="time",
        title="Time for one frame",
        kind="cost_bars",
        caption="Median time of one forward pass on a clip of 256x256, on the machine named under "
        "provenance, with the networks at full width; the line is the interquartile range.",
        settings={"table": "T1", "cost": "seconds"},
    ),
)

DEPARTURES = (
    Departure(
        id="Z1",
        where="Sec. 2.1",
        says="a hidden feature of the current frame, taken inside the encoder",
        does="the output of level 3, 128 channels at a quarter of the size",
        why="one extractor is named; SRN passes its state at the same place",
        option="zhao2020: flow_levels",
    ),
    Departure(
        id="Z2",
        where="Sec. 2.2",
        says="features are stacked and mixed by a 1x1 convolution",
        does="the 1x1 convolution is followed by instance norm and ReLU",
        why="the text gives both to all convolutions of the generator",
        option="zhao2020: flow_fuse_act",
    ),
    Departure(
        id="Z3",
        where="Sec. 2.1",
        says="three residual blocks in front of each transposed convolution",
        does="three at full size as well, in front of the last convolution",
        why="the decoder is called symmetric; SRN has them",
    ),
    Departure(
        id="Z4",
        where="Sec. 2.1",
        says="connections between the levels let the network learn the residual; no equation",
        does="the first estimate is the blurred frame plus the output, kept within the range",
        why="only then a residual is learnt; DeblurGAN does the same",
        option="zhao2020: stage1_residual",
    ),
    Departure(
        id="Z5",
        where="Sec. 2.2",
        says="nothing about connections from two encoders to one decoder",
        does="the features of both are added",
        why="SRN adds its skips; the sum keeps the decoder of stage 1",
        option="zhao2020: skip2",
    ),
    Departure(
        id="Z6",
        where="Sec. 2.4",
        says="exponential decay with a rate of 0.3, without the unit of steps",
        does="lr (1 - step / steps)^0.3",
        why="code of SRN, on which the training is modelled, decays with the power 0.3",
        option="recipe: schedule, decay, decay_every",
    ),
    Departure(
        id="Z7",
        where="Sec. 2.4",
        says="LeakyReLU and LayerNorm in the discriminator, no layer list",
        does="PatchGAN of DeblurGAN with another norm, 1 px of zeros, unconditional",
        why="the paper builds on DeblurGAN",
        option="recipe: adversarial (discriminator patchgan or conv_dense, conditional)",
    ),
    Departure(
        id="Z8",
        where="Sec. 2.4",
        says="InstanceNorm in all convolutions of the generator",
        does="with scale and shift, in residual blocks too; statistics of the picture at hand",
        why="the wording; the statistics depend on the size, so scores belong to 256x256 crops",
        option="zhao2020: norm",
    ),
    Departure(
        id="Z9",
        where="Sec. 2.1",
        says="5x5 kernels everywhere",
        does="5x5 in the transposed convolutions too, padding 2 and one more row and column",
        why="the wording; SRN has 4x4",
    ),
    Departure(
        id="Z10",
        where="Sec. 2.2",
        says="nothing about the gradient between the stages",
        does="it flows back through the first estimate",
        why="both stages are trained by one loss; SRN stops it between scales",
        option="zhao2020: detach_p0",
    ),
    Departure(
        id="Z11",
        where="Sec. 2.4",
        says="no initial weights, no weight decay",
        does="Xavier, zero bias, no decay; the small budgets start with last layers of zeros (RDN: "
        "a last norm of zeros)",
        why="code of SRN; in a short training a random start spends its steps on the identity",
        option="recipe: init; zhao2020, rdn: start",
    ),
    Departure(
        id="Z12",
        where="Sec. 2.3, Eq. (7)",
        says="features of VGG19, weight 5; not what it was trained on",
        does="in the paper profile; dropped (weight 0) in smoke, demo and gpu",
        why="the usual ImageNet weights are meant, which cannot be shipped, and random ones would "
        "be another loss",
        option='recipe: loss, "perceptual_l1"',
    ),
    Departure(
        id="Z13",
        where="Sec. 3.1",
        says="test samples of 256x256, cut in an unnamed way from 1280x720",
        does="the middle 256x256 of real frames; generated clips are scored whole",
        why="nothing tells where the paper cuts; the middle needs no look at the picture",
        option="data: test_crop (whole, center, max_motion, seeded), test_side; size",
    ),
    Departure(
        id="Z14",
        where="Sec. 3.1, Table 1",
        says="does not tell whether the competitors were trained again",
        does="all are trained on the same clips, with the losses of their own papers",
        why="released weights are of other data; the multi-scale CNN has no adversarial term here, "
        "as in its authors' later code",
        option="train overrides of each row",
    ),
    Departure(
        id="Z15",
        where="Sec. 3.1",
        says="DeblurGAN carries the reference number of the multi-scale CNN",
        does="DeblurGAN of Kupyn et al. 2018",
        why="the name and the description fit no other network",
    ),
    Departure(
        id="Z16",
        where="Sec. 1",
        says="5,710 and 2,018 samples, without saying how they were divided",
        does="divided by clip, so no scene is in both",
        why="frames of one clip are nearly equal",
        option="deblur data clips: --test-clips, --test-every",
    ),
    Departure(
        id="Z17",
        where="Sec. 2.4",
        says="LayerNorm on feature maps of a discriminator for crops of any size",
        does="one group over channels and positions, scale and shift per channel",
        why="it needs no fixed size",
        option="recipe: adversarial, norm",
    ),
    Departure(
        id="Z18",
        where="Sec. 3.1, Table 1",
        says='compares with an "RDN" of sequence length 3; the reference list is lost',
        does="the recurrent video network of Wieschollek et al. 2017, middle frame first",
        why="it has that constant, works on video, and the data recipe comes from it; the "
        "super-resolution network of that name takes single pictures",
        option="rdn: order",
    ),
    Departure(
        id="Z19",
        where="Sec. 1, Eq. (3)",
        says="the sum counts the frame L times, so the picture would be 43 percent too bright",
        does="counts it once: 21 pictures of weight 1/21",
        why="the prose calls it a mean; a test holds it against exactly rendered exposure",
        option="deblur data clips: --eq3",
    ),
    Departure(
        id="Z20",
        where="Sec. 2.3, Eq. (8)",
        says="weight 10 of the squared error, pictures within the range of Tanh",
        does="weight 40 on pictures from 0 to 1, which is the same number",
        why="squares of values in [-1, 1] are four times those in [0, 1]",
        option="recipe: loss",
    ),
    Departure(
        id="Z21",
        where="Sec. 1",
        says="clips made from high-frame-rate videos by optical flow, chosen by hand",
        does="generated clips with exact exposure; your own videos with rules instead of the hand",
        why="the chosen clips were not published",
        option="deblur data clips",
    ),
    Departure(
        id="Z22",
        where="Sec. 3.1",
        says="seconds on a V100, without warm-up, synchronisation or software",
        does="median of up to nine passes after one that warms up (a single one if it takes more "
        "than ten seconds), float32, one clip; a processor with one thread, by the time it worked",
        why="the printed factor of about 80 does not follow from the operations of the networks",
    ),
    Departure(
        id="Z23",
        where="Sec. 3.1, Table 1",
        says="nothing about DeblurGAN's training; it needs features of VGG19 too",
        does="squared error of weight 40 in their place, adversarial weight 0.01, one step of the "
        "critic, in the small budgets; its own loss in the paper profile",
        why="without the features nothing else would hold the restored picture to the sharp one",
        option="recipe: loss, adversarial",
    ),
    Departure(
        id="Z24",
        where="Sec. 3.1, Table 1",
        says="PSNR and SSIM without a definition",
        does="PSNR of 8-bit RGB pictures; SSIM per channel with the usual Gaussian window",
        why="0.89 at 28 dB fits it; the volumetric SSIM stands beside",
        option="table columns: convention",
    ),
    Departure(
        id="Z25",
        where="Sec. 2.4",
        says="nothing about validation or which weights are scored",
        does="holds every tenth training clip out; scores the weights with the best PSNR on those",
        why="choosing on the test set would flatter every row",
    ),
    Departure(
        id="Z26",
        where="Sec. 2.4",
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
        train_on="synth-clip",
        test_on={"zhao2020_synthetic_test": "synth-clip"},
        data={"size": 64, "train": 6, "validation": 2, "test": 3, "blur": 0.5},
        options={
            "zhao2020": {"channels": [4, 6, 8], "blocks": 1, "start": "identity"},
            "deepdeblur": {"features": 4, "blocks": 1},
            "rdn": {"features": 2, "start": "identity"},
            "deblurgan": {"features": 4, "blocks": 1},
        },
        train={
            "steps": 3,
            "batch": 2,
            "crop": 32,
            "lr": 1e-3,
            "validate": 1,
            "loss": {"mse": 40.0},
            "init": "default",
            "adversarial": SMALL_GAME,
        },
        train_of={"deblurgan": {"adversarial": SMALL_WASSERSTEIN}},
        why="shows that every step runs; its numbers mean nothing",
    ),
    Profile(
        name="demo",
        train_on="synth-clip",
        test_on={"zhao2020_synthetic_test": "synth-clip"},
        data={
            "size": 128,
            "train": 160,
            "validation": 6,
            "test": 16,
            "blur": 0.35,
            "spread": 0.5,
        },
        options={
            "zhao2020": {"channels": [8, 16, 32], "blocks": 1, "start": "identity"},
            "deepdeblur": {"features": 16, "blocks": 2},
            "rdn": {"features": 8, "start": "identity"},
            "deblurgan": {"features": 16, "blocks": 3, "dropout": 0.0},
        },
        train={
            "steps": 700,
            "batch": 2,
            "crop": 64,
            "lr": 2e-3,
            "validate": 6,
            "loss": {"mse": 40.0},
            "augment": ("hflip", "time_reverse"),
            "init": "default",
            "adversarial": SMALL_GAME,
        },
        train_of={"deblurgan": {"adversarial": SMALL_WASSERSTEIN}},
        seeds_of={"zhao2020": (0, 1, 2)},
        why="minutes on two processor cores, three seeds of the full network and one of the other "
        "rows: shows whether the neighbours of a frame help after a "
        "short training of narrow networks on generated clips",
    ),
    Profile(
        name="study",
        train_on="synth-clip",
        test_on={"zhao2020_synthetic_test": "synth-clip"},
        data={"size": 256, "train": 400, "validation": 12, "test": 48, "blur": 0.5},
        options={
            "zhao2020": {"channels": [12, 24, 32], "blocks": 1, "start": "identity"},
            "deepdeblur": {"features": 16, "blocks": 3, "start": "identity"},
            "rdn": {"features": 8, "start": "identity"},
            "deblurgan": {"features": 12, "blocks": 3, "dropout": 0.0, "start": "identity"},
        },
        train={
            "steps": 2400,
            "batch": 2,
            "crop": 96,
            "lr": 1e-3,
            "validate": 6,
            "loss": {"mse": 40.0},
            "augment": ("hflip",),
            "init": "default",
            "ema": 0.995,
            "adversarial": SMALL_GAME,
        },
        train_of={
            "zhao2020_long": {"steps": 20000, "ema": 0.999},
            "deblurgan": {"adversarial": SMALL_WASSERSTEIN},
        },
        data_of={"zhao2020_long": {"blur": 1.0, "train": 2000}},
        seeds=(0, 1, 2, 3, 4),
        seeds_of={
            "zhao2020_long": (0,),
            "nah2017": (0, 1, 2),
            "rdn": (0, 1, 2),
            "deblurgan": (0, 1, 2),
        },
        why="hours on two processor cores, resumable: narrow networks of about equal cost, half of "
        "GoPro's length of blur, five seeds for the paper's rows and controls, "
        "three for competitors. It judges differences between rows of one size and budget, not "
        "what full width and full training would give; the long run shows full length",
    ),
    Profile(
        name="gpu",
        train_on="synth-clip",
        test_on={"zhao2020_synthetic_test": "synth-clip"},
        data={"size": 256, "train": 512, "validation": 12, "test": 48},
        options={"zhao2020": {"start": "identity"}, "rdn": {"start": "identity"}},
        train={
            "steps": 6000,
            "batch": 8,
            "crop": 128,
            "lr": 2e-4,
            "validate": 10,
            "loss": {"mse": 40.0},
            "augment": ("hflip", "time_reverse"),
            "init": "default",
            "adversarial": GAME,
        },
        train_of={"deblurgan": {"adversarial": WASSERSTEIN}},
        seeds=(0, 1, 2),
        why="networks of full size on one graphics processor; generated clips, a short training",
    ),
    Profile(
        name="paper",
        train_on="dvd-flow",
        test_on={"zhao2020_synthetic_test": "dvd-flow"},
        data={"test_crop": "center"},
        train_of={
            "nah2017": {"lr": 1e-4, "batch": 16, "steps": 107100, "schedule": "step", "decay": 0.5},
            "rdn": {"lr": 5e-3, "batch": 8, "crop": 128, "steps": 400000, "schedule": "constant"},
            "deblurgan": {
                "lr": 1e-4,
                "schedule": "linear",
                "loss": {"perceptual_signed": 100.0},
                "adversarial": WASSERSTEIN,
            },
        },
        seeds=(0, 1, 2),
        why="the printed protocol on clips made from the videos of Su et al.; days on one graphics "
        "processor, and VGG19's weights are needed",
    ),
)

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
    figures=FIGURES,
    departures=DEPARTURES,
    profiles=PROFILES,
    checks=CLIP_CHECKS,
)
