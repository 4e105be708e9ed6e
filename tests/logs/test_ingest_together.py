"""Small files in one go: each is stored, put aside or tried again by itself, and large ones hold none of them up."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sakimori.customers.models import Contract
from sakimori.lib.claims import claim_together, renew
from sakimori.logs import duties, ingest_together
from sakimori.logs.chain.writing import Span, add_links
from sakimori.logs.ingest import begin
from sakimori.logs.models import ChainDay, ChainLink, LogFile, LogFileState
from sakimori.logs.receive.accept import accept
from sakimori.logs.store.interface import LogStore, SmallFile, StoreError
from tests.lines import log_file
from tests.logs.chain.conftest import next_day, troubles
from tests.logs.conftest import log_store
from tests.logs.test_ingest import Breaking, Intake, attacks, intake
from tests.moments import START
from tests.people import make_contract, make_file

__all__ = ["intake", "log_store"]

pytestmark = pytest.mark.django_db


def take(intake: Intake, contract: Contract, body: bytes, *, name: str = "1.log") -> LogFile:
    return accept([body], contract=contract, door="hec", name=name, spool=intake.spool, now=intake.clock())


@pytest.fixture
def others() -> list[Contract]:
    return [make_contract("有限会社もみじ堂", "B"), make_contract("株式会社あおば", "C")]


class Counting(Breaking):
    """A store that remembers which files came together."""

    def __init__(self, store: LogStore, **errors: BaseException) -> None:
        super().__init__(store, **errors)
        self.groups: list[list[int]] = []

    def append_together(self, files: Sequence[SmallFile]) -> list[int]:
        self.groups.append([file.file_id for file in files])
        return super().append_together(files)


def counting(store: LogStore, **errors: BaseException) -> Counting:
    return Counting(store, **errors)


def test_files_of_several_contracts_are_stored_by_one_call(intake: Intake, others: list[Contract]) -> None:
    store = counting(intake.store)
    bodies = [log_file([*attacks(2), b"nonsense"]), log_file(attacks(3)), log_file([])]
    files = [take(intake, row, body) for row, body in zip([intake.contract, *others], bodies, strict=True)]
    assert intake.run(store) == 3  # type: ignore[arg-type]
    assert store.groups == [[file.pk for file in files]]
    sums = LogFile.objects.order_by("pk").values_list("state", "lines", "rows", "quarantined_lines", "attempts")
    assert list(sums) == [
        (LogFileState.STORED, 3, 2, 1, 1),
        (LogFileState.STORED, 3, 3, 0, 1),
        (LogFileState.STORED, 0, 0, 0, 1),
    ]
    assert [intake.store.count_contract(row.pk) for row in [intake.contract, *others]] == [2, 3, 0]
    assert ChainLink.objects.count() == 3
    assert troubles(intake) == set()


def test_more_files_need_no_more_questions(intake: Intake) -> None:
    """What is done once for each file is what makes small files dear."""

    def questions(number: int) -> int:
        for _ in range(number):
            intake.take(log_file(attacks(intake.taken + 1)))
        with CaptureQueriesContext(connection) as asked:
            assert intake.run() == number
        return len(asked)

    questions(1)
    assert questions(12) == questions(3) < 30


def test_what_the_store_finds_wrong_keeps_no_other_file_back(intake: Intake) -> None:
    wrong = intake.take(log_file(attacks(1)))
    fine = [intake.take(log_file(attacks(number))) for number in (2, 3)]

    class Picky(Counting):
        def append_together(self, files: Sequence[SmallFile]) -> list[int]:
            raise StoreError("a row does not fit")

        def append(self, rows: object, *, contract_id: int, file_id: int) -> int:
            if file_id == wrong.pk:
                raise StoreError("a row does not fit")
            return super().append(rows, contract_id=contract_id, file_id=file_id)  # type: ignore[arg-type]

    assert intake.run(Picky(intake.store)) == 3  # type: ignore[arg-type]
    states = dict(LogFile.objects.values_list("pk", "state"))
    assert states == {wrong.pk: LogFileState.STORING} | {file.pk: LogFileState.STORED for file in fine}
    wrong.refresh_from_db()
    assert (wrong.attempts, wrong.claimed_until, wrong.next_try_at > intake.clock()) == (1, None, True)


def test_a_file_whose_rows_are_missing_is_tried_again_alone(intake: Intake) -> None:
    files = [intake.take(log_file(attacks(number))) for number in (1, 2)]

    class Losing(Counting):
        def append_together(self, files: Sequence[SmallFile]) -> list[int]:
            first, *others = super().append_together(files)
            return [first - 1, *others]

    intake.run(Losing(intake.store))  # type: ignore[arg-type]
    assert list(LogFile.objects.order_by("pk").values_list("state", flat=True)) == [
        LogFileState.STORING,
        LogFileState.STORED,
    ]
    assert list(ChainLink.objects.values_list("file", flat=True)) == [files[1].pk]
    intake.clock.pass_time(minutes=1)
    assert intake.run() == 1
    assert [intake.rows(file) for file in files] == [1, 2]
    assert troubles(intake) == set()


def test_a_small_file_that_is_large_inside_is_stored_alone(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_together, "_MOST_LINES", 5)
    large = intake.take(log_file([*attacks(6), b"nonsense"]))
    small = intake.take(log_file(attacks(4)))
    store = counting(intake.store)
    assert intake.run(store) == 2  # type: ignore[arg-type]
    assert store.groups == [[small.pk]]
    assert set(LogFile.objects.values_list("state", "attempts")) == {(LogFileState.STORED, 1)}
    assert (intake.rows(large), intake.rows(small), large.bad_lines.count()) == (6, 4, 1)


def test_gathered_lines_are_not_stored_alone_because_they_were_gathered_for_longer(intake: Intake) -> None:
    """They are not compressed: of fifty contracts a few seconds' lines are more than a small compressed file has."""
    gathered = [
        accept(
            [log_file(attacks(number))],
            contract=intake.contract,
            door=door,
            name=f"{number}",
            spool=intake.spool,
            now=intake.clock(),
        )
        for number, door in ((1, "hec"), (2, "syslog"))
    ]
    packed = intake.take(log_file(attacks(3)))
    LogFile.objects.update(size_bytes=3 << 20)
    store = counting(intake.store)
    assert intake.run(store) == 3  # type: ignore[arg-type]
    assert store.groups == [[file.pk for file in gathered]]
    assert intake.rows(packed) == 3


