"""The dearest lines that we could think of, one of each sort, as long as one likes; and what each takes to read."""

import time
from collections.abc import Mapping
from contextlib import suppress

from sakimori.logs.fields import FIELDS
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.formats.unreadable import UnreadableLine

_CEF = b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| start=1 "
_CEF_NAMES = [field.cef[0].encode() for field in FIELDS if field.cef]
_TRIES = 5


def worst(size: int) -> dict[str, bytes]:
    """Lines of about this size, each the dearest of its sort."""
    return {
        "blanks": _CEF + b" " * size,
        "tabs": _CEF + b"\t" * size,
        "letters": _CEF + b"a" * size,
        "unknown keys": _CEF + b" a=" * (size // 3),
        "many keys": _CEF + b"".join(b" k%d=1" % number for number in range(size // 9)),
        "one key": _CEF + b" src=1" * (size // 6),
        "differing": _CEF + b"".join(b" src=%d" % number for number in range(size // 9)),
        "most that may differ": _CEF + b"".join(b" src=%-11d" % number for number in range(size // 16)),
        "all columns differ": _CEF
        + b"".join(
            b" %s=%d" % (field.cef[0].encode(), number)
            for number in range(size // 770)
            for field in FIELDS
            if field.cef
        ),
        "given time": b"hec.time=" + b"1" * size,
        "given time and blanks": b"hec.time=1700000000 " + b" " * size + b"{}",
        "labels": _CEF + b"cs5Label=" * (size // 9),
        "open json": _CEF + b" cs10=[" * (size // 7),
        "open quotes": _CEF + b' cs10=["' * (size // 8),
        "backslashes": _CEF + b"request=" + b"\\" * size,
        "commas": _CEF + b"cs9=" + b"," * size,
        "pipes": b"CEF:0" + b"|" * size,
        "no pipes": b"CEF:0|" + b"\\" * size,
        "colons": b"CEF:" * (size // 4),
        "digits": _CEF + b"siteid=" + b"9" * size,
        "leef": b"LEEF:0|a|b|0|n| start=1" + b"\t " * (size // 2),
        "w3c quotes": b'"' * size,
        "w3c words": b"a " * (size // 2),
        "json depth": b'{"time":1,"x":' + b'{"a":' * 400 + b"1" + b"}" * 401,
        "json lists": b'{"time":1,"x":' + b"[" * (size // 2) + b"]" * (size // 2) + b"}",
        "json list": b'[{"time":1}' + b",{}" * (size // 3) + b"]",
        "json list of nothing": b'{"logs":[' + b" " * size,
        "json keys": b'{"time":1,"x":{' + b",".join(b'"%d":1' % number for number in range(size // 8)) + b"}}",
    }


def cost(line: bytes) -> float:
    """Seconds of this thread on the processor that reading the line takes: of several tries the best."""
    parser = LineParser(w3c_fields=("cs-start", "x"))
    costs = []
    for _ in range(_TRIES):
        begin = time.thread_time()
        with suppress(UnreadableLine):
            parser.parse(line)
        costs.append(time.thread_time() - begin)
    return min(costs)


def measure_worst_lines(size: int = 64 * 1024) -> Mapping[str, float | str]:
    """The dearest line of this size: which it is, and its milliseconds (the goal for 64 KiB is 50)."""
    costs = {kind: cost(line) for kind, line in worst(size).items()}
    kind = max(costs, key=costs.__getitem__)
    return {"dearest_line": kind, "dearest_line_ms": round(costs[kind] * 1000, 1)}
