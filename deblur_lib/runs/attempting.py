"""Publish an attempt at the weights for photographs: its curve, its card, and what people say."""

import re
import shutil
from dataclasses import asdict
from pathlib import Path

import yaml

from deblur_lib import seals
from deblur_lib.errors import MissingRowsError, UsageError
from deblur_lib.files import whole_folder
from deblur_lib.locks import held
from deblur_lib.records import write_text
from deblur_lib.report.attempts import CARD, CURVE, WORDS, Words, read_curve, read_words

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def publish(
    source: Path, root: Path, name: str, *, changed: str, outcome: str, after: str = ""
) -> Path:
    """Copy what is small of a training to a sealed folder, and write down what was tried.

    Args:
        source: folder of the training.
        root: results/photo.
        name: of the attempt.
        changed: against the attempt before it.
        outcome: what came of it.
        after: the attempt whose weights it begins with.

    Returns:
        The folder of the attempt.

    Raises:
        UsageError: a name that is no folder's.
        MissingRowsError: the training has no curve.
        RecordError: the curve is cut or holds something else.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"an attempt needs a name of small letters, digits and -, got {name!r}")
    if not (source / CURVE).is_file():
        raise MissingRowsError(
            f"{source} holds no {CURVE}; train with `deblur train --recipe photo --out {source}`"
        )
    read_curve(source / CURVE)
    with held(root, "the attempts"):
        with whole_folder(root / name) as fresh:
            for one in (CURVE, CARD):
                if (source / one).is_file():
                    shutil.copyfile(source / one, fresh / one)
            seals.seal(fresh)
        words = read_words(root) | {name: Words(changed, outcome, after)}
        told = {
            key: {field: text for field, text in asdict(one).items() if text}
            for key, one in words.items()
        }
        text = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=96)
        write_text(root / WORDS, text)
    return root / name
