"""From restored pictures to scores: metric conventions, restoring whole pictures, cost."""
