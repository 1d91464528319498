"""Pairs of a blurred and a sharp picture: what the rest of the library reads pictures from.

The blurred side of a pair may be a clip of T consecutive frames; the sharp picture then belongs to
its middle frame. A clip has one axis more in front and is otherwise treated as a picture.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol, Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from deblur_lib.data.pictures.headers import read_header
from deblur_lib.data.pictures.reading import U8, read_rgb
from deblur_lib.data.real.checks import Problem, header_problems, listing_problems, pixel_problems
from deblur_lib.data.real.layouts import (
    Entry,
    Layout,
    find,
    from_list,
    list_pictures,
    plain_layouts,
)
from deblur_lib.errors import DataError
from deblur_lib.provenance import folder_digest

Frames = TypeVar("Frames", Tensor, U8)


class Pair(NamedTuple):
    """A blurred picture or clip and a sharp picture of one scene."""

    blurred: Tensor  # (3, H, W) or (T, 3, H, W) float32 RGB in [0, 1]
    sharp: Tensor  # (3, H, W), same range
    name: str  # identifies the pair in every results row
    scene: str  # unit over which intervals are computed


class PairSource(Protocol):
    """Anything that pairs can be read from by index."""

    @property
    def data_id(self) -> str:
        """Name with split, as it stands in rows ("gopro-linear/test")."""

    @property
    def digest(self) -> str:
        """SHA-256 over the content, or over generator version and settings."""

    @property
    def expected(self) -> int:
        """Number of pairs meant: the official count, or all there are."""

    @property
    def names(self) -> Sequence[str]:
        """Name of each pair."""

    @property
    def scenes(self) -> Sequence[str]:
        """Scene of each pair."""

    def __len__(self) -> int:
        """Number of pairs."""

    def pair(self, index: int) -> Pair:
        """One whole pair."""

    def crop(self, index: int, size: int, rng: np.random.Generator) -> tuple[U8, U8]:
        """A random square of one pair, uint8 (size, size, 3); blurred clips have T of them."""


def true_motion(source: PairSource, index: int) -> Tensor | None:
    """The motion that blurred a pair, (2, H, W) in pixels, see `generated.truth`.

    None where nobody knows it: real pictures, and generated clips.
    """
    find: Callable[[int], Tensor | None] | None = getattr(source, "motion", None)
    return find(index) if find else None


class PairedImages:
    """Pairs of picture files below one folder.

    Args:
        root: folder that the paths of the entries start from.
        entries: the pairs.
        data_id: name in rows.
        expected: number of pairs meant, all entries when None.
        layout: how the folder is laid out, for readers.
    """

    def __init__(
        self,
        root: Path,
        entries: Iterable[Entry],
        *,
        data_id: str,
        expected: int | None = None,
        layout: str = "",
    ) -> None:
        self.root = Path(root)
        self.entries = tuple(entries)
        self.data_id = data_id
        self.expected = len(self.entries) if expected is None else expected
        self.layout = layout
        self.names = [entry.name for entry in self.entries]
        self.scenes = [entry.scene for entry in self.entries]

    @classmethod
    def from_folder(
        cls, root: Path, *, data_id: str | None = None, layouts: Sequence[Layout] = ()
    ) -> "PairedImages":
        """Pairs of a user's folder, matched by relative name.

        Args:
            root: folder with blurred/ and sharp/ (or blur, input and sharp, target, gt) in it,
                flat or nested, or with such a couple in each scene's folder; or a .txt list with
                "sharp-path blurred-path" on each line, relative to the list.
            data_id: name in rows; the folder's name when None.
            layouts: templates to try instead of the usual ones.

        Raises:
            DataError: no known layout, a picture without partner, sizes that differ, pictures that
                are not 8-bit RGB, unreadable pictures, equal or swapped pictures.
        """
        root = Path(root)
        data_id = data_id or root.resolve().stem
        if root.suffix == ".txt" and root.is_file():
            listed = from_list(root.read_text(encoding="utf-8").splitlines())
            made = cls(root.parent, listed, data_id=data_id, layout="list file")
            refuse(made.root, header_problems(made.root, listed))
        else:
            files = list_pictures(root)
            found = find(files, layouts or plain_layouts())
            if found is None or (not layouts and _splits(root)):
                raise DataError(_no_layout(root, files))
            refuse(root, chain(listing_problems(found), header_problems(root, found.entries)))
            made = cls(root, found.entries, data_id=data_id, layout=found.layout.name)
        if not made.entries:
            raise DataError(f"{root} lists no pair; needed at least one blurred and sharp picture")
        refuse(made.root, pixel_problems(made.root, made.entries), warn_only={"shifted"})
        return made

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over relative path, byte size and content of every file; reads them all."""
        return folder_digest(self.root, self._files())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over relative path, byte size and time of change of every file; reads none."""
        stats = [(name, (self.root / name).stat()) for name in self._files()]
        lines = [f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _files(self) -> list[str]:
        return sorted({path for entry in self.entries for path in (entry.blurred, entry.sharp)})

    def size(self, index: int) -> tuple[int, int]:
        """Height and width of a pair, from the header of its blurred picture."""
        header = read_header(self.root / self.entries[index].blurred)
        return header.height, header.width

    def read(self, index: int) -> tuple[U8, U8]:
        """Decode a pair: blurred and sharp, each (H, W, 3) uint8.

        Raises:
            DataError: a picture cannot be read, or the two sizes differ.
        """
        entry = self.entries[index]
        blurred, sharp = read_rgb(self.root / entry.blurred), read_rgb(self.root / entry.sharp)
        if blurred.shape != sharp.shape:
            (h, w), (other_h, other_w) = blurred.shape[:2], sharp.shape[:2]
            raise DataError(
                f"{entry.name}: blurred is {w}x{h}, sharp is {other_w}x{other_h}; a pair needs "
                "one size"
            )
        return blurred, sharp

    def pair(self, index: int) -> Pair:
        """One whole pair as float tensors."""
        blurred, sharp = self.read(index)
        return Pair(to_tensor(blurred), to_tensor(sharp), self.names[index], self.scenes[index])

    def crop(self, index: int, size: int, rng: np.random.Generator) -> tuple[U8, U8]:
        """A random square; decodes both files (the packed cache does not)."""
        return random_square(*self.read(index), size, rng, name=self.names[index])

    def kept(self, entries: Iterable[Entry], *, data_id: str, expected: int | None = None) -> Self:
        """Some of the pairs."""
        return type(self)(
            self.root, entries, data_id=data_id, expected=expected, layout=self.layout
        )

    def subset(self, scenes: Collection[str], *, data_id: str, expected: int | None = None) -> Self:
        """The pairs of some scenes."""
        kept = [entry for entry in self.entries if entry.scene in scenes]
        return self.kept(kept, data_id=data_id, expected=expected)


def middle_frame(blurred: Frames) -> Frames:
    """The picture itself, or the frame of a clip (four axes) that the sharp picture belongs to."""
    return blurred[len(blurred) // 2] if blurred.ndim == 4 else blurred


def to_tensor(picture: U8) -> Tensor:
    """(..., H, W, 3) uint8 to (..., 3, H, W) float32 in [0, 1]."""
    channels_first = np.ascontiguousarray(np.moveaxis(picture, -1, -3))
    return torch.from_numpy(channels_first).to(torch.float32).div_(255)


def random_square(
    blurred: U8, sharp: U8, size: int, rng: np.random.Generator, *, name: str
) -> tuple[U8, U8]:
    """The same random square of both pictures (and of all frames of a clip), as views.

    Raises:
        DataError: the picture is smaller than the square.
    """
    height, width = sharp.shape[:2]
    if size > min(height, width):
        raise DataError(
            f"{name} is {width}x{height}, too small for a crop of {size}x{size}; choose a smaller "
            '`crop` (the augmentation "rotate" draws a larger one) or larger pictures'
        )
    top = int(rng.integers(height - size + 1))
    left = int(rng.integers(width - size + 1))
    window = (slice(top, top + size), slice(left, left + size))
    return blurred[..., *window, :], sharp[window]


def refuse(root: Path, problems: Iterable[Problem], *, warn_only: Collection[str] = ()) -> None:
    """Stop at problems of a folder.

    Raises:
        DataError: with the text of the first three problems and the number of the others.
    """
    found = [problem for problem in problems if problem.code not in warn_only]
    if found:
        rest = f" (and {len(found) - 3} more problems)" if len(found) > 3 else ""
        raise DataError(
            f"{root}: "
            + "; ".join(problem.text for problem in found[:3])
            + f"{rest}. See: deblur data check {root}"
        )


def _no_layout(root: Path, files: Sequence[str]) -> str:
    splits = _splits(root)
    if splits:
        return f"{root} holds splits ({', '.join(splits)}); give the folder of one of them"
    wanted = ", ".join(layout.name for layout in plain_layouts()[:4])
    return (
        f"{root}: no blurred and sharp pictures found among {len(files)} picture(s); needed "
        f"folders such as {wanted}, with equal file names in both"
    )


def _splits(root: Path) -> list[str]:
    return [name for name in ("train", "test", "validation", "val") if (root / name).is_dir()]
