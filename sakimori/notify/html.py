"""The HTML part of a mail, made of its plain text and of nothing else: all that is in one is in the other.

The texts' own forms become headings (a line that begins with ■), tables (lines "name: value" one after the other),
rules (a line of hyphens) and paragraphs. Everything is escaped; only addresses below our own become links; nothing is
fetched from anywhere. Inline style is only what mail clients need, and is legible on light and on dark.
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

_RULE = re.compile(r"[-─━=]{8,}")
_FIELD = re.compile(r"(?P<name>[^:：\s](?:[^:：]{0,22}[^:：\s])?)(?P<mark>: |：)\s*(?P<value>\S.*)")
_URL = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_FONT = "font-family:'Hiragino Sans','Yu Gothic',Meiryo,sans-serif;font-size:15px;line-height:1.7"
# A hash or an address is longer than a phone is wide.
_BREAKS = "overflow-wrap:anywhere;word-break:break-word"
_HEADING = "font-size:16px;margin:24px 0 8px;padding:0 0 4px;border-bottom:2px solid #5b7fb5"
_CELL = "text-align:left;vertical-align:top;padding:4px 12px 4px 0;border-bottom:1px solid #8a93a0"


def html_of(text: str, *, base_url: str, title: str) -> str:
    """A whole HTML page that says the same as `text`.

    base_url: our own address; only what lies below it becomes a link. title: for readers that announce one.
    """
    blocks = "\n".join(_blocks(text.replace("\r\n", "\n").split("\n"), base_url))
    return (
        '<!DOCTYPE html>\n<html lang="ja">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{escape(title)}</title>\n</head>\n"
        f'<body style="margin:0;padding:16px"><div style="max-width:640px;{_FONT};{_BREAKS}">\n{blocks}\n</div>'
        "</body>\n</html>\n"
    )


def _blocks(lines: list[str], base_url: str) -> Iterator[str]:
    for kind, group in groupby(lines, _kind):
        same = list(group)
        if kind == "heading":
            yield from (f'<h2 style="{_HEADING}">{_inline(line, base_url)}</h2>' for line in same)
        elif kind == "rule":
            yield '<hr style="border:0;border-top:1px solid #8a93a0;margin:20px 0">'
        elif kind == "field" and len(same) > 1:
            yield _table(same, base_url)
        elif kind != "empty":
            shown = "<br>\n".join(_line(line, base_url) for line in same)
            yield f'<p style="margin:0 0 14px">{shown}</p>'


def _kind(line: str) -> str:
    text = line.strip()
    if not text:
        return "empty"
    if text.startswith("■"):
        return "heading"
    if _RULE.fullmatch(text):
        return "rule"
    return "field" if _FIELD.fullmatch(line) else "line"


def _table(lines: list[str], base_url: str) -> str:
    rows = "".join(_row(line, base_url) for line in lines)
    return f'<table style="border-collapse:collapse;margin:0 0 14px">{rows}</table>'


def _row(line: str, base_url: str) -> str:
    """The colon stays in the page: whoever copies it gets the text's own words."""
    found = _FIELD.fullmatch(line)
    name, value = (found["name"] + found["mark"].strip(), found["value"]) if found else ("", line)
    return (
        f'<tr><th scope="row" style="{_CELL};min-width:6em">{escape(name)}</th>'
        f'<td style="{_CELL}">{_inline(value, base_url)}</td></tr>'
    )


def _line(line: str, base_url: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return "&nbsp;" * min(indent, 12) + _inline(line.strip(" "), base_url)


def _inline(text: str, base_url: str) -> str:
    """Escaped, and our own addresses as links whose words are the address."""
    parts, at = [], 0
    for found in _URL.finditer(text):
        url = found.group().rstrip(".,;:!?)]'")
        if url == base_url or url.startswith((f"{base_url}/", f"{base_url}?", f"{base_url}#")):
            end = found.start() + len(url)
            link = f'<a href="{escape(url)}">{escape(url)}</a>'
            parts.append(escape(text[at : found.start()]) + link)
            at = end
    return "".join(parts) + escape(text[at:])
