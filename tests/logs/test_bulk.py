"""Reading in tables gives what reading line by line gives: the careful parser is the oracle for every line."""

import random
import sys
from pathlib import Path
from threading import active_count

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.columns import EVENT_TABLE
from sakimori.logs.fields import FIELDS, Event
from sakimori.logs.formats.bulk import judging
from sakimori.logs.formats.bulk.json_texts import is_closed
from sakimori.logs.formats.cutting import _end_of_json
from sakimori.logs.original import original_line
from sakimori.logs.read_file import BadLine, numbered_events, tables_and_events
from sakimori.logs.store.blocks import event_table
from sakimori.logs.unpack import Limits, read_log_file
from tests.logs.mutations import simulated
from tests.logs.tables import table_of
from tests.luck import SEED

HEAD = "CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| "
START = "start=1700000000000"
_SAMPLES = Path(__file__).parent / "samples"


def both(content: bytes, *, limits: Limits | None = None) -> tuple[pa.Table, pa.Table, int]:
    """What came in tables and what came line by line, as tables in the order of the lines; and how many were regular.

    The bad lines of both are compared here.
    """
    limits = limits or Limits()
    tables, events, bad = [], [], []
    for item in tables_and_events(read_log_file(content, limits=limits), max_line_bytes=limits.max_line_bytes):
        if isinstance(item, pa.Table):
            tables.append(item)
        elif isinstance(item[1], BadLine):
            bad.append(item)
        else:
            events.append(item)
    regular = sum(map(len, tables))
    careful = list(numbered_events(read_log_file(content, limits=limits), max_line_bytes=limits.max_line_bytes))
    assert bad == [item for item in careful if isinstance(item[1], BadLine)]
    mine = pa.concat_tables([*tables, *([event_table(events)] if events else [EVENT_TABLE.empty_table()])])
    mine = with_lines(mine)
    rows = [(number, event) for number, event in careful if isinstance(event, Event)]
    theirs = event_table(rows) if rows else EVENT_TABLE.empty_table()
    return mine.sort_by("line_no").combine_chunks(), theirs, regular


def with_lines(table: pa.Table) -> pa.Table:
    """Put the lines in their places as the store gives them back, from frames and columns."""
    read = [
        original_line(row) for row in table.select([name for name in table.column_names if name != "extra"]).to_pylist()
    ]
    return table.set_column(
        table.column_names.index("frame"), "frame", pa.repeat("", len(table)).dictionary_encode()
    ).set_column(table.column_names.index("line"), "line", pa.array(read, pa.string()))


def check(content: bytes, *, limits: Limits | None = None) -> int:
    """Both ways give the same in every column. Says how many lines were regular."""
    mine, theirs, regular = both(content, limits=limits)
    for name in EVENT_TABLE.names:
        if mine[name].to_pylist() != theirs[name].to_pylist():
            pairs = zip(mine["line"], mine[name].to_pylist(), theirs[name].to_pylist(), strict=True)
            assert [(name, str(line), got, due) for line, got, due in pairs if got != due][:1] == [], f"seed {SEED}"
    assert mine.schema == theirs.schema
    mine.validate(full=True)
    return regular


def test_most_simulated_lines_are_regular_and_all_read_the_same() -> None:
    assert check("\n".join(simulated(2_000)).encode()) > 1_700


@pytest.mark.parametrize("path", sorted(_SAMPLES.iterdir()), ids=lambda path: path.name)
def test_samples_read_the_same(path: Path) -> None:
    check(path.read_bytes())


def test_no_white_space_is_overlooked() -> None:
    assert {ord(character) for character in map(chr, range(0x80, sys.maxunicode + 1)) if character.isspace()} == set(
        judging._WHITE.tolist()
    )


def test_keys_in_any_order_are_regular() -> None:
    chance, lines = random.Random(SEED), []
    for number in range(300):
        pairs = [START, "src=192.0.2.1", f"request=a.example/{number}", "qstr=a\\=1", "in=12", "cn1=200", "ccode=JP"]
        pairs += ["cs7=35.1 cs7Label=latitude", "act=REQ_PASSED", "fileType=1,2,", "new=kept"]
        chance.shuffle(pairs)
        lines.append(HEAD + " ".join(pairs))
    assert check("\n".join(lines).encode()) > 200


