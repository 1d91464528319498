"""Sang et al. 2018: a residual GAN at constant resolution."""
