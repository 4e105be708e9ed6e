"""The proof that goes with a mail about an incident: small files are attached, all are named with their hash."""

from collections.abc import Sequence

from sakimori.customers import files
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
    attached = _attached(incident, evidence)
    names = frozenset(file.name for file in attached)
    return Proof(latest_probes(incident), evidence, names), attached


def _attached(incident: Incident, evidence: Sequence[Evidence]) -> list[AttachedFile]:
    newest: dict[str, Evidence] = {}
    for row in evidence:
        if row.kind in _ATTACHED and row.size_bytes <= _LARGEST:
            newest.setdefault(row.kind, row)
    return [file for row in newest.values() if (file := _file(incident, row)) is not None]


def _file(incident: Incident, row: Evidence) -> AttachedFile | None:
    """A file that is not there any more is named all the same: its hash was written down."""
    try:
        content = files.path_of(incident.contract.customer, row.stored_name).read_bytes()
    except (OSError, ValueError):
        return None
    return AttachedFile(row.name, row.content_type, content) if len(content) <= _LARGEST else None
