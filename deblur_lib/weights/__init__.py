"""Weights on disk: own checkpoints, published files, what a network gives with them."""
