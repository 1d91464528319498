"""What the arguments of `deblur restore` name: pictures, videos, folders of frames."""

import glob
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Literal

from deblur_lib.data.clips.frames import VIDEOS, frame_files
from deblur_lib.data.pictures.headers import PHOTOS, hidden, is_picture, mode_of

# what cameras and older programs write, beyond the kinds that clips are made of
FILMS = VIDEOS | {".mts", ".m2ts", ".3gp", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv"}
Kind = Literal["photo", "video", "frames"]


@dataclass(frozen=True)
class Source:
    """Something to restore.

    Attributes:
        path: the file, or the folder of frames.
        kind: a picture, a video file, or a folder whose pictures are one clip.
    """

    path: Path
    kind: Kind

    @property
    def place(self) -> Path:
        """Where it lies, however it was named; a link to a file is not what it points to."""
        whole = self.kind == "frames"
        return self.path.resolve() if whole else self.path.parent.resolve() / self.path.name

    @property
    def files(self) -> list[Path]:
        """All files that are read."""
        return frame_files(self.path) if self.kind == "frames" else [self.path]


@dataclass
class Found:
    """What some arguments name.

    Attributes:
        sources: each once, in the order of the arguments.
        failed: arguments that name nothing to restore, and why.
        notes: what folders hold besides.
    """

    sources: list[Source] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find(inputs: Sequence[str], *, clips: bool) -> Found:
    """What some arguments name, without opening any of it.

    Args:
        inputs: files, folders (what lies in them, not deeper), or patterns, which stand for the
            names that a shell would put in their place.
        clips: the network takes clips, so the pictures of a folder are the frames of one.
    """
    found = Found()
    for item in inputs:
        names = [item] if item and mode_of(Path(item)) else _matches(item)
        if not names:
            found.failed.append(f"{item!r} names nothing that is there; check the path")
        for path in map(Path, names):
            if S_ISDIR(mode_of(path)):
                _add_folder(found, path, clips=clips)
            else:
                found.sources.append(Source(path, "video" if is_video(path) else "photo"))
    once: dict[Path, Source] = {}
    for one in found.sources:
        once.setdefault(one.place, one)
    found.sources = list(once.values())
    return found


def is_video(path: Path) -> bool:
    """True for a file whose name ends as a video's."""
    return path.suffix.lower() in FILMS


def _matches(pattern: str) -> list[str]:
    """Names that fit a pattern; brackets that give none are taken for part of the names."""
    literal = pattern.replace("[", "[[]")
    found: list[str] = []
    for one in (pattern, literal):  # Path.glob refuses what glob.glob takes for no match
        found = found or sorted(glob.glob(one, recursive=True))  # noqa: PTH207
    return found


def _add_folder(found: Found, folder: Path, *, clips: bool) -> None:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        found.failed.append(f"{folder} cannot be listed ({error.strerror})")
        return
    pictures = [one for one in inside if is_picture(one, PHOTOS)]
    videos = [one for one in inside if is_picture(one, FILMS)]
    if clips and any(map(is_picture, pictures)):
        pictures = [one for one in pictures if is_picture(one)]
        found.sources.append(Source(folder, "frames"))
    else:
        found.sources += [Source(one, "photo") for one in pictures]
    found.sources += [Source(one, "video") for one in videos]
    others = Counter(map(_sort, sorted({*inside} - {*pictures, *videos})))
    besides = ", ".join(f"{count} {sort}" for sort, count in others.items())
    if not pictures and not videos:
        known = ", ".join(sorted({*PHOTOS, *FILMS}))
        found.failed.append(
            f"{folder} holds nothing to restore ({known}), only {besides}"
            if besides
            else f"{folder} is empty; needed pictures or videos"
        )
    elif besides:
        found.notes.append(f"{folder}: skipped {besides}")


def _sort(path: Path) -> str:
    """What a file is that a folder's restoration passes over."""
    if hidden(path):
        return "hidden"
    kind = mode_of(path)
    if S_ISDIR(kind):
        return "folder(s)"
    if not S_ISREG(kind):
        return "pipe(s), device(s) or broken link(s)"
    return path.suffix.lower() or "without a suffix"
