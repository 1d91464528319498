"""Training: one loop, two kinds of step (plain and adversarial), state that survives a crash."""
