"""What every declaration is made of: strictness, ranges of profiles, kinds of settings."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from deblur_lib.profiles import PROFILES

STRICT = ConfigDict(extra="forbid", strict=True)

FROM_DEMO, FROM_STUDY = PROFILES[1:], PROFILES[2:]
NOT_DEMO = PROFILES[:1] + PROFILES[2:]
Option = str | bool | int | float | None | list[Any] | dict[str, Any]
Options = dict[str, Option]
Share = Annotated[float, Field(ge=0, lt=1)]
