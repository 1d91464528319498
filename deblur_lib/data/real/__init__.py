"""Real data sets: what is declared of them, layouts, checks."""
