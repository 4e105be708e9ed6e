"""Claims: one worker at a time, leases that run out, and the claims of the dead."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import QuerySet

from sakimori.lib.claims import claim, claim_together, release, release_of_dead
from sakimori.logs.models import LogFile, LogFileState
from tests.moments import START
from tests.people import make_contract, make_file

LEASE = timedelta(minutes=5)

pytestmark = pytest.mark.django_db


@pytest.fixture
def file() -> LogFile:
    return make_file(make_contract("株式会社さくら商店", "A"))


def taken(worker: str, *, after: timedelta = timedelta()) -> list[LogFile]:
    return list(claim(LogFile.objects.all(), worker=worker, now=START + after, lease=LEASE))


def test_a_claimed_row_is_nobody_elses(file: LogFile) -> None:
    assert taken("one:1") == [file]
    assert taken("two:2") == []
    assert taken("two:2", after=LEASE) == []


def test_a_lease_that_ran_out_is_free(file: LogFile) -> None:
    assert taken("one:1") == [file]
    assert taken("two:2", after=LEASE + timedelta(seconds=1)) == [file]


def test_a_released_row_is_free(file: LogFile) -> None:
    (mine,) = taken("one:1")
    release(mine)
    assert taken("two:2") == [file]


def test_a_row_taken_in_between_is_passed_over(file: LogFile) -> None:
    second = make_file(file.contract)
    rows = claim(LogFile.objects.order_by("pk"), worker="one:1", now=START, lease=LEASE)
    assert next(rows) == file
    assert taken("two:2") == [second]
    assert list(rows) == []


Going = Callable[[Callable[[], object]], None]


@pytest.fixture
def going(monkeypatch: pytest.MonkeyPatch) -> Going:
    """What befalls the rows between their being claimed and their being read."""

    def befall(what: Callable[[], object]) -> None:
        really = QuerySet.update

        def update(rows: QuerySet[LogFile], **values: object) -> int:
            changed = really(rows, **values)
            if values.get("claimed_by"):
                monkeypatch.undo()
                what()
            return changed

        monkeypatch.setattr(QuerySet, "update", update)

    return befall


def test_a_row_that_went_between_claim_and_read_is_passed_over(file: LogFile, going: Going) -> None:
    second = make_file(file.contract)
    going(file.delete)
    assert list(claim(LogFile.objects.order_by("pk"), worker="one:1", now=START, lease=LEASE)) == [second]


def test_a_row_that_is_due_no_more_is_passed_over_and_free(file: LogFile, going: Going) -> None:
    due = LogFile.objects.filter(state=LogFileState.STORED)
    going(lambda: LogFile.objects.update(state=LogFileState.QUARANTINED))
    assert list(claim(due, worker="one:1", now=START, lease=LEASE)) == []
    assert taken("two:2") == [file]


def test_rows_that_went_or_are_due_no_more_are_left_out_of_those_claimed_together(file: LogFile, going: Going) -> None:
    second, third = make_file(file.contract), make_file(file.contract)

    def change() -> None:
        file.delete()
        LogFile.objects.filter(pk=second.pk).update(state=LogFileState.QUARANTINED)

    going(change)
    due = LogFile.objects.filter(state=LogFileState.STORED)
    assert claim_together(due, worker="one:1", now=START, lease=LEASE) == [third]
    assert taken("two:2") == [second]


def test_a_row_that_is_gone_can_be_given_back(file: LogFile) -> None:
    (mine,) = taken("one:1")
    LogFile.objects.all().delete()
    release(mine)
    assert (mine.claimed_by, mine.claimed_until) == ("", None)


def test_only_a_claim_that_stands_is_given_back(file: LogFile) -> None:
    (mine,) = taken("one:1")
    (theirs,) = taken("two:2", after=2 * LEASE)
    release(mine)
    theirs.refresh_from_db()
    assert theirs.claimed_by == "two:2"


def test_claims_of_the_dead_of_this_host_are_freed_at_once(file: LogFile) -> None:
    others = [make_file(file.contract) for _ in range(2)]
    for row, worker in zip([file, *others], ["here:1", "here:2", "there:1"], strict=True):
        LogFile.objects.filter(pk=row.pk).update(claimed_by=worker, claimed_until=START + LEASE)
    freed = release_of_dead(LogFile.objects.all(), host="here", is_alive=lambda number: number == 2)
    assert freed == 1
    assert taken("new:9") == [file]
