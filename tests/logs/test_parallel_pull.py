"""Many accounts at once: a slow one delays nobody. And what numbers tell: holes, late files, the vendor's wishes."""

import errno
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError

from sakimori.customers.models import Contract, VendorAccount
from sakimori.logs.models import LogFile, MissingFiles, PullState
from sakimori.logs.receive.missing import note_index, note_lost
from sakimori.logs.receive.parallel import Parallel
from sakimori.logs.receive.pull import Puller, pull_due
from sakimori.logs.spool import Spool, SpooledFile
from sakimori.waf.interface import WafLogs, WafUnavailable
from sakimori.waf.memory import MemoryVendor
from tests.moments import Clock
from tests.people import make_contract, make_file

PAUSE = timedelta(seconds=10)


@dataclass
class Pull:
    """Two contracts with a vendor each."""

    spool: Spool
    contracts: list[Contract]
    vendors: dict[int, WafLogs] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        for contract in self.contracts:
            VendorAccount.objects.create(
                contract=contract, api_id="1", sealed_api_key="x", log_base_url="https://logs.example.jp/1_1/"
            )
            self.vendors[contract.pk] = MemoryVendor(logs={"1_1.log": b"one"})

    @property
    def puller(self) -> Puller:
        return Puller(lambda account: self.vendors[account.contract_id], self.spool, self.clock, PAUSE)

    def list_numbers(self, *numbers: int) -> None:
        """What the first contract's index holds from now on."""
        self.vendors[self.contracts[0].pk] = MemoryVendor(
            logs={f"7_{number}.log": b"x%d" % number for number in numbers}
        )

    def again(self, *numbers: int) -> None:
        self.list_numbers(*numbers)
        self.look()

    def look(self) -> None:
        self.clock.pass_time(hours=1)
        puller = self.puller
        pull_due(open_logs=puller.open_logs, spool=self.spool, clock=self.clock, pause=PAUSE)

    def holes(self) -> list[tuple[int, int]]:
        rows = MissingFiles.objects.filter(contract=self.contracts[0]).order_by("first")
        return [(row.first, row.last) for row in rows]

    def state(self) -> PullState:
        return PullState.objects.get(contract=self.contracts[0])


@pytest.fixture
def pull(tmp_path: Path, db: None) -> Pull:
    contracts = [make_contract("株式会社さくら商店", "A"), make_contract("有限会社もみじ堂", "B")]
    return Pull(Spool(tmp_path / "spool"), contracts)


class Slow(MemoryVendor):
    """Answers only when it is let go on."""

    def __init__(self) -> None:
        super().__init__(logs={"1_1.log": b"late"})
        self.asked, self.go_on = threading.Event(), threading.Event()

    def log_index(self) -> Sequence[str]:
        self.asked.set()
        assert self.go_on.wait(60)
        return super().log_index()


def until(under_way: int) -> None:
    """Wait until no more accounts than that are under way. (The tests' database takes one thread at a time.)"""
    deadline = time.monotonic() + 60
    while sum(thread.name.startswith("pull-") for thread in threading.enumerate()) > under_way:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_a_slow_account_delays_no_other(pull: Pull) -> None:
    a, b = pull.contracts
    slow = pull.vendors[a.pk] = Slow()
    parallel = Parallel(pull.puller)
    assert parallel.start_due() == 0
    assert slow.asked.wait(60)
    until(1)
    for number in (2, 3):
        pull.vendors[b.pk].put_log(f"1_{number}.log", b"more%d" % number)  # type: ignore[attr-defined]
        pull.clock.pass_time(seconds=10)
        assert parallel.start_due() == 1, "what came before"
        until(1)
        assert LogFile.objects.filter(contract=b).count() == number
    assert not LogFile.objects.filter(contract=a).exists()
    slow.go_on.set()
    until(0)
    assert LogFile.objects.filter(contract=a).count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_account_is_not_looked_at_twice_at_once(pull: Pull) -> None:
    VendorAccount.objects.filter(contract=pull.contracts[1]).delete()
    slow = pull.vendors[pull.contracts[0].pk] = Slow()
    parallel = Parallel(pull.puller)
    parallel.start_due()
    assert slow.asked.wait(60)
    slow.asked.clear()
    pull.clock.pass_time(hours=1)
    assert parallel.start_due() == 0
    assert not slow.asked.is_set()
    slow.go_on.set()
    until(0)
    assert parallel.start_due() == 1


@pytest.mark.django_db(transaction=True)
def test_no_more_accounts_than_agreed_are_under_way(pull: Pull) -> None:
    slow = pull.vendors[pull.contracts[0].pk] = Slow()
    PullState.objects.create(contract=pull.contracts[0], next_try_at=pull.clock() - PAUSE)
    parallel = Parallel(pull.puller, at_once=1)
    parallel.start_due()
    parallel.start_due()
    assert not LogFile.objects.exists()
    slow.go_on.set()
    until(0)
    parallel.start_due()
    until(0)
    assert LogFile.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_unexpected_error_reaches_the_duty(pull: Pull) -> None:
    def broken(_account: VendorAccount) -> WafLogs:
        raise DatabaseError("locked")

    parallel = Parallel(Puller(broken, pull.spool, pull.clock, PAUSE))
    assert parallel.start_due() == 0
    until(0)
    with pytest.raises(DatabaseError, match="locked"):
        parallel.start_due()
    until(0)


def test_numbers_that_the_index_passes_over_are_written_down(pull: Pull) -> None:
    pull.again(3, 4)
    assert pull.holes() == []
    pull.again(4, 5, 8, 10)
    assert pull.holes() == [(6, 7), (9, 9)]
    assert MissingFiles.objects.first().noticed_at == pull.clock()  # type: ignore[union-attr]


