"""Two processes that store files at the same instant: whoever comes between whose statements, an event is seen once."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sakimori.lib.claims import release_of_dead
from sakimori.logs import turns as turns_module
from sakimori.logs.models import LogFile, LogFileState, StoringTurn
from sakimori.logs.store import statements
from sakimori.logs.store.clickhouse import ClickHouseStore, open_store
from sakimori.logs.store.interface import LogStore, StoreBusy, StoreUnavailable
from sakimori.logs.turns import LEASE, DatabaseTurns
from tests.fixtures_logstore import fresh_store_url
from tests.lines import log_file
from tests.logs.conftest import log_store
from tests.logs.test_ingest import Intake, attacks, intake, way
from tests.logs.test_log_store import event, rows
from tests.logs.test_stored_together import small
from tests.moments import START, Clock
from tests.people import make_contract

__all__ = ["intake", "log_store", "way"]

pytestmark = pytest.mark.django_db

Store = Callable[[LogStore, int, int, list[int]], None]
_examples = count(1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Two:
    """Two processes with one log store and one database. They are in one process here, so that either may be stopped
    between any two statements of the other; the store need not be a server for that.
    """

    one: ClickHouseStore
    other: ClickHouseStore
    clock: Clock


@pytest.fixture
def two(clock: Clock) -> Iterator[Two]:
    url = fresh_store_url()
    with closing(open_as("here:1", url, clock)) as one, closing(open_as("here:2", url, clock)) as other:
        one.migrate()
        yield Two(one, other, clock)


def open_as(worker: str, url: str, clock: Clock) -> ClickHouseStore:
    def sleep(seconds: float) -> None:
        clock.pass_time(seconds=seconds)

    store = open_store(url, DatabaseTurns(worker=worker, clock=clock, sleep=sleep))
    assert isinstance(store, ClickHouseStore)
    return store


@pytest.fixture
def contracts() -> list[int]:
    return [make_contract(f"株式会社さくら商店{name}", name).pk for name in "AB"]


def interleave(store: ClickHouseStore, place: int, do: Callable[[], object], work: Callable[[], object]) -> bool:
    """Work with a store; before its so-manieth statement, counted from 1, something else is done. Whether it came to
    that.
    """
    given_, done = count(1), []

    def before(step: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **values: Any) -> Any:
            if next(given_) == place:
                done.append(place)
                do()
            return step(*args, **values)

        return stepped

    with pytest.MonkeyPatch.context() as patch:
        for name in ("_command", "query"):
            patch.setattr(store, name, before(getattr(store, name)))
        work()
    return bool(done)


def alone(store: LogStore, contract_id: int, file_id: int, numbers: list[int]) -> None:
    assert store.append(rows(*numbers), contract_id=contract_id, file_id=file_id) == len(numbers)


def together(store: LogStore, contract_id: int, file_id: int, numbers: list[int]) -> None:
    events = [event(number) for number in numbers]
    assert store.append_together([small(events, contract_id=contract_id, file_id=file_id)]) == [len(numbers)]


def until_free(store: Store, *args: Any) -> list[object]:
    """What is to be done, and what is still to do because another process was storing."""
    try:
        store(*args)
    except StoreBusy as busy:
        return [lambda: store(*args)] if busy.contracts == {args[1]} else []
    return []


def seen_of(store: LogStore, contract_id: int, numbers: set[int]) -> list[str]:
    sql = "SELECT request_id FROM events_once WHERE contract_id = {contract_id:UInt32} ORDER BY time, request_id"
    wanted = {f"r{number}" for number in numbers}
    found = [row["request_id"] for row in store.query(sql, {"contract_id": contract_id})]
    return [each for each in found if each in wanted]


@pytest.mark.parametrize("theirs", [alone, together])
@pytest.mark.parametrize("ours", [alone, together])
def test_an_event_of_two_files_is_seen_once_whenever_the_other_process_comes(
    two: Two, contracts: list[int], ours: Store, theirs: Store
) -> None:
    """Before each statement of ours the other process stores a whole file, or has to wait for its turn."""
    busy = 0
    for place in count(1):
        base, left = place * 10, list[Any]()
        came = interleave(
            two.one,
            place,
            lambda base=base, left=left, place=place: left.extend(
                until_free(theirs, two.other, contracts[0], 2 * place, [base + 2, base + 3])
            ),
            lambda base=base, place=place: ours(two.one, contracts[0], 2 * place + 1, [base + 1, base + 2]),
        )
        if not came:
            break
        for again in left:
            again()
        busy += len(left)
        assert seen_of(two.one, contracts[0], set(range(base, base + 10))) == [f"r{base + n}" for n in (1, 2, 3)]
        for file_id in (2 * place, 2 * place + 1):
            assert two.one.count_file(contract_id=contracts[0], file_id=file_id) == 2
    assert busy >= 3
    assert not StoringTurn.objects.exclude(claimed_by="").exists()


NUMBERS = st.lists(st.integers(0, 4), min_size=1, max_size=4)


@settings(max_examples=25)
@given(
    first=NUMBERS, second=NUMBERS, place=st.integers(1, 14), ways=st.tuples(*[st.sampled_from([alone, together])] * 2)
)
@example(first=[0, 0, 1], second=[1, 0, 0], place=6, ways=(alone, together))
def test_whatever_two_files_share_each_event_is_seen_once_and_each_row_counted(
    two: Two, contracts: list[int], first: list[int], second: list[int], place: int, ways: tuple[Store, Store]
) -> None:
    number, left = next(_examples), list[Any]()
    base, ours, theirs = 100_000 + 10 * number, 100_000 + 2 * number, 100_001 + 2 * number
    mine, other = ([base + each for each in numbers] for numbers in (first, second))
    interleave(
        two.one,
        place,
        lambda: left.extend(until_free(ways[1], two.other, contracts[0], theirs, other)),
        lambda: ways[0](two.one, contracts[0], ours, mine),
    )
    for again in left:
        again()
    ways[1](two.other, contracts[0], theirs, other)
    wanted = {*mine, *other}
    assert seen_of(two.one, contracts[0], wanted) == [f"r{each}" for each in sorted(wanted)]
    for file_id, numbers in ((ours, mine), (theirs, other)):
        assert two.one.count_file(contract_id=contracts[0], file_id=file_id) == len(numbers)


def test_other_contracts_do_not_wait_for_a_slow_one(two: Two, contracts: list[int]) -> None:
    turns = DatabaseTurns(worker="here:2", clock=two.clock, sleep=lambda _: None)
    with turns.of({contracts[0]}):
        for store in (alone, together):
            store(two.one, contracts[1], 5, [1, 2])
        with pytest.raises(StoreBusy) as busy:
            two.one.append_together([small([event(1)], contract_id=key, file_id=key) for key in contracts])
        assert busy.value.contracts == {contracts[0]}
        assert busy.value.retryable
    together(two.one, contracts[0], 6, [1, 2])


@pytest.mark.parametrize("store", [alone, together])
def test_who_is_killed_has_the_turn_until_its_lease_ends_or_it_is_known_to_be_dead(
    two: Two, contracts: list[int], store: Store
) -> None:
    def broken_off(file_id: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("store_group", "move_partition"):
                patch.setattr(statements, name, killed)
            with pytest.raises(KeyboardInterrupt):
                store(two.one, contracts[0], file_id, [1, 2])

    broken_off(1)
    with pytest.raises(StoreBusy):
        store(two.other, contracts[0], 2, [2, 3])
    two.clock.now += LEASE * 1.01
    store(two.other, contracts[0], 2, [2, 3])
    broken_off(3)
    assert release_of_dead(StoringTurn.objects.all(), host="here", is_alive=lambda number: number == 2) == 1
    store(two.other, contracts[0], 4, [3, 4])
    store(two.one, contracts[0], 1, [1, 2])
    store(two.one, contracts[0], 3, [1, 2])
    assert seen_of(two.one, contracts[0], {1, 2, 3, 4}) == ["r1", "r2", "r3", "r4"]


def killed(*_: object) -> str:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("store", "last_step"), [(alone, "partitions"), (together, "make_group")])
def test_who_was_taken_for_dead_and_is_not_stores_nothing(
    two: Two, contracts: list[int], store: Store, last_step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes sure of its turn just before rows come among the events."""
    step = getattr(statements, last_step)

    def overtaken(*args: str) -> str:
        monkeypatch.undo()
        two.clock.now += 2 * LEASE
        store(two.other, contracts[0], 2, [2, 3])
        return str(step(*args))

    monkeypatch.setattr(statements, last_step, overtaken)
    with pytest.raises(StoreUnavailable, match="by now"):
        store(two.one, contracts[0], 1, [1, 2])
    assert two.one.count_file(contract_id=contracts[0], file_id=1) == 0
    store(two.one, contracts[0], 1, [1, 2])
    assert seen_of(two.one, contracts[0], {1, 2, 3}) == ["r1", "r2", "r3"]


