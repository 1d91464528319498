"""Losses: functions of (restored, sharp) that give one number; a recipe names and weighs them."""

from deblur_lib.losses.catalogue import LOSSES, weighted
from deblur_lib.losses.pixel import charbonnier, l1, mse
from deblur_lib.losses.spectrum import spectrum

__all__ = ["LOSSES", "charbonnier", "l1", "mse", "spectrum", "weighted"]
