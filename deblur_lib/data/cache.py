"""Packed pairs: all pictures decoded once into one uint8 file that training maps into memory.

A cache folder holds `pictures.npy`, shape (N, T + 1, H, W, 3) with the T blurred frames before the
sharp picture, T being 1 but for clips (one flat run of bytes where sizes differ), and `index.json`,
written last, with names, sizes and checksums.
"""

import json
import logging
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from deblur_lib.data.pairs import Pair, PairedImages, random_square, to_tensor
from deblur_lib.data.pictures.reading import U8
from deblur_lib.data.real.checks import spread
from deblur_lib.errors import DataError, RecordError
from deblur_lib.files import atomic, size, sweep, writing
from deblur_lib.locks import held
from deblur_lib.records import read_json, write_json

FORMAT = 1
CHECKED = 512 * 2**20  # bytes up to which every pair is verified on opening
SAMPLE = 16  # pairs verified in larger caches
log = logging.getLogger(__name__)


class PackedPairs:
    """Pairs in one memory-mapped file; cropping decodes nothing.

    Args:
        folder: a complete cache folder.
        index: content of its index.json.
    """

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self.folder = Path(folder)
        self.index = index
        self.data_id: str = index["data_id"]
        self.digest: str = index["digest"]
        self.expected: int = index["expected"]
        self.records: list[dict[str, Any]] = index["pairs"]
        self.names: list[str] = [one["name"] for one in self.records]
        self.scenes: list[str] = [one["scene"] for one in self.records]
        self.frames: int = index.get("frames", 1)
        pictures = self.frames + 1
        counts = [pictures * one["height"] * one["width"] * 3 for one in self.records]
        self._starts: list[int] = np.concatenate([[0], np.cumsum(counts, dtype=int)]).tolist()
        mapped = np.load(self.folder / "pictures.npy", mmap_mode="r", allow_pickle=False)
        self._bytes: U8 = mapped.reshape(-1)

    @classmethod
    def open(cls, folder: Path) -> "PackedPairs":
        """Open a cache folder and verify it.

        Raises:
            DataError: nothing there, cut short, or damaged.
        """
        folder = Path(folder)
        try:
            index = read_json(folder / "index.json")
            if index.get("format") != FORMAT:
                raise ValueError(f"format {index.get('format')} is not {FORMAT}")
            size = (folder / "pictures.npy").stat().st_size
            if size != index["bytes"]:
                raise ValueError(f"pictures.npy has {size} bytes, should have {index['bytes']}")
            packed = cls(folder, index)
            packed._verify()
        except (RecordError, OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"packed pictures in {folder} cannot be used ({error}); delete the folder, it is "
                "made again"
            ) from error
        return packed

    def _verify(self) -> None:
        every = range(len(self))
        chosen = every if self._bytes.nbytes <= CHECKED else spread(every, SAMPLE)
        for index in chosen:
            if _checksum(*self.read(index)) != self.records[index]["crc32"]:
                raise ValueError(f"checksum of {self.names[index]} differs")

    def __reduce__(self) -> tuple[type["PackedPairs"], tuple[Path, dict[str, Any]]]:
        return type(self), (self.folder, self.index)  # another process maps the file itself

    def __len__(self) -> int:
        return len(self.records)

    def size(self, index: int) -> tuple[int, int]:
        """Height and width of a pair."""
        return self.records[index]["height"], self.records[index]["width"]

    def read(self, index: int) -> tuple[U8, U8]:
        """Blurred (H, W, 3), of clips (T, H, W, 3), and sharp (H, W, 3), as read-only views."""
        height, width = self.size(index)
        run = self._bytes[self._starts[index] : self._starts[index + 1]]
        pictures = run.reshape(self.frames + 1, height, width, 3)
        return pictures[0] if self.frames == 1 else pictures[:-1], pictures[-1]

    def pair(self, index: int) -> Pair:
        """One whole pair as float tensors."""
        blurred, sharp = self.read(index)
        return Pair(to_tensor(blurred), to_tensor(sharp), self.names[index], self.scenes[index])

    def crop(self, index: int, size: int, rng: np.random.Generator) -> tuple[U8, U8]:
        """A random square of one pair, as views: (size, size, 3), of clips (T, size, size, 3)."""
        return random_square(*self.read(index), size, rng, name=self.names[index])


