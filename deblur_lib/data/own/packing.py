"""Own pairs decoded once into the file that training maps into memory."""

from pathlib import Path

from deblur_lib.data.cache import PackedPairs, pack
from deblur_lib.data.own.pairs import OwnPairs, open_pairs
from deblur_lib.provenance import settings_hash


def packed(pairs: OwnPairs, cache: Path, *, progress: bool = False) -> PackedPairs:
    """The pairs from the cache, into which they are packed where they are not there.

    Args:
        pairs: one part of a folder.
        cache: folder of all packed pictures.
        progress: show a bar.
    """
    place = settings_hash([str(pairs.root.resolve()), pairs.data_id])
    return pack(pairs, Path(cache) / f"own-{place}", progress=progress)


def pack_folder(folder: Path, cache: Path, *, progress: bool = False) -> list[str]:
    """Pack both parts of a folder as `deblur train --data FOLDER` asks for them; their names."""
    parts = open_pairs(folder, Path(folder).resolve().name)
    every = (parts.train, parts.validation)
    return [packed(one, cache, progress=progress).data_id for one in every]
