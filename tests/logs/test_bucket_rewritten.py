"""An object that is written again is noticed by the listing; its content decides whether it is another file."""

from datetime import timedelta

import pytest

from sakimori.logs.models import LogFile, RewrittenFile
from tests.logs.s3_server import Store
from tests.logs.test_bucket import Door, client, door, store

__all__ = ["client", "door", "store"]
pytestmark = pytest.mark.django_db
KEY = "waf/1.log"


@pytest.fixture
def taken(door: Door, store: Store) -> Door:
    """A bucket of which two objects were taken."""
    store.objects = {KEY: b"one", "waf/2.log": b"two"}
    assert door.look() == 2
    store.read()
    return door


def contents(door: Door) -> list[bytes]:
    return [door.spool.path(file.spool_name).read_bytes() for file in LogFile.objects.filter(name=KEY).order_by("pk")]


def test_a_rewritten_object_is_a_file_of_its_own_and_a_case(taken: Door, store: Store) -> None:
    store.rewrite(KEY, b"another one")
    assert taken.look(minutes=16) == 1
    assert contents(taken) == [b"one", b"another one"]
    case = RewrittenFile.objects.get()
    assert (case.door, case.name, case.times) == ("bucket", KEY, 1)
    assert store.read() == [KEY]


def test_content_of_the_same_size_within_the_same_second_is_noticed(taken: Door, store: Store) -> None:
    store.objects[KEY] = b"eno"
    assert taken.look(minutes=16) == 1
    assert RewrittenFile.objects.get().name == KEY


def test_another_etag_or_a_later_date_of_the_same_content_is_fetched_once_and_quiet(taken: Door, store: Store) -> None:
    store.rewrite(KEY, b"one", etag="0123456789abcdef-2")
    assert taken.look(minutes=16) == 0
    assert store.read() == [KEY]
    assert taken.look(minutes=16) == taken.look(minutes=16) == 0
    assert store.read() == []
    assert not RewrittenFile.objects.exists()
    assert contents(taken) == [b"one"]


def test_what_stays_as_it_is_is_never_fetched_again(taken: Door, store: Store) -> None:
    taken.restart()
    for _ in range(3):
        assert taken.look(minutes=16) == 0
    assert store.read() == []


def test_an_object_that_gets_its_first_content_back_is_quiet(taken: Door, store: Store) -> None:
    for content in (b"another", b"one", b"another"):
        store.rewrite(KEY, content)
        taken.look(minutes=16)
    assert (RewrittenFile.objects.get().times, len(contents(taken))) == (1, 2)


def test_a_rewritten_object_does_not_move_the_place_from_which_new_ones_are_listed(taken: Door, store: Store) -> None:
    store.rewrite(KEY, b"another one")
    taken.look(minutes=16)
    assert taken.state.position == "waf/2.log"


def test_what_was_taken_before_listings_were_remembered_is_not_fetched_again_unless_it_changed(
    taken: Door, store: Store
) -> None:
    LogFile.objects.update(listed_as=None)
    assert taken.look(minutes=16) == 0
    assert store.read() == []
    store.rewrite(KEY, b"another one")
    assert taken.look(minutes=16) == 1
    assert (store.read(), RewrittenFile.objects.count()) == ([KEY], 1)


def test_of_what_was_taken_then_a_store_whose_clock_is_ahead_is_believed_once(taken: Door, store: Store) -> None:
    LogFile.objects.update(listed_as=None)
    for file in LogFile.objects.filter(name=KEY):
        earlier = file.received_at - timedelta(days=2)
        LogFile.objects.filter(pk=file.pk).update(received_at=earlier, available_at=earlier)
    assert taken.look(minutes=16) == taken.look(minutes=16) == 0
    assert store.read() == [KEY]
    assert not RewrittenFile.objects.exists()
