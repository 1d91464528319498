"""Wan et al. 2023: multi-scale residual modules and dynamic feature fusion."""
