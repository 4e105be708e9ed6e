"""Access lines are kept only where the contract says so, and whoever needs good traffic is told when it is unknown."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.blacklist import facts
from sakimori.customers.models import Contract
from sakimori.logs.access_lines import BLOCKED_DDOS, ORIGIN_DOWN, is_access_line, without_access_lines
from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.duties import ingest_due
from sakimori.logs.fields import Event
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.queries import contracts_with_intake
from sakimori.logs.read_file import BadLine, read_events
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool
from sakimori.logs.store.blocks import event_table
from sakimori.logs.store.interface import LogStore
from sakimori.reports import counting
from tests.lines import cef, good, log_file
from tests.moments import START, Clock
from tests.people import make_contract, make_file

SAMPLES = Path(__file__).parent / "samples"
ATTACKER = "198.51.100.7"
GUEST = "203.0.113.7"


@pytest.fixture
def contract(db: None) -> Contract:
    return make_contract("株式会社さくら商店", "A")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def take(contract: Contract, lines: list[bytes], spool: Spool, *, name: str = "1.log") -> LogFile:
    return accept([log_file(lines)], contract=contract, door="pull", name=name, spool=spool, now=START)


def store_all(store: LogStore, spool: Spool, clock: Clock | None = None) -> None:
    ingest_due(store=store, spool=spool, worker="one", clock=clock or Clock())


def keep(contract: Contract, *, access_lines: bool) -> None:
    contract.keeps_access_lines = access_lines
    contract.save()


EVENTS = [
    Event(time=START, attack_kind=kind, act=act, method=method, url=url)
    for kind, act, method, url in product(
        (AttackKind.NONE, AttackKind.SQL_INJECTION, AttackKind.OTHER),
        ("", "REQ_PASSED", "REQ_CACHED_FRESH", "REQ_BLOCKED_SECURITY", ORIGIN_DOWN, BLOCKED_DDOS),
        ("", "GET"),
        ("", "shop.example.jp/"),
    )
]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event(time=START, act="REQ_PASSED"), True),
        (Event(time=START, act="REQ_BAD_TARGET"), True),
        (Event(time=START, method="GET"), True),
        (Event(time=START, url="shop.example.jp/"), True),
        (Event(time=START), False),
        (Event(time=START, act=ORIGIN_DOWN, method="GET"), False),
        (Event(time=START, act=BLOCKED_DDOS, url="shop.example.jp/"), False),
        (Event(time=START, act="REQ_PASSED", attack_kind=AttackKind.SQL_INJECTION), False),
        (Event(time=START, act="REQ_PASSED", attack_kind=AttackKind.OTHER), False),
    ],
)
def test_what_an_access_line_is(event: Event, expected: bool) -> None:
    assert is_access_line(event) is expected


@given(st.lists(st.sampled_from(EVENTS), min_size=1, max_size=40))
def test_the_rule_for_tables_is_the_rule_for_events(events: list[Event]) -> None:
    table = event_table(list(enumerate(events, 1)))
    kept = without_access_lines(table)
    assert kept.schema == table.schema
    assert kept["line_no"].to_pylist() == [
        number for number, event in enumerate(events, 1) if not is_access_line(event)
    ]
    if not any(event.attack_kind == AttackKind.NONE for event in events):
        assert kept is table


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("every_name.cef.log", 1),
        ("every_name.leef.log", 1),
        ("two_events.w3c.log", 1),
        ("every_dataset.json.log", 0),
        ("incident.cef.log", 0),
    ],
)
def test_in_the_vendors_samples_only_requests_without_an_attack_are_access_lines(sample: str, expected: int) -> None:
    events = [item for item in read_events(SAMPLES / sample, private_keys={}) if not isinstance(item, BadLine)]
    assert events
    assert sum(map(is_access_line, events)) == expected


@pytest.mark.parametrize("keeps", [True, False])
def test_the_sums_say_what_was_kept_on_both_ways_of_reading(
    log_store: LogStore, contract: Contract, spool: Spool, keeps: bool
) -> None:
    keep(contract, access_lines=keeps)
    odd = cef("Normal", GUEST, at=START, act="REQ_PASSED").replace(b"CEF:0", b"<13>CEF:0", 1)
    lines = [
        *good(GUEST, at=START, number=7),
        odd,
        cef("SQL Injection", ATTACKER, at=START),
        cef("Normal", GUEST, at=START, act=ORIGIN_DOWN),
        b"nonsense",
    ]
    file = take(contract, lines, spool)
    store_all(log_store, spool)
    file.refresh_from_db()
    expected = (10, 1, 0) if keeps else (2, 1, 8)
    assert (file.rows, file.quarantined_lines, file.unkept_lines) == expected
    assert (file.state, file.lines, file.keeps_access_lines) == (LogFileState.STORED, 11, keeps)
    assert log_store.count_file(contract_id=contract.pk, file_id=file.pk) == expected[0]
    row = contracts_with_intake().get()
    assert (row.lines, row.rows, row.bad_lines, row.unkept_lines) == (11, *expected)  # type: ignore[attr-defined]


def test_a_file_of_access_lines_alone_is_stored_with_no_rows(
    log_store: LogStore, contract: Contract, spool: Spool
) -> None:
    file = take(contract, good(GUEST, at=START, number=5), spool)
    store_all(log_store, spool)
    file.refresh_from_db()
    assert (file.state, file.lines, file.rows, file.unkept_lines) == (LogFileState.STORED, 5, 0, 5)


@settings(max_examples=15)
@given(kinds=st.lists(st.sampled_from(["access", "attack", "bad", "signal"]), max_size=30), keeps=st.booleans())
def test_lines_are_rows_quarantined_and_unkept_whatever_the_file_holds(
    log_store: LogStore, contract: Contract, spool: Spool, kinds: list[str], keeps: bool
) -> None:
    keep(contract, access_lines=keeps)
    made = {
        "access": lambda: cef("Normal", GUEST, at=START, act="REQ_PASSED"),
        "attack": lambda: cef("SQL Injection", ATTACKER, at=START),
        "bad": lambda: b"CEF:0|broken",
        "signal": lambda: cef("Normal", GUEST, at=START, act=ORIGIN_DOWN),
    }
    file = take(contract, [made[kind]() for kind in kinds], spool, name=f"{LogFile.objects.count()}.log")
    store_all(log_store, spool)
    file.refresh_from_db()
    assert file.lines == len(kinds) == file.rows + file.quarantined_lines + file.unkept_lines
    assert file.unkept_lines == (0 if keeps else kinds.count("access"))
    assert file.quarantined_lines == kinds.count("bad")


@pytest.mark.parametrize("keeps", [True, False])
def test_a_further_try_stores_what_the_first_did_although_the_contract_says_something_else_by_then(
    log_store: LogStore, contract: Contract, spool: Spool, keeps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(contract, access_lines=keeps)
    lines = [*good(GUEST, at=START - timedelta(days=2), number=3), *good(GUEST, at=START, number=2)]
    file = take(contract, [*lines, cef("SQL Injection", ATTACKER, at=START)], spool)
    with monkeypatch.context() as broken:
        broken.setattr(log_store, "append_together", lambda files: [-1] * len(files))
        store_all(log_store, spool)
    keep(contract, access_lines=not keeps)
    clock = Clock(START + timedelta(minutes=10))
    store_all(log_store, spool, clock)
    file.refresh_from_db()
    assert (file.state, file.attempts, file.keeps_access_lines) == (LogFileState.STORED, 2, keeps)
    assert (file.rows, file.unkept_lines) == ((6, 0) if keeps else (1, 5))
    later = take(contract, good(GUEST, at=START, number=1), spool, name="2.log")
    store_all(log_store, spool, clock)
    later.refresh_from_db()
    assert later.keeps_access_lines is not keeps


def test_files_that_were_stored_before_kept_everything(contract: Contract) -> None:
    states = [LogFileState.STORED, LogFileState.STORING, LogFileState.RECEIVED, LogFileState.QUARANTINED]
    files = [make_file(contract, state=state) for state in states]
    told = make_file(contract, keeps_access_lines=False)
    migration = import_module("sakimori.logs.migrations.0010_files_that_kept_access_lines")
    migration.note_that_all_was_kept(apps, SimpleNamespace(connection=connection))
    kept = {file.pk: file.keeps_access_lines for file in LogFile.objects.all()}
    assert kept == dict(zip([file.pk for file in [*files, told]], [True, True, None, None, False], strict=True))


def good_traffic(contract: Contract, store: LogStore, *addresses: str) -> list[int | None]:
    known = facts.gather(contract, set(addresses), store=store, now=START + timedelta(hours=1))
    return [known.about(address).good_requests for address in addresses]


def test_where_all_access_lines_are_kept_no_good_traffic_is_a_number(
    log_store: LogStore, contract: Contract, spool: Spool
) -> None:
    keep(contract, access_lines=True)
    take(contract, good(GUEST, at=START, number=3), spool)
    store_all(log_store, spool)
    assert good_traffic(contract, log_store, GUEST, ATTACKER) == [3, 0]


def test_without_access_lines_no_good_traffic_is_unknown_never_zero(
    log_store: LogStore, contract: Contract, spool: Spool
) -> None:
    take(contract, [*good(GUEST, at=START, number=3), cef("SQL Injection", ATTACKER, at=START)], spool)
    store_all(log_store, spool)
    assert good_traffic(contract, log_store, GUEST, ATTACKER) == [None, None]


def test_where_the_vendor_delivers_no_access_lines_nobody_knows_although_the_contract_keeps_them(
    log_store: LogStore, contract: Contract, spool: Spool
) -> None:
    keep(contract, access_lines=True)
    take(contract, [cef("SQL Injection", ATTACKER, at=START)], spool)
    store_all(log_store, spool)
    assert good_traffic(contract, log_store, ATTACKER) == [None]


def test_after_the_contract_changed_nobody_knows_until_the_log_is_whole(
    log_store: LogStore, contract: Contract, spool: Spool
) -> None:
    take(contract, good(ATTACKER, at=START, number=3), spool)
    store_all(log_store, spool)
    keep(contract, access_lines=True)
    take(contract, good(GUEST, at=START, number=4), spool, name="2.log")
    store_all(log_store, spool)
    assert good_traffic(contract, log_store, GUEST, ATTACKER) == [4, None], (
        "what is there counts, what is not says nothing"
    )
    LogFile.objects.filter(keeps_access_lines=False).update(received_at=START - timedelta(days=100))
    assert good_traffic(contract, log_store, GUEST, ATTACKER) == [4, 0]


def test_another_contracts_access_lines_say_nothing(log_store: LogStore, contract: Contract, spool: Spool) -> None:
    other = make_contract("有限会社もみじ堂", "B")
    for row in (contract, other):
        keep(row, access_lines=True)
    take(other, good(ATTACKER, at=START, number=3), spool)
    store_all(log_store, spool)
    assert good_traffic(contract, log_store, ATTACKER) == [None]


def test_addresses_that_were_not_asked_for_are_unknown(log_store: LogStore, contract: Contract) -> None:
    keep(contract, access_lines=True)
    known = facts.gather(contract, set(), store=log_store, now=START)
    assert known.about("").good_requests is None


@pytest.mark.parametrize(
    ("received_at", "known"),
    [
        (datetime(2026, 10, 31, 14, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 31, 15, 0, tzinfo=UTC), True),
        (datetime(2026, 9, 30, 15, 0, tzinfo=UTC), False),
        (datetime(2026, 9, 30, 14, 59, 59, tzinfo=UTC), True),
    ],
)
def test_a_report_knows_good_traffic_only_if_access_lines_were_kept_for_its_whole_month(
    contract: Contract, received_at: datetime, known: bool
) -> None:
    days = (date(2026, 10, 1), date(2026, 10, 31))
    keep(contract, access_lines=True)
    make_file(contract, received_at=received_at, keeps_access_lines=False)
    make_file(contract, received_at=datetime(2026, 10, 15, tzinfo=UTC), keeps_access_lines=True)
    assert counting.keeps_access_lines(contract, days) is known
    keep(contract, access_lines=False)
    assert not counting.keeps_access_lines(contract, days)