def write_packed(
    folder: Path,
    header: dict[str, Any],
    sizes: Sequence[tuple[int, int]],
    pairs: Iterable[tuple[dict[str, Any], U8, U8]],
) -> PackedPairs:
    """Write a cache folder, whole or not at all.

    Args:
        folder: where to.
        header: data_id, digest, expected, key and anything else worth keeping in the index.
        sizes: height and width of each pair, in order.
        pairs: record (name, scene and more), blurred and sharp of each pair; all or none are clips.

    Raises:
        DataError: too little free space.
        RecordError: the disk filled up meanwhile; nothing is left behind.
    """
    folder = Path(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent, deep=True)
    every = iter(pairs)
    first = next(every)  # tells whether these are clips
    frames = len(first[1]) if first[1].ndim == 4 else 1
    total = sum((frames + 1) * height * width * 3 for height, width in sizes)
    free = shutil.disk_usage(folder).free
    if total > free:
        raise DataError(
            f"packing {header['data_id']} needs {size(total)} in {folder}, {size(free)} are free; "
            "free some, or choose another folder with DEBLUR_RUNS"
        )
    (folder / "index.json").unlink(missing_ok=True)
    shape = (len(sizes), frames + 1, *sizes[0], 3) if len(set(sizes)) == 1 else (total,)
    records = []
    with atomic(folder / "pictures.npy") as temporary:
        with open(temporary, "wb") as stream:
            np.lib.format.write_array_header_1_0(
                stream, {"descr": "|u1", "fortran_order": False, "shape": shape}
            )
            for (height, width), (record, blurred, sharp) in zip(
                sizes, chain([first], every), strict=True
            ):
                stream.write(np.ascontiguousarray(blurred).data)
                stream.write(np.ascontiguousarray(sharp).data)
                crc = _checksum(blurred, sharp)
                records.append({**record, "height": height, "width": width, "crc32": crc})
        length = temporary.stat().st_size
    index = {**header, "format": FORMAT, "frames": frames, "bytes": length, "pairs": records}
    write_json(folder / "index.json", index)
    return PackedPairs(folder, json.loads(json.dumps(index)))


def kept(folder: Path, key: str, data_id: str, make: Callable[[], PackedPairs]) -> PackedPairs:
    """A stored cache if it is complete and of these pictures, else a new one, with a notice.

    Of several processes one makes it and the others wait.

    Args:
        folder: cache folder.
        key: what it must have been made under.
        data_id: whose pictures it must hold.
        make: writes it.
    """
    found = _reopen(folder, key, data_id)
    if isinstance(found, str):
        with held(folder, f"packed pictures in {folder}"):
            found = _reopen(folder, key, data_id)  # someone else may have made it meanwhile
            if isinstance(found, str):
                if found:
                    log.warning("%s: making them again", found)
                found = make()
    return found


def _reopen(folder: Path, key: str, data_id: str) -> PackedPairs | str:
    """The cache in a folder, or why it is of no use; "" where there is none."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return ""
    try:
        packed = PackedPairs.open(folder)
    except DataError as error:
        return str(error)
    if packed.index.get("key") != key or packed.data_id != data_id:
        return f"packed pictures in {folder} are of another version"
    return packed


def pack(source: PairedImages, folder: Path, *, progress: bool = True) -> PackedPairs:
    """Decode a folder of pairs once, or reuse what was decoded before.

    The stored cache is reused while path, size and time of change of every source file stay.

    Args:
        source: pairs of picture files.
        folder: cache folder.
        progress: show a progress bar.

    Raises:
        DataError: a picture cannot be read, sizes differ, or too little free space.
    """

    def decoded() -> Iterable[tuple[dict[str, Any], U8, U8]]:
        indices = range(len(source))
        bar = tqdm(indices, f"pack {source.data_id}", disable=not progress, leave=False)
        for index in bar:
            blurred, sharp = source.read(index)
            yield {"name": source.names[index], "scene": source.scenes[index]}, blurred, sharp

    header = {
        "data_id": source.data_id,
        "digest": source.digest,
        "expected": source.expected,
        "key": source.fingerprint,
        "layout": source.layout,
    }

    def make() -> PackedPairs:
        sizes = [source.size(index) for index in range(len(source))]
        return write_packed(Path(folder), header, sizes, decoded())

    return kept(Path(folder), source.fingerprint, source.data_id, make)


def _checksum(blurred: npt.NDArray[np.uint8], sharp: npt.NDArray[np.uint8]) -> int:
    first = zlib.crc32(np.ascontiguousarray(blurred).data)
    return zlib.crc32(np.ascontiguousarray(sharp).data, first)
