"""Reproduce image-deblurring papers: train, evaluate, compare with every printed number."""

import os
from importlib.metadata import version

# Threads that wait for each other sleep: spinning, they starve beside any other busy process.
# OpenMP reads this when torch is loaded; a value that is there already stays.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = version("deblur-lib")
