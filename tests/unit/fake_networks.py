"""A made-up network and a block, as the probes describe them for diagrams."""

from typing import Any

NETWORK: dict[str, Any] = {
    "blocks": [
        {"name": "B1", "shape": [3, 128, 128], "parameters": 0, "kind": "input"},
        {"name": "B2", "shape": [3, 64, 64], "parameters": 0, "kind": "input"},
        {"name": "B3", "shape": [3, 32, 32], "parameters": 0, "kind": "input"},
        {"name": "SCM2", "shape": [16, 64, 64], "parameters": 1234, "kind": "other"},
        {"name": "SCM3", "shape": [32, 32, 32], "parameters": 4321, "kind": "other"},
        {"name": "EM1", "shape": [8, 128, 128], "parameters": 12000, "kind": "encoder"},
        {"name": "EM2", "shape": [16, 64, 64], "parameters": 34000, "kind": "encoder"},
        {"name": "EM3", "shape": [32, 32, 32], "parameters": 130000, "kind": "encoder"},
        {"name": "DFFM1", "shape": [8, 128, 128], "parameters": 800, "kind": "fusion"},
        {"name": "DFFM2", "shape": [16, 64, 64], "parameters": 1600, "kind": "fusion"},
        {"name": "DM3", "shape": [32, 32, 32], "parameters": 130000, "kind": "decoder"},
        {"name": "DM2", "shape": [16, 64, 64], "parameters": 34000, "kind": "decoder"},
        {"name": "DM1", "shape": [8, 128, 128], "parameters": 12000, "kind": "decoder"},
        {"name": "S3", "shape": [3, 32, 32], "parameters": 867, "kind": "output"},
        {"name": "S2", "shape": [3, 64, 64], "parameters": 435, "kind": "output"},
        {"name": "S1", "shape": [3, 128, 128], "parameters": 219, "kind": "output"},
    ],
    "arrows": [
        ["B1", "EM1"], ["B2", "SCM2"], ["B3", "SCM3"], ["SCM2", "EM2"], ["SCM3", "EM3"],
        ["EM1", "EM2"], ["EM2", "EM3"], ["EM1", "DFFM1"], ["EM2", "DFFM1"], ["EM3", "DFFM1"],
        ["EM1", "DFFM2"], ["EM2", "DFFM2"], ["EM3", "DFFM2"], ["EM3", "DM3"], ["DM3", "DM2"],
        ["DM2", "DM1"], ["DFFM1", "DM1"], ["DFFM2", "DM2"], ["DM3", "S3"], ["DM2", "S2"],
        ["DM1", "S1"], ["B1", "S1", "add"], ["B2", "S2", "add"], ["B3", "S3", "add"],
    ],
}  # fmt: skip
BLOCK: dict[str, Any] = {
    "blocks": [
        {"name": "x", "shape": [32, 64, 64], "kind": "input", "row": 1.5},
        {"name": "spread", "shape": [32, 64, 64], "parameters": 1376, "row": 1.5},
        *[
            {"name": f"y{i}", "shape": [8, 64, 64], "parameters": 584, "kind": "encoder",
             "row": i - 1, "column": 2 + 0.0 * i}
            for i in (1, 2, 3, 4)
        ],
        {"name": "merge", "shape": [32, 64, 64], "parameters": 1056, "row": 1.5, "column": 3},
        {"name": "attend", "shape": [32, 64, 64], "parameters": 292, "kind": "fusion",
         "row": 1.5, "column": 4},
        {"name": "y", "shape": [32, 64, 64], "kind": "output", "row": 1.5, "column": 5},
    ],
    "arrows": [
        ["x", "spread"], *[["spread", f"y{i}"] for i in (1, 2, 3, 4)],
        *[[f"y{i}", f"y{i + 1}"] for i in (1, 2, 3)],
        *[[f"y{i}", "merge"] for i in (1, 2, 3, 4)],
        ["merge", "attend"], ["attend", "y"], ["x", "y", "add"],
    ],
}  # fmt: skip
