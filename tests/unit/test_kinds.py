"""Every generated kind of pairs has a line and a title."""

from deblur_lib.data.generated.variants import VARIANTS
from deblur_lib.spec.kinds import KINDS, TITLES


def test_every_kind_has_a_title() -> None:
    assert [*TITLES] == [*KINDS]
    assert {*KINDS} == {*VARIANTS}
