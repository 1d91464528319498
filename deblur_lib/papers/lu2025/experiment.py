"""lu2025 declared: rows, recipe, tables, figures, departures and the five budgets.

Literals only. Steps of the paper: 2,103 pairs in batches of 8 are 263 steps; 3,000 epochs of them
are 789,000, 10 epochs of warm-up are 2,630. The printed cells stand in printed.yaml, the claims in
claims.yaml. Rows of Table 2 are named dsgformer_<gate>_<score>.
"""

from deblur_lib.spec import LONG, Column, Departure, Figure, Method, Paper, Profile, Table, Train

LARGER = "the smoke budget shows the paper's own rows"

METHODS = (
    Method(
        id="mprnet",
        title="MPRNet",
        network="mprnet",
        train={"scales": True},
        profiles=("demo", "study", "gpu", "paper"),
        not_run=LARGER,
    ),
    Method(
        id="restormer",
        title="Restormer",
        network="restormer",
        profiles=("demo", "study", "gpu", "paper"),
        not_run=LARGER,
    ),
    Method(
        id="stripformer",
        title="Stripformer",
        network="stripformer",
        profiles=("demo", "study", "gpu", "paper"),
        not_run=LARGER,
    ),
    Method(
        id="convir",
        title="ConvIR",
        network="convir",
        train={"scales": True},
        profiles=("demo", "study", "gpu", "paper"),
        not_run=LARGER,
    ),
    Method(
        id="mb_taylorformer_v2",
        title="MB-TaylorFormer-V2",
        network="mb_taylorformer_v2",
        profiles=("study", "gpu", "paper"),
        not_run="run from study on: on a processor its deformable convolutions take several "
        "times the time of any other row",
    ),
    Method(
        id="dsgformer",
        title="DSGformer",
        network="dsgformer",
        options={"gate": "dfgb", "score": "relu2"},
    ),
    Method(
        id="dsgformer_sg_relu",
        title="SimpleGate, ReLU",
        network="dsgformer",
        options={"gate": "simple_gate", "score": "relu"},
        train_on="realblur_j",
    ),
    Method(
        id="dsgformer_sg_relu2",
        title="SimpleGate, squared ReLU",
        network="dsgformer",
        options={"gate": "simple_gate", "score": "relu2"},
        train_on="realblur_j",
    ),
    Method(
        id="dsgformer_sg_softmax",
        title="SimpleGate, softmax (MDTA)",
        network="dsgformer",
        options={"gate": "simple_gate", "score": "softmax"},
        train_on="realblur_j",
    ),
    Method(
        id="dsgformer_gelu_softmax",
        title="GELU, softmax (MDTA)",
        network="dsgformer",
        options={"gate": "gelu", "score": "softmax"},
        train_on="realblur_j",
    ),
    Method(
        id="dsgformer_gelu_relu",
        title="GELU, ReLU",
        network="dsgformer",
        options={"gate": "gelu", "score": "relu"},
        train_on="realblur_j",
    ),
    Method(
        id="dsgformer_gelu_relu2",
        title="GELU, squared ReLU",
        network="dsgformer",
        options={"gate": "gelu", "score": "relu2"},
        train_on="realblur_j",
    ),
    Method(
        id="dsgformer_dfgb_relu2",
        title="DFGB, squared ReLU (DSGformer)",
        network="dsgformer",
        options={"gate": "dfgb", "score": "relu2"},
        train_on="realblur_j",
        control=True,
    ),
    Method(
        id="dsgformer_dfgb_relu",
        title="DFGB, ReLU",
        network="dsgformer",
        options={"gate": "dfgb", "score": "relu"},
        train_on="realblur_j",
        control=True,
    ),
    Method(
        id="dsgformer_dfgb_softmax",
        title="DFGB, softmax (MDTA)",
        network="dsgformer",
        options={"gate": "dfgb", "score": "softmax"},
        train_on="realblur_j",
        control=True,
    ),
    Method(
        id="dsgformer_no_topk",
        title="DSGformer, all scores kept",
        network="dsgformer",
        options={"gate": "dfgb", "score": "relu2", "topk_ratios": [1.0]},
        train_on="realblur_j",
        control=True,
    ),
    Method(
        id="dsgformer_single_k",
        title="DSGformer, one selection of half",
        network="dsgformer",
        options={"gate": "dfgb", "score": "relu2", "topk_ratios": [0.5]},
        train_on="realblur_j",
        control=True,
    ),
    Method(
        id="dsgformer_long",
        title="DSGformer, long run",
        network="dsgformer",
        options={"gate": "dfgb", "score": "relu2"},
        profiles=("study",),
        not_run=LONG,
        control=True,
        apart=True,
    ),
    Method(id="identity", title="Blurred input", network="identity", control=True),
)

