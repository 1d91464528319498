"""Names of the profiles, smallest first. Loads nothing, so commands can offer them at once."""

from typing import Literal

ProfileName = Literal["smoke", "demo", "study", "gpu", "paper"]
PROFILES: tuple[ProfileName, ...] = ("smoke", "demo", "study", "gpu", "paper")
