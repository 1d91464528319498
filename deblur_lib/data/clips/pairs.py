"""Pairs of a clip and a sharp frame, from `deblur data clips` or from the pairs of a video."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from deblur_lib.data.clips.making import FORMAT, MANIFEST
from deblur_lib.data.generated.settings import Split
from deblur_lib.data.pairs import PairedImages
from deblur_lib.data.pictures.reading import U8, read_rgb
from deblur_lib.data.real.layouts import Entry
from deblur_lib.errors import DataError
from deblur_lib.records import read_json

HELD_OUT = 10  # of the training clips every tenth validates


class PairedClips(PairedImages):
    """Pairs whose blurred side is three consecutive frames; the entries are the middle frames."""

    def frames(self, index: int) -> list[str]:
        """Paths of the blurred frames of a pair, relative to the root."""
        middle = self.entries[index].blurred
        fit = re.fullmatch(r"(.*?)(\d+)(\.\w+)", middle)
        if fit is None:
            return [middle] * 3  # a picture without a number has no neighbours
        front, digits, suffix = fit.groups()
        around = (int(digits) - 1, int(digits), int(digits) + 1)
        return [f"{front}{one:0{len(digits)}d}{suffix}" for one in around]

    def _files(self) -> list[str]:
        blurred = {path for index in range(len(self)) for path in self.frames(index)}
        return sorted(blurred | {entry.sharp for entry in self.entries})

    def read(self, index: int) -> tuple[U8, U8]:
        """Decode a pair: blurred (3, H, W, 3) and sharp (H, W, 3) uint8.

        Raises:
            DataError: a frame is missing, cannot be read, or has another size.
        """
        frames = [read_rgb(self.root / path) for path in self.frames(index)]
        sharp = read_rgb(self.root / self.entries[index].sharp)
        for one in frames:
            if one.shape != sharp.shape:
                raise DataError(
                    f"{self.names[index]}: a blurred frame is {one.shape[1]}x{one.shape[0]}, sharp "
                    f"is {sharp.shape[1]}x{sharp.shape[0]}; a clip needs one size"
                )
        return np.stack(frames), sharp


def as_clips(pairs: PairedImages) -> PairedImages:
    """Clips of three neighbouring frames out of the pairs of a video, told by their numbers.

    Pairs without both neighbours, such as the first and the last of a scene, are left out.

    Raises:
        DataError: no three pairs are neighbours.
    """
    if isinstance(pairs, PairedClips):
        return pairs
    there = {entry.blurred for entry in pairs.entries}
    clips = PairedClips(
        pairs.root, pairs.entries, data_id=pairs.data_id, layout=f"{pairs.layout}, as clips"
    )
    kept = [
        entry
        for index, entry in enumerate(clips.entries)
        if len(there.intersection(clips.frames(index))) == 3
    ]
    if not kept:
        raise DataError(
            f"{pairs.root} holds no three pairs with neighbouring numbers, such as 000001, 000002 "
            "and 000003 of one scene, so it gives no clip; open it without the setting `clips`"
        )
    return clips.kept(kept, data_id=pairs.data_id)


def open_clips(data_id: str, split: Split, root: Path) -> PairedClips:
    """Open a split of a folder that `deblur data clips` made.

    Every tenth training clip validates and is left out of training; of two to nine, the last.

    Raises:
        DataError: another format, no sample in the split, or a single training clip.
    """
    manifest: dict[str, Any] = read_json(root / MANIFEST)
    if manifest.get("format") != FORMAT:
        raise DataError(
            f"{root / MANIFEST} has format {manifest.get('format')}, needed {FORMAT}; make the "
            "clips again with `deblur data clips`"
        )
    folder = "test" if split == "test" else "train"
    entries = [
        Entry(
            f"{clip['name']}/{sample['name']}",
            clip["name"],
            f"{clip['name']}/blur/{sample['name']}.png",
            f"{clip['name']}/sharp/{sample['name']}.png",
        )
        for clip in manifest["clips"]
        if clip["split"] == folder
        for sample in clip["samples"]
    ]
    pairs = PairedClips(root / folder, entries, data_id=f"{data_id}/{split}", layout=MANIFEST)
    if not entries:
        raise DataError(f"{root} holds no {folder} sample; see the reject counts in {MANIFEST}")
    if split == "test":
        return pairs
    scenes = sorted(set(pairs.scenes))
    if len(scenes) < 2:
        raise DataError(
            f"{root} holds samples of a single training clip, so nothing is left to validate on; "
            "give more clips to `deblur data clips`"
        )
    held = set(scenes[HELD_OUT - 1 :: HELD_OUT] or scenes[-1:])
    chosen = held if split == "validation" else set(scenes) - held
    return pairs.subset(chosen, data_id=f"{data_id}/{split}")
