"""Losses: functions of (restored, sharp) that give one number; a recipe names and weighs them."""

from deblur_lib.losses.catalogue import FEATURE_LOSSES, LOSSES, remarks, weighted
from deblur_lib.losses.edge import edge
from deblur_lib.losses.pixel import charbonnier, l1, mse
from deblur_lib.losses.spectrum import spectrum

__all__ = [
    "FEATURE_LOSSES",
    "LOSSES",
    "charbonnier",
    "edge",
    "l1",
    "mse",
    "remarks",
    "spectrum",
    "weighted",
]
