"""CEF: `CEF:0|Incapsula|SIEMintegration|1|1|<Name>|<Severity>| key=value key=value`.

Only the first seven unescaped pipes are separators; pipes in the extension are not escaped.
"""

import re

from sakimori.logs.attack_kinds import AttackKind, kinds_of
from sakimori.logs.fields import FIELD_BY_NAME, FIELDS, Event
from sakimori.logs.formats.building import EXTRA, LINE, NAME, SEVERITY, build_event
from sakimori.logs.formats.cutting import Vocabulary
from sakimori.logs.formats.keyed import KeyedReader, csn_vocabulary
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine, decode_line
from sakimori.logs.formats.values import read_int, read_text

_PART = r"((?:[^|\\]++|\\.)*+)\|"
_HEADER = re.compile(rf"[^|]{{0,200}}?CEF:[ ]?\d+\|{_PART * 6}", re.DOTALL)
CEF_VOCABULARY = csn_vocabulary({key: field for field in FIELDS for key in field.cef})
_READER = KeyedReader(CEF_VOCABULARY, blank_before_sign=False)

# Attack Analytics puts other things into the slots and says what by their labels, which are kept as keys of `extra`.
_ANALYTICS = "attack analytics"
_ANALYTICS_KEYS = {
    key.lower(): field
    for column in ("time", "end_time", "client_ip_text", "url", "user_agent")
    for field in (FIELD_BY_NAME[column],)
    for key in field.cef
}
_ANALYTICS_READER = KeyedReader(
    Vocabulary(fields={**_ANALYTICS_KEYS, "dhost": FIELD_BY_NAME["site"]}, tags={}, untagged={}),
    blank_before_sign=False,
)
_ANALYTICS_TYPE = "ImpervaAAAttackType"


def parse_cef(line: bytes, *, max_line_bytes: int = MAX_LINE_BYTES) -> Event:
    """Read one line. Raises UnreadableLine and nothing else."""
    text = decode_line(line, max_line_bytes=max_line_bytes)
    header = _HEADER.match(text)
    if header is None:
        raise UnreadableLine(Reason.NO_HEADER)
    _, product, _, _, name, severity = header.groups()
    is_incident = product.strip().lower() == _ANALYTICS
    values = (_ANALYTICS_READER if is_incident else _READER).read(text[header.end() :])
    values[NAME] = read_text(name)
    values[LINE] = text
    try:
        values[SEVERITY] = read_int(severity)
    except ValueError:
        values[EXTRA] = {**values[EXTRA], "severity": read_text(severity)}
    return build_event(values, kinds=_incident_kinds(values[EXTRA]) if is_incident else None)


def plain_header(text: str) -> tuple[str, int | None] | None:
    """Give name and severity of what is a header and nothing more; None if it has anything odd."""
    header = _HEADER.fullmatch(text)
    if header is None or header[2].strip().lower() == _ANALYTICS:
        return None
    try:
        return read_text(header[5]), read_int(header[6])
    except ValueError:
        return None


def _incident_kinds(extra: dict[str, str]) -> tuple[AttackKind, ...]:
    """Name an incident first, then the kinds of attack that it is made of."""
    kinds = kinds_of(extra.get(_ANALYTICS_TYPE, ""))
    return (AttackKind.ATTACK_ANALYTICS, *(kind for kind in kinds if kind is not AttackKind.OTHER))
