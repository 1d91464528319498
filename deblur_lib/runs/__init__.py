"""Runs: planned, stored, executed, collected, published."""
