"""The proof that goes with a mail about an incident: small files are attached, all are named with their hash."""

from collections.abc import Sequence

from sakimori.incidents.evidence import EvidenceGone, content_of
from sakimori.incidents.models import Evidence, EvidenceKind, Incident
from sakimori.incidents.telling import evidence_of, latest_probes
from sakimori.notify.interface import AttachedFile
from sakimori.tickets.texts.proof import Proof

_LARGEST = 1 << 20
_ATTACHED = (EvidenceKind.SCREENSHOT, EvidenceKind.RECORD)
_MOST_NAMED = 12


def proof_of(incident: Incident) -> tuple[Proof, list[AttachedFile]]:
    """What is known now, and the files for the mail: the newest screenshot and record, if each is small enough."""
    evidence = list(evidence_of(incident).order_by("-at", "-pk")[:_MOST_NAMED])
    attached = _attached(evidence)
    names = frozenset(file.name for file in attached)
    return Proof(latest_probes(incident), evidence, names), attached


def _attached(evidence: Sequence[Evidence]) -> list[AttachedFile]:
    newest: dict[str, Evidence] = {}
    for row in evidence:
        if row.kind in _ATTACHED and row.size_bytes <= _LARGEST:
            newest.setdefault(row.kind, row)
    return [file for row in newest.values() if (file := _file(row)) is not None]


def _file(row: Evidence) -> AttachedFile | None:
    """A file that is gone, or not what it was, is named all the same: its hash was written down."""
    try:
        return AttachedFile(row.name, row.content_type, content_of(row))
    except EvidenceGone:
        return None
