"""li2026 declared: eleven trainings for eight tables, recipe, figures, departures, budgets.

Literals only. Length of the paper's trainings: 200 epochs of 1,000 batches of one picture, as in
the configuration of the baseline, are 200,000 steps. The printed cells stand in printed.yaml, the
claims in claims.yaml.
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

CONTROL = "a control of ours: the small budgets are spent on the printed rows"

BCE = Adversarial(discriminator="double", options={"norm": "batch"}, loss="bce", weight=0.01)
RAGAN = Adversarial(
    discriminator="double", options={"norm": "instance"}, loss="ragan_ls", weight=0.01
)
WGAN = Adversarial(
    discriminator="deblurgan_critic", loss="wgan_gp", weight=1.0, critic_steps=5, penalty=10.0
)

SMALL_BCE = Adversarial(
    discriminator="double", options={"norm": "batch", "features": 8}, loss="bce", weight=0.01
)
SMALL_RAGAN = Adversarial(
    discriminator="double",
    options={"norm": "instance", "features": 8},
    loss="ragan_ls",
    weight=0.01,
)
SMALL_WGAN = Adversarial(
    discriminator="deblurgan_critic", options={"features": 8}, loss="wgan_gp", weight=1.0,
    critic_steps=5, penalty=10.0,
)  # fmt: skip

METHODS = (
    Method(
        id="multiscale_dpl",
        title="mul [20], as DMPHN",
        network="dmphn",
        options={"levels": 3},
        train={"loss": {"mse": 1.0}, "adversarial": None},
    ),
    Method(
        id="deblurgan_v2",
        title="DeblurGAN-v2 baseline",
        network="deblurgan_v2",
        train={"loss": {"mse": 9.8, "perceptual": 0.006}, "adversarial": RAGAN},
    ),
    Method(
        id="li2026",
        title="li2026: MSFM, AFEM, ECA",
        network="li2026",
        options={"msfm": True, "afem": True, "eca": True},
    ),
    Method(
        id="attention_se",
        title="Attention [22], as SE U-Net",
        network="unet_seresnext",
        train={"loss": {"mse": 9.8, "perceptual": 0.006}, "adversarial": RAGAN},
    ),
    Method(
        id="deblurgan",
        title="DeblurGAN",
        network="deblurgan",
        train={
            "loss": {"perceptual_signed": 100.0},
            "adversarial": WGAN,
            "betas": (0.5, 0.999),
            "decay_from": 0.5,
            "lr_floor": 0.0,
        },
    ),
    Method(
        id="li2026_afem",
        title="AFEM alone",
        network="li2026",
        options={"msfm": False, "afem": True, "eca": False},
    ),
    Method(
        id="li2026_msfm",
        title="MSFM alone",
        network="li2026",
        options={"msfm": True, "afem": False, "eca": False},
    ),
    Method(
        id="li2026_msfm_afem",
        title="MSFM and AFEM",
        network="li2026",
        options={"msfm": True, "afem": True, "eca": False},
    ),
    Method(
        id="li2026_no_afem",
        title="MSFM and ECA, no AFEM",
        network="li2026",
        options={"msfm": True, "afem": False, "eca": True},
    ),
    Method(
        id="li2026_loss_content",
        title="li2026, no adversarial loss",
        network="li2026",
        options={"msfm": True, "afem": True, "eca": True},
        train={"adversarial": None},
    ),
    Method(
        id="li2026_loss_adv",
        title="li2026, adversarial loss alone",
        network="li2026",
        options={"msfm": True, "afem": True, "eca": True},
        train={"loss": {}},
    ),
    Method(
        id="li2026_eca",
        title="ECA alone",
        network="li2026",
        options={"msfm": False, "afem": False, "eca": True},
        profiles=("study", "gpu", "paper"),
        not_run=CONTROL,
        control=True,
    ),
    Method(
        id="li2026_afem_eca",
        title="AFEM and ECA",
        network="li2026",
        options={"msfm": False, "afem": True, "eca": True},
        profiles=("study", "gpu", "paper"),
        not_run=CONTROL,
        control=True,
    ),
    Method(
        id="li2026_long",
        title="li2026, long run",
        network="li2026",
        options={"msfm": True, "afem": True, "eca": True},
        profiles=("study",),
        not_run=LONG,
        control=True,
        apart=True,
    ),
    Method(id="identity", title="Blurred input", network="identity", control=True),
)

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

SYNTHETIC = (
    Column("hide_test", "psnr_db", "psnr-rgb", "PSNR [dB]"),
    Column("hide_test", "ssim", "wang-rgb", "SSIM"),
    Column("hide_test", "ssim", "vol3d-rgb", "SSIM, vol3d-rgb"),
    Column("hide_test", "ssim", "uniform7-rgb", "SSIM, uniform7-rgb"),
    Column("gopro_test", "psnr_db", "psnr-rgb", "PSNR [dB]"),
    Column("gopro_test", "ssim", "wang-rgb", "SSIM"),
    Column("gopro_test", "ssim", "vol3d-rgb", "SSIM, vol3d-rgb"),
    Column("gopro_test", "ssim", "uniform7-rgb", "SSIM, uniform7-rgb"),
)

REAL = (
    Column("realblur_j", "psnr_db", "psnr-rgb", "PSNR [dB]"),
    Column("realblur_j", "ssim", "wang-rgb", "SSIM"),
    Column("realblur_j", "psnr_db", "realblur-ecc-psnr", "PSNR, aligned [dB]"),
    Column("realblur_j", "ssim", "realblur-ecc-ssim", "SSIM, aligned"),
    Column("realblur_r", "psnr_db", "psnr-rgb", "PSNR [dB]"),
    Column("realblur_r", "ssim", "wang-rgb", "SSIM"),
    Column("realblur_r", "psnr_db", "realblur-ecc-psnr", "PSNR, aligned [dB]"),
    Column("realblur_r", "ssim", "realblur-ecc-ssim", "SSIM, aligned"),
)

COMPARED = (
    "multiscale_dpl", "deblurgan_v2", "li2026", "attention_se", "deblurgan", "identity",
)  # fmt: skip

MODULES = (
    "deblurgan_v2", "li2026_afem", "li2026_msfm", "li2026_msfm_afem", "li2026_eca",
    "li2026_afem_eca", "identity",
)  # fmt: skip

WITHOUT_AFEM = ("deblurgan_v2", "li2026", "li2026_no_afem", "identity")

LOSSES = ("deblurgan_v2", "li2026", "li2026_loss_content", "li2026_loss_adv", "identity")

TABLES = (
    Table(
        id="T1",
        number="Table 1",
        caption="Five networks on HIDE and GoPro, trained on GoPro.",
        methods=COMPARED,
        columns=SYNTHETIC,
    ),
    Table(
        id="T2",
        number="Table 2",
        caption="The same five networks on RealBlur-J and RealBlur-R, without training on them.",
        methods=COMPARED,
        columns=REAL,
    ),
    Table(
        id="T3",
        number="Table 3",
        caption="MSFM and AFEM, one at a time and together, on HIDE and GoPro; ECA is off.",
        methods=MODULES,
        columns=SYNTHETIC,
        kind="ablation",
    ),
    Table(
        id="T4",
        number="Table 4",
        caption="The networks of Table 3 on RealBlur-J and RealBlur-R.",
        methods=MODULES,
        columns=REAL,
        kind="ablation",
    ),
    Table(
        id="T5",
        number="Table 5",
        caption="The full network with and without AFEM on HIDE and GoPro; MSFM and ECA stay.",
        methods=WITHOUT_AFEM,
        columns=SYNTHETIC,
        kind="ablation",
    ),
    Table(
        id="T6",
        number="Table 6",
        caption="The networks of Table 5 on RealBlur-J and RealBlur-R.",
        methods=WITHOUT_AFEM,
        columns=REAL,
        kind="ablation",
    ),
    Table(
        id="T7",
        number="Table 7",
        caption="The full network trained with all losses, without the adversarial one, and with "
        "it alone, on HIDE and GoPro.",
        methods=LOSSES,
        columns=SYNTHETIC,
        kind="ablation",
    ),
    Table(
        id="T8",
        number="Table 8",
        caption="The networks of Table 7 on RealBlur-J and RealBlur-R.",
        methods=LOSSES,
        columns=REAL,
        kind="ablation",
    ),
)

SHOWN = ["multiscale_dpl", "deblurgan_v2", "li2026", "attention_se", "deblurgan"]

FIGURES = (
    Figure(
        id="F1",
        title="The loop",
        kind="diagram",
        caption="Who is trained with what: the generator by its content, perceptual and "
        "adversarial losses, the two discriminators by theirs; losses and weights as declared.",
        settings={"name": "loop"},
    ),
    Figure(
        id="F2",
        title="The generator",
        kind="diagram",
        caption="Blocks of the full network with the shape that leaves each for a picture of 256 "
        "pixels, and their parameters: five encoders (ECA behind the first two), maps 4 to 1 with "
        "MSFM on the coarsest, four heads with AFEM, two smoothing steps, the residual output.",
        settings={"name": "generator"},
    ),
    Figure(
        id="F3",
        title="MSFM and what its branches see",
        kind="receptive_field",
        caption="Five views of a map, merged. Below: how strongly the centre of each branch "
        "depends on its map around it, before training; the square marks the reach of its "
        "dilation. The pooled branch sees everything alike; the instance norm of the 1x1 branch "
        "sees the whole map as well, faintly.",
        settings={"diagram": "msfm"},
    ),
    Figure(
        id="F4",
        title="ECA and the weights it learns",
        kind="histograms",
        caption="Channel weights of each ECA after training, over channels and the pictures "
        "shown below; 0.5 is what an untrained gate of no opinion gives.",
        settings={
            "probe": "eca_weights",
            "diagram": "eca",
            "xlabel": "channel weight",
            "methods": ["li2026", "li2026_no_afem", "li2026_loss_content"],
        },
    ),
    Figure(
        id="F5",
        title="AFEM and the gates it learns",
        kind="histograms",
        caption="Gates of the four pyramid heads after training, over channels and the pictures "
        "shown below.",
        settings={
            "probe": "afem_gates",
            "diagram": "afem",
            "xlabel": "gate",
            "methods": ["li2026", "li2026_afem", "li2026_msfm_afem"],
        },
    ),
    Figure(
        id="F6",
        title="The discriminators",
        kind="diagram",
        caption="Two stacks of strided convolutions with the shape that leaves each layer for a "
        "crop of 256 pixels, and the side of the square that one of their logits sees.",
        settings={"name": "discriminators"},
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
        title="Training of the five networks",
        kind="curves",
        caption="Loss of the training crops and PSNR of the validation pictures; thin lines are "
        "single seeds, thick ones their mean. Losses of different rows are different sums.",
        settings={"methods": SHOWN},
    ),
    Figure(
        id="curves_own",
        title="Training of the paper's own rows",
        kind="curves",
        caption="The same for the baseline and the rows of Tables 3 to 8.",
        settings={
            "methods": [
                "deblurgan_v2",
                "li2026",
                "li2026_afem",
                "li2026_msfm",
                "li2026_msfm_afem",
                "li2026_no_afem",
                "li2026_loss_content",
                "li2026_loss_adv",
            ],
        },
    ),
    Figure(
        id="modules",
        title="Gain of each module",
        kind="bars",
        caption="PSNR gained over the blurred input by the rows of Table 3; bars are means over "
        "seeds, lines the 95 percent interval over photographs, dots single seeds.",
        settings={"table": "T3", "dataset": "gopro_test", "metric": "psnr_db"},
    ),
    Figure(
        id="losses",
        title="Gain with each loss",
        kind="bars",
        caption="The same for the rows of Table 7.",
        settings={"table": "T7", "dataset": "gopro_test", "metric": "psnr_db"},
    ),
    Figure(
        id="F7",
        title="GoPro stand-in: crops",
        kind="crops",
        caption="Crops of three test pictures and their error against the sharp picture, with the "
        "networks in the order of the paper's figure; pictures and crop are chosen by a fixed "
        "rule on the blurred input.",
        settings={"dataset": "gopro_test", "methods": SHOWN},
    ),
    Figure(
        id="crops_losses",
        title="Three losses, the same pictures",
        kind="crops",
        caption="The full network trained with all losses, without the adversarial one, and with "
        "it alone; the paper describes this comparison and shows none.",
        settings={
            "dataset": "gopro_test",
            "methods": ["deblurgan_v2", "li2026", "li2026_loss_content", "li2026_loss_adv"],
        },
    ),
)

DEPARTURES = (
    Departure(
        id="L01",
        where="Sec. 3.1",
        says="MSFM is part of the extractor of five scales; which map it takes is not said",
        does="one MSFM on the coarsest map, after its 1x1 convolution and border",
        why="the block comes from segmentation networks, where it stands at the coarsest map",
        option="li2026: msfm_levels",
    ),
    Departure(
        id="L02",
        where="Sec. 3.1, E8",
        says="three dilations as symbols",
        does="1, 2 and 4; a dilation that reaches the side of its map is refused in training",
        why="with the usual 6, 12, 18 the outer taps of the two larger ones see only the border "
        "of the 8x8 map of a 256-pixel crop, stay untrained and act at random on larger pictures",
        option="li2026: msfm_dilations",
    ),
    Departure(
        id="L03",
        where="Sec. 3.1, 4.1",
        says="ECA stands in the shallow layers; elsewhere it is said to favour deep features",
        does="on the outputs of the first two encoders",
        why="the section that describes the network says shallow",
        option="li2026: eca_levels, eca_where",
    ),
    Departure(
        id="L04",
        where="Sec. 3.1, E13",
        says="a 1-D convolution of unnamed length",
        does="the length grows with log2 of the channels: 3 for 32 and 64 channels",
        why="rule of ECA-Net, from which the module comes",
        option="li2026: eca_kernel",
    ),
    Departure(
        id="L05",
        where="Sec. 3.1",
        says="AFEM adjusts features while they are fused, with two convolutions before its gate; "
        "block0 and block1 are the names of the shallow feature extractor, which is not drawn",
        does="the gate ends each of the four pyramid heads, whose two convolutions are those "
        "meant; the shallow features are those of the encoder's first stage",
        why="the baseline's code has two convolutions named block0 and block1 in a head and fuses "
        "after it; a shallow extractor of its own has no place in the baseline",
        option="li2026: afem_where",
    ),
    Departure(
        id="L06",
        where="Sec. 3.1",
        says="the two convolutions have stride 3",
        does="3x3 kernels of stride 1",
        why="stride 3 twice would leave one pixel of the coarsest map and break the sizes that "
        "the upsampling joins; a slip for the kernel",
    ),
    Departure(
        id="L07",
        where="Sec. 3.1, E16",
        says="the gate narrows and widens again; the ratio is not given",
        does="a sixteenth, at least 4, no bias",
        why="the common squeeze-and-excitation gate",
        option="li2026: afem_reduction",
    ),
    Departure(
        id="L08",
        where="Sec. 3.1, E7 to E10",
        says="three branches in the text, five in the equations",
        does="five",
        why="the equations and the atrous pooling block they follow have five",
    ),
    Departure(
        id="L09",
        where="Sec. 3.1",
        says="input and output channels as symbols",
        does="both are those of the map: 256",
        why="the pyramid adds the map to others of its width",
        option="li2026: msfm_channels (width of the branches)",
    ),
    Departure(
        id="L10",
        where="Sec. 3.1, E7",
        says="instance norm with learnt scale and shift",
        does="so inside MSFM; without scale and shift elsewhere; in evaluation always the "
        "picture's own statistics",
        why="the baseline has none elsewhere, and scores with the picture's statistics",
        option="li2026: norm_affine, statistics",
    ),
    Departure(
        id="L11",
        where="Sec. 3.1, E9",
        says="layer norm on the pooled vector; the pooling reads its own output",
        does="layer norm over the channels; the pooling reads the map",
        why="batch or instance norm cannot train on one value per channel, as batches of one give",
        option="li2026: msfm_global_norm",
    ),
    Departure(
        id="L12",
        where="Sec. 3.1, E10",
        says="half of the merged values are dropped",
        does="so in training, not in evaluation",
        why="the usual meaning; we expect it to hurt a regression",
        option="li2026: msfm_dropout",
    ),
    Departure(
        id="L13",
        where="Sec. 3.1, 3.2",
        says="batch norm in MSFM and discriminator, with batches of one picture",
        does="kept; evaluation uses the running statistics",
        why="as printed; group norm is the alternative for MSFM",
        option="li2026: msfm_norm; recipe: batch",
    ),
    Departure(
        id="L14",
        where="Sec. 3.1",
        says="no residual around MSFM is shown",
        does="none",
        why="as printed",
        option="li2026: msfm_residual",
    ),
    Departure(
        id="L15",
        where="Sec. 3.1",
        says="mixed upsampling, without saying of what",
        does="nearest pixels",
        why="code of the baseline",
        option="li2026: upsample",
    ),
    Departure(
        id="L16",
        where="Sec. 3.1, E6",
        says="a convolution, then plain concatenation with the finest map",
        does="the finest map is added",
        why="code of the baseline; the widths given there fit a sum",
        option="li2026: smooth_merge",
    ),
    Departure(
        id="L17",
        where="Sec. 3.1, E6",
        says="the output is clamped",
        does="tanh of the last convolution is added to the blurred picture, then clamped",
        why="code of the baseline",
        option="li2026: output",
    ),
    Departure(
        id="L18",
        where="Sec. 3.1",
        says="does not name the backbone",
        does="Inception-ResNet-v2; MobileNetV2 in the smoke and demo budgets",
        why="the default of the baseline's code; the small backbone trains in seconds",
        option="li2026, deblurgan_v2: backbone, backbone_width",
    ),
    Departure(
        id="L19",
        where="Sec. 4.1",
        says="nothing about pre-trained weights",
        does="random weights in backbone and VGG19 unless a file is given",
        why="nothing is downloaded; the baseline starts from ImageNet weights, so every row here "
        "starts from less",
        option="li2026, deblurgan_v2: backbone_weights; environment: DEBLUR_VGG19",
    ),
    Departure(
        id="L20",
        where="Sec. 3.3, E22",
        says="squared feature distance over several layers",
        does="one layer, conv3_3, in the paper profile; the other budgets train without the term",
        why="the baseline's layer; without VGG19's public weights, which cannot be shipped, the "
        "term would compare random features. Where the paper profile finds no weights, its rows "
        "and captions say so. DeblurGAN, whose content loss is this term alone, takes 100 times "
        "the mean absolute error instead",
        option="recipe: loss (perceptual, perceptual_signed)",
    ),
    Departure(
        id="L21",
        where="Sec. 3.3, E21",
        says="three losses are added; no weights are printed",
        does="0.5 content, 0.006 perceptual, 0.01 adversarial",
        why="weights of the baseline; with weights of one the feature term would swamp the rest",
        option="recipe: loss, adversarial weight",
    ),
    Departure(
        id="L22",
        where="Sec. 3.3, E22; Sec. 4.1",
        says="the content loss is a mean absolute error; the baseline's is not told",
        does="mean absolute error for the paper's networks; for the baseline 9.8 times the mean "
        "squared error",
        why="the baseline takes half of the squared error of values normalised as for ImageNet, "
        "which is 19.6 times that of values from 0 to 1",
        option="recipe: loss (l1, mse, charbonnier)",
    ),
    Departure(
        id="L23",
        where="Sec. 3.3, E22, E23",
        says="cross-entropy",
        does="cross-entropy of logits for the paper's networks, the relativistic least-squares "
        "game for the baseline",
        why="each as its own paper has it; the baseline's released file says WGAN-GP instead",
        option="recipe: adversarial loss",
    ),
    Departure(
        id="L24",
        where="Sec. 3.2, E18 to E20",
        says="one discriminator with batch norm",
        does="two, for patches and for the whole crop, with batch norm; their losses are averaged",
        why="the baseline, whose configuration is said to be kept, has two, with instance norm",
        option="recipe: adversarial discriminator (double, patchgan) and options (norm)",
    ),
    Departure(
        id="L25",
        where="Sec. 3.3, E23",
        says="the text gives the discriminator a perceptual loss, its equation does not",
        does="none",
        why="the equation; the term does not depend on the discriminator",
    ),
    Departure(
        id="L26",
        where="Sec. 4.1",
        says="half of the training and a tenth of the test pictures, read literally for training",
        does="1,000 random pairs per epoch out of all; the whole test sets; never a test pair in "
        "training",
        why="the baseline's epochs have 1,000 training and 100 validation batches, which is about "
        "half of 2,103 and a tenth of 1,111",
        option="recipe: steps; data: every (2 takes half of the training pairs)",
    ),
    Departure(
        id="L27",
        where="Sec. 4.1, Tables 1 and 2",
        says="a multi-scale network, cited as a method that classifies images",
        does="the multi-patch network of three levels (1-2-4) with its squared-error loss, trained "
        "as long and on the same crops as the others",
        why="the cited work restores nothing; this deblurring network looks at patches of several "
        "sizes, and its first author's name shortens to the same. The printed 16.5 dB is no target",
        option="dmphn: levels, stages",
    ),
    Departure(
        id="L28",
        where="Sec. 4.1, Tables 1 and 2",
        says="an attention network, cited as squeeze-and-excitation, which is a block",
        does="the U-Net with an SE-ResNeXt-50 encoder that the baseline's code offers, with the "
        "baseline's losses",
        why="it lies in the repository that the paper builds on and carries that block",
        option="unet_seresnext: features, planes, depths; deblurgan: block ('se', whose gate looks "
        "in front of the norm, since behind it all means are zero)",
    ),
    Departure(
        id="L29",
        where="Sec. 4.1, Tables 1 and 2",
        says="DeblurGAN, in the same configuration as the baseline",
        does="its nine-block generator with residual output, its own losses and game (WGAN-GP, "
        "five critic steps, feature loss of weight 100), same crops and number of steps",
        why="its own code; one recipe for all would be the reading of the words",
        option="deblurgan: block, learn_residual; recipe",
    ),
    Departure(
        id="L30",
        where="Sec. 4.1",
        says="does not say which weights are scored",
        does="those with the best PSNR on validation pictures outside the test sets; of GoPro's "
        "training part two scenes, 160 of the 2,103 pairs, which then train nothing",
        why="choosing on test pictures would flatter every row; the baseline chooses by "
        "validation PSNR as well",
        option="recipe: validate",
    ),
    Departure(
        id="L31",
        where="Sec. 4, Tables 2, 4, 6, 8",
        says="nothing about size or alignment of RealBlur",
        does="full size, plain scores in the printed columns, aligned ones beside them",
        why="the printed level of the baseline, 25.6 and 30.2 dB, fits plain scores; aligned ones "
        "are about 3 and 5 dB higher",
        option="conventions psnr-rgb, wang-rgb, realblur-ecc-psnr, realblur-ecc-ssim",
    ),
    Departure(
        id="L32",
        where="Sec. 4.2, Tables 3 and 4",
        says="columns with and without MSFM and AFEM; ECA is not mentioned",
        does="ECA is off in all of them",
        why="with ECA on, two of their columns would repeat columns of other tables; all sixteen "
        "numbers differ",
        option="li2026: eca",
    ),
    Departure(
        id="L33",
        where="Sec. 4.2, Tables 7 and 8",
        says="with and without content loss, and content loss without adversarial loss",
        does="without the adversarial term; and with it alone (no content, no perceptual term)",
        why="in the baseline's code the content loss includes the perceptual part",
        option="recipe: loss, adversarial",
    ),
    Departure(
        id="L34",
        where="Sec. 4.1",
        says="single numbers",
        does="three seeds in the gpu and paper profiles, one in smoke and demo",
        why="differences of a few hundredths of a decibel need more than one run",
        option="seeds",
    ),
    Departure(
        id="L35",
        where="Sec. 4.1",
        says="no learning rate",
        does="1e-4, from a quarter of the steps on in a line to 1e-7",
        why="configuration of the baseline; its code divides by the wrong count and ends near "
        "2.6e-5",
        option="recipe: lr, lr_floor, schedule, decay_from",
    ),
    Departure(
        id="L36",
        where="Sec. 4.1",
        says="nothing about augmentation",
        does="flips and quarter turns of both pictures; no corruption of the input",
        why="the baseline's file has warps and corruptions as well, even in validation",
        option="recipe: augment",
    ),
    Departure(
        id="L37",
        where="Sec. 4.1",
        says="nothing about how the last layer begins",
        does="at random in the paper profile; from zeros in demo and gpu, for baseline and modules "
        "alike",
        why="the output is a correction; a short training that starts at the blurred picture does "
        "not spend its steps on finding back to it",
        option="li2026, deblurgan_v2: start",
    ),
    Departure(
        id="L38",
        where="Sec. 4.1",
        says="PSNR and SSIM without a definition",
        does="PSNR of 8-bit RGB pictures; SSIM with an 11x11 Gaussian window per channel, two "
        "other definitions beside it",
        why="the print does not decide; the baseline's code truncates to 8 bits and takes a 7x7 "
        "box window",
        option="table columns: convention",
    ),
    Departure(
        id="L39",
        where="Sec. 4, Tables 1 to 8",
        says="no row for the blurred pictures themselves",
        does="such a row in every table",
        why="two printed rows lie below a usual figure for the blurred input of GoPro",
    ),
    Departure(
        id="L40",
        where="Sec. 3.3",
        says="the generator is written as fed with noise",
        does="it is fed with the blurred picture alone",
        why="the network described has no other input",
    ),
    Departure(
        id="L41",
        where="Sec. 4.1",
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
        test_on={
            "hide_test": "synth-hide-close",
            "gopro_test": "synth-gopro-linear",
            "realblur_j": "synth-realblur-j",
            "realblur_r": "synth-realblur-r",
        },
        data={"size": 64, "train": 8, "validation": 2, "test": 3, "blur": 0.5},
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
        train={
            "steps": 4, "batch": 2, "crop": 64, "validate": 2, "loss": {"l1": 0.5},
            "adversarial": SMALL_BCE,
        },
        train_of={
            "deblurgan_v2": {"loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN},
            "attention_se": {"loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN},
            "deblurgan": {"loss": {"l1": 100.0}, "adversarial": SMALL_WGAN},
        },
        why="shows that every step runs; its numbers mean nothing",
    ),
    Profile(
        name="demo",
        train_on="synth-gopro-linear",
        test_on={
            "hide_test": "synth-hide-close",
            "gopro_test": "synth-gopro-linear",
            "realblur_j": "synth-realblur-j",
            "realblur_r": "synth-realblur-r",
        },
        data={
            "size": 128, "train": 96, "validation": 8, "test": 16, "blur": 0.25, "spread": 0.4,
        },
        options={
            "deblurgan_v2": {
                "backbone": "mobilenet", "pyramid_channels": 32, "head_channels": 32,
                "start": "identity",
            },
            "li2026": {
                "backbone": "mobilenet", "pyramid_channels": 32, "head_channels": 32,
                "msfm_levels": [2], "start": "identity",
            },
            "dmphn": {"features": 8},
            "unet_seresnext": {"features": 8, "planes": 16, "depths": [1, 1, 1, 1]},
            "deblurgan": {"features": 16, "blocks": 3},
        },
        train={
            "steps": 600, "batch": 4, "crop": 64, "lr": 4e-3, "lr_floor": 1e-5, "validate": 8,
            "loss": {"l1": 0.5}, "adversarial": SMALL_BCE,
        },
        train_of={
            "multiscale_dpl": {"steps": 250, "lr": 3e-3},
            "deblurgan_v2": {"loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN},
            "attention_se": {
                "steps": 250, "lr": 3e-3, "loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN,
            },
            "deblurgan": {
                "steps": 250, "lr": 2e-3, "loss": {"l1": 100.0}, "adversarial": SMALL_WGAN,
            },
        },
        seeds_of={"li2026": (0, 1, 2), "deblurgan_v2": (0, 1, 2)},
        precision="fp32",
        why="minutes on two processor cores: narrow networks on a random MobileNetV2, three seeds "
        "of the full network and of the baseline, one of the other rows, generated blur of two to "
        "three pixels, no perceptual term. It shows whether the rows of one size differ after the "
        "same short training, not what full training on GoPro would give",
    ),
    Profile(
        name="study",
        train_on="synth-gopro-linear",
        test_on={
            "hide_test": "synth-hide-close",
            "gopro_test": "synth-gopro-linear",
            "realblur_j": "synth-realblur-j",
            "realblur_r": "synth-realblur-r",
        },
        data={
            "size": 256, "train": 600, "validation": 16, "test": 36, "blur": 0.5,
        },
        options={
            "deblurgan_v2": {
                "backbone": "mobilenet", "pyramid_channels": 32, "head_channels": 32,
                "start": "identity",
            },
            "li2026": {
                "backbone": "mobilenet", "pyramid_channels": 32, "head_channels": 32,
                "msfm_levels": [3], "start": "identity",
            },
            "dmphn": {"features": 8, "start": "identity"},
            "unet_seresnext": {
                "features": 8, "planes": 16, "depths": [1, 1, 1, 1], "start": "identity",
            },
            "deblurgan": {"features": 12, "blocks": 2, "start": "identity"},
        },
        train={
            "steps": 2400, "batch": 4, "crop": 128, "lr": 2e-3, "lr_floor": 1e-5, "validate": 6,
            "loss": {"l1": 0.5}, "ema": 0.995, "adversarial": SMALL_BCE,
        },
        train_of={
            "li2026_long": {"steps": 18000, "ema": 0.999},
            "deblurgan_v2": {"loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN},
            "attention_se": {"loss": {"mse": 9.8}, "adversarial": SMALL_RAGAN},
            "deblurgan": {
                "lr": 1e-3, "loss": {"l1": 100.0}, "adversarial": SMALL_WGAN,
            },
        },
        data_of={"li2026_long": {"blur": 1.0, "train": 2000}},
        seeds=(0, 1, 2, 3, 4),
        seeds_of={
            "li2026_long": (0,),
            "multiscale_dpl": (0, 1, 2), "attention_se": (0, 1, 2), "deblurgan": (0, 1, 2),
        },
        precision="fp32",
        why="hours on two processor cores, resumable: narrow networks of about equal cost, half of "
        "GoPro's length of blur, five seeds for the paper's rows and controls, "
        "three for competitors. It judges differences between rows of one size and budget, not "
        "what full width and full training would give; the long run shows full length",
    ),
    Profile(
        name="gpu",
        train_on="synth-gopro-linear",
        test_on={
            "hide_test": "synth-hide-close",
            "gopro_test": "synth-gopro-linear",
            "realblur_j": "synth-realblur-j",
            "realblur_r": "synth-realblur-r",
        },
        data={"size": 256, "train": 512, "validation": 16, "test": 48},
        options={"deblurgan_v2": {"start": "identity"}, "li2026": {"start": "identity"}},
        train={
            "steps": 4000, "batch": 8, "crop": 256, "lr": 2e-4, "validate": 10,
            "loss": {"l1": 0.5},
        },
        train_of={
            "deblurgan_v2": {"loss": {"mse": 9.8}},
            "attention_se": {"loss": {"mse": 9.8}},
            "deblurgan": {"loss": {"l1": 100.0}},
        },
        seeds=(0, 1, 2),
        why="networks of full size on one graphics processor; generated blur, a short training "
        "from random weights, no perceptual term",
    ),
    Profile(
        name="paper",
        train_on="gopro-linear",
        test_on={
            "hide_test": "hide",
            "gopro_test": "gopro-linear",
            "realblur_j": "realblur-j",
            "realblur_r": "realblur-r",
        },
        seeds=(0, 1, 2),
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
    figures=FIGURES,
    departures=DEPARTURES,
    profiles=PROFILES,
    starts_from={
        "deblurgan_v2": "ImageNet weights of the backbone",
        "li2026": "ImageNet weights of the backbone",
    },
)