def test_labels_apart_from_their_slots_and_equal_doubles_are_regular() -> None:
    chance, lines = random.Random(SEED), []
    for number in range(300):
        pairs = [START, "src=192.0.2.1", f"request=a.example/{number}", "in=12", "ccode=JP", "ccode=JP", "fileid=1"]
        pairs += ["fileId=1", "cs7=35.1", "cs7Label=latitude", "cs2=true", "cs2Label=Javascript Support", "cs7=35.1"]
        chance.shuffle(pairs)
        lines.append(HEAD + " ".join(pairs))
    assert check("\n".join(lines).encode()) == 300


def test_numbers_that_are_none_are_regular_where_nothing_else_is_in_doubt() -> None:
    regular = [
        f"{HEAD}{START} src=192.0.2.1 cn1=None act=REQ_PASSED",
        f"{HEAD}{START} cn1=None new=kept in=None spt=443",
        f"{HEAD}{START} cn1= None  ver=TLSv1.2",
        f"{HEAD}{START} cn1=Nonesuch",
        f"{HEAD}{START} end=None",
        f'{HEAD}{START} cn1=None cs11=[{{"a":"b"}}] cs11Label=Rule Additional Info',
    ]
    assert check("\n".join(regular).encode()) == 5  # Only the word itself.
    odd = [
        f"{HEAD}{START} cn1=None cn1=None",
        f"{HEAD}{START} cn1=None cn1=200",
        f"{HEAD}{START} cn1=none",
        f"{HEAD}start=None cn1=200",
        f'{HEAD}{START} cn1=None cs11=[{{"a":"b" cs11Label=Rule Additional Info',
    ]
    assert check("\n".join(odd).encode()) == 0


@pytest.mark.parametrize("json", ["[]", '[{"a":"b c"}]', ",,[{}],", ' {"a":"]","b":"\\\\" } ', r'{"a":"\"","b\=":[1]}'])
def test_columns_after_json_that_is_closed_are_regular(json: str) -> None:
    lines = [
        f"{HEAD}{START} cs11={json} cs11Label=Rule Additional Info src=192.0.2.1",
        f"{HEAD}{START} additionalReqHeaders={json} in=5 ccode=JP ccode=JP",
        f"{HEAD}{START} additionalReqHeaders={json} in=5 additionalResHeaders={json} spt=1",
    ]
    assert check("\n".join(lines).encode()) == len(lines)


@pytest.mark.parametrize(
    "json",
    [
        "",
        "[",
        "x[]",
        '[{"a":"b in=6 c"}]',
        '[{"a":"b in=6 c]}',
        '["]',
        '"[]"',
        '{"a":"\\"',
        '[{"a":"bcs7Label=latitude"}]',
        "[] [",
        "[]x",
        "[]\u3000",
    ],
)
def test_columns_after_other_json_read_the_same(json: str) -> None:
    lines = [f"{HEAD}{START} cs11={json} cs11Label=Rule Additional Info src=192.0.2.1"]
    lines += [f"{HEAD}{START} additionalReqHeaders={json} src=192.0.2.1 cs11={json} ccode=JP ccode=US"]
    lines += [f"{HEAD}{START} additionalReqHeaders={json} in=5 additionalReqHeaders={json} in=5"]
    check("\n".join(lines).encode())


@given(st.text(st.sampled_from('a ,[]{}"\\='), max_size=12), st.text(st.sampled_from('] }"a'), max_size=6))
def test_json_that_is_closed_ends_where_the_careful_parser_ends_it(value: str, rest: str) -> None:
    text = np.frombuffer(f"{value}{rest}.".encode(), np.uint8)
    is_found = 0 < _end_of_json(f"{value}{rest}", 0) <= len(value)
    assert is_found if is_closed(text, 0, len(value)) else not is_found or '"' in value


