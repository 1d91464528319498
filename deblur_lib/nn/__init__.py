"""Bricks that two or more networks use."""

from deblur_lib.nn.base import Deblurrer

__all__ = ["Deblurrer"]
