"""What a received mail says, whatever bytes came: sender, recipient, subject and plain text. Nothing raises."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from html import unescape

_LONGEST_TEXT = 200_000
_LONGEST_ADDRESS = 254
_LONGEST_SUBJECT = 300
_MOST_PARTS = 200
_TROUBLES = (MessageError, ValueError, LookupError, AssertionError, AttributeError, TypeError, RecursionError)
# Control and bidirectional signs, which could make a text look like another; tab and line feed stay.
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_DROPPED = re.compile(r"(?is)<(script|style|head|title)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)")
_BREAKS = re.compile(r"(?i)<(?:br|/p|/div|/tr|/h[1-6]|/li|/table)\b[^>]*>")
_FOLD = re.compile(r"[\r\n]+(?=[ \t])")
_TAG = re.compile(r"<[^>]*>?")


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in a mail. sender, recipient: the plain addresses in From and To, empty if there is none."""

    sender: str
    recipient: str
    subject: str
    text: str


def read(raw: bytes) -> Reading:
    """Read a mail. Never raises: what cannot be read is empty."""
    try:
        message = message_from_bytes(raw)
    except _TROUBLES:
        return Reading("", "", "", "")
    return Reading(
        sender=address_in(header(message, "From")),
        recipient=address_in(header(message, "To")),
        subject=" ".join(decoded(header(message, "Subject")).split())[:_LONGEST_SUBJECT],
        text=text_of(message),
    )


def header(message: Message, name: str) -> str:
    """The first header of that name in one line, or empty. Bytes beyond ASCII are taken for UTF-8."""
    value = next((text for key, text in message.raw_items() if key.lower() == name.lower()), "")
    line = _FOLD.sub("", str(value))
    return line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def address_in(value: str) -> str:
    """The first address in a header, in small letters; empty if there is none."""
    try:
        found = next((address for _, address in getaddresses([value]) if "@" in address), "")
    except _TROUBLES:
        return ""
    return _visible(found).strip().lower()[:_LONGEST_ADDRESS]


def decoded(value: str) -> str:
    """A header in words (RFC 2047), with what cannot be read replaced."""
    try:
        parts = decode_header(value)
    except _TROUBLES:
        return _visible(value)
    return _visible("".join(text if isinstance(text, str) else _text(text, charset) for text, charset in parts))


def text_of(message: Message) -> str:
    """The plain text of a mail; of one that has only HTML, its words. Attachments are left out."""
    plain: list[str] = []
    html: list[str] = []
    try:
        for place, part in enumerate(message.walk()):
            if place >= _MOST_PARTS:
                break
            if part.get_content_maintype() == "text" and "attachment" not in header(part, "Content-Disposition"):
                (html if part.get_content_subtype() == "html" else plain).append(content_of(part))
    except _TROUBLES:
        pass
    text = "\n".join(plain) if any(piece.strip() for piece in plain) else words_of_html("\n".join(html))
    return _visible(text.replace("\r\n", "\n").replace("\r", "\n"))[:_LONGEST_TEXT]


def content_of(part: Message) -> str:
    """What a part that is no multipart holds, as text."""
    try:
        payload = part.get_payload(decode=True)
        charset = part.get_content_charset()
    except _TROUBLES:
        return ""
    return _text(payload, charset) if isinstance(payload, bytes) else ""


def words_of_html(html: str) -> str:
    """The words of an HTML page in lines, without what a browser would not show."""
    text = _TAG.sub("", _BREAKS.sub("\n", _DROPPED.sub("", html[:_LONGEST_TEXT])))
    return "\n".join(line.strip() for line in unescape(text).splitlines() if line.strip())


def _text(content: bytes, charset: str | None) -> str:
    for name in (charset or "utf-8", "utf-8", "iso2022_jp"):
        try:
            return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("utf-8", "replace")


def _visible(text: str) -> str:
    return _HIDDEN.sub("", text)
