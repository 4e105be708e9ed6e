"""Defanged text for mails: a reader can still read it, a mail gateway or a careless click cannot act on it."""

import re
import unicodedata

_SCHEME = re.compile(r"(?i)\b(h)tt(ps?)(?=:)")
# Possessive, and only from a word's beginning: linear in the length of the text.
_DOTTED = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]++)+")
_DECIMAL = re.compile(r"[^\x00-\x7f]*\d+\.\d+[^\x00-\x7f]*")
_VISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


def defang(text: str, *, limit: int = 120) -> str:
    """One line of harmless text: dots, at signs, colons of URLs broken, angle brackets widened, control signs shown."""
    shown = visible(text)[: limit + 1]
    shown = _SCHEME.sub(r"\1xx\2", shown)
    shown = shown.replace("://", "[:]//").replace(".", "[.]").replace("@", "[@]")
    shown = shown.replace("<", "＜").replace(">", "＞")
    return shown if len(visible(text)) <= limit else f"{shown[:-1]}…"


def defang_prose(text: str) -> str:
    """One line that a person wrote: as it is, but with links, domains and addresses broken and control signs shown."""
    shown = _SCHEME.sub(r"\1xx\2", visible(text)).replace("://", "[:]//")
    return _DOTTED.sub(_broken, shown).replace("<", "＜").replace(">", "＞").replace("@", "[@]")


def _broken(dotted: re.Match[str]) -> str:
    """A domain, an address or a file name; a decimal number stays as it is."""
    text = dotted.group()
    return text if _DECIMAL.fullmatch(text) else text.replace(".", "[.]")


def visible(text: str) -> str:
    """Make control and direction-changing characters visible as <U+XXXX>, so that no text can hide or turn itself."""
    return "".join(f"<U+{ord(sign):04X}>" if unicodedata.category(sign) in _VISIBLE else sign for sign in text)