def test_the_two_faults_of_live_lines_are_regular() -> None:
    lines = [
        f"{HEAD}{START} dproc=Browser cs8=139.7 cs8Label=longitude",
        f"{HEAD}{START} cs5=0a cs5Label=clappsigdproc=Browser cs6=Firefox cs6Label=clapp src=192.0.2.1",
        f"{HEAD}{START} cs7=35.1 cs7Label=latitude cs10=139.7 cs8Label=longitude src=192.0.2.1",
    ]
    assert check("\n".join(lines).encode()) == 3


@pytest.mark.parametrize(
    "rest",
    [
        "cs10=1 cs8Label=longitude",
        "cs10=1 cs8Label=longitude cs10=1",
        "cs10=1 cs8Label=longitude cs10=[1] cs8Label=longitude",
        "cs10=1 cs8Label=longitude cs8=1",
        "cs10=1 cs8Label=longitude cs10Label=x",
        "cs10=1 cs8Label=latitude",
        "cs10=[1] cs8Label=longitude",
        "cs10= cs8Label=longitude",
        "cs6=1 cs8Label=longitude",
        "cs6=1 cs8Label=longitude cs6Label=clapp",
        "cs7=1 cs8Label=longitude cs7=1 cs7Label=latitude",
        "cs5=1 cs5Label=clappsigcs8=2 cs10=1 cs8Label=longitude",
        "cs5=1 cs5Label=clappsigcs8=1 cs10=1 cs8Label=longitude cs8=1 cs8Label=longitude",
        "cs5=1 cs5Label=clappsigdproc=Browser dproc=Browser",
        "cs5=1 cs5Label=clappsigdproc=Browser dproc=Bot",
        "cs5=1 cs5Label= clappsigdproc=Browser ",
        "cs5=1 cs5Label=clappsigdproc= cs6=2 cs6Label=clapp",
        "cs5=1 cs5Label=clappsigdproc",
        "cs5=1 cs5Label=clappsigunknown=2",
        "cs5=1 cs5Label=clapp=2",
        "cs5=1 cs5Label=CLAPPSIGdproc=Browser",
        "cs5=1 cs5Label=clappsigcs6Label=clapp",
        "cs5=1 cs5Label=clappsigcs6=2 cs6Label=clapp",
        "cs5=1 cs5Label=\u212alappsigdproc=Browser",
        "cs5=1 cs5Label=clappsigdproc=Browser in=x",
        "ccode=JP ccode=US",
        "ccode= ccode=US",
        "ccode=US ccode=",
        "fileId=1 fileid=2",
        "cs7=1 in=2",
        "in=2 cs7Label=latitude",
        "cs7=1 in=2 cs7label=latitude",
        "cs7=1 in=2 cs7Label=longitude",
        "cs7=1 in=2 cs7Label=latitude cs7Label=latitude",
        "cs7=1 in=2 cs7Label=latitude cs8Label=longitude cs8=1",
        "cs7=1 in=2 cs7Label=latitudecs5Label=clappsig cs5=3",
        "cs7=1 in=2 cs7Label=latitude request=acs5Label=clappsig",
        "cs7=1 in=2 cs7Label=latitude cs10=[1]",
        "cs10=1 ccode=JP ccode=JP cs10Label=x",
        "cs12=1 ccode=JP ccode=JP cs12Label=x",
        "new=1 ccode=JP new=1 ccode=JP",
        f"cs5=1 {'a' * 64}= cs5Label=clappsig",
        f"cs5=1 {'a' * 65}= cs5Label=clappsig",
        f"cs5=1 {'a' * 70_000}= cs5Label=clappsig",
        f"request=1 {'a' * 65}=2 in=3",
        "start=1700000000001",
    ],
)
def test_irregular_keys_read_the_same(rest: str) -> None:
    check(f"{HEAD}{START} {rest} src=192.0.2.1\n{HEAD}{START} src=192.0.2.1 {rest}\n{HEAD} {rest} {START}".encode())


