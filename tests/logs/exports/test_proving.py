"""Each row of a bundle is compared with the line that was received: whoever rewrites one is found, sums or not."""

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from sakimori.customers.models import Contract
from sakimori.customers.secrets import add_log_key
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports import packing, proving
from sakimori.logs.exports.bundle import look_through
from sakimori.logs.exports.packing import Wanted, pack
from sakimori.logs.exports.writing import HEADINGS
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import ExportForm, LogFile
from sakimori.logs.receive.carried import CarriedHead
from tests.lines import cef, log_file
from tests.logs.exports.conftest import Desk
from tests.logs.exports.test_bundle import command, contents, rewritten
from tests.logs.mutations import mutated, simulated
from tests.logs.test_ingest import encrypted, key, pem
from tests.luck import SEED

__all__ = ["key"]

pytestmark = pytest.mark.django_db

Contents = dict[str, bytes]
_SAMPLES = Path(__file__).parents[1] / "samples"
_TABLE, _LOG, _PLACES, _CHAIN = "logs-0001.csv", "logs-0001.log", "places-0001.csv", "chain.json"


def _bundle(desk: Desk, form: ExportForm) -> Path:
    """Three files with six lines, all of which are in the bundle as they were received."""
    desk.with_originals = True
    desk.store_file("198.51.100.7", "198.51.100.8")
    desk.store_file("198.51.100.9")
    desk.store_file("198.51.100.7", "203.0.113.1", "203.0.113.2")
    export = desk.ask(form=form)
    assert desk.make() == 1
    return desk.path(export)


@pytest.fixture
def bundle(desk: Desk) -> Path:
    return _bundle(desk, ExportForm.CSV)


@pytest.fixture
def lines(desk: Desk) -> Path:
    return _bundle(desk, ExportForm.LINES)


@pytest.mark.parametrize("form", list(ExportForm))
def test_a_bundle_with_its_received_files_is_proven_row_by_row(
    form: ExportForm, desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _bundle(desk, form)
    found = look_through(path)
    assert found.troubles == []
    assert found.proof is not None
    assert (found.proof.proven, found.proof.open_rows) == (6, 0)
    assert command("verify", str(path)) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"ok  {path}: contract K-A-001, 6 lines of 3 files (3 as received), all proven by received")


@pytest.mark.parametrize("form", list(ExportForm))
def test_events_of_a_json_document_are_proven_by_it(form: ExportForm, desk: Desk) -> None:
    """An array over many lines, an object that wraps one, and what the push door made of an event without a time."""
    desk.with_originals = True
    at = int(desk.now.timestamp() * 1000) - 1000
    event = {"@timestamp": at, "client": {"ip": "198.51.100.7"}, "url": {"path": "/さきもり"}}
    desk.intake.take(json.dumps([event, event], indent=2, ensure_ascii=False).encode())
    desk.intake.take(json.dumps({"n": 1, "events": [event]}).encode() + b"\n{broken")
    desk.intake.take(f'hec.time={at} {{"client":{{"ip":"198.51.100.8"}}}}\n'.encode())
    assert desk.intake.run() == 3
    export = desk.ask(form=form)
    assert desk.make() == 1
    found = look_through(desk.path(export))
    assert found.troubles == []
    assert found.proof is not None
    assert (found.proof.proven, found.proof.open_rows) == (4, 0)


def _table(content: Contents) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content[_TABLE].decode("utf-8-sig"), newline="")))


