"""The first password of a letter: random, and readable without doubt. Its owner changes it at the first sign-in."""

from collections.abc import Callable

# No sign that looks like another: no 0 o, 1 l i, 2 z, 5 s, 8 b, 9 g q, u v, and no capitals at all.
ALPHABET = "acdefhjkmnprtwxy3467"
_GROUPS, _GROUP = 4, 4
SEPARATOR = "-"


def make_first_password(choose: Callable[[str], str]) -> str:
    """Four groups of four signs, such as kd7p-hw3x-m4te-ry6c. `choose` takes one of some signs (`secrets.choice`)."""
    groups = ("".join(choose(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return SEPARATOR.join(groups)
