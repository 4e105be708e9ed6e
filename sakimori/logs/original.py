"""The line as it came, from a row of the store. Whoever shows or hands out a line asks here, never the columns.

Most of a line stands in columns already. So the store keeps such a line as its **frame**: the line with each value
taken out that its column gives back letter by letter, and a mark in its place. Frames repeat, lines never do: a frame
costs a few bytes on disk where the line costs two hundred. Lines that were not read in blocks are kept whole.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

# A mark is one of these bytes and a letter of MARKS. Lines that hold one of the bytes themselves are kept whole.
AS_IS = "\x01"
ESCAPED = "\x02"  # In the line there was a backslash before each `=` of the value.
# Stored rows hold these letters: one that was given is never given again, or taken away.
MARKS: Mapping[str, str] = MappingProxyType(
    {
        "time": "A",
        "end_time": "B",
        "request_id": "C",
        "session_id": "D",
        "act": "E",
        "site": "F",
        "site_id": "G",
        "account_id": "H",
        "account_name": "I",
        "client_ip_text": "J",
        "client_port": "K",
        "xff": "L",
        "country": "M",
        "city": "N",
        "latitude": "O",
        "longitude": "P",
        "method": "Q",
        "url": "R",
        "query": "S",
        "post_body": "T",
        "referrer": "U",
        "user_agent": "V",
        "client_app": "W",
        "client_type": "X",
        "status": "Y",
        "protocol": "Z",
        "tls": "a",
        "origin_ip": "b",
        "origin_port": "c",
        "response_bytes": "d",
        "pop": "e",
        "rule_info": "f",
        "captcha_support": "g",
        "javascript_support": "h",
        "cookie_support": "i",
        "visitor_id": "j",
        "client_signature": "k",
        "request_headers": "l",
        "response_headers": "m",
        "delivery_rules": "n",
        "site_tag": "o",
        "account_tag": "p",
    }
)
_COLUMNS = {letter: name for name, letter in MARKS.items()}
_MARK = re.compile(f"([{AS_IS}{ESCAPED}])(.)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def original_line(row: Mapping[str, Any]) -> str:
    """Give the line of a row that holds `frame` and every column of `fields.py`."""
    frame = row["frame"]
    if not frame:
        return str(row["line"])
    return _MARK.sub(lambda mark: _value(row, mark), frame)


def _value(row: Mapping[str, Any], mark: re.Match[str]) -> str:
    text = written(row[_COLUMNS[mark[2]]])
    return text.replace("=", "\\=") if mark[1] == ESCAPED else text


def written(value: object) -> str:
    """Write a value as the vendor writes most of them. Whoever makes a frame leaves in it what is written otherwise."""
    if isinstance(value, datetime):
        return str((value - _EPOCH) // _MILLISECOND)
    return str(value)