RECIPE = Train(
    steps=789000,
    batch=8,
    crop=256,
    lr=2e-4,
    lr_floor=1e-6,
    optimiser="adamw",
    weight_decay=1e-4,
    schedule="cosine",
    warmup=2630,
    loss={"l1": 1.0},
    augment=("rot90", "hflip", "vflip"),
    validate=30,
)

TABLES = (
    Table(
        id="T1",
        number="Table 1",
        caption="Networks compared on GoPro, and how many parameters they have.",
        methods=(
            "mprnet", "restormer", "stripformer", "convir", "mb_taylorformer_v2", "dsgformer",
            "identity",
        ),
        columns=(
            Column("gopro_test", "psnr_db", "psnr-rgb", "PSNR [dB]"),
            Column("gopro_test", "ssim", "vol3d-rgb", "SSIM"),
            Column(
                "gopro_test", "params_m", "parameters", "parameters [M]",
                size_of={"mb_taylorformer_v2": "mb_taylorformer_v2_l"},
            ),
            Column("gopro_test", "ssim", "wang-rgb", "SSIM, wang-rgb"),
        ),
    ),
    Table(
        id="T2",
        number="Table 2",
        caption="Gate and activation of the scores, trained and tested on RealBlur-J.",
        methods=(
            "dsgformer_sg_relu", "dsgformer_sg_relu2", "dsgformer_sg_softmax",
            "dsgformer_gelu_softmax", "dsgformer_gelu_relu", "dsgformer_gelu_relu2",
            "dsgformer_dfgb_relu2", "dsgformer_dfgb_relu", "dsgformer_dfgb_softmax",
            "dsgformer_no_topk", "dsgformer_single_k", "dsgformer", "identity",
        ),
        columns=(
            Column("realblur_j", "psnr_db", "realblur-ecc-psnr", "PSNR, aligned [dB]"),
            Column("realblur_j", "psnr_db", "psnr-rgb", "PSNR, psnr-rgb [dB]"),
        ),
        kind="ablation",
    ),
)  # fmt: skip

