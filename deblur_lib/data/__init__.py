"""Pictures: reading, pairing, declared sources, generated benchmark, packed cache, batches."""
