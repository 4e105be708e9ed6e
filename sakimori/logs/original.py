"""The line as it came, from a row of the store. Whoever shows or hands out a line asks here, never the column itself."""

from collections.abc import Mapping
from typing import Any


def original_line(row: Mapping[str, Any]) -> str:
    """Give the line of a row that holds every column of `fields.py`."""
    return str(row["line"])
