"""Functions over arrays that Numba compiles to machine code when they are first called: for work per byte.

They let go of Python's lock. What was compiled is kept beside the code, or in the user's cache folder, for the next
process; where neither can be written to, each process compiles anew (seconds). Nothing checks places in an array:
whoever calls such a function sees to it that they lie inside.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function; see the module's docstring for what it may not do."""
    try:
        return cast("Function", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # No folder that the machine code could be kept in.
        return cast("Function", njit(nogil=True)(function))
