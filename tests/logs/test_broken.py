"""A file that came broken is fetched again while it is listed, and taken once it is whole."""

from datetime import timedelta
from itertools import pairwise

import pytest

from sakimori.logs.duties import ingest_due
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.receive.broken import due_again
from sakimori.logs.store.interface import LogStore
from sakimori.logs.unpack import FileReason
from sakimori.waf.memory import MemoryVendor
from tests.lines import cef, log_file
from tests.logs.s3_server import Store
from tests.logs.test_bucket import Door, client, door, store
from tests.logs.test_pull import Pull, a, b, pull
from tests.moments import START
from tests.people import make_contract, make_file

__all__ = ["a", "b", "client", "door", "pull", "store"]
pytestmark = pytest.mark.django_db
WHOLE = log_file([cef("SQL Injection", "198.51.100.7", at=START)] * 50)
BROKEN = WHOLE[:-30]


def store_files(pull: Pull, log_store: LogStore) -> list[tuple[str, int]]:
    ingest_due(store=log_store, spool=pull.spool, worker="w", clock=pull.clock)
    return [(file.state, file.rows) for file in LogFile.objects.filter(name="3.log").order_by("pk")]


def test_a_file_that_was_read_while_the_vendor_wrote_it_comes_whole(
    pull: Pull, a: MemoryVendor, log_store: LogStore
) -> None:
    a.put_log("3.log", BROKEN)
    pull.run()
    assert store_files(pull, log_store) == [("quarantined", 0)]
    a.put_log("3.log", WHOLE)
    pull.clock.pass_time(seconds=10)
    assert pull.run() == 1
    assert store_files(pull, log_store) == [("quarantined", 0), ("stored", 50)]
    for _ in range(48):
        assert pull.again() == 0


def test_one_that_stays_broken_is_asked_for_ever_more_rarely_until_it_can_be_whole_no_more(
    pull: Pull, a: MemoryVendor, log_store: LogStore
) -> None:
    a.put_log("3.log", BROKEN)
    pull.run()
    store_files(pull, log_store)
    asked = []
    for minute in range(50 * 60):
        pull.clock.pass_time(minutes=1)
        if pull.run():
            asked.append(minute)
    pauses = [later - before for before, later in pairwise(asked)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1], len(asked)) == (1, 180, 23)
    assert asked[-1] <= 48 * 60
    assert store_files(pull, log_store) == [("quarantined", 0)]


def test_an_object_that_came_broken_is_read_again(door: Door, store: Store, log_store: LogStore) -> None:
    store.objects = {"waf/1.log": BROKEN, "waf/2.log": WHOLE}
    assert door.look() == 2
    ingest_due(store=log_store, spool=door.spool, worker="w", clock=door.clock)
    store.objects["waf/1.log"] = WHOLE + b"\n"
    assert door.look(minutes=16) == 1
    ingest_due(store=log_store, spool=door.spool, worker="w", clock=door.clock)
    assert sorted(LogFile.objects.values_list("name", "state")) == [
        ("waf/1.log", "quarantined"),
        ("waf/1.log", "stored"),
        ("waf/2.log", "stored"),
    ]
    assert door.look(hours=1) == 0


@pytest.mark.parametrize(
    ("state", "reason", "due"),
    [
        (LogFileState.QUARANTINED, FileReason.TRUNCATED.sentence, {"1.log"}),
        (LogFileState.QUARANTINED, FileReason.WRONG_CHECKSUM.sentence, {"1.log"}),
        (LogFileState.QUARANTINED, FileReason.UNKNOWN_KEY_ID.sentence, set()),
        (LogFileState.QUARANTINED, FileReason.TOO_LARGE.sentence, set()),
        (LogFileState.STORED, "", set()),
        (LogFileState.RECEIVED, "", set()),
    ],
)
def test_only_what_may_be_whole_by_now_is_due(state: LogFileState, reason: str, due: set[str]) -> None:
    contract, other = make_contract("株式会社さくら商店", "A"), make_contract("有限会社もみじ堂", "B")
    make_file(contract, name="1.log", door="pull", state=state, reason=reason, received_at=START, next_try_at=START)
    later = START + timedelta(hours=1)
    assert due_again(other, ["1.log"], door="pull", now=later) == set()
    assert due_again(contract, ["1.log"], door="bucket", now=later) == set()
    assert due_again(contract, ["2.log"], door="pull", now=later) == set()
    assert due_again(contract, ["1.log", "2.log"], door="pull", now=later) == due
    assert due_again(contract, ["1.log"], door="pull", now=later) == set(), "not twice at once"
