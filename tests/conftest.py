"""Fixtures that several test folders share."""

import os
from pathlib import Path

import pytest
import torch


def pytest_configure() -> None:
    torch.set_num_threads(1)  # small tensors: a second thread costs more than it brings


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real pairs and frames for checking; never shipped, see CONTRIBUTING."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("DEBLUR_REAL_DATA", beside))
    if not (root / "digest.json").is_file():
        pytest.skip("needs real photographs: set DEBLUR_REAL_DATA to a folder that holds them")
    return root
