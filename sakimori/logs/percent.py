"""Text of URLs as it is sent and as people read it: `%E6%9D%B1` and 東. Pure.

A URL carries whatever is not ASCII as the percent-encoded bytes of its UTF-8. Whoever seeks a Japanese word types the
word; whoever reads a line wants to see it.
"""

import re
import unicodedata
from urllib.parse import quote

# Everything in ASCII stays as it was typed: whether a sender encodes `/` or `=` depends on where it stands.
_ASCII = "".join(map(chr, range(128)))
_RUN = re.compile("(?:%[0-9A-Fa-f]{2})+")
MOST_FORMS = 5


def sent_forms(text: str) -> list[str]:
    """All writings under which a text may stand in a URL, itself first; at most MOST_FORMS. ASCII has only itself.

    Hexadecimal digits are capitals: the caller compares without regard to case. Spaces are `%20` or `+`. Wide forms of
    letters, digits and spaces, as Japanese keyboards make them, also stand for the narrow ones.
    """
    if text.isascii():
        return [text]
    meant = dict.fromkeys((text, unicodedata.normalize("NFKC", text)))
    encoded = [quote(each, safe=_ASCII) for each in meant]
    spaced = [each.replace(" ", space) for each in encoded for space in ("%20", "+")]
    return list(dict.fromkeys([text, *spaced]))


def decoded(text: str, *, is_query: bool = False) -> str:
    """The text as people read it; what is no UTF-8 stays as it was sent. is_query: a `+` is a space.

    The result is a stranger's text and may hold any sign, control and direction-changing ones too: show it as such.
    """
    return _RUN.sub(_read, text.replace("+", " ") if is_query else text)


def _read(run: re.Match[str]) -> str:
    sent, at = run.group(), 0
    parts: list[str] = []
    for sign in bytes.fromhex(sent.replace("%", "")).decode("utf-8", "surrogateescape"):
        is_broken = "\udc80" <= sign <= "\udcff"
        width = 3 if is_broken else 3 * len(sign.encode())
        parts.append(sent[at : at + width] if is_broken else sign)
        at += width
    return "".join(parts)