FIGURES = (
    Figure(
        id="F1a",
        title="The network",
        kind="diagram",
        caption="Head, encoder, decoder and tail with the shape that leaves each for a crop of 256 "
        "pixels and its parameters; E1 to E4 and D are the paper's names.",
        settings={"name": "dsgformer"},
    ),
    Figure(
        id="F1b",
        title="DSGA, the block",
        kind="diagram",
        caption="The block at 64 channels: norm, 1x1 and depthwise 3x3 convolution make Q, K, V "
        "and U; sparse attention of the first three is multiplied by the gate made of the fourth.",
        settings={"name": "dsga"},
    ),
    Figure(
        id="F1c",
        title="DTSAS, the attention",
        kind="diagram",
        caption="Scores between channels, several selections of the largest of each row, a squared "
        "ReLU, and a learnt sum; shapes are heads, channels of a head, pixels.",
        settings={"name": "dtsas"},
    ),
    Figure(
        id="F1d",
        title="DFGB, the gate",
        kind="diagram",
        caption="U is cut into blocks of 8 pixels, their half spectra are weighed by a learnt "
        "matrix M for each channel, and put together again.",
        settings={"name": "dfgb"},
    ),
    Figure(
        id="scores",
        title="Scores before and after the selection",
        kind="heatmaps",
        caption="Scores of the first block of each encoder layer, first head, for the picture with "
        "the strongest blur: rows attend to columns. Above as computed, below after top-k and "
        "squared ReLU, with the share of zeros over all heads.",
        settings={"probe": "scores", "columns": 4},
    ),
    Figure(
        id="matrices",
        title="What the gate learns to weigh",
        kind="heatmaps",
        caption="Size of the learnt matrix M of each layer, mean over channels: rows and columns "
        "are frequencies of a block of 8 pixels, the constant part at the top left. Training "
        "starts at one everywhere.",
        settings={"probe": "matrices", "columns": 8},
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
        title="Training of the printed rows",
        kind="curves",
        caption="Loss of the training crops and PSNR of the validation pictures for the rows of "
        "Table 2; thin lines are single seeds, thick ones their mean.",
        settings={
            "methods": [
                "dsgformer_sg_relu", "dsgformer_sg_relu2", "dsgformer_sg_softmax",
                "dsgformer_gelu_softmax", "dsgformer_gelu_relu", "dsgformer_gelu_relu2",
                "dsgformer_dfgb_relu2",
            ],
        },
    ),
    Figure(
        id="controls",
        title="Training of the controls",
        kind="curves",
        caption="The same for the rows with DFGB and for the controls of the selection.",
        settings={
            "methods": [
                "dsgformer_dfgb_relu2", "dsgformer_dfgb_relu", "dsgformer_dfgb_softmax",
                "dsgformer_no_topk", "dsgformer_single_k",
            ],
        },
    ),
    Figure(
        id="rivals",
        title="Training of the networks of Table 1",
        kind="curves",
        caption="The same for the networks of Table 1 on their own pictures.",
        settings={
            "methods": [
                "mprnet", "restormer", "stripformer", "convir", "mb_taylorformer_v2", "dsgformer",
            ],
        },
    ),
    Figure(
        id="bars",
        title="Gain of each row of Table 2",
        kind="bars",
        caption="Aligned PSNR gained over the blurred input; bars are means over seeds, lines the "
        "95 percent interval over photographs, dots single seeds.",
        settings={"table": "T2", "dataset": "realblur_j", "metric": "psnr_db"},
    ),
    Figure(
        id="F2",
        title="GoPro stand-in: crops",
        kind="crops",
        caption="Crops of three test pictures and their error against the sharp picture; the "
        "pictures and the crop are chosen by a fixed rule on the blurred input.",
        settings={
            "dataset": "gopro_test",
            "methods": [
                "mprnet", "restormer", "mb_taylorformer_v2", "convir", "stripformer", "dsgformer",
            ],
        },
    ),
    Figure(
        id="crops",
        title="RealBlur-J stand-in: crops",
        kind="crops",
        caption="The same for Table 2: the best and the replaced attention, each gate once.",
        settings={
            "dataset": "realblur_j",
            "methods": [
                "dsgformer_sg_relu2", "dsgformer_gelu_relu2", "dsgformer_dfgb_softmax",
                "dsgformer_dfgb_relu2",
            ],
        },
    ),
)  # fmt: skip

