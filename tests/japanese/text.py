"""What counts as Japanese on a page, and how every text that a person may see or hear is taken out of a page."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

_ALLOWED = Path(__file__).with_name("allowed.txt")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]")
_LATIN = re.compile(r"[A-Za-z\uff21-\uff3a\uff41-\uff5a]")
_SPOKEN = ("title", "alt", "placeholder", "aria-label", "aria-description", "aria-valuetext", "data-label", "label")
_SILENT = {"script", "style", "template"}
_BUTTONS = {"submit", "button", "reset"}


def japanese_or_allowed(text: str) -> bool:
    """Whether a text may be shown: it holds Japanese, or hardly any Latin letters, or stands in `allowed.txt`.

    A line of the file is a whole text, or a regular expression for a whole text when it begins with `~`.
    """
    text = " ".join(text.split())
    if len(_LATIN.findall(text)) < 2 or _JAPANESE.search(text):
        return True
    return any(pattern.fullmatch(text) for pattern in _patterns())


def texts_of(page: str) -> list[str]:
    """Every text of an HTML page: text nodes, title, and attributes that are shown or read aloud."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return [text for text in reader.texts if text.strip()]


def foreign_texts(page: str) -> list[str]:
    """The texts of a page that are neither Japanese nor allowed."""
    return [text for text in texts_of(page) if not japanese_or_allowed(text)]


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    lines = [line.strip() for line in _ALLOWED.read_text().splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    return tuple(re.compile(line[1:] if line.startswith("~") else re.escape(line)) for line in wanted)


class _Reader(HTMLParser):
    """Collects texts; what lies in scripts and styles is not seen by anybody."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        values = dict(attrs)
        self.texts += [values[name] or "" for name in _SPOKEN if name in values]
        if tag == "input" and values.get("type") in _BUTTONS:
            self.texts.append(values.get("value") or "Submit")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)
