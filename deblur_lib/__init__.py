"""Reproduce image-deblurring papers: train, evaluate, compare with every printed number."""

from importlib.metadata import version

__version__ = version("deblur-lib")
