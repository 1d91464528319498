"""A user's own folders: pairs by any pattern of names, gray and 16-bit pairs, their splits."""