def test_files_that_were_let_go_of_before_we_came_are_missing(pull: Pull) -> None:
    pull.again(3, 4)
    pull.again(50, 51)
    assert pull.holes() == [(5, 49)]


def test_a_hole_that_is_filled_later_is_forgotten_piece_by_piece(pull: Pull) -> None:
    pull.again(1, 9)
    noticed = pull.clock()
    pull.again(1, 4, 9)
    pull.look()
    assert pull.holes() == [(2, 3), (5, 8)]
    assert {row.noticed_at for row in MissingFiles.objects.all()} == {noticed}
    pull.again(*range(1, 10))
    pull.look()
    assert pull.holes() == []


def test_an_old_copy_of_the_index_makes_no_hole(pull: Pull) -> None:
    pull.again(1, 2, 3)
    pull.again(1, 2)
    pull.again(4, 5)
    assert pull.holes() == []


def test_numbers_that_begin_anew_make_no_hole(pull: Pull) -> None:
    pull.again(500, 501)
    pull.again(1, 2)
    pull.again(2, 3)
    assert pull.holes() == []


def test_a_hole_wider_than_any_list_costs_one_row(pull: Pull) -> None:
    pull.again(1, 2)
    pull.again(10**17)
    assert pull.holes() == [(3, 10**17 - 1)]


class Vanishing(MemoryVendor):
    """Lists a file that is gone when it is asked for."""

    @contextmanager
    def read_log(self, name: str) -> Iterator[Iterator[bytes]]:  # type: ignore[override]
        if name == "7_2.log":
            self.drop_log(name)
        with super().read_log(name) as chunks:
            yield chunks


def test_a_file_that_vanishes_between_index_and_download_is_missing(pull: Pull) -> None:
    pull.vendors[pull.contracts[0].pk] = Vanishing(logs={f"7_{number}.log": b"x" for number in (1, 2, 3)})
    pull.look()
    assert pull.holes() == [(2, 2)]
    pull.again(2, 3)
    pull.look()
    assert pull.holes() == []


@pytest.mark.parametrize(("wish", "pause"), [(None, 20), (5.0, 20), (600.0, 600), (10**9, 3600), (float("inf"), 3600)])
def test_the_vendors_wish_to_wait_is_honoured_within_reason(pull: Pull, wish: float | None, pause: float) -> None:
    class Busy(MemoryVendor):
        def log_index(self) -> Sequence[str]:
            raise WafUnavailable("混み合っています。", retry_after_seconds=wish)

    pull.vendors[pull.contracts[0].pk] = Busy()
    pull.look()
    assert (pull.state().next_try_at - pull.clock()).total_seconds() == pause


class FullSpool(Spool):
    """A spool whose disk takes so many files more."""

    def __init__(self, folder: Path, room: int) -> None:
        super().__init__(folder)
        self.room = room

    def put(self, chunks: Iterable[bytes], *, limit_bytes: int) -> SpooledFile:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= 1
        return super().put(chunks, limit_bytes=limit_bytes)


def test_a_full_disk_moves_nothing_on_and_what_the_vendor_lets_go_of_meanwhile_is_missing(
    pull: Pull, tmp_path: Path
) -> None:
    pull.spool = full = FullSpool(tmp_path / "full", room=1)
    pull.again(1, 2, 3)
    state = pull.state()
    assert (state.failures, state.newest, state.last_success_at) == (1, {"7": 1}, None)
    assert "No space left" in state.last_error
    full.room = 100
    pull.again(3, 4)
    assert pull.holes() == [(2, 2)]
    state = pull.state()
    assert (state.failures, state.newest, state.last_error) == (0, {"7": 4}, "")
    names = LogFile.objects.filter(contract=pull.contracts[0]).order_by("name").values_list("name", flat=True)
    assert list(names) == ["7_1.log", "7_3.log", "7_4.log"]


def test_a_disk_that_is_full_at_the_first_look_hides_no_loss(pull: Pull, tmp_path: Path) -> None:
    pull.spool = full = FullSpool(tmp_path / "full", room=0)
    pull.again(5, 6)
    full.room = 100
    pull.again(7)
    assert pull.holes() == [(5, 6)]


def test_what_a_file_waited_for_us_is_not_the_vendors_delay(pull: Pull) -> None:
    pull.again(1)
    looked_at = pull.clock()
    pull.again(1, 2)
    waits = [row.available_at for row in LogFile.objects.filter(contract=pull.contracts[0]).order_by("pk")]
    assert waits == [None, looked_at]
    assert LogFile.objects.get(name="7_2.log").received_at == looked_at + timedelta(hours=1)


def test_what_the_index_left_out_may_never_have_been_and_what_it_named_is_missing(pull: Pull) -> None:
    noted = MissingFiles.objects.order_by("first").values_list("first", "last", "was_listed")
    state = PullState.objects.create(contract=pull.contracts[0], newest={"7": 1}, next_try_at=pull.clock())
    note_index(state, ["7_4.log"], door="pull", now=pull.clock())
    note_lost(state.contract, "7_9.log", now=pull.clock())
    assert list(noted.all()) == [(2, 3, False), (9, 9, True)]
    make_file(state.contract, name="7_2.log")
    note_index(state, ["7_2.log"], door="pull", now=pull.clock())
    note_lost(state.contract, "7_3.log", now=pull.clock())
    assert list(noted.all()) == [(3, 3, True), (9, 9, True)]
