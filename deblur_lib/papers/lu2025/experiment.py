"""lu2025 declared: rows, recipe, tables and the five budgets.

Literals only. Steps of the paper: 2,103 pairs in batches of 8 are 263 steps; 3,000 epochs of them
are 789,000, 10 epochs of warm-up are 2,630. Rows of Table 2 are named dsgformer_<gate>_<score>.
What is printed, claimed, drawn and open stands in the YAML files beside this one.
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

SPENT = "the small budgets train but two controls of the selection, those that start at 0.2"
SHALLOW = "a layer of the smaller budgets is one block deep already and cannot have fewer"
COMPRESSED = "trained where generated pictures are the training set and there are hours for it"

RIVAL = Method("restormer", "Restormer", "restormer", profiles=FROM_DEMO, not_run=LARGER)
OWN = Method("dsgformer", "DSGformer", "dsgformer", {"gate": "dfgb", "score": "relu2"})
ROW = extend(OWN, train_on="realblur_j")  # of Table 2
CONTROL = extend(ROW, control=True)
EQUAL = extend(  # branches that start at 0.8 together, as the four of the paper's row do
    CONTROL, options={"branch_start": "shared"}, profiles=FROM_STUDY, not_run=SPENT
)
AFTER = extend(OWN, weights_of="dsgformer_dfgb_relu2", control=True)
JPEG = extend(CONTROL, train_on="jpeg_test", profiles=("study", "gpu"), not_run=COMPRESSED)
PAIRS = extend(
    OWN, id="dsgformer_mdta_gdfn", title="MDTA + GDFN, equal width",
    options={"block": "mdta_gdfn"}, control=True,
)  # fmt: skip

METHODS = (
    extend(RIVAL, id="mprnet", title="MPRNet", network="mprnet", train={"scales": True}),
    RIVAL,
    extend(RIVAL, id="stripformer", title="Stripformer", network="stripformer"),
    extend(RIVAL, id="convir", title="ConvIR", network="convir", train={"scales": True}),
    extend(
        RIVAL, id="mb_taylorformer_v2", title="MB-TaylorFormer-V2", network="mb_taylorformer_v2"
    ),
    OWN,
    extend(
        ROW, id="dsgformer_sg_relu", title="SimpleGate, ReLU",
        options={"gate": "simple_gate", "score": "relu"},
    ),
    extend(
        ROW, id="dsgformer_sg_relu2", title="SimpleGate, squared ReLU",
        options={"gate": "simple_gate", "score": "relu2"},
    ),
    extend(
        ROW, id="dsgformer_sg_softmax", title="SimpleGate, softmax (MDTA)",
        options={"gate": "simple_gate", "score": "softmax"},
    ),
    extend(
        ROW, id="dsgformer_gelu_softmax", title="GELU, softmax (MDTA)",
        options={"gate": "gelu", "score": "softmax"},
    ),
    extend(
        ROW, id="dsgformer_gelu_relu", title="GELU, ReLU",
        options={"gate": "gelu", "score": "relu"},
    ),
    extend(
        ROW, id="dsgformer_gelu_relu2", title="GELU, squared ReLU",
        options={"gate": "gelu", "score": "relu2"},
    ),
    extend(CONTROL, id="dsgformer_dfgb_relu2", title="DFGB, squared ReLU (DSGformer)"),
    extend(CONTROL, id="dsgformer_dfgb_relu", title="DFGB, ReLU", options={"score": "relu"}),
    extend(
        CONTROL, id="dsgformer_dfgb_softmax", title="DFGB, softmax (MDTA)",
        options={"score": "softmax"},
    ),
    extend(
        CONTROL, id="dsgformer_no_topk", title="all kept, starts at 0.2",
        options={"topk_ratios": [1.0]},
    ),
    extend(
        CONTROL, id="dsgformer_single_k", title="half kept, starts at 0.2",
        options={"topk_ratios": [0.5]},
    ),
    extend(EQUAL, id="dsgformer_equal_all", title="all kept", options={"topk_ratios": [1.0]}),
    extend(EQUAL, id="dsgformer_equal_half", title="half kept", options={"topk_ratios": [0.5]}),
    extend(
        EQUAL, id="dsgformer_equal_eighth", title="an eighth kept",
        options={"topk_ratios": [0.125]},
    ),
    extend(
        EQUAL, id="dsgformer_equal_spread", title="1/8, 1/4, 1/2 and 3/4 kept",
        options={"topk_ratios": [0.125, 0.25, 0.5, 0.75]},
    ),
    extend(
        AFTER, id="dsgformer_after_all", title="trained as usual, then all kept",
        options={"topk_ratios": [1.0, 1.0, 1.0, 1.0]},
    ),
    extend(
        AFTER, id="dsgformer_after_eighth", title="trained as usual, then an eighth kept",
        options={"topk_ratios": [0.125, 0.125, 0.125, 0.125]},
    ),
    extend(
        AFTER, id="dsgformer_after_ones", title="trained as usual, then M = 1",
        options={"gate": "gelu"},
    ),
    PAIRS,
    extend(
        PAIRS, id="dsgformer_mdta_gdfn_equal", title="MDTA + GDFN, equal size",
        options={"blocks": 3}, profiles=("gpu", "paper"), not_run=SHALLOW,
    ),
    extend(JPEG, id="dsgformer_jpeg", title="DFGB, trained on JPEG"),
    extend(JPEG, id="dsgformer_jpeg_gelu", title="GELU, trained on JPEG", options={"gate": "gelu"}),
    extend(
        JPEG, id="dsgformer_jpeg_cosines", title="DFGB with cosines, trained on JPEG",
        options={"dfgb_transform": "dct"},
    ),
    extend(
        LONG_RUN, id="dsgformer_long", title="DSGformer, long run", network="dsgformer",
        options={"gate": "dfgb", "score": "relu2"},
    ),
    IDENTITY,
)  # fmt: skip

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

SHAKEN = columns({"realblur_j": ("realblur-ecc-psnr", "psnr-rgb")})

TABLES = (
    Table(
        id="T1",
        number="Table 1",
        caption="Networks compared on GoPro, and how many parameters they have.",
        methods=(
            "mprnet", "restormer", "stripformer", "convir", "mb_taylorformer_v2", "dsgformer",
            "dsgformer_mdta_gdfn", "dsgformer_mdta_gdfn_equal", "identity",
        ),
        columns=columns(
            {"gopro_test": ("psnr-rgb", "vol3d-rgb", "parameters", "wang-rgb")},
            size_of={"mb_taylorformer_v2": "mb_taylorformer_v2_l"},
        ),
    ),
    Table(
        id="T2",
        number="Table 2",
        caption="Gate and activation of the scores on RealBlur-J; the last network is Table 1's.",
        methods=(
            "dsgformer_sg_relu", "dsgformer_sg_relu2", "dsgformer_sg_softmax",
            "dsgformer_gelu_softmax", "dsgformer_gelu_relu", "dsgformer_gelu_relu2",
            "dsgformer_dfgb_relu2", "dsgformer_dfgb_relu", "dsgformer_dfgb_softmax",
            "dsgformer", "identity",
        ),
        columns=SHAKEN,
        kind="ablation",
    ),
    Table(
        id="parts",
        number="Parts",
        caption="What the selections and the matrix M are worth; not in the paper.",
        methods=(
            "dsgformer_dfgb_relu2", "dsgformer_after_all", "dsgformer_after_eighth",
            "dsgformer_after_ones", "dsgformer_equal_all", "dsgformer_equal_half",
            "dsgformer_equal_eighth", "dsgformer_equal_spread", "dsgformer_no_topk",
            "dsgformer_single_k", "identity",
        ),
        columns=SHAKEN,
        kind="ablation",
    ),
    Table(
        id="jpeg",
        number="JPEG",
        caption="Blurred pictures under strong JPEG compression; not in the paper.",
        methods=(
            "mprnet", "restormer", "stripformer", "convir", "mb_taylorformer_v2", "dsgformer",
            "dsgformer_jpeg", "dsgformer_jpeg_gelu", "dsgformer_jpeg_cosines", "identity",
        ),
        columns=columns({"jpeg_test": ("psnr-rgb", "wang-rgb")}),
    ),
    Table(
        id="cost",
        number="Cost",
        caption="The network with its block, and with the two parts that it replaces; not in the "
        "paper.",
        methods=("dsgformer", "dsgformer_mdta_gdfn", "dsgformer_mdta_gdfn_equal"),
        columns=columns({"gopro_test": ("parameters", "macs", "seconds", "peak_memory")}),
    ),
)  # fmt: skip

STAND_INS = {
    "gopro_test": "synth-gopro-linear",
    "realblur_j": "synth-realblur-j",
    "jpeg_test": "synth-gopro-jpeg",
}
DEMO_SETS = {
    "gopro_test": "synth-gopro-linear",
    "realblur_j": "synth-shake",
    "jpeg_test": "synth-gopro-jpeg",
}
NARROW_TAYLOR = {
    "dim": [8, 16, 16, 16],
    "num_blocks": [1, 1, 1, 1],
    "num_path": [1, 1, 1, 1],
    "start": "identity",
}
FULL = {
    "dsgformer": {"dim": 32, "blocks": 8},
    "mb_taylorformer_v2": {"dim": [28, 56, 112, 160]},
}

PROFILES = (
    extend(
        SMOKE,
        test_on=STAND_INS,
        options={"dsgformer": {"dim": 4, "blocks": 1}},
        train={"crop": 64, "warmup": 1},
    ),
    extend(
        DEMO,
        test_on=DEMO_SETS,
        options={
            "dsgformer": {"dim": 8, "blocks": 1},
            "mprnet": {"features": 8, "unet_step": 4, "orsnet_step": 4, "cabs": 1},
            "restormer": {"dim": 8, "blocks": [1, 1, 1, 1], "refinement": 1},
            "stripformer": {"features": 8, "bottleneck": 40, "decoder": 24, "blocks": [2, 2]},
            "convir": {"base_channels": 8, "num_res": 1, "dilations": [1, 1, 1]},
            "mb_taylorformer_v2": NARROW_TAYLOR,
        },
        train={"steps": 180, "batch": 4, "crop": 64, "lr": 2e-3, "warmup": 10},
        seeds_of={
            "dsgformer": THREE, "dsgformer_dfgb_relu2": THREE, "dsgformer_after_all": THREE,
            "dsgformer_after_eighth": THREE, "dsgformer_after_ones": THREE,
        },
        why="minutes on two processor cores, so most trained rows have one seed, and the "
        "luck of a training is known from two rows with three: shows whether rows of one size "
        "differ after the same short training on generated blur. Camera shake without lamps "
        "stands for RealBlur-J: in night pictures so short a training gains too little to "
        "tell rows apart. It does not show what full training would give",
    ),
    extend(
        STUDY,
        test_on=STAND_INS,
        options={
            "dsgformer": {"dim": 12, "blocks": 1},
            "mprnet": {
                "features": 8, "unet_step": 4, "orsnet_step": 4, "cabs": 1, "start": "identity",
            },
            "restormer": {
                "dim": 8, "blocks": [1, 1, 1, 1], "refinement": 1, "start": "identity",
            },
            "stripformer": {"features": 8, "bottleneck": 40, "decoder": 24, "blocks": [2, 2]},
            "convir": {
                "base_channels": 8, "num_res": 1, "dilations": [1, 1, 1], "start": "identity",
            },
            "mb_taylorformer_v2": NARROW_TAYLOR,
        },
        train={"batch": 2, "crop": 128, "lr": 1e-3, "warmup": 60},
        train_of={
            "dsgformer_long": {"steps": 24000, "ema": 0.999},
            "mb_taylorformer_v2": {"batch": 4, "crop": 64},
        },
        data_of={"dsgformer_long": FULL_LENGTH},
        seeds_of={
            "dsgformer_long": ONE, "mprnet": THREE, "restormer": THREE, "stripformer": THREE,
            "convir": THREE, "mb_taylorformer_v2": THREE, "dsgformer_jpeg": THREE,
            "dsgformer_jpeg_gelu": THREE, "dsgformer_jpeg_cosines": THREE,
        },
    ),
    extend(
        GPU,
        test_on=STAND_INS,
        options=FULL,
        train={"steps": 3000, "batch": 8, "crop": 128, "lr": 5e-4, "warmup": 100},
        train_of={"convir": {"batch": 2, "crop": 256}},
    ),
    extend(
        PRINTED,
        test_on={
            "gopro_test": "gopro-linear",
            "realblur_j": "realblur-j",
            "jpeg_test": "synth-gopro-jpeg",
        },
        options=FULL,
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
    profiles=PROFILES,
)
