"""Named tensors on disk: safetensors only, written whole or not at all; pickles are refused."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from deblur_lib.errors import CheckpointError
from deblur_lib.files import atomic

PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors; `path` changes only once the new file is complete on disk.

    Raises:
        RecordError: the disk is full or the folder cannot be written; `path` is as it was.
    """
    plain = {
        name: one.detach().to("cpu").clone(memory_format=torch.contiguous_format)
        for name, one in tensors.items()  # clones, because tied weights may not share memory
    }
    with atomic(path) as temporary:
        try:
            save_file(plain, temporary)
        except SafetensorError as error:
            told = re.search(r"os error (\d+)", str(error))
            number = int(told[1]) if told else 0
            raise OSError(number, os.strerror(number) if told else str(error)) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read tensors, on the processor.

    Raises:
        CheckpointError: missing, cut short, or a pickled file under another name.
    """
    try:
        with open(path, "rb") as stream:
            first = stream.read(9)  # of safetensors: length of the header, its opening brace
        if first.startswith(PICKLES) and first[8:] != b"{":
            raise CheckpointError(
                f"{path} is a pickled file, which can run code when read; needed safetensors. Take "
                "a .safetensors file, or give published weights to `deblur weights add`"
            )
        return load_file(path)
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing; train the network first, or check the path"
        ) from None
    except (SafetensorError, OSError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is cut short, damaged or no file ({error}); take another copy, or delete it "
            "and run the training again"
        ) from error
