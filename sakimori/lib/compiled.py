"""Functions over arrays that Numba compiles to machine code when they are first called: for work per byte.

They let go of Python's lock. What was compiled is kept beside the code, or in the user's cache folder, for the next
process; where neither can be written to, each process compiles anew (seconds). Nothing checks places in an array:
whoever calls such a function sees to it that they lie inside. They make no arrays: without Numba's own memory nothing
counts who holds one, which took a third of the time of passes over log lines.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function; see the module's docstring for what it may not do."""
    dispatcher = cast("Any", njit)(nogil=True, _nrt=False)(function)
    with suppress(RuntimeError):  # No folder that the machine code could be kept in.
        dispatcher._cache = _Kept(function)  # noqa: SLF001 - what `njit(cache=True)` does, with another class
    return cast("Function", dispatcher)


class _Kept(FunctionCache):
    """Machine code of a function as it is now, and of the functions that it calls: those of its folder.

    Numba looks at the function's own file, and so would go on with what an earlier version of another one did.
    """

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        folder = Path(function.__code__.co_filename).parent
        stamp = self._impl.locator.get_source_stamp(), _sources(folder)
        self._cache_file = _Index(self._cache_path, self._impl.filename_base, stamp)  # type: ignore[no-untyped-call]


class _Index(IndexDataCacheFile):
    def _load_index(self) -> dict[Any, Any]:
        try:
            return cast("dict[Any, Any]", super()._load_index())  # type: ignore[no-untyped-call]
        except Exception:  # noqa: BLE001 - an index of an earlier version may name what is no longer there
            return {}


@cache
def _sources(folder: Path) -> str:
    digest = sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