def test_a_turn_that_takes_long_is_held_on_to(two: Two, contracts: list[int]) -> None:
    turns = DatabaseTurns(worker="here:1", clock=two.clock, sleep=lambda _: None)
    with turns.of(contracts) as turn:
        for _ in range(4):
            two.clock.now += LEASE * 3 / 4
            turn.hold()
        with pytest.raises(StoreBusy):
            together(two.other, contracts[0], 1, [1])


@pytest.mark.usefixtures("way")
def test_two_workers_store_every_file_and_show_every_event_once(two: Two, intake: Intake) -> None:
    """The second comes before each statement of the first in turn, with a file of which the first has some lines."""
    intake.clock, waited = two.clock, 0
    for place in count(1):
        lines = attacks(4)
        mine, others = intake.take(log_file(lines[:3])), list[LogFile]()

        def come(lines: list[bytes] = lines, others: list[LogFile] = others) -> None:
            others.append(intake.take(log_file(lines[1:])))
            intake.run(two.other, worker="here:2")

        if not interleave(two.one, place, come, lambda: intake.run(two.one, worker="here:1")):
            break
        waiting = LogFile.objects.get(pk=others[0].pk)
        if waiting.state != LogFileState.STORED:
            waited += 1
            assert (waiting.attempts, waiting.claimed_by, waiting.next_try_at > START) == (0, "", True)
            two.clock.pass_time(seconds=1)
            intake.run(two.one, worker="here:1")
        rows_of = LogFile.objects.filter(pk__in=[mine.pk, others[0].pk], state=LogFileState.STORED)
        assert list(rows_of.values_list("rows", flat=True)) == [3, 3]
    assert waited >= 3
    (row,) = two.one.query("SELECT count() AS rows, uniqExact(request_id, time, name) AS events FROM events_once")
    assert row["rows"] == row["events"] == 4 * (place - 1) + 3


def test_a_contract_whose_turn_another_process_has_holds_no_file_of_others_up(two: Two, intake: Intake) -> None:
    intake.clock = two.clock
    slow = intake.take(log_file(attacks(2)))
    first, intake.contract = intake.contract, make_contract("有限会社もみじ堂", "B")
    quick = intake.take(log_file(attacks(3)))
    turns = DatabaseTurns(worker="there:9", clock=two.clock, sleep=lambda _: None)
    with turns.of({first.pk}):
        intake.run(two.one)
        states = dict(LogFile.objects.values_list("pk", "state"))
        assert states == {slow.pk: LogFileState.STORING, quick.pk: LogFileState.STORED}
    two.clock.pass_time(seconds=1)
    assert intake.run(two.one) == 1
    assert set(LogFile.objects.values_list("state", "attempts")) == {(LogFileState.STORED, 1)}


def test_a_database_that_does_not_answer_is_a_store_that_does_not(
    two: Two, contracts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_args: object, **_named: object) -> None:
        raise OperationalError("database is locked")

    for name in ("claim_together", "renew"):
        monkeypatch.setattr(turns_module, name, busy)
    with pytest.raises(StoreUnavailable, match="whose turn"):
        together(two.one, contracts[0], 1, [1])
