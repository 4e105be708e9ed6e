"""LEEF: `LEEF:0|Incapsula|SIEMintegration|0|<Name>| key=value`, the pairs parted by blanks or by tabs."""

import re

from sakimori.logs.fields import FIELDS, Event
from sakimori.logs.formats.building import EXTRA, LINE, NAME, build_event
from sakimori.logs.formats.given_time import given_time
from sakimori.logs.formats.incidents import incident_kinds, incident_reader, is_incident
from sakimori.logs.formats.keyed import KeyedReader, csn_vocabulary
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine, decode_line
from sakimori.logs.formats.values import read_text

_PART = r"((?:[^|\\]++|\\.)*+)\|"
_HEADER = re.compile(rf"[^|]{{0,200}}?LEEF:[ ]?[0-9.]{{1,8}}\|{_PART * 4}", re.DOTALL)
# The CEF names are understood too: the vendor's documents and its lines disagree about some of them.
_READER = KeyedReader(
    csn_vocabulary({key: field for field in FIELDS for key in field.cef + field.leef}), blank_before_sign=True
)
_INCIDENT_READER = incident_reader(blank_before_sign=True)


def parse_leef(line: bytes, *, max_line_bytes: int = MAX_LINE_BYTES) -> Event:
    """Read one line. Raises UnreadableLine and nothing else."""
    text = decode_line(line, max_line_bytes=max_line_bytes)
    header = _HEADER.match(text)
    if header is None:
        raise UnreadableLine(Reason.NO_HEADER)
    is_of_analytics = is_incident(header[2])
    values = (_INCIDENT_READER if is_of_analytics else _READER).read(text[header.end() :])
    values[NAME] = read_text(header[4])
    values[LINE] = text
    kinds = incident_kinds(values[EXTRA]) if is_of_analytics else None
    return build_event(values, kinds=kinds, given=given_time(text)[0])