def test_addresses_read_the_same() -> None:
    texts = (
        "192.0.2.1 0.0.0.0 255.255.255.255 256.0.0.1 01.2.3.4 1.2.3.04 1.2.3 1.2.3.4.5 1.2.3. .1.2.3 1..2.3 1.2.3.4567"
    )
    texts += " 4294967297.1.1.1 1.2.3.4:80 2001:DB8::1 ::ffff:192.0.2.1 ::1 1.2.3.x 123456789012345 123.123.123.1233"
    texts += " \u3042 1.2.3.4,5.6.7.8 -1.2.3.4 +1.2.3.4 0x1.2.3.4 fe80::1%eth0 1.2.3.300 999.1.1.1"
    chance = random.Random(SEED)
    more = [".".join(str(chance.randrange(300)) for _ in range(4)) for _ in range(300)]
    lines = [f"{HEAD}{START} src={text}" for text in (*texts.split(), *more)]
    assert check("\n".join(lines).encode()) == len(lines)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", " ", "\t", "  "]),
            st.sampled_from(sorted({key for field in FIELDS for key in field.cef} | {"cs7Label", "cs5Label", "new"})),
            st.sampled_from(["=", r"\=", " ="]),
            st.text(st.sampled_from('ab =\\|[]{}",0é\u3042\u3000\t1'), max_size=8),
        ),
        max_size=12,
    ),
)
def test_mixtures_of_keys_read_the_same(pairs: list[tuple[str, ...]]) -> None:
    line = HEAD + START + "".join("".join(pair) for pair in pairs)
    check(f"{line}\n{HEAD}{START} src=192.0.2.1\n".encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\r\n\n",
        f"{HEAD}{START}".encode(),
        f"{HEAD}{START}\r\n{HEAD}{START} in=1\r\n".encode(),
        f"\ufeff{HEAD}{START}\n#Fields: x\n\n{HEAD}{START}".encode(),
        b"CEF:0|\nCEF:0||||||| start=1\nCEF:0|a|b|c|d|e|f|start=1\nCEF:\nCEF",
        b"CEF:0|a|b|c|d|e|f|start=1 " + b" ".join(b"k%d=1" % number for number in range(300)),
        b"CEF:0|a|b|c|d|e|f|=1 start=1 =2 src=",
        f"{HEAD}{START}\n".encode() * 3 + b"\xff" + f"{HEAD}{START} request=\u3042\n".encode()
        + b"CEF:0|a|b|c|d|e|f| start=1 xff=\xff\n",
        "\n".join(f"{HEAD}{START} unknown{number}=1" for number in range(200)).encode(),
        b"#Fields: cs-start c-ip\n1700000000000 192.0.2.1\n" + f"{HEAD}{START}\n".encode() + b"1700000000000 192.0.2.2",
    ],
    ids=range(12),
)  # fmt: skip
def test_the_edges_of_a_file_read_the_same(content: bytes) -> None:
    check(content)


def test_lines_over_the_limit_are_cut_the_same() -> None:
    long = f"{HEAD}{START} request=".encode()
    for length in (99, 100, 101, 102, 103, 500, 5_000_000):
        line = long + b"x" * (length - len(long))
        for end in (b"", b"\n", b"\r\n"):
            check(b"short\n" + line + end + (long + b"\n" if end else b""), limits=Limits(max_line_bytes=100))


def test_blocks_of_any_size_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    content = "\n".join(simulated(60)).encode()
    for size in (1, 900, 1_500, 20_000):
        monkeypatch.setattr("sakimori.logs.unpack.lines.BLOCK_BYTES", size)
        check(content, limits=Limits(max_line_bytes=3_000))


def test_breaking_off_ends_the_threads() -> None:
    before = active_count()
    reading = tables_and_events(read_log_file("\n".join(simulated(2_000)).encode() * 4))
    next(reading)
    reading.close()
    assert active_count() == before


def test_many_different_unknown_keys_cost_no_memory() -> None:
    line = f"{HEAD}{START}".encode()
    content = b"\n".join(line + b" k%d=1" % number for number in range(20_000))
    assert len(table_of(content, max_line_bytes=1_000)) < 100
