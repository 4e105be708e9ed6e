"""100,000 spoiled lines: each is an event or a bad line with its reason, and nothing else happens.

72,000 of them in CEF, which is read in tables of many: there every column must be the careful parser's.
"""

from codecs import BOM_UTF8
from pathlib import Path

import pytest

from sakimori.logs.fields import Event
from sakimori.logs.read_file import BadLine, numbered_events
from sakimori.logs.unpack import read_log_file
from tests.logs.mutations import mutated, simulated
from tests.logs.test_bulk import check
from tests.luck import SEED

_SAMPLES = Path(__file__).parent / "samples"
_AT_ONCE = 1_000


@pytest.mark.parametrize("part", range(8))
def test_spoiled_lines_in_tables_are_what_the_careful_parser_reads(part: int) -> None:
    for number in range(9):
        seed = SEED + part * 9 + number
        regular = check(b"\n".join(mutated(simulated(2_000), _AT_ONCE, seed)))
        assert regular > 100, "the mutations leave enough lines to the fast way"


@pytest.mark.parametrize(
    "name", ["every_name.leef.log", "two_events.w3c.log", "every_dataset.json.log", "incident.cef.log"]
)
def test_a_spoiled_line_of_any_format_is_an_event_or_a_bad_line_and_is_kept(name: str) -> None:
    lines = (_SAMPLES / name).read_text().splitlines()
    head = [line for line in lines if line.startswith("#")]
    spoiled = [
        line.replace(b"\n", b" ").replace(b"\r", b" ")
        for line in mutated([line for line in lines if line not in head], 7_000, SEED)
    ]
    meant = [line for line in spoiled if line.strip() and not line.startswith(b"#")]
    content = b"\n".join([*(line.encode() for line in head), *spoiled])
    items = [item for _, item in numbered_events(read_log_file(content))]
    assert len(items) == len(meant)
    for item, line in zip(items, meant, strict=True):
        if isinstance(item, BadLine):
            assert (item.raw, bool(item.reason)) == (line, True)
        else:
            assert isinstance(item, Event)
            assert item.line.encode(errors="surrogateescape") == line.removeprefix(BOM_UTF8)
    assert sum(isinstance(item, BadLine) for item in items) < len(items)
