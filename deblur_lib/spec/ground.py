"""What every declaration is made of: strictness, profile names, kinds of settings."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", strict=True)

ProfileName = Literal["smoke", "demo", "study", "gpu", "paper"]
PROFILES: tuple[ProfileName, ...] = ("smoke", "demo", "study", "gpu", "paper")
FROM_DEMO, FROM_STUDY = PROFILES[1:], PROFILES[2:]
NOT_DEMO = PROFILES[:1] + PROFILES[2:]
Option = str | bool | int | float | None | list[Any] | dict[str, Any]
Options = dict[str, Option]
Share = Annotated[float, Field(ge=0, lt=1)]
