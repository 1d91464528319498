"""Restoring photographs and videos of one's own."""
