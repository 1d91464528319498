"""Lu 2025: DSGformer, top-k sparse channel attention gated in block frequency space."""
