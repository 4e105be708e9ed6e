"""What a process that runs for weeks does about memory before its threads begin."""

import ctypes
import gc

# See mallopt(3).
_M_ARENA_MAX, _ARENAS = -8, 2


def settle_in() -> None:
    """Call once, when what the process needs has been loaded.

    Threads share few heaps: with one for each, what every thread of a reader of log files once needed stayed with it,
    more than a quarter of the process. And the collector of cycles no longer counts what was loaded and stays until the
    end.
    """
    limit = getattr(ctypes.CDLL(None), "mallopt", None)  # The C library's, where it has one.
    if limit is not None:
        limit(_M_ARENA_MAX, _ARENAS)
    gc.freeze()
