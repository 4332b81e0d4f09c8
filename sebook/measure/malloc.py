"""Freed memory kept by the process, rather than handed back to the system and asked for again.

glibc's ``malloc``, which PyTorch uses on a Linux CPU, returns large blocks the moment they are freed. The next pass asks for them
again, and the system fills them with zeros page by page. With eight pictures, in float32 and
without gradients, a ResNet-50 spent an eighth to a fifth of its time on this, a different share in every process; in bfloat16 or
in training it spent little or none. That disturbs a comparison of networks. (Other allocators that PyTorch's tuning guide names,
jemalloc and TCMalloc, keep memory too, but have to be installed.)
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # glibc's malloc.h


def keep_freed() -> bool:
    """Have the process keep what it frees, until it ends. False where the C library is another (musl, macOS, Windows)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    # No block by a call to the system of its own; and nothing back from the end of the heap.
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, -1))
