"""What a request chooses from by name. Loads nothing, so commands can offer it at once."""

from typing import Literal

ProfileName = Literal["smoke", "demo", "study", "gpu", "paper"]
PROFILES: tuple[ProfileName, ...] = ("smoke", "demo", "study", "gpu", "paper")  # smallest first
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16")
