"""A room's own discriminator is built by name, like the shared ones."""

from types import SimpleNamespace

import pytest

from deblur_lib import catalogue, papers
from deblur_lib.errors import UsageError
from deblur_lib.papers.sang2018.network import SangDiscriminator
from deblur_lib.spec import Paper


@pytest.fixture
def _one_room(monkeypatch: pytest.MonkeyPatch) -> None:
    room = SimpleNamespace(networks={}, discriminators={"sang2018_critic": "SangDiscriminator"})
    monkeypatch.setattr(papers, "names", lambda: ["sang2018"])
    monkeypatch.setattr(papers, "load", lambda paper: room)


@pytest.mark.usefixtures("_one_room")
def test_a_room_brings_its_own_discriminator() -> None:
    assert {"sang2018_critic", "patchgan"} <= set(catalogue.discriminators())
    built = catalogue.build_discriminator("sang2018_critic", patch=32, widths=[4] * 5)
    assert isinstance(built, SangDiscriminator)
    with pytest.raises(UsageError, match="no option of sang2018_critic is called 'pach'"):
        catalogue.build_discriminator("sang2018_critic", pach=32)


def test_a_room_without_discriminators_declares_none() -> None:
    assert Paper.__dataclass_fields__["discriminators"].default_factory is not None
    assert papers.load("wan2023").discriminators == {}
