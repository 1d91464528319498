"""Random training crops per second: packed cache against decoding the PNG pair for each crop.

Both numbers come from one run on the same generated 1280x720 pairs; the ratio should be at least
20. Usage: python benchmarks/crops.py [--pairs 6] [--crop 256] [--seconds 3]
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter1d

from deblur_lib.data.cache import pack
from deblur_lib.data.generated.leaves import draw_leaves
from deblur_lib.data.generated.scenes import photograph
from deblur_lib.data.pairs import PairedImages, PairSource

HEIGHT, WIDTH, WANTED = 720, 1280, 20.0


def write_pictures(root: Path, count: int) -> None:
    """Pairs of procedural scenes and their horizontal box means, as PNG."""
    palette = photograph("coffee").reshape(-1, 3)[::997].astype(np.float32) / 255
    textures = [photograph("grass")[:, :, 0]]
    for index in range(count):
        tiles = [
            draw_leaves(np.random.RandomState((index, part)), 640, palette, textures)
            for part in range(4)
        ]
        rows = [np.concatenate(tiles[at : at + 2], axis=1) for at in (0, 2)]
        sharp = (np.concatenate(rows)[:HEIGHT, :WIDTH] * 255).astype(np.uint8)
        blurred = uniform_filter1d(sharp.astype(np.float32), 15, axis=1).astype(np.uint8)
        for kind, picture in (("blurred", blurred), ("sharp", sharp)):
            (root / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(root / kind / f"{index:03d}.png")


def crops_per_second(source: PairSource, crop: int, seconds: float) -> float:
    """Random crops a second from one source, copied into one batch buffer as training does."""
    rng = np.random.default_rng(0)
    buffer = np.empty((2, crop, crop, 3), np.uint8)
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds or done < 3:
        buffer[0], buffer[1] = source.crop(int(rng.integers(len(source))), crop, rng)
        done += 1
    return done / spent


def main() -> int:
    """Print one JSON line and one sentence; 1 when the ratio is below the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder) / "pictures", asked.pairs)
        files = PairedImages.from_folder(Path(folder) / "pictures", data_id="generated")
        packed = pack(files, Path(folder) / "cache", progress=False)
        decoding = crops_per_second(files, asked.crop, asked.seconds)
        mapped = crops_per_second(packed, asked.crop, asked.seconds)
    ratio = mapped / decoding
    figures = {"decoding_per_s": decoding, "packed_per_s": mapped, "ratio": ratio, "goal": WANTED}
    print(json.dumps({"benchmark": "crops", "crop": asked.crop, **figures}))
    print(
        f"{asked.crop}x{asked.crop} crops of {WIDTH}x{HEIGHT} pairs: {decoding:.1f}/s decoding the "
        f"PNG pair, {mapped:.0f}/s from the packed cache, ratio {ratio:.0f} (goal {WANTED:.0f})"
    )
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
