"""What a report says about a mail that was not delivered: an address that is none, a full mailbox, a delay.

Reports come in the standard's form (RFC 3464) from most servers, as prose from others, and automatic answers
(vacation) come the same way without being one. Nothing here raises, whatever the bytes are.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from enum import Enum

from sakimori.notify.inbox.reading import address_in, content_of, decoded, header, text_of

_MOST_PARTS = 100
_TROUBLES = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
_TOKEN = re.compile(r"(?<![0-9a-f])([0-9a-f]{32})(?=@)")
_RETURN_TOKEN = re.compile(r"\+([0-9a-f]{32})@")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
_DAEMON = re.compile(r"(?i)^(mailer-daemon|postmaster|mail-daemon|microsoftexchange\w*|double-bounce)@")
_FAILED_WORDS = re.compile(
    r"(?i)undeliver|delivery (?:status|failure|has failed)|returned mail|mail delivery failed|failure notice"
    r"|could(?: not|n't) be delivered|user unknown|no such user"
    r"|配信不能|配信できません|配信されませんでした|送信できません|届けられません|宛先不明|見つかりませんでした"
)
_DELAY_WORDS = re.compile(
    r"(?i)delayed|warning: (?:message|could not)|still being retried|will (?:keep|continue) trying|遅延|遅れています"
)
_ANSWER_WORDS = re.compile(
    r"(?i)out of (?:the )?office|automatic reply|auto.?reply|vacation|不在|自動返信|自動応答|休暇"
)


class Fate(Enum):
    """What a report says. ANSWER: an automatic answer, which proves that the mail arrived. OTHER: no report at all."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    ANSWER = "answer"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A report. tokens: marks that may be ours, as in Message-IDs and return paths. recipient: empty if not told.

    A server that says "failed" with a 4.x.x has given up after days: the copy is lost all the same. reason: its words.
    """

    fate: Fate
    tokens: tuple[str, ...]
    recipient: str
    status: str
    reason: str


_NOTHING = DeliveryReport(Fate.OTHER, tokens=(), recipient="", status="", reason="")


def read_report(raw: bytes, *, envelope_recipient: str = "") -> DeliveryReport:
    """Read what came to the address for reports. envelope_recipient: for whom it was handed over, if that is known."""
    try:
        message = message_from_bytes(raw)
        return _standard(message, raw, envelope_recipient) or _prose(message, raw, envelope_recipient)
    except _TROUBLES:
        return _NOTHING


def _standard(message: Message, raw: bytes, envelope: str) -> DeliveryReport | None:
    """A report as RFC 3464 has it; of several recipients the gravest counts."""
    groups = [group for group in _groups(message) if header(group, "Action") or header(group, "Status")]
    if not groups:
        return None
    tokens = _tokens(message, raw, envelope)
    reports = [_of_group(group, tokens) for group in groups]
    order = [Fate.FAILED, Fate.DELAYED, Fate.DELIVERED, Fate.OTHER, Fate.ANSWER]
    return min(reports, key=lambda report: order.index(report.fate))


def _groups(message: Message) -> list[Message]:
    """The groups of fields of the status part; some servers send them as text that was not taken apart."""
    found: list[Message] = []
    for place, part in enumerate(message.walk()):
        if place >= _MOST_PARTS:
            break
        if part.get_content_type() in {"message/delivery-status", "message/global-delivery-status"}:
            payload = part.get_payload()
            if isinstance(payload, list):
                found += [group for group in payload if isinstance(group, Message)]
            if not any(header(group, "Action") or header(group, "Status") for group in found):
                texts = re.split(r"\r?\n\s*\r?\n", content_of(part))
                found += [message_from_bytes(text.strip().encode("utf-8", "replace") + b"\n\n") for text in texts]
    return found


def _of_group(group: Message, tokens: tuple[str, ...]) -> DeliveryReport:
    action = header(group, "Action").strip().lower()
    matched = _STATUS.search(header(group, "Status"))
    status = matched.group() if matched else ""
    words = _after_type(header(group, "Diagnostic-Code"))
    recipient = address_in(
        _after_type(header(group, "Final-Recipient")) or _after_type(header(group, "Original-Recipient"))
    )
    fates = {
        "failed": Fate.FAILED,
        "delayed": Fate.DELAYED,
        "delivered": Fate.DELIVERED,
        "relayed": Fate.DELIVERED,
        "expanded": Fate.DELIVERED,
    }
    fate = fates.get(action) or {"5": Fate.FAILED, "4": Fate.DELAYED, "2": Fate.DELIVERED}.get(status[:1], Fate.OTHER)
    reason = " ".join(part for part in (status, " ".join(decoded(words).split())) if part)
    return DeliveryReport(fate, tokens, recipient, status, reason[:300])


def _prose(message: Message, raw: bytes, envelope: str) -> DeliveryReport:
    """Servers that write in their own words, and automatic answers."""
    subject = decoded(header(message, "Subject"))
    tokens = _tokens(message, raw, envelope)
    text = text_of(message)
    if _is_answer(message, subject):
        return DeliveryReport(Fate.ANSWER, tokens=tokens, recipient="", status="", reason=subject[:300])
    sender = address_in(header(message, "From"))
    is_machine = bool(_DAEMON.search(sender)) or header(message, "Return-Path").strip() == "<>"
    failed_to = address_in(header(message, "X-Failed-Recipients"))
    told = f"{subject}\n{text[:4000]}"
    if not (failed_to or (is_machine and (_FAILED_WORDS.search(told) or _DELAY_WORDS.search(told)))):
        return DeliveryReport(Fate.OTHER, tokens=tokens, recipient="", status="", reason="")
    found = _STATUS.search(told)
    code = _CODE.search(told)
    first = found[1] if found else code[1] if code else ""
    delayed = first == "4" or (first != "5" and bool(_DELAY_WORDS.search(told)))
    fate = Fate.DELAYED if delayed else Fate.FAILED
    line = next((part for part in text.splitlines() if _STATUS.search(part) or _CODE.search(part)), subject)
    return DeliveryReport(fate, tokens, failed_to, found.group() if found else "", " ".join(line.split())[:300])


def _is_answer(message: Message, subject: str) -> bool:
    """Whether a person's mailbox answered by itself."""
    automatic = header(message, "Auto-Submitted").strip().lower()
    if automatic.startswith("auto-replied"):
        return message.get_content_type() != "multipart/report"
    marks = (header(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"))
    is_daemon = bool(_DAEMON.search(address_in(header(message, "From"))))
    return not is_daemon and (bool(_ANSWER_WORDS.search(subject)) or any(mark.strip() for mark in marks))


def _tokens(message: Message, raw: bytes, envelope: str) -> tuple[str, ...]:
    """Marks, the surest first: the return path, the headers that refer to a mail, the mail that was sent back."""
    places = [envelope, header(message, "To"), header(message, "Delivered-To"), header(message, "X-Original-To")]
    found = [token for place in places for token in _RETURN_TOKEN.findall(place.lower())]
    for name in ("In-Reply-To", "References", "Original-Message-ID", "X-MS-Exchange-Message-Id"):
        found += _TOKEN.findall(header(message, name))
    found += _TOKEN.findall(raw[:300_000].decode("ascii", "replace").lower())
    for part in list(message.walk())[:_MOST_PARTS]:
        if not part.is_multipart() and header(part, "Content-Transfer-Encoding").strip():
            found += _TOKEN.findall(content_of(part)[:100_000].lower())
    return tuple(dict.fromkeys(found))[:20]


def _after_type(value: str) -> str:
    return value.partition(";")[2].strip() if ";" in value else value.strip()
