"""The weights that come with the package, for who has trained none."""

from pathlib import Path

from deblur_lib.errors import UsageError

FOLDER = Path(__file__).parent / "shipped"
PHOTO, CARD = "photo.safetensors", "photo.json"


def shipped(name: str = PHOTO) -> Path:
    """Checkpoint that the package holds.

    Raises:
        UsageError: this copy of the package holds none.
    """
    path = FOLDER / name
    if not path.is_file():
        raise UsageError(
            f"this copy of deblur-lib holds no weights ({name}); train some with `deblur train "
            "--recipe photo` and give its best.safetensors with --weights"
        )
    return path