def test_files_come_in_groups_that_fit_into_memory(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_together, "_MOST_LINES_TOGETHER", 5)
    files = [intake.take(log_file(attacks(number))) for number in (3, 2, 4, 3, 1)]
    store = counting(intake.store)
    intake.run(store)  # type: ignore[arg-type]
    numbers = [file.pk for file in files]
    assert store.groups == [numbers[:2], numbers[2:4], numbers[4:]]


def test_after_each_large_file_small_ones_have_their_turn(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "_SMALL_AT_ONCE", 1)
    large = [intake.take(log_file(attacks(number))) for number in (5, 6)]
    LogFile.objects.update(size_bytes=10**9)
    small = [intake.take(log_file(attacks(number))) for number in (1, 2, 3)]
    assert intake.run() == 5
    order = ChainLink.objects.order_by("sequence").values_list("file", flat=True)
    assert list(order) == [small[0].pk, large[0].pk, small[1].pk, large[1].pk, small[2].pk]


def test_who_lost_his_claim_meanwhile_leaves_the_file_alone(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group took so long that another worker has the file by now."""
    broken = intake.take(log_file(attacks(50))[:-20])
    fine = intake.take(log_file(attacks(1)))

    class Slow(Counting):
        def append_together(self, files: Sequence[SmallFile]) -> list[int]:
            LogFile.objects.filter(pk=broken.pk).update(claimed_by="two")
            return super().append_together(files)

    intake.run(Slow(intake.store))  # type: ignore[arg-type]
    assert dict(LogFile.objects.values_list("pk", "state")) == {
        broken.pk: LogFileState.STORING,
        fine.pk: LogFileState.STORED,
    }


class TestClaims:
    """Many rows at once, and the lease of one anew."""

    def test_free_rows_are_claimed_at_once_and_by_one_worker_only(self, intake: Intake) -> None:
        files = [intake.take(log_file(attacks(number))) for number in (1, 2, 3)]
        rows, lease = LogFile.objects.order_by("pk"), timedelta(minutes=1)
        first = claim_together(rows, worker="one", now=START, lease=lease, limit=2)
        assert first == files[:2]
        assert claim_together(rows, worker="two", now=START, lease=lease) == files[2:]
        assert claim_together(rows, worker="three", now=START, lease=lease) == []
        later = START + timedelta(minutes=2)
        assert claim_together(rows, worker="three", now=later, lease=lease) == files
        assert not renew(LogFile.objects.all(), first[0], now=later, lease=lease)

    def test_a_lease_begins_anew(self, intake: Intake) -> None:
        intake.take(log_file(attacks(1)))
        rows, lease = LogFile.objects.order_by("pk"), timedelta(minutes=1)
        (file,) = claim_together(rows, worker="one", now=START, lease=lease)
        half = START + lease / 2
        assert renew(rows, file, now=half, lease=lease)
        file.refresh_from_db()
        assert (file.claimed_by, file.claimed_until) == ("one", half + lease)


class TestLinks:
    """The links of many files are what they would be one by one."""

    def test_days_of_several_contracts_go_on_and_begin(self, intake: Intake, others: list[Contract]) -> None:
        for _ in range(2):
            for contract in [intake.contract, *others[:1]]:
                for number in (1, 2):
                    take(intake, contract, log_file(attacks(number)), name=f"{intake.clock()}.log")
            intake.run()
            next_day(intake)
        take(intake, others[1], log_file(attacks(1)))
        take(intake, intake.contract, log_file(attacks(3)))
        intake.run()
        days = ChainDay.objects.order_by("contract__number", "day").values_list("contract__number", "links")
        assert list(days) == [("K-A-001", 2), ("K-A-001", 2), ("K-A-001", 1), *[("K-B-001", 2)] * 2, ("K-C-001", 1)]
        assert troubles(intake) == set()

    def test_a_file_that_has_a_link_keeps_it(self, intake: Intake) -> None:
        files = [(make_file(intake.contract), Span()) for _ in range(2)]
        add_links(files[:1], now=START)
        before = ChainLink.objects.get().digest
        add_links(files, now=START + timedelta(days=1))
        add_links(files, now=START)
        assert list(ChainLink.objects.order_by("pk").values_list("file", "sequence")) == [
            (files[0][0].pk, 1),
            (files[1][0].pk, 1),
        ]
        assert ChainLink.objects.order_by("pk")[0].digest == before
        add_links([], now=START)


def test_what_began_with_one_wish_of_the_contract_goes_on_with_it(intake: Intake) -> None:
    first, second = (intake.take(log_file(attacks(number))) for number in (1, 2))
    LogFile.objects.filter(pk=first.pk).update(keeps_access_lines=True)
    first.refresh_from_db()
    begin([first, second])
    wishes = LogFile.objects.order_by("pk").values_list("keeps_access_lines", "attempts", "state")
    assert list(wishes) == [(True, 1, "storing"), (intake.contract.keeps_access_lines, 1, "storing")]
