"""Claims: one worker at a time, leases that run out, and the claims of the dead."""

from datetime import timedelta

import pytest

from sakimori.lib.claims import claim, release, release_of_dead
from sakimori.logs.models import LogFile
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


def test_claims_of_the_dead_of_this_host_are_freed_at_once(file: LogFile) -> None:
    others = [make_file(file.contract) for _ in range(2)]
    for row, worker in zip([file, *others], ["here:1", "here:2", "there:1"], strict=True):
        LogFile.objects.filter(pk=row.pk).update(claimed_by=worker, claimed_until=START + LEASE)
    freed = release_of_dead(LogFile.objects.all(), host="here", is_alive=lambda number: number == 2)
    assert freed == 1
    assert taken("new:9") == [file]
