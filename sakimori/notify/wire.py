"""A mail as bytes: headers that every mail client reads right, the text, the same as HTML, and files.

Headers are written by ourselves: the library's folding loses spaces between two encoded words and makes words longer
than RFC 2047 allows. The bytes of a mail are the same each time it is written.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, quote
from hashlib import sha256

from sakimori.lib.jst import JST
from sakimori.notify.interface import AttachedFile, MailRefused, OutgoingMail

_WORD_BYTES = 45  # 60 signs of Base64 and twelve of frame: within the 75 that RFC 2047 allows.
_FIRST_BYTES = 36  # The header's name stands before the first word.
# Some clients lose or double a space at the edge of a word, so that it stays with its neighbours.
_UNIT = re.compile(r"\S(?: +\S)+|.", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_NOT_IN_NAMES = re.compile(
    r'[\x00-\x1f\x7f-\x9f\u2028\u2029/\\:*?"<>|\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff]'
)
_EDGES = re.compile(r"\A[\s.]+|[\s.]+\Z")  # Spaces of every kind: mail programs drop them, and what stands behind them.
_NOT_ASCII = re.compile(r"[^\x00-\x7f\s]")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")


def as_bytes(mail: OutgoingMail) -> bytes:
    """The mail as it goes over the wire: ASCII (but for an address that needs SMTPUTF8), no line above 998 bytes.

    Raises MailRefused for a line break in a header and for an address that is none.
    """
    recipient = wire_address(mail.recipient)
    sender = wire_address(mail.sender)
    headers = {
        "Message-ID": _plain(mail.message_id),
        "Date": format_datetime(mail.written_at.astimezone(JST)),
        "From": _mailbox(mail.sender_name, sender),
        "Reply-To": _mailbox(mail.sender_name, wire_address(mail.reply_to or mail.sender)),
        "To": _mailbox(f"{mail.recipient_name} 様", recipient),
        "Subject": _words(_one_line(mail.subject)),
        "Auto-Submitted": "auto-generated",
        "Content-Language": "ja",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode("utf-8") + _body(mail).as_bytes()


def wire_address(address: str) -> str:
    """An address as mail servers take it: a Japanese domain in its ASCII form. Raises MailRefused for what is none.

    What stands before the @ cannot be written otherwise: in Japanese signs it needs a server with SMTPUTF8.
    """
    if _CONTROL.search(address):
        raise MailRefused("a header of the mail is not allowed: a control sign in an address")
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
        # The library knows the grammar, but only for ASCII.
        parsed = Address(addr_spec=f"{_NOT_ASCII.sub('x', local)}@{ascii_domain}")
        if not (parsed.username and parsed.domain):
            raise ValueError("no mail address")
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefused(f"this is not a mail address: {error}") from error
    return f"{local}@{ascii_domain}"


def file_name(name: str) -> str:
    """A file name that every system can store, and that hides nothing about its ending."""
    return _EDGES.sub("", _EDGES.sub("", _NOT_IN_NAMES.sub("_", name))[:100]) or "file"


def _body(mail: OutgoingMail) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content(mail.body, charset="utf-8", cte="base64")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", charset="utf-8", cte="base64")
    for file in mail.attachments:
        main, _, sub = _content_type(file).partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file_name(file.name))
    token = sha256(mail.message_id.encode("utf-8", "replace")).hexdigest()[:32]
    # "=_" never comes in Base64, which all parts are in.
    for place, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{token}_{place}")
    return message


def _content_type(file: AttachedFile) -> str:
    """Types that a client would show inside the mail, or take apart as a mail, become plain bytes."""
    kind = file.content_type.strip().lower()
    risky = kind.startswith(("message/", "multipart/")) or kind == "text/html"
    return "application/octet-stream" if risky or not _TYPE.fullmatch(kind) else kind


def _mailbox(name: str, address: str) -> str:
    shown = _one_line(name).strip()
    if not shown:
        return address
    spelled = f'"{quote(shown)}"' if shown.isascii() and len(shown) < 60 else _words(shown, always=True)
    return f"{spelled}\r\n <{address}>"


def _words(text: str, *, always: bool = False) -> str:
    """The text in encoded words (RFC 2047), each of which can be read by itself; as it is if it is short ASCII."""
    if not always and text.isascii() and len(text) < 60 and "=?" not in text:
        return text
    words: list[bytes] = []
    piece = b""
    for unit in _units(text):
        if piece and len(piece) + len(unit) > (_WORD_BYTES if words else _FIRST_BYTES):
            words.append(piece)
            piece = b""
        piece += unit
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode('ascii')}?=" for word in [*words, piece])


def _units(text: str) -> Iterator[bytes]:
    """What must not be torn, as bytes: single signs, and a space with what stands around it."""
    for unit in _UNIT.findall(text):
        encoded = unit.encode("utf-8")
        yield from [encoded] if len(encoded) <= _FIRST_BYTES else (sign.encode("utf-8") for sign in unit)


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise MailRefused("a header of the mail is not allowed: it holds a line break or another control sign")
    return text


def _plain(text: str) -> str:
    if not text.isascii() or _CONTROL.search(text) or len(text) > 900:
        raise MailRefused("a header of the mail is not allowed: the Message-ID is no plain text")
    return text
