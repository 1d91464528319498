"""Blurs as linear maps with exact transposes, and what inverts them; PyTorch and SciPy, no data."""
