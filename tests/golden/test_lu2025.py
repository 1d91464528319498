"""DSGformer's parts against the published blocks that they replace or repeat."""

import torch
from torch.nn import functional as F

from deblur_lib.papers.lu2025.attention import DTSAS
from deblur_lib.papers.lu2025.gates import DFGB, from_blocks, to_blocks
from deblur_lib.papers.lu2025.options import BlockOptions
from golden import goldens


def published(golden: goldens.Golden, attend: DTSAS) -> torch.Tensor:
    """Run our attention between the projections of the published block."""
    given = goldens.weights(golden)
    attend.temperature.data.copy_(given["temperature"])
    spread = F.conv2d(golden.blurred, given["qkv.weight"])
    depthwise = given["qkv_dwconv.weight"]
    spread = F.conv2d(spread, depthwise, padding=1, groups=len(depthwise))
    with torch.no_grad():
        return F.conv2d(attend(*spread.chunk(3, dim=1)), given["project_out.weight"])


def test_dense_softmax_is_the_attention_of_restormer() -> None:
    golden = goldens.load("restormer_mdta")
    attend = DTSAS(96, 4, BlockOptions(score="softmax"))
    assert len(list(attend.parameters())) == 1  # no branch weights
    goldens.assert_agrees(published(golden, attend), golden)


def test_sparse_softmax_is_the_attention_of_drsformer() -> None:
    golden = goldens.load("drsformer_tksa")
    attend = DTSAS(96, 4, BlockOptions(score="softmax_topk"))
    assert attend.score.keep == [12, 16, 18, 19]
    given = goldens.weights(golden)
    branches = torch.stack([given[f"attn{n}"] for n in (1, 2, 3, 4)])
    attend.score.weights.weight.data.copy_(branches)
    goldens.assert_agrees(published(golden, attend), golden)


def test_frequency_matrix_is_that_of_fftformer() -> None:
    golden = goldens.load("fftformer_dffn")
    given = goldens.weights(golden)
    gate = DFGB(192, BlockOptions())
    gate.matrix.data.copy_(given["fft"][:, 0, 0])
    with torch.no_grad():
        x = F.conv2d(golden.blurred, given["project_in.weight"])
        x = from_blocks(gate.weigh_fourier(to_blocks(x, 8)))
        x = F.conv2d(x, given["dwconv.weight"], padding=1, groups=192)
        left, right = x.chunk(2, dim=1)
        restored = F.conv2d(F.gelu(left) * right, given["project_out.weight"])
    goldens.assert_agrees(restored, golden)
