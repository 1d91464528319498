"""OpenCV where it is installed; nothing heavy is loaded before it is asked for."""

from types import ModuleType

from deblur_lib.errors import UsageError


def opencv(what: str) -> ModuleType:
    """OpenCV, which only clips and videos need.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise UsageError(
            f"{what} needs OpenCV, which is not installed; run: pip install 'deblur-lib[video]'"
        ) from error
    found: ModuleType = cv2
    return found
