"""Which networks cannot be exported as ONNX, or for a fixed size only, and why. No torch."""

REFUSED = {
    "mb_taylorformer_v2": "the exported graph gives NaN: it divides 0 by 0 where PyTorch does not",
}
ESTIMATES = "it estimates blur in loops, which make no graph"
FIXED = {
    "dmphn": "its patches become a split that the exporter cannot write for a free size",
    "deepdeblur": "its pyramid mirrors by a remainder that needs the size",
    "svrnn": "its recurrences run over as many steps as the picture has pixels",
}
