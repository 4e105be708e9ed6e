"""Many stored files are searched for attacks in one query, and each keeps its own findings, mark and limits."""

from datetime import timedelta
from typing import Any

import pytest

from sakimori.blacklist import settling
from sakimori.blacklist.duties import find_attacks
from sakimori.blacklist.models import Finding
from sakimori.blacklist.search import attacks_in_files
from sakimori.customers.models import Contract
from sakimori.logs.fields import Event
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.models import LogFile
from sakimori.logs.searching import searched, searched_together
from sakimori.logs.store.interface import LogStore
from tests.lines import cef, good
from tests.moments import START, Clock
from tests.people import People, make_file, make_people

pytestmark = pytest.mark.django_db
LATE = timedelta(minutes=60)


@pytest.fixture
def people() -> People:
    return make_people()


def stored(store: LogStore, contract: Contract, lines: list[bytes], **columns: object) -> LogFile:
    """A stored file with these lines."""
    values: dict[str, object] = {"received_at": START, "stored_at": START, "rows": len(lines), **columns}
    file = make_file(contract, **values)
    events: list[tuple[int, Event]] = [(number, parse_cef(line)) for number, line in enumerate(lines, 1)]
    store.append(events, contract_id=contract.pk, file_id=file.pk)
    return file


def attack(address: str, *, ago: timedelta = timedelta(0), name: str = "SQL Injection") -> bytes:
    return cef(name, address, at=START - ago)


def test_what_many_files_tell_is_what_each_of_them_tells_alone(log_store: LogStore, people: People) -> None:
    files = [
        stored(log_store, people.a, [attack("198.51.100.1"), attack("198.51.100.1"), attack("198.51.100.2")]),
        stored(log_store, people.b, [attack("198.51.100.1", name="Cross Site Scripting")]),
        stored(log_store, people.a, good("198.51.100.3", at=START, number=4)),
        stored(log_store, people.a, [attack("198.51.100.4"), attack("198.51.100.4", ago=2 * LATE)]),
        stored(log_store, people.a, [attack("198.51.100.4")], door="import"),
    ]
    asked = [searched(file, late=LATE) for file in files]
    together = attacks_in_files(log_store, asked)
    alone = {key: found for one in asked for key, found in attacks_in_files(log_store, [one]).items()}
    assert together == alone
    assert [len(together.get(file.pk, [])) for file in files] == [2, 1, 0, 2, 1]
    assert attacks_in_files(log_store, []) == {}


def test_one_query_and_one_mark_for_many_files(
    log_store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(30):
        stored(log_store, people.a, good("198.51.100.7", at=START, number=1))
    stored(log_store, people.b, [attack("198.51.100.1")])
    asked: list[str] = []
    real = type(log_store).query

    def counted(store: Any, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return real(store, sql, *more)

    monkeypatch.setattr(type(log_store), "query", counted)
    assert find_attacks(store=log_store, clock=Clock()) == 31
    assert (len(asked), LogFile.objects.filter(searched_at=None).count()) == (1, 0)
    assert Finding.objects.get().contract == people.b
    assert find_attacks(store=log_store, clock=Clock()) == 0
    assert len(asked) == 1


def test_a_file_under_a_foreign_contract_has_no_findings(log_store: LogStore, people: People) -> None:
    file = stored(log_store, people.a, [attack("198.51.100.1")])
    file.contract = people.b
    other = stored(log_store, people.b, [attack("198.51.100.2")])
    assert list(attacks_in_files(log_store, [searched(one, late=LATE) for one in (file, other)])) == [other.pk]


def test_the_first_day_of_a_file_leaves_none_of_its_events_out(log_store: LogStore, people: People) -> None:
    ago = timedelta(days=40)
    old = stored(log_store, people.a, [attack("198.51.100.1", ago=ago)], first_at=START - ago)
    new = stored(log_store, people.a, [attack("198.51.100.2")], first_at=START)
    unknown = stored(log_store, people.a, [attack("198.51.100.3", ago=ago)])
    for files in ([old, new], [new], [new, unknown]):
        assert len(attacks_in_files(log_store, [searched(file, late=LATE) for file in files])) == len(files)


def test_files_are_searched_together_up_to_so_many_rows_and_a_large_one_alone(people: People) -> None:
    files = [make_file(people.a, rows=rows) for rows in (500, 30, 30, 50, 1)]
    assert searched_together(files, most_rows=100) == files[:1]
    assert searched_together(files[1:], most_rows=100) == files[1:3]
    assert searched_together([]) == []


def test_a_kill_between_two_transactions_leaves_whole_files_and_the_rest_is_found_later(
    log_store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_FINDINGS_TOGETHER", 2)
    for number in range(1, 7):
        stored(log_store, people.a, [attack(f"198.51.100.{number}")])
    real, calls = Finding.objects.bulk_create, 0

    def dies(*given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return real(*given, **more)

    monkeypatch.setattr(Finding.objects, "bulk_create", dies)
    with pytest.raises(KeyboardInterrupt):
        find_attacks(store=log_store, clock=Clock())
    marked = LogFile.objects.exclude(searched_at=None)
    assert (Finding.objects.count(), set(marked)) == (2, {row.file for row in Finding.objects.all()})
    assert find_attacks(store=log_store, clock=Clock()) == 4
    assert sorted(Finding.objects.values_list("address", flat=True)) == [f"198.51.100.{n}" for n in range(1, 7)]


def test_two_workers_with_the_same_files_write_each_finding_once(log_store: LogStore, people: People) -> None:
    file = stored(log_store, people.a, [attack("198.51.100.1")])
    found = attacks_in_files(log_store, [searched(file, late=LATE)])[file.pk]
    assert settling.write_findings([(file, found)], now=START) == 1
    assert settling.write_findings([(file, found)], now=START) == 0
    assert Finding.objects.count() == 1
