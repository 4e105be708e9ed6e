"""One decision about many blocks: each as if it were alone, safe to repeat, bounded."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sakimori.blacklist import bulk
from sakimori.blacklist.leaving import begin_restores
from sakimori.blacklist.models import AskFirst, Block, BlockState, RestoreChannel
from sakimori.customers.models import AuditEntry
from tests.moments import START
from tests.people import People, make_block, make_people

pytestmark = pytest.mark.django_db
LATER = START + timedelta(minutes=5)


@pytest.fixture
def people() -> People:
    return make_people()


def rows(people: People, state: BlockState, number: int = 3) -> list[Block]:
    return [make_block(people.a, f"203.0.113.{place}", state=state) for place in range(1, number + 1)]


def states() -> set[str]:
    return set(Block.objects.values_list("state", flat=True))


def test_all_are_approved_and_what_cannot_be_is_told_with_its_reason(people: People) -> None:
    asked = rows(people, BlockState.PROPOSED)
    gone = make_block(people.a, "203.0.113.9", state=BlockState.RESTORED)
    wide = make_block(people.a, "198.51.100.0/28", state=BlockState.PROPOSED)
    decided = bulk.approve_all([*asked, gone, wide], by=people.dana, now=LATER)
    assert decided.done == [block.address for block in asked]
    assert decided.first == ["198.51.100.0/28"]
    assert [address for address, _ in decided.refused] == ["203.0.113.9"]
    assert "「解除済み」" in decided.refused[0][1]


def test_all_get_an_end(people: People) -> None:
    bulk.approve_all(rows(people, BlockState.PROPOSED), by=people.dana, now=LATER, lasts=timedelta(days=7))
    assert {block.expires_at for block in Block.objects.all()} == {LATER + timedelta(days=7)}


def test_all_are_refused_and_twice_is_once(people: People) -> None:
    asked = rows(people, BlockState.PROPOSED)
    for _ in range(2):
        assert len(bulk.refuse_all(asked, by=people.dana, now=LATER).done) == 3
    assert states() == {BlockState.REFUSED}
    assert AuditEntry.objects.filter(action="block.refused").count() == 3


def test_all_come_off_with_one_reason_and_twice_is_once(people: People) -> None:
    rows(people, BlockState.ACTIVE)
    make_block(people.a, "203.0.113.8", state=BlockState.PROPOSED)
    make_block(people.a, "203.0.113.9", state=BlockState.RESTORED, wanted_on_list=False)
    every = Block.objects.all()
    assert bulk.restore_all(every, by=people.dana, reason="誤検知", now=LATER) == bulk.Removed(3, 0)
    assert bulk.restore_all(every, by=people.dana, reason="再び", now=LATER) == bulk.Removed(0, 0)
    leaving = Block.objects.filter(state=BlockState.RESTORING)
    assert {(block.restore_reason, block.restore_channel, block.restore_asked_by) for block in leaving} == {
        ("誤検知", RestoreChannel.DESK, people.dana)
    }
    assert AskFirst.objects.count() == 3
    assert AuditEntry.objects.filter(action="block.restore.request").count() == 3


def test_a_run_that_is_broken_off_goes_on_with_the_rest(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two per transaction; it dies after the second."""
    rows(people, BlockState.ACTIVE, 5)
    monkeypatch.setattr(bulk, "_PER_TRANSACTION", 2)
    began: list[object] = []

    def dying(*given: Any, **further: Any) -> list[Block]:
        began.append(given)
        begun = begin_restores(*given, **further)
        if len(began) == 2:
            raise KeyboardInterrupt
        return begun

    with monkeypatch.context() as broken:
        broken.setattr(bulk, "begin_restores", dying)
        with pytest.raises(KeyboardInterrupt):
            bulk.restore_all(Block.objects.all(), by=people.dana, reason="誤検知", now=LATER)
    assert Block.objects.filter(state=BlockState.RESTORING).count() == 4
    assert bulk.restore_all(Block.objects.all(), by=people.dana, reason="誤検知", now=LATER).asked == 1


def test_one_run_is_bounded_and_says_what_is_left(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(people, BlockState.ACTIVE, 5)
    monkeypatch.setattr(bulk, "AT_MOST", 3)
    removed = [bulk.restore_all(Block.objects.all(), by=people.dana, reason="誤検知", now=LATER) for _ in range(2)]
    assert removed == [bulk.Removed(3, 2), bulk.Removed(2, 0)]


def test_a_part_costs_few_queries_however_many_rows_it_has(
    people: People, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    rows(people, BlockState.ACTIVE, 20)
    with django_assert_max_num_queries(20):
        bulk.restore_all(Block.objects.all(), by=people.dana, reason="誤検知", now=LATER)
