"""What the table knows of one setting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its environment variable, what it means (English, for the README), and its default if any."""

    name: str
    meaning: str
    default: str | None = None
