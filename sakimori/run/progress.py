"""How far a command is: a bar that is drawn over itself on a terminal, nothing elsewhere; lines stay whole on both."""

import sys
from dataclasses import dataclass, field
from typing import TextIO

_WIDTH = 24
_CLEAR = "\r\x1b[K"


@dataclass
class Progress:
    """Draws on `stream` (default: stderr) if that is a terminal. Lines go to stdout, complaints to stderr."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)

    @property
    def is_drawn(self) -> bool:
        """Whether anybody sees the bar."""
        return self.stream.isatty()

    def show(self, done: int, total: int, words: str) -> None:
        """Draw the bar anew. A total of 0 is one that nobody knows."""
        if self.is_drawn:
            share = min(1.0, done / total) if total else 0.0
            full = int(share * _WIDTH)
            bar = "#" * full + "-" * (_WIDTH - full)
            self.stream.write(f"{_CLEAR}[{bar}] {share:4.0%}  {_printable(words)[:50]}")
            self.stream.flush()

    def say(self, line: str, *, is_trouble: bool = False) -> None:
        """Print a line where no bar stands in its way."""
        self.clear()
        print(_printable(line), file=sys.stderr if is_trouble else sys.stdout, flush=True)

    def clear(self) -> None:
        """Take the bar away."""
        if self.is_drawn:
            self.stream.write(_CLEAR)
            self.stream.flush()


def _printable(text: str) -> str:
    """A file's name may hold signs that would command the terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
