"""100,000 spoiled lines: each is an event or a bad line with its reason, and nothing else happens.

72,000 of them in CEF, which is read in tables of many: there every column must be the careful parser's. As many events
again are spoiled inside JSON documents, and as events of the push door.
"""

import json
import random
from codecs import BOM_UTF8
from pathlib import Path

import pytest

from sakimori.logs.fields import Event
from sakimori.logs.read_file import BadLine, numbered_events, tables_and_events
from sakimori.logs.receive.hec_events import event_lines
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


@pytest.mark.parametrize("part", range(10))
def test_a_spoiled_document_loses_no_event_that_is_whole(part: int) -> None:
    """100 documents of 100 events in each; one event in ten is spoiled, so that it is no JSON for sure."""
    records = [json.loads(line) for line in (_SAMPLES / "every_dataset.json.log").read_text().splitlines()]
    chance = random.Random(SEED + part)
    for _ in range(100):
        indent = chance.choice((None, None, 2))
        texts = [json.dumps(chance.choice(records), indent=indent, ensure_ascii=False) for _ in range(100)]
        spoiled = {place for place in range(1, 99) if chance.random() < 0.1}
        sent = [_spoiled(text, chance) if place in spoiled else text for place, text in enumerate(texts)]
        begin, end = chance.choice((("[", "]"), ('{"n": 1, "logs": [', '], "m": {}}'), ("", "")))
        content = (begin + ",\n".join(sent) + end).encode()
        items = [item for _, item in numbered_events(read_log_file(content))]
        assert items == [item for _, item in tables_and_events(read_log_file(content), with_threads=False)]  # type: ignore[misc]
        lines = [item.line for item in items if isinstance(item, Event)]
        whole = [text.replace("\n", "\t") for place, text in enumerate(texts) if place not in spoiled]
        assert lines == whole, f"seed {SEED}, {part}"
        assert len(items) - len(lines) >= (len(spoiled) > 0)


def _spoiled(text: str, chance: random.Random) -> str:
    """Cut off at its beginning, or with a sign in it that JSON does not have outside of texts."""
    return chance.choice((text[: chance.randrange(2, 9)], "{" + chance.choice("!}{,:x\\\x00") + text[1:]))


def test_spoiled_events_of_the_push_door_are_events_or_bad_lines() -> None:
    lines = [line.decode(errors="replace") for line in mutated(simulated(2_000), 20_000, SEED)]
    lines = [line for line in lines if line.strip()]
    body = "".join(json.dumps({"event": line, "time": 1700000000.5}) for line in lines).encode()
    taken = event_lines(body)
    assert taken.count(b"\n") == len(lines)
    items = [item for _, item in numbered_events(read_log_file(b"CEF:0|\n" + taken))][1:]
    assert len(items) == sum(not line.startswith("#") for line in lines)
    dated = [item for item in items if isinstance(item, Event) and item.line.startswith("hec.time=")]
    assert dated, "a line that has lost its time has the envelope's"
    assert {item.line.split(" ", 1)[1] for item in dated} <= {line.replace("\r", " ") for line in lines}
