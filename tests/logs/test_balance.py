"""The ledger against the store: what is a difference and what is none, new files and whole contracts, each once."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.logs.balance import compare_new, compare_whole, is_difference
from sakimori.logs.fields import Event
from sakimori.logs.models import LogFile, LogFileState, RetentionProof, StoreCheck
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from tests.moments import START, Clock
from tests.people import make_contract, make_file

pytestmark = pytest.mark.django_db
D = timedelta(days=1)


@pytest.fixture
def contract() -> Contract:
    return make_contract("株式会社さくら商店", "A")


@pytest.mark.parametrize(
    ("lines", "rows", "quarantined", "held", "gone", "difference"),
    [
        (10, 10, 0, 10, False, False),
        (10, 8, 2, 8, False, False),
        (0, 0, 0, 0, False, False),
        (10, 10, 0, 9, False, True),
        (10, 10, 0, 9, True, False),
        (10, 10, 0, 0, True, False),
        (10, 10, 0, 11, False, True),
        (10, 10, 0, 11, True, True),
        (10, 8, 1, 8, False, True),
        (10, 8, 1, 8, True, True),
    ],
)
def test_what_is_a_difference(lines: int, rows: int, quarantined: int, held: int, gone: bool, difference: bool) -> None:
    assert difference == is_difference(lines=lines, rows=rows, left_out=quarantined, held=held, may_be_gone=gone)


def store_file(store: LogStore, contract: Contract, held: int, *, rows: int | None = None, same: int = 0) -> LogFile:
    """A file of which the store holds so many rows, `same` of them reporting an event that is known already."""
    said = held if rows is None else rows
    file = make_file(contract, lines=said, rows=said, first_at=START, last_at=START)
    events = [Event(time=START, request_id=f"{file.pk}-{number}") for number in range(held - same)]
    events += [Event(time=START, request_id="known") for _ in range(same)]
    store.append(enumerate(events, start=1), contract_id=contract.pk, file_id=file.pk)
    return file


def differences(contract: Contract) -> dict[str, list[int]]:
    return StoreCheck.objects.get(contract=contract).differences


def test_new_files_are_compared_once_and_their_doubles_counted(log_store: LogStore, contract: Contract) -> None:
    fine = store_file(log_store, contract, 3, same=1)
    double = store_file(log_store, contract, 4, same=3)
    empty = store_file(log_store, contract, 0)
    lost = store_file(log_store, contract, 2, rows=5)
    waiting = make_file(contract, state=LogFileState.RECEIVED)
    other = store_file(log_store, make_contract("有限会社もみじ堂", "B"), 1)
    assert compare_new(store=log_store, now=START) == 5
    assert compare_new(store=log_store, now=START) == 0
    doubles = dict(LogFile.objects.values_list("pk", "doubles"))
    assert doubles == {fine.pk: 0, double.pk: 3, empty.pk: 0, lost.pk: 0, waiting.pk: None, other.pk: 0}
    assert differences(contract) == {str(lost.pk): [5, 2]}
    assert differences(other.contract) == {}


def test_a_store_that_is_down_leaves_them_to_be_compared(log_store: LogStore, contract: Contract) -> None:
    store_file(log_store, contract, 1)

    class Down:
        def query(self, *_: object) -> None:
            raise StoreUnavailable("down")

    with pytest.raises(StoreUnavailable):
        compare_new(store=Down(), now=START)  # type: ignore[arg-type]
    assert compare_new(store=log_store, now=START) == 1


@pytest.mark.parametrize(("kept", "wrong"), [(0, 1), (1, 0)])
def test_what_retention_let_go_of_is_no_difference(
    log_store: LogStore, contract: Contract, kept: int, wrong: int
) -> None:
    store_file(log_store, contract, 1, rows=5)
    RetentionProof.objects.create(
        contract=contract, day=day_of(START), ran_at=START, kept_from=day_of(START) + kept * D
    )
    compare_new(store=log_store, now=START)
    assert len(differences(contract)) == wrong


@pytest.mark.parametrize("compare", [compare_new, compare_whole])
def test_a_day_that_is_let_go_of_while_files_are_compared_is_no_difference(
    log_store: LogStore, contract: Contract, compare: Callable[..., int]
) -> None:
    """The proof is written first, then the day is dropped, then the rows are counted."""
    store_file(log_store, contract, 5)

    class LettingGo:
        def query(self, *args: object) -> object:
            RetentionProof.objects.create(
                contract=contract, day=day_of(START), ran_at=START, kept_from=day_of(START) + D
            )
            log_store.drop_day(contract_id=contract.pk, day=day_of(START))
            return log_store.query(*args)  # type: ignore[arg-type]

    assert compare(store=LettingGo(), now=START) == 1
    assert differences(contract) == {}


def test_of_a_file_of_which_no_time_is_known_days_may_be_gone(log_store: LogStore, contract: Contract) -> None:
    """So it was with files that were stored before times were noted."""
    file = store_file(log_store, contract, 1, rows=5)
    LogFile.objects.filter(pk=file.pk).update(first_at=None, last_at=None)
    RetentionProof.objects.create(contract=contract, day=day_of(START), ran_at=START, kept_from=day_of(START) - 90 * D)
    compare_new(store=log_store, now=START)
    assert differences(contract) == {}


def test_a_whole_contract_a_day_finds_what_was_lost_or_came_from_nowhere(
    log_store: LogStore, contract: Contract
) -> None:
    clock = Clock()
    files = [store_file(log_store, contract, 2) for _ in range(3)]
    storing = store_file(log_store, contract, 2)
    compare_new(store=log_store, now=clock())
    LogFile.objects.filter(pk=storing.pk).update(state=LogFileState.STORING)
    LogFile.objects.filter(pk=files[0].pk).update(rows=3, lines=3)
    LogFile.objects.filter(pk=files[1].pk).delete()
    assert compare_whole(store=log_store, now=clock()) == 3
    assert differences(contract) == {str(files[0].pk): [3, 2], str(files[1].pk): [0, 2]}
    LogFile.objects.filter(pk=files[0].pk).update(rows=2, lines=2)
    new = store_file(log_store, contract, 1, rows=9)
    compare_new(store=log_store, now=clock())
    assert sorted(differences(contract)) == sorted(str(file.pk) for file in (files[0], files[1], new))
    LogFile.objects.filter(pk=new.pk).update(rows=1, lines=1)
    assert compare_whole(store=log_store, now=clock.pass_time(hours=23)) == 0
    assert compare_whole(store=log_store, now=clock.pass_time(hours=2)) == 4
    assert differences(contract) == {str(files[1].pk): [0, 2]}


def test_a_large_contract_is_compared_part_by_part_and_then_the_next_one(
    log_store: LogStore, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sakimori.logs.balance._AT_ONCE", 2)
    for _ in range(3):
        store_file(log_store, contract, 1)
    lost = store_file(log_store, contract, 0, rows=1)
    other = store_file(log_store, make_contract("有限会社もみじ堂", "B"), 1)
    assert [compare_whole(store=log_store, now=START) for _ in range(4)] == [2, 2, 0, 0]
    check = StoreCheck.objects.get(contract=contract)
    assert (check.whole_at, check.position, check.differences) == (START, 0, {str(lost.pk): [1, 0]})
    assert compare_whole(store=log_store, now=START + 1.1 * D) == 1
    assert StoreCheck.objects.get(contract=other.contract).whole_at == START + 1.1 * D
    assert compare_whole(store=log_store, now=START + 2.2 * D) == 2, "the one that was compared longest ago"


def test_without_contracts_there_is_nothing_to_compare(log_store: LogStore) -> None:
    assert (compare_new(store=log_store, now=START), compare_whole(store=log_store, now=START)) == (0, 0)
