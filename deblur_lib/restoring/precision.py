"""Forward passes in bfloat16 for those who restore much; scores are always taken in float32."""

from types import MethodType

import torch
from torch import Tensor

from deblur_lib.errors import DeviceError
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer


def shorten(network: Deblurrer) -> Deblurrer:
    """Let a network multiply in bfloat16 from now on, wherever it is called.

    Sums with the input and what it returns stay float32.

    Args:
        network: changed in place, and returned.

    Raises:
        DeviceError: a kernel-based method, whose transforms exist in float32 alone.
    """
    if isinstance(network, EstimatingDeblurrer):
        raise DeviceError(
            f"{network.name} works in float32 alone, precision bf16 was asked for; take fp32"
        )
    network.forward = MethodType(_in_bfloat16, network)  # type: ignore[method-assign]
    return network


def _in_bfloat16(network: Deblurrer, blurred: Tensor) -> Tensor:
    with torch.autocast(blurred.device.type, torch.bfloat16):
        return type(network).forward(network, blurred).float()
