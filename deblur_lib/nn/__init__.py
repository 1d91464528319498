"""Bricks that two or more networks use."""

from deblur_lib.nn.base import Deblurrer, check_input, frames_for

__all__ = ["Deblurrer", "check_input", "frames_for"]
