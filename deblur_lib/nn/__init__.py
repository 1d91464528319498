"""Bricks that two or more networks use."""

from deblur_lib.nn.base import Deblurrer, check_input

__all__ = ["Deblurrer", "check_input"]
