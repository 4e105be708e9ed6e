"""Many stored files are searched in one query, each by its own limits of what is late."""

from datetime import timedelta
from typing import Any

import pytest

from sakimori.incidents.models import IncidentKind, SearchedFile
from sakimori.incidents.search import signals_in_files
from sakimori.logs.lateness import timely
from sakimori.logs.models import LogFile
from sakimori.logs.searching import Searched
from sakimori.logs.store.interface import LogStore
from tests.incidents.post import LATE, Post, only
from tests.lines import cef, good
from tests.people import People, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


def searched(file: LogFile, *, door: str = "pull") -> Searched:
    span = timely(door=door, received_at=file.received_at, limit=LATE)
    return Searched(file.contract_id, file.pk, span)


def test_signals_are_told_file_by_file_and_silent_files_left_out(post: Post, people: People) -> None:
    first, second = post.ddos(people.a, number=3), post.ddos(people.b, number=5)
    silent = post.file(people.a, good("198.51.100.7", at=post.clock(), number=4))
    down = post.file(people.a, [cef("Normal", "198.51.100.9", at=post.clock(), act="REQ_ALL_IPS_DOWN")])
    found = signals_in_files(post.store, [searched(file) for file in (first, second, silent, down)])
    assert {key: [(one.kind, one.number) for one in signals] for key, signals in found.items()} == {
        first.pk: [(IncidentKind.DDOS, 3)],
        second.pk: [(IncidentKind.DDOS, 5)],
        down.pk: [(IncidentKind.ORIGIN_DOWN, 1)],
    }
    assert found[first.pk][0].site_id == people.a.sites.get().vendor_site_id
    assert signals_in_files(post.store, []) == {}


def test_each_file_has_its_own_limits_of_what_is_late(post: Post, people: People) -> None:
    early = post.ddos(people.a, ago=timedelta(minutes=10))
    imported = post.ddos(people.a, ago=timedelta(minutes=10))
    at = post.clock()
    lines = [cef("DDoS", "198.51.100.1", at=at - ago, act="REQ_BLOCKED_DDOS") for ago in (timedelta(0), 2 * LATE)]
    mixed = post.file(people.a, lines)
    found = signals_in_files(post.store, [searched(early), searched(imported, door="import"), searched(mixed)])
    assert [len(found[file.pk]) for file in (early, imported, mixed)] == [1, 1, 2]
    late, timely_one = found[mixed.pk]
    assert (late.last_at, timely_one.first_at) == (at - 2 * LATE, at)


def test_a_file_under_a_foreign_contract_finds_nothing(post: Post, people: People) -> None:
    file = post.ddos(people.a)
    wrong = Searched(people.b.pk, file.pk, searched(file).timely)
    both = [wrong, searched(post.ddos(people.b))]
    assert file.pk not in signals_in_files(post.store, both)


def test_a_round_costs_one_query_however_many_files_there_are(
    post: Post, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(30):
        post.file(people.a, good("198.51.100.7", at=post.clock(), number=1))
    post.ddos(people.a, number=2)
    asked: list[str] = []
    real = type(post.store).query

    def counted(store: Any, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return real(store, sql, *more)

    monkeypatch.setattr(type(post.store), "query", counted)
    assert post.search() == 31
    assert (len(asked), SearchedFile.objects.count(), only().signals) == (1, 31, 2)
    assert post.search() == 0
    assert len(asked) == 1
