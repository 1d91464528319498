"""Agreement with reference networks, number by number: `from golden import goldens`."""
