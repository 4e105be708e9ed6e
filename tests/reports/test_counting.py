"""Counting a month in the log store and in the ledger: the contract's own rows, days of Japan, doubles once."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from sakimori.blacklist.models import QuietWindow
from sakimori.customers.models import Contract
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.models import LogFileState
from sakimori.logs.store.interface import LogStore
from sakimori.reports import counting
from sakimori.reports.figures import Count, ScanFigure, Tally, from_json, to_json
from sakimori.reports.gathering import gather
from sakimori.tickets.models import Ticket
from tests.lines import cef, good
from tests.people import make_contract, make_file, make_finding, make_ticket, make_user
from tests.reports.desk import make_report, running_since

pytestmark = pytest.mark.django_db
DAYS = (date(2026, 10, 1), date(2026, 10, 31))
MIDNIGHT = datetime(2026, 9, 30, 15, 0, tzinfo=UTC)  # 1 October in Japan
NEXT = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)  # 1 November in Japan


@pytest.fixture
def contract() -> Contract:
    return running_since(make_contract("株式会社さくら商店", "A"), 2026, 4)


def store_lines(store: LogStore, contract: Contract, lines: list[bytes], *, file_id: int = 1) -> None:
    events = [(number, parse_cef(line)) for number, line in enumerate(lines, start=1)]
    store.append(events, contract_id=contract.pk, file_id=file_id)


def test_a_month_begins_and_ends_at_midnight_in_japan(log_store: LogStore, contract: Contract) -> None:
    moments = [MIDNIGHT - timedelta(milliseconds=1), MIDNIGHT, NEXT - timedelta(milliseconds=1), NEXT]
    store_lines(log_store, contract, [cef("SQL Injection", "198.51.100.7", at=moment) for moment in moments])
    found = counting.counts(log_store, contract, DAYS)
    assert found == [
        Count(DAYS[0], "shop-a.example.jp", "sql_injection", "blocked", 1),
        Count(DAYS[1], "shop-a.example.jp", "sql_injection", "blocked", 1),
    ]


def test_another_contracts_rows_are_not_counted(log_store: LogStore, contract: Contract) -> None:
    other = make_contract("有限会社もみじ堂", "B")
    store_lines(log_store, other, [cef("SQL Injection", "198.51.100.7", at=MIDNIGHT)])
    make_file(other, received_at=MIDNIGHT)
    assert counting.counts(log_store, contract, DAYS) == []
    assert counting.top_sources(log_store, contract, DAYS) == []
    assert counting.source_count(log_store, contract, DAYS) == 0
    assert counting.log_note(contract, DAYS).files == 0


def test_an_event_that_came_in_two_files_is_counted_once(log_store: LogStore, contract: Contract) -> None:
    line = cef("SQL Injection", "198.51.100.7", at=MIDNIGHT)
    for file_id in (1, 2):
        store_lines(log_store, contract, [line], file_id=file_id)
    assert [count.events for count in counting.counts(log_store, contract, DAYS)] == [1]


def test_the_busiest_addresses_come_first_with_country_and_kinds(log_store: LogStore, contract: Contract) -> None:
    lines = [cef("SQL Injection", f"198.51.100.{number}", at=MIDNIGHT) for number in range(1, 12)]
    lines.append(cef("Cross Site Scripting", "2001:db8::7", at=MIDNIGHT, act="REQ_PASSED"))
    lines.append(cef("DDoS", "2001:db8::7", at=MIDNIGHT, act="REQ_X"))
    lines += good("203.0.113.1", at=MIDNIGHT, number=5)
    store_lines(log_store, contract, lines)
    found = counting.top_sources(log_store, contract, DAYS)
    assert len(found) == counting.TOP_SOURCES
    assert (found[0].address, found[0].country) == ("2001:db8::7", "JP")
    assert found[0].tally == Tally(passed=1, other=1)
    assert set(found[0].kinds) == {"cross_site_scripting", "ddos"}
    assert found[1].address == "198.51.100.1"
    assert counting.source_count(log_store, contract, DAYS) == 12


def test_the_ledger_of_the_month_is_added_up(contract: Contract) -> None:
    make_file(contract, received_at=MIDNIGHT, lines=8, rows=5, quarantined_lines=2, unkept_lines=1)
    make_file(contract, received_at=NEXT - timedelta(seconds=1), state=LogFileState.QUARANTINED, lines=0, rows=0)
    make_file(contract, received_at=NEXT - timedelta(seconds=2), state=LogFileState.STORING, lines=0, rows=0)
    make_file(contract, received_at=NEXT)
    make_file(contract, received_at=MIDNIGHT - timedelta(seconds=1))
    note = counting.log_note(contract, DAYS)
    assert (note.files, note.lines, note.rows, note.quarantined_lines, note.unkept_lines) == (3, 8, 5, 2, 1)
    assert (note.quarantined_files, note.waiting_files) == (1, 1)
    assert counting.files_by_day(contract, DAYS) == {DAYS[0]: 1, DAYS[1]: 2}


def test_all_of_it_comes_together(log_store: LogStore, contract: Contract) -> None:
    contract.keeps_access_lines = True
    contract.ends_on = date(2026, 10, 20)
    report = make_report(contract)
    late = datetime(2026, 10, 19, 15, 0, tzinfo=UTC)
    lines = [
        cef("SQL Injection", "198.51.100.7", at=MIDNIGHT),
        cef("Normal", "203.0.113.1", at=MIDNIGHT, act="REQ_PASSED"),
        cef("SQL Injection", "198.51.100.7", at=late),
    ]
    store_lines(log_store, contract, lines)
    make_scans(contract)
    make_ticket(contract)
    Ticket.objects.update(opened_at=MIDNIGHT, updated_at=MIDNIGHT, detected="検知しました。", result="完了しました。")
    figures = gather(report, store=log_store)
    ticket = figures.tickets[0]
    assert (ticket.number, ticket.opened) == ("T-0001", "2026年10月1日 00:00:00")
    assert (ticket.kind, ticket.state) == ("BlackList 対応", "対応中")
    assert (ticket.detected, ticket.handled, ticket.result) == ("検知しました。", "", "完了しました。")
    assert (figures.first_day, figures.last_day) == ("2026-10-01", "2026-10-19")
    assert (figures.total.blocked, figures.good, figures.source_count) == (1, 1, 1)
    assert [site.site for site in figures.sites] == ["shop-a.example.jp"]
    assert len(figures.log.silent_days) == 18
    assert figures.scans == [ScanFigure("2026年9月30日 23:00:00", "2026年10月1日 01:00:00", ["198.51.100.7"])]
    assert figures.scanned == 4
    assert from_json(json.loads(json.dumps(to_json(figures)))) == figures


def make_scans(contract: Contract) -> None:
    """A scan over midnight, one after the month, one that was withdrawn before it began; findings of the first."""
    person, hour = make_user("dana", "高橋", "棚子"), timedelta(hours=1)
    for begins, ends, withdrawn in ((-1, 1, None), (24 * 20, 24 * 21, None), (2, 3, MIDNIGHT)):
        QuietWindow.objects.create(
            contract=contract,
            networks=["198.51.100.7"],
            starts_at=MIDNIGHT + begins * hour,
            ends_at=MIDNIGHT + ends * hour,
            registered_at=MIDNIGHT,
            registered_by=person,
            withdrawn_at=withdrawn,
        )
    for minutes, reason in ((0, "announced_scan"), (-1, "announced_scan"), (1, "own_block")):
        at = MIDNIGHT + timedelta(minutes=minutes)
        make_finding(contract, "198.51.100.7", reason=reason, first_at=at, last_at=at)