DEPARTURES = (
    Departure(
        id="D01",
        where="Sec. 2",
        says="a symbol for the number of channels",
        does="32",
        why="one of the uniform layouts that give exactly the printed 15.57 million parameters",
        option="dsgformer: dim",
    ),
    Departure(
        id="D02",
        where="Sec. 2",
        says="nothing about the number of blocks in a layer",
        does="eight in each of the eight layers",
        why="the same calibration; the relatives use 4 to 12 in a layer",
        option="dsgformer: blocks",
    ),
    Departure(
        id="D03",
        where="Sec. 2",
        says="the shapes of the encoder's and decoder's outputs, not the order of the parts",
        does="shrinks before the blocks of a layer and enlarges behind them; skips are the layers' "
        "outputs",
        why="only this order meets every printed shape",
        option="dsgformer: layout",
    ),
    Departure(
        id="D04",
        where="Sec. 2",
        says="the decoder takes the four encoder outputs, none of which has the full size",
        does="no skip at full size, only the sum with the input at the end",
        why="as printed; Restormer has one",
        option="dsgformer: full_res_skip",
    ),
    Departure(
        id="D05",
        where="Sec. 2",
        says="nothing about how sizes change",
        does="3x3 convolution and pixel shuffle, both ways",
        why="code of Restormer, whose shape the network follows",
        option="dsgformer: resample",
    ),
    Departure(
        id="D06",
        where="Sec. 2",
        says="nothing about how skips are merged",
        does="concatenation and 1x1 convolution; at the finest level concatenation alone",
        why="code of Restormer; without reduction the decoder ends with the printed width",
        option="dsgformer: fuse",
    ),
    Departure(
        id="D07",
        where="Sec. 2.1",
        says="a score matrix over all channels, so one head; the attention it replaces has several",
        does="one head for every 32 channels",
        why="Restormer's rule; a single head costs a fifth more arithmetic at equal parameters",
        option="dsgformer: heads",
    ),
    Departure(
        id="D08",
        where="Secs. 1 and 2.1",
        says="speaks of tokens, pixels and patches; the equations compare channels",
        does="compares channels",
        why="the printed size of the matrix leaves no other reading",
    ),
    Departure(
        id="D09",
        where="Sec. 2.1",
        says="scores are products of Q and K over all pixels, divided by one number",
        does="each row of Q and K is brought to unit length first",
        why="otherwise squared scores grow with the square of the number of pixels, and a network "
        "trained on crops breaks on frames; Restormer does the same",
        option="dsgformer: qk_norm",
    ),
    Departure(
        id="D10",
        where="Sec. 2.1",
        says="divides by alpha, without saying whether it is learnt",
        does="multiplies by a learnt factor per head that starts at one",
        why="code of Restormer; for ReLU and squared ReLU it only rescales",
        option="dsgformer: alpha",
    ),
    Departure(
        id="D11",
        where="Sec. 2.1",
        says="several selections with tunable k; neither their number nor the values",
        does="four, keeping 1/2, 2/3, 3/4 and 4/5 of each row",
        why="the values of DRSformer, from which the selection comes",
        option="dsgformer: topk_ratios",
    ),
    Departure(
        id="D12",
        where="Sec. 2.1",
        says="k lies between 0 and 1, and the k-th largest entry decides",
        does="k is a share of the row, rounded down, at least one entry; ties stay",
        why="both statements hold with it",
        option="dsgformer: topk_ratios",
    ),
    Departure(
        id="D13",
        where="Sec. 2.1",
        says="entries below the threshold become zero",
        does="zero; before a softmax they would become minus infinity",
        why="as printed; zero before a softmax would still take weight",
        option='dsgformer: score ("softmax_topk")',
    ),
    Departure(
        id="D14",
        where="Sec. 2.1",
        says="learnable weights for the selections",
        does="one free number each, starting at 0.2, for every block",
        why="code of DRSformer",
        option="dsgformer: branch_weight",
    ),
    Departure(
        id="D15",
        where="Sec. 2.1",
        says="squares the rectified scores without further scaling",
        does="no scaling",
        why="as printed; the unit rows of D09 keep the scores bounded",
        option="dsgformer: attn_row_norm",
    ),
    Departure(
        id="D16",
        where="Sec. 2.2",
        says="a learnable quantisation matrix in the manner of JPEG",
        does="real weights on the half spectrum of 8x8 blocks, one set for each channel, from one",
        why="code of FFTformer; the paper writes a real Fourier transform, not JPEG's cosines",
        option="dsgformer: dfgb_matrix, dfgb_transform, dfgb_patch",
    ),
    Departure(
        id="D17",
        where="Sec. 3.4, Table 2",
        says="ticks ReLU, squared ReLU or softmax; the prose compares with dense attention",
        does="rows with ReLU keep the selection, rows with softmax are dense as in Restormer",
        why="the only reading in which table and prose speak of the same rows",
        option="dsgformer: score, topk_ratios",
    ),
    Departure(
        id="D18",
        where="Secs. 3.2 and 3.4, Table 2",
        says="trains on GoPro; Table 2 is measured on RealBlur-J",
        does="trains the rows of Table 2 on the training pictures of RealBlur-J; the network "
        "trained on GoPro stands beside them",
        why="the printed 30 to 32 dB fit networks trained on that set, those trained on GoPro "
        "usually stay below 30 dB",
        option="rows dsgformer and dsgformer_dfgb_relu2; conventions realblur-ecc-psnr, psnr-rgb",
    ),
    Departure(
        id="D19",
        where="Sec. 3.4",
        says="nothing about the length of the trainings of Table 2",
        does="as many steps as on GoPro",
        why="equal budgets for both tables",
        option="recipe: steps",
    ),
    Departure(
        id="D20",
        where="Sec. 3.4",
        says="SimpleGate replaces DFGB",
        does="multiplies the attended values by U itself",
        why="the two factors are then the two halves of NAFNet's gate",
        option='dsgformer: gate ("simple_gate_split")',
    ),
    Departure(
        id="D21",
        where="Secs. 2 and 2.2",
        says="the equation gates with U, the prose with X",
        does="U",
        why="X would leave one of the four projections without use",
    ),
    Departure(
        id="D22",
        where="Sec. 2.2",
        says="GELU at the end of the gate",
        does="after the blocks are put together",
        why="order of the printed formula",
    ),
    Departure(
        id="D23",
        where="Sec. 2",
        says="layer norm",
        does="over the channels of each pixel, with scale and shift",
        why="code of Restormer",
        option="dsgformer: ln_bias",
    ),
    Departure(
        id="D24",
        where="Sec. 2",
        says="nothing about biases of convolutions",
        does="none",
        why="code of Restormer",
        option="dsgformer: bias",
    ),
    Departure(
        id="D25",
        where="Sec. 2",
        says="depthwise after pointwise convolution",
        does="the same, for all four projections at once",
        why="as printed; one wide convolution equals four",
    ),
    Departure(
        id="D26",
        where="Sec. 3",
        says="nothing about full frames after training on crops",
        does="attention sums over the whole frame",
        why="no local statistics are mentioned",
        option="restore: tile",
    ),
    Departure(
        id="D27",
        where="Sec. 3",
        says="nothing about frames whose sides do not suit the network",
        does="mirrored to multiples of 64 and cut back",
        why="three halvings and blocks of 8 pixels",
    ),
    Departure(
        id="D28",
        where="Table 1",
        says="scores of five other networks without their source",
        does="trains all of them on the same pictures; with the recipe of DSGformer in the small "
        "budgets, with their published recipes in the paper profile",
        why="they equal what their authors published; under one recipe only the networks differ",
        option="train overrides of each row",
    ),
    Departure(
        id="D29",
        where="Table 1",
        says="33.24 dB at 7.29 million parameters for MB-TaylorFormer-V2",
        does="runs size XL and lists the sizes of both",
        why="its code counts 7.296 million for size L and 16.258 million for size XL, and only XL "
        "is published for deblurring; the printed row seems to join the score of one and the size "
        "of the other",
        option="mb_taylorformer_v2: dim",
    ),
    Departure(
        id="D30",
        where="Sec. 0",
        says="less computation than attention with a feed-forward part, without a number",
        does="counts multiply-accumulates of every network at its published size, Fourier "
        "transforms included, and measures seconds and memory",
        why="parameters alone do not show it",
        option="costs of each row",
    ),
    Departure(
        id="D31",
        where="Sec. 3.2",
        says="PSNR and SSIM without a definition",
        does="8-bit RGB; SSIM as MATLAB computes it for RGB (vol3d-rgb), Gaussian beside it",
        why="the quoted competitors' numbers come from such scripts",
        option="table columns: convention",
    ),
    Departure(
        id="D32",
        where="Sec. 3.1",
        says="AdamW without its numbers",
        does="betas 0.9 and 0.999, weight decay 1e-4, no clipping, no moving average",
        why="code of Restormer",
        option="recipe: betas, weight_decay, clip",
    ),
    Departure(
        id="D33",
        where="Sec. 3.1",
        says="nothing about validation or which weights are scored",
        does="the weights with the best PSNR on validation pictures that are not in the test set; "
        "of GoPro's training part two scenes, 160 of the 2,103 pairs, which then train nothing",
        why="choosing on the test set would flatter every row",
        option="recipe: validate; data: held_out",
    ),
    Departure(
        id="D34",
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
        test_on={"gopro_test": "synth-gopro-linear", "realblur_j": "synth-realblur-j"},
        data={"size": 64, "train": 8, "validation": 2, "test": 3, "blur": 0.5},
        options={"dsgformer": {"dim": 4, "blocks": 1}},
        train={"steps": 4, "batch": 2, "crop": 64, "warmup": 1, "validate": 2},
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
            "dsgformer": {"dim": 8, "blocks": 1},
            "mprnet": {
                "features": 8, "unet_step": 4, "orsnet_step": 4, "cabs": 1,
            },
            "restormer": {
                "dim": 8, "blocks": [1, 1, 1, 1], "refinement": 1,
            },
            "stripformer": {
                "features": 8, "bottleneck": 40, "decoder": 24, "blocks": [2, 2],
            },
            "convir": {
                "base_channels": 8, "num_res": 1, "dilations": [1, 1, 1],
            },
        },
        train={
            "steps": 400, "batch": 4, "crop": 64, "lr": 2e-3, "warmup": 10, "validate": 8,
        },
        seeds_of={"dsgformer": (0, 1, 2), "dsgformer_dfgb_relu2": (0, 1, 2)},
        why="minutes on two processor cores, so most of the sixteen rows have one seed, and the "
        "luck of a training is known from two rows with three: shows whether rows of one size "
        "differ after the same short training on generated blur. Camera shake without lamps "
        "stands for RealBlur-J: in night pictures so short a training gains a third of a decibel "
        "at most, too little to tell rows apart. It does not show what full training would give",
    ),
    Profile(
        name="study",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "realblur_j": "synth-realblur-j"},
        data={
            "size": 256, "train": 600, "validation": 16, "test": 48, "blur": 0.5,
        },
        options={
            "dsgformer": {"dim": 12, "blocks": 1, "start": "identity"},
            "mprnet": {
                "features": 8, "unet_step": 4, "orsnet_step": 4, "cabs": 1, "start": "identity",
            },
            "restormer": {
                "dim": 8, "blocks": [1, 1, 1, 1], "refinement": 1, "start": "identity",
            },
            "stripformer": {
                "features": 8, "bottleneck": 40, "decoder": 24, "blocks": [2, 2],
                "start": "identity",
            },
            "convir": {
                "base_channels": 8, "num_res": 1, "dilations": [1, 1, 1], "start": "identity",
            },
            "mb_taylorformer_v2": {
                "dim": [8, 16, 16, 16], "num_blocks": [1, 1, 1, 1], "num_path": [1, 1, 1, 1],
                "start": "identity",
            },
        },
        train={
            "steps": 2400, "batch": 2, "crop": 128, "lr": 1e-3, "warmup": 60, "validate": 6,
            "ema": 0.995,
        },
        train_of={
            "dsgformer_long": {"steps": 24000, "ema": 0.999},
            "mb_taylorformer_v2": {"steps": 1000, "batch": 4, "crop": 64},
        },
        data_of={"dsgformer_long": {"blur": 1.0, "train": 2000}},
        seeds=(0, 1, 2, 3, 4),
        seeds_of={
            "dsgformer_long": (0,),
            "mprnet": (0, 1, 2), "restormer": (0, 1, 2), "stripformer": (0, 1, 2),
            "convir": (0, 1, 2), "mb_taylorformer_v2": (0, 1, 2),
        },
        why="hours on two processor cores, resumable: narrow networks of about equal cost, half of "
        "GoPro's length of blur, five seeds for the paper's rows and controls, "
        "three for competitors. It judges differences between rows of one size and budget, not "
        "what full width and full training would give; the long run shows full length",
    ),
    Profile(
        name="gpu",
        train_on="synth-gopro-linear",
        test_on={"gopro_test": "synth-gopro-linear", "realblur_j": "synth-realblur-j"},
        data={"size": 256, "train": 512, "validation": 16, "test": 48},
        options={
            "dsgformer": {"dim": 32, "blocks": 8},
            "mb_taylorformer_v2": {"dim": [28, 56, 112, 160]},
        },
        train={"steps": 3000, "batch": 8, "crop": 128, "lr": 5e-4, "warmup": 100, "validate": 10},
        train_of={"convir": {"batch": 2, "crop": 256}},
        seeds=(0, 1, 2),
        why="networks of full size on one graphics processor; generated blur and a short training",
    ),
    Profile(
        name="paper",
        train_on="gopro-linear",
        test_on={"gopro_test": "gopro-linear", "realblur_j": "realblur-j"},
        options={
            "dsgformer": {"dim": 32, "blocks": 8},
            "mb_taylorformer_v2": {"dim": [28, 56, 112, 160]},
        },
        train_of={
            "mprnet": {
                "steps": 394500, "batch": 16, "optimiser": "adam", "weight_decay": 0.0,
                "warmup": 395, "loss": {"charbonnier": 1.0, "edge": 0.05},
            },
            "restormer": {
                "steps": 300000, "batch": 64, "crop": 128, "lr": 3e-4, "warmup": 0, "clip": 0.01,
            },
            "stripformer": {
                "steps": 789000, "optimiser": "adam", "weight_decay": 0.0, "lr": 1e-4,
                "lr_floor": 1e-7, "warmup": 0, "loss": {"charbonnier": 1.0, "edge": 0.05},
            },
            "convir": {
                "steps": 1578000, "batch": 4, "optimiser": "adam", "weight_decay": 0.0, "lr": 1e-4,
                "warmup": 1578, "loss": {"l1": 1.0, "spectrum": 0.1}, "clip": 0.001,
                "augment": ("hflip",),
            },
            "mb_taylorformer_v2": {
                "steps": 500000, "batch": 32, "lr": 3e-4, "lr_floor": 1e-5, "warmup": 0,
                "loss": {"l1": 1.0, "spectrum": 0.1}, "clip": 0.01,
            },
        },
        seeds=(0, 1, 2),
        why="the printed protocol on the printed data",
    ),
)  # fmt: skip

PAPER = Paper(
    id="lu2025",
    title="Deep Sparse Gated Transformer for Image Deblurring",
    authors="Lu Jiawei",
    venue="Journal of Image and Signal Processing 14(3), 2025, pages 325 to 332",
    doi="10.12677/jisp.2025.143029",
    bibkey="lu2025",
    networks={"dsgformer": "DSGformer"},
    recipe=RECIPE,
    methods=METHODS,
    tables=TABLES,
    figures=FIGURES,
    departures=DEPARTURES,
    profiles=PROFILES,
)
