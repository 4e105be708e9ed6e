"""CEF: `CEF:0|Incapsula|SIEMintegration|1|1|<Name>|<Severity>| key=value key=value`.

Only the first seven unescaped pipes are separators; pipes in the extension are not escaped.
"""

import re

from sakimori.logs.fields import FIELDS, Event
from sakimori.logs.formats.building import EXTRA, LINE, NAME, SEVERITY, build_event
from sakimori.logs.formats.given_time import given_time
from sakimori.logs.formats.incidents import incident_kinds, incident_reader, is_incident
from sakimori.logs.formats.keyed import KeyedReader, csn_vocabulary
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine, decode_line
from sakimori.logs.formats.values import read_int, read_text

_PART = r"((?:[^|\\]++|\\.)*+)\|"
_HEADER = re.compile(rf"[^|]{{0,200}}?CEF:[ ]?\d+\|{_PART * 6}", re.DOTALL)
CEF_VOCABULARY = csn_vocabulary({key: field for field in FIELDS for key in field.cef})
_READER = KeyedReader(CEF_VOCABULARY, blank_before_sign=False)

_INCIDENT_READER = incident_reader(blank_before_sign=False)


def parse_cef(line: bytes, *, max_line_bytes: int = MAX_LINE_BYTES) -> Event:
    """Read one line. Raises UnreadableLine and nothing else."""
    text = decode_line(line, max_line_bytes=max_line_bytes)
    header = _HEADER.match(text)
    if header is None:
        raise UnreadableLine(Reason.NO_HEADER)
    _, product, _, _, name, severity = header.groups()
    is_of_analytics = is_incident(product)
    values = (_INCIDENT_READER if is_of_analytics else _READER).read(text[header.end() :])
    values[NAME] = read_text(name)
    values[LINE] = text
    try:
        values[SEVERITY] = read_int(severity)
    except ValueError:
        values[EXTRA] = {**values[EXTRA], "severity": read_text(severity)}
    kinds = incident_kinds(values[EXTRA]) if is_of_analytics else None
    return build_event(values, kinds=kinds, given=given_time(text)[0])


def plain_header(text: str) -> tuple[str, int | None] | None:
    """Give name and severity of what is a header and nothing more; None if it has anything odd."""
    header = _HEADER.fullmatch(text)
    if header is None or is_incident(header[2]):
        return None
    try:
        return read_text(header[5]), read_int(header[6])
    except ValueError:
        return None
