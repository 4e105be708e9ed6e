"""Reading a letter with a first password, as its addressee does."""

import re
from io import BytesIO

from pypdf import PdfReader

_PASSWORD = re.compile(r"\b(?:[a-z0-9]{4}-){3}[a-z0-9]{4}\b")


def text_of(letter: bytes) -> str:
    """Everything that stands in a PDF, without any space: where lines break does not matter."""
    return "".join(_raw(letter).split())


def password_in(letter: bytes) -> str:
    """The first password of a letter."""
    found = _PASSWORD.search(_raw(letter))
    assert found is not None
    return found[0]


def _raw(letter: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(letter)).pages)
