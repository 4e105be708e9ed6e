"""Evidence of an incident: what a visit has shown, kept as files of the customer, each with its hash.

Not every visit leaves evidence: an incident is visited every minute. The first one does, the first bad one, and each
whose verdict differs from what was kept last, up to a limit.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sakimori.customers import files
from sakimori.incidents.models import Evidence, EvidenceKind, Incident, Probe
from sakimori.incidents.record import headers_text, record_text
from sakimori.incidents.verdict import BAD, Conclusion
from sakimori.incidents.visit import Visit
from sakimori.incidents.visitors import Examination
from sakimori.lib.jst import JST

MOST_TIMES = 12
_MOST_PICTURE_BYTES = 4 << 20
_PNG = b"\x89PNG\r\n"


class EvidenceGone(Exception):
    """The file of a piece of evidence is missing, or is not what its hash says."""


def worth_keeping(kept: Sequence[str], verdict: str) -> bool:
    """Whether a visit with this verdict leaves evidence, after those that did (their verdicts, the oldest first). Pure.

    The first bad verdict always does, however many there are.
    """
    if verdict in BAD and not any(each in BAD for each in kept):
        return True
    return len(kept) < MOST_TIMES and (not kept or kept[-1] != verdict)


def verdicts_kept(incident: Incident) -> list[str]:
    """The verdicts of the visits that left evidence, the oldest first."""
    rows = Evidence.objects.filter(incident=incident, kind=EvidenceKind.RECORD, probe__isnull=False)
    return list(rows.order_by("at", "pk").values_list("probe__verdict", flat=True))


def pictured(incident: Incident) -> str:
    """The verdict that the latest evidence shows; empty where there is none. See `visitors.examine`."""
    return next(reversed(verdicts_kept(incident)), "")


def keep_evidence(
    incident: Incident,
    probe: Probe,
    visit: Visit,
    at: datetime,
    screenshot: bytes | None = None,
    *,
    done: Examination | None = None,
    conclusion: Conclusion | None = None,
) -> list[Evidence]:
    """Keep what a visit has shown, if it is worth it. Call it in the transaction that writes the probe.

    done, conclusion: the whole examination and its verdict, for the record. Returns the new rows.
    """
    picture = screenshot if screenshot and _is_picture(screenshot) else b""
    if not worth_keeping(verdicts_kept(incident), probe.verdict):
        return _add_late_picture(incident, picture, at) if picture else []
    played = incident.is_exercise
    name = f"{'kunren-' if played else ''}{at.astimezone(JST):%Y%m%d-%H%M%S}"
    visits = done.visits if done else (visit,)
    record = record_text(visits, done=done, conclusion=conclusion, at=at, exercise=played)
    pieces = [(EvidenceKind.RECORD, f"record-{name}.json", "application/json", record.encode())]
    if visit.headers:
        head = headers_text(visit)
        pieces.append((EvidenceKind.HEADERS, f"headers-{name}.txt", "text/plain; charset=utf-8", head.encode()))
    if visit.head:
        # Never shown as a page: it is whatever a stranger has sent.
        pieces.append((EvidenceKind.BODY, f"body-{name}.txt", "text/plain; charset=utf-8", visit.head))
    if picture:
        pieces.append((EvidenceKind.SCREENSHOT, f"screen-{name}.png", "image/png", picture))
    return [_keep(incident, probe, at, *piece) for piece in pieces]


def _is_picture(content: bytes) -> bool:
    return content.startswith(_PNG) and len(content) <= _MOST_PICTURE_BYTES


def _add_late_picture(incident: Incident, picture: bytes, at: datetime) -> list[Evidence]:
    """A browser may be slower than the verdict: its picture joins the evidence that was kept last, once."""
    rows = Evidence.objects.filter(incident=incident, probe__isnull=False).select_related("probe")
    last = rows.filter(kind=EvidenceKind.RECORD).order_by("at", "pk").last()
    if last is None or last.probe is None or rows.filter(probe=last.probe, kind=EvidenceKind.SCREENSHOT).exists():
        return []
    name = f"screen-{at.astimezone(JST):%Y%m%d-%H%M%S}.png"
    return [_keep(incident, last.probe, at, EvidenceKind.SCREENSHOT, name, "image/png", picture)]


def _keep(
    incident: Incident, probe: Probe, at: datetime, kind: EvidenceKind, name: str, content_type: str, content: bytes
) -> Evidence:
    return Evidence.objects.create(
        incident=incident,
        probe=probe,
        kind=kind,
        name=name,
        content_type=content_type,
        stored_name=files.keep(incident.contract.customer, content),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        at=at,
    )


def content_of(row: Evidence) -> bytes:
    """The file of a piece of evidence, tested against its hash. Raises EvidenceGone."""
    try:
        content = files.path_of(row.incident.contract.customer, row.stored_name).read_bytes()
    except OSError as error:
        raise EvidenceGone(f"the file of evidence {row.pk} cannot be read") from error
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise EvidenceGone(f"the file of evidence {row.pk} is not what it was")
    return content