def _as_bytes(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(heading: str, value: str, row: int = 1) -> Callable[[list[list[str]]], object]:
    def change(rows: list[list[str]]) -> None:
        assert rows[row][rows[0].index(heading)] != value
        rows[row][rows[0].index(heading)] = value

    return change


def _everywhere(old: str, new: str) -> Callable[[list[list[str]]], object]:
    def change(rows: list[list[str]]) -> None:
        rows[1] = [cell.replace(old, new) for cell in rows[1]]

    return change


_COLUMNS = "logs-0001.csv, row 1: its columns say something else than its line"
_LINE = "logs-0001.csv, row 1: its line is not the one that was received"
FORGERIES: Mapping[str, tuple[Callable[[list[list[str]]], object], str]] = {
    "an address": (_cell("接続元IPアドレス", "192.0.2.1"), _COLUMNS),
    "the address everywhere": (_everywhere("198.51.100.7", "192.0.2.1"), _LINE),
    "the outcome": (_cell("結果", "通過"), _COLUMNS),
    "the outcome everywhere": (_everywhere("REQ_BLOCKED_SECURITY", "REQ_PASSED"), _LINE),
    "the time": (_cell("発生時刻（日本時間）", "2026-11-22 12:00:00.000"), _COLUMNS),
    "the kind": (_cell("攻撃種別", "通常アクセス"), _COLUMNS),
    "a sign of the URL": (_cell("URL", "shop-a.example.jp/other"), _COLUMNS),
    "the line's number": (_cell("行番号", "99"), "logs-0001.csv, row 1: there is no such line"),
    "the line's number in words": (_cell("行番号", "x"), "logs-0001.csv: row 1 does not say where it was received"),
    "a number beyond all": (_cell("行番号", "9" * 30), "logs-0001.csv: row 1 does not say where it was received"),
    "a row is gone": (lambda rows: rows.pop(), "logs-0001.csv has 5 lines, chain.json says 6"),
    "most rows are gone": (lambda rows: rows.__delitem__(slice(2, None)), "logs-0001.csv has 1 lines, chain.json says"),
    "a row is there twice": (lambda rows: rows.__setitem__(2, rows[1]), " is there more than once"),
    "a row of another file": (_cell("受信ファイル番号", "99"), "lines of files without a link, chain.json says 0"),
    "a row is too short": (lambda rows: rows[1].pop(), "logs-0001.csv: row 1 has 54 columns, not 55"),
    "another heading": (lambda rows: rows[0].__setitem__(2, "x"), "this version does not know its column x"),
    "the same heading twice": (lambda rows: rows[0].__setitem__(2, rows[0][3]), "its headings are not those of"),
    "no headings": (lambda rows: rows.clear(), "its headings are not those of"),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_rewritten_row_is_found_though_the_sums_were_computed_anew(what: str, bundle: Path) -> None:
    forge, trouble = FORGERIES[what]
    content = contents(bundle)
    rows = _table(content)
    forge(rows)
    changed = rewritten(bundle, {**content, _TABLE: _as_bytes(rows)}, resum=True)
    assert trouble in "\n".join(look_through(changed).troubles)
    assert command("verify", str(changed)) == 1


@pytest.mark.parametrize(
    ("part", "trouble"),
    [
        (b'"unclosed', "logs-0001.csv: it is no CSV"),
        (b"\xff\xff", "logs-0001.csv: it is not UTF-8"),
        (b"x" * (1 << 23), "logs-0001.csv: it has a line that is too long"),
    ],
)
def test_a_part_that_is_no_table_is_said_so(part: bytes, trouble: str, bundle: Path) -> None:
    changed = rewritten(bundle, {**contents(bundle), _TABLE: part}, resum=True)
    assert any(found.startswith(trouble) for found in look_through(changed).troubles)


def test_rows_may_stand_in_any_order_and_with_fewer_columns(bundle: Path) -> None:
    """A table of an older version has fewer; what it has is compared."""
    content = contents(bundle)
    rows = _table(content)
    place = rows[0].index("都市")
    fewer = [[cell for number, cell in enumerate(row) if number != place] for row in rows]
    content[_TABLE] = _as_bytes([fewer[0], *reversed(fewer[1:])])
    found = look_through(rewritten(bundle, content, resum=True))
    assert found.troubles == []
    assert found.proof is not None
    assert found.proof.proven == 6


LINE_FORGERIES: Mapping[str, tuple[Callable[[Contents], object], str]] = {
    "an address": (
        lambda content: content.update({_LOG: content[_LOG].replace(b"198.51.100.7", b"192.0.2.1", 1)}),
        "logs-0001.log, row 1: its line is not the one that was received",
    ),
    "a line is gone": (
        lambda content: content.update({_LOG: content[_LOG].partition(b"\n")[2]}),
        "logs-0001.log: its list of places is longer than it",
    ),
    "a line is added": (
        lambda content: content.update({_LOG: content[_LOG] * 2}),
        "logs-0001.log: its list of places ends before line 7",
    ),
    "the places": (
        lambda content: content.update({_PLACES: content[_PLACES].replace(b",1\r\n", b",3\r\n", 1)}),
        "logs-0001.log, row 1: there is no such line",
    ),
    "the headings of the places": (
        lambda content: content.update({_PLACES: b"x"}),
        "logs-0001.log: its list of places has other headings than ours",
    ),
}


@pytest.mark.parametrize("what", LINE_FORGERIES)
def test_a_rewritten_line_is_found_though_the_sums_were_computed_anew(what: str, lines: Path) -> None:
    forge, trouble = LINE_FORGERIES[what]
    content = contents(lines)
    forge(content)
    changed = look_through(rewritten(lines, content, resum=True))
    assert any(found.startswith(trouble) for found in changed.troubles)


def _rechained(content: Contents, change: Callable[[dict[str, Any]], object]) -> None:
    whole = json.loads(content[_CHAIN])
    change(whole)
    content[_CHAIN] = json.dumps(whole).encode()


def test_lines_without_a_list_of_places_are_not_called_proven(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So were bundles of an older version."""
    content = contents(lines)
    del content[_PLACES]
    _rechained(content, lambda whole: whole["export"]["parts"][0].pop("places"))
    changed = rewritten(lines, content, resum=True)
    assert look_through(changed).troubles == []
    assert command("verify", str(changed)) == 3
    assert "6 NOT PROVABLE FROM THIS BUNDLE (6: the bundle does not say which line" in capsys.readouterr().out
    content[_LOG] += b"one more\n"
    assert look_through(rewritten(lines, content, resum=True)).troubles == [
        "logs-0001.log has 7 lines, chain.json says 6"
    ]


def test_columns_of_another_parser_version_are_not_called_wrong_nor_proven(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever looks through it has another program; the lines can be compared all the same."""
    desk.with_originals = True
    desk.store_file("198.51.100.7", "198.51.100.8")
    LogFile.objects.update(parser_version=PARSER_VERSION + 1)
    export = desk.ask()
    desk.make()
    content = contents(desk.path(export))
    assert f"解析バージョン：{PARSER_VERSION + 1}。" in content["README.txt"].decode("utf-8-sig")
    assert command("verify", str(desk.path(export))) == 0, "where the columns are the same it matters nothing"
    rows = _table(content)
    _cell("攻撃種別", "通常アクセス")(rows)
    changed = rewritten(desk.path(export), {**content, _TABLE: _as_bytes(rows)}, resum=True)
    assert command("verify", str(changed)) == 3
    assert "(1: the line is as received, its columns were made by another parser version)" in capsys.readouterr().out
    _everywhere("198.51.100.7", "192.0.2.1")(rows)
    changed = rewritten(desk.path(export), {**content, _TABLE: _as_bytes(rows)}, resum=True)
    assert command("verify", str(changed)) == 1


def test_columns_from_before_versions_were_counted_are_those_of_an_older_parser(desk: Desk) -> None:
    desk.with_originals = True
    desk.store_file("198.51.100.7", "198.51.100.8")
    LogFile.objects.update(parser_version=None)
    export = desk.ask()
    desk.make()
    content = contents(desk.path(export))
    assert "解析バージョン：記録なし。" in content["README.txt"].decode("utf-8-sig")
    rows = _table(content)
    _cell("攻撃種別", "通常アクセス")(rows)
    changed = look_through(rewritten(desk.path(export), {**content, _TABLE: _as_bytes(rows)}, resum=True))
    assert (changed.troubles, changed.proof.otherwise) == ([], 1)


def test_a_row_whose_received_file_is_not_there_is_counted_and_never_just_ok(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = contents(bundle)
    del content[f"received-{LogFile.objects.latest('pk').pk}.bin"]
    changed = rewritten(bundle, content, resum=True)
    assert command("verify", str(changed)) == 3
    said = capsys.readouterr().out
    assert said.startswith(f"??  {changed}: contract K-A-001, 6 lines of 3 files (2 as received), 3 proven by received")
    assert "3 NOT PROVABLE FROM THIS BUNDLE (3: the received file is not in the bundle)" in said
    assert command("verify", str(bundle), str(changed)) == 3


def test_rows_of_an_encrypted_file_are_proven_with_its_key_only(
    desk: Desk, key: rsa.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    add_log_key(desk.contract, 7, pem(key))
    at = desk.now - timedelta(seconds=1)
    desk.intake.take(encrypted(log_file([cef("SQL Injection", "198.51.100.7", at=at)]), key, key_id=7))
    desk.intake.run()
    desk.with_originals = True
    export = desk.ask()
    desk.make()
    path = desk.path(export)
    assert command("verify", str(path)) == 3
    assert "1 NOT PROVABLE FROM THIS BUNDLE (1: the received file is encrypted)" in capsys.readouterr().out
    opened = look_through(path, lambda _: {7: key}).proof
    assert opened is not None
    assert (opened.proven, opened.open_rows) == (1, 0)


def test_only_the_first_differences_are_told_and_the_others_counted(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "MOST_TOLD", 1)
    content = contents(bundle)
    rows = _table(content)
    for row in rows[1:]:
        row[rows[0].index("結果")] = "通過"
    content[_TABLE] = _as_bytes(rows)
    troubles = look_through(rewritten(bundle, content, resum=True)).troubles
    assert len(troubles) == 5
    assert [trouble for trouble in troubles if trouble.startswith("2 more rows of file")]


@pytest.mark.parametrize("form", list(ExportForm))
def test_lines_of_every_format_and_spoiled_ones_come_out_of_the_store_as_they_are_read_again(
    form: ExportForm, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "PART_LINES", 400)
    Contract.objects.update(keeps_access_lines=True)
    for sample in sorted(_SAMPLES.iterdir()):
        desk.intake.take(sample.read_bytes())
    desk.intake.take(log_file(list(mutated(simulated(1_000), 1_000, SEED))))
    desk.intake.run()
    query = LogQuery(desk.contract.pk, datetime(1971, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    wanted = Wanted(desk.contract, query, form, desk.now, "見本")
    path = tmp_path / "x.zip"
    packed = pack(path, wanted, store=desk.intake.store, tell=lambda _: None, spool=desk.intake.spool)
    found = look_through(path)
    assert found.troubles == []
    assert found.proof is not None
    assert (found.proof.proven, found.proof.open_rows) == (packed.lines, 0)
    assert packed.lines > 500


def test_memory_does_not_grow_with_the_rows(desk: Desk, tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 10_000):
        at = desk.now - timedelta(seconds=1)
        desk.intake.take(log_file([cef("SQL Injection", "198.51.100.7", at=at) for _ in range(count)]))
        desk.intake.run()
        query = desk.query()
        path = tmp_path / f"{count}.zip"
        wanted = Wanted(desk.contract, query, ExportForm.CSV, desk.now, "見本")
        pack(path, wanted, store=desk.intake.store, tell=lambda _: None, spool=desk.intake.spool)
        tracemalloc.start()
        assert look_through(path).troubles == []
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (1 << 20)


def test_the_readme_promises_what_is_compared_and_says_what_is_not(lines: Path) -> None:
    text = contents(lines)["README.txt"].decode("utf-8-sig")
    assert "places-*.csv" in text
    assert "原文が、受信ファイルの同じ行番号の行と一致すること" in text
    assert "chain.json、SHA256SUMS、README.txt には署名がないため" in text
    assert "受信ファイルが入っていない行と、受信ファイルが暗号化されている行の内容" in text


def test_every_heading_of_a_table_is_there_once() -> None:
    assert len(set(HEADINGS)) == len(HEADINGS)


def test_w3c_lines_of_a_connection_are_proven_by_files_with_the_head_that_was_carried(desk: Desk) -> None:
    """Only the first of the files has the order of the fields as it came; each is read by itself all the same."""
    desk.with_originals = True
    head, at = CarriedHead(), f"{desk.now - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"
    order = b"#Fields: date time c-ip cs-uri cs-attackid"
    events = [b"%s 198.51.100.7 shop.example.jp/%d 30037" % (at.encode(), number) for number in range(4)]
    for lines in ([order, events[0]], events[1:3], events[3:]):
        desk.intake.take(head.lines() + b"".join(line + b"\n" for line in lines))
        for line in lines:
            head.note(line)
        assert desk.intake.run() == 1
    export = desk.ask(form=ExportForm.LINES)
    assert desk.make() == 1
    found = look_through(desk.path(export))
    assert found.troubles == []
    assert found.proof is not None
    assert (found.proof.proven, found.proof.open_rows) == (4, 0)
    content = contents(desk.path(export))
    assert sorted(content[_LOG].splitlines()) == events, "what was carried is no event"
