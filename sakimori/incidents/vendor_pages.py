"""Tells the WAF's own pages (challenge, captcha, error) from the site's, before anything is looked for on them. Pure.

A page of the WAF is a shell: it loads `/_Incapsula_Resource`, or names an incident, and shows a visitor next to
nothing else. A script of that name also stands in healthy pages, for the edge adds it there to look at visitors; so a
page with words or scripts of its own is the site's, and so is one that only writes about such pages.
"""

import re
from collections.abc import Sequence
from html import unescape

from sakimori.incidents.via import is_marked

SITE, CHALLENGE, CAPTCHA, WAF_ERROR = "site", "challenge", "captcha", "waf_error"  # Values of `models.PageKind`.

_RESOURCE = "_incapsula_resource"
# What the edge adds to healthy pages: told by its name space.
_ADDED = re.compile(r"/_incapsula_resource\?[^\"'<>\s]*&(?:amp;)?ns=\d[^\"'<>\s]*", re.IGNORECASE)
_INCIDENT = re.compile(r"(?:incapsula|imperva) incident id\b|incident_id=\d", re.IGNORECASE)
_INTERRUPTION = re.compile(r"<title>\s*pardon our interruption", re.IGNORECASE)
_SIGNED = re.compile(r"(?:powered|protected) by\s+(?:incapsula|imperva)", re.IGNORECASE)
_PUZZLES = ("hcaptcha.com", "h-captcha", "g-recaptcha", "/recaptcha/", f"{_RESOURCE}?swcghoel")
_CODE = re.compile(r"\berror(?: code)?:?\s*(\d{1,3})\b", re.IGNORECASE)
_DETAIL = re.compile(r"[?&;]edet=(\d{1,3})\b", re.IGNORECASE)
_PUZZLE_CODE = 12
# Refusals of this one client (rules, address, country, robot): they prove as little about others as a challenge does.
_REFUSALS = (15, 16, 17, 18)
_SOURCE = re.compile(r"<script\b[^>]*\bsrc\s*=\s*[\"']?([^\"'>\s]+)", re.IGNORECASE)
_HIDDEN = re.compile(
    r"<(script|style|noscript|iframe|template|title)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^>]*(?:>|\Z)")
_MOST_WORDS = 1500
"""A page on which a visitor reads more signs than so many is the site's own, whatever it says."""
_LONGEST = 128 << 10


def page_kind(headers: Sequence[tuple[str, str]], body: bytes) -> str:
    """A value of `models.PageKind`. body: unpacked; its beginning is enough."""
    text = _ADDED.sub("", body[:_LONGEST].decode("utf-8", "replace"))
    if not any(sign in text.lower() for sign in (_RESOURCE, "incident", "powered by", "protected by", "interruption")):
        return SITE  # Nearly every page ends here.
    words = words_of(text)
    if len(words) > _MOST_WORDS:
        return SITE
    if _INTERRUPTION.search(text) and is_marked(headers):
        return CAPTCHA
    if _INCIDENT.search(text) or _SIGNED.search(words):
        return _kind_of_notice(text, words)
    return _kind_of_shell(text) if _RESOURCE in text.lower() and not words else SITE


def _kind_of_notice(text: str, words: str) -> str:
    """A page that names an incident of the vendor, or is signed by him."""
    found = _DETAIL.search(text) or _CODE.search(words)
    code = int(found[1]) if found else None
    if code == _PUZZLE_CODE or _is_puzzle(text):
        return CAPTCHA
    if code in _REFUSALS or (code is None and _RESOURCE in text.lower()):
        return CHALLENGE
    if code is None and not _INCIDENT.search(text):
        return SITE  # Only signed, as footers are.
    return WAF_ERROR


def _kind_of_shell(text: str) -> str:
    """A page without a word: the site's own where it has other scripts, which write the words later."""
    if _is_puzzle(text):
        return CAPTCHA
    foreign = [source for source in _SOURCE.findall(text) if _RESOURCE not in source.lower()]
    return SITE if foreign else CHALLENGE


def _is_puzzle(text: str) -> bool:
    lower = text.lower()
    return any(puzzle in lower for puzzle in _PUZZLES)


def words_of(text: str) -> str:
    """What a visitor reads of a page: no title, scripts, frames or comments."""
    return " ".join(unescape(_TAG.sub(" ", _HIDDEN.sub(" ", text))).split())
