"""What blocked addresses still try, counted from the stored log: once per file, in the entry's time, on its sites."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sakimori.blacklist import actions
from sakimori.blacklist.hits import count_hits
from sakimori.blacklist.models import Block, BlockState, CountedFile
from sakimori.customers.models import Contract, Site
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.receive.accept import accept
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm
from tests.chain import Chain, make_chain
from tests.lines import cef, log_file
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

ATTACKER, OTHER = "198.51.100.7", "198.51.100.8"


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def chain(log_store: LogStore, tmp_path: Path, people: People) -> Chain:
    Contract.objects.update(keeps_access_lines=True)
    return make_chain(log_store, tmp_path, people.a)


def on_list(contract: Contract, address: str, *, at: datetime = START, **columns: object) -> Block:
    return Block.objects.create(
        contract=contract,
        address=address,
        state=columns.pop("state", BlockState.ACTIVE),
        reason="attack_blocked",
        proposed_at=at,
        active_at=at,
        next_try_at=at,
        written_at=at,
        **columns,
    )


def stopped(address: str, seconds: float, **line: object) -> bytes:
    return cef("SQL Injection", address, at=START + timedelta(seconds=seconds), act="REQ_BLOCKED_ACL", **line)


def passed(address: str, seconds: float, **line: object) -> bytes:
    return cef("Normal", address, at=START + timedelta(seconds=seconds), act="REQ_PASSED", **line)


def take_in(chain: Chain, *lines: bytes) -> None:
    """Pull and store a file, and nothing else."""
    chain.deliver(list(lines))
    for duty in chain.duties()[:2]:
        duty()
    chain.clock.pass_time(seconds=2)


def count(chain: Chain) -> int:
    return count_hits(store=chain.store, clock=chain.clock)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_the_effect_is_measured_from_reading_back_to_the_first_request_that_was_stopped(
    chain: Chain, people: People
) -> None:
    block = on_list(people.a, ATTACKER)
    other = on_list(people.b, ATTACKER)
    take_in(
        chain,
        passed(ATTACKER, -5),
        stopped(ATTACKER, -4),
        passed(ATTACKER, 10),
        stopped(ATTACKER, 42),
        stopped(ATTACKER, 50),
        stopped(OTHER, 60),
        cef("SQL Injection", ATTACKER, at=at(70)),
    )
    assert block.propagated_in is None
    assert count(chain) == 1
    block.refresh_from_db()
    assert (block.hits, block.first_hit_at, block.last_hit_at) == (2, at(42), at(50))
    assert block.last_passed_at == at(10)
    assert block.propagated_in == timedelta(seconds=42)
    other.refresh_from_db()
    assert (other.hits, other.last_passed_at) == (0, None)
    assert not Alarm.objects.exists()


def test_a_file_is_counted_once_and_sums_go_on_with_the_next(chain: Chain, people: People) -> None:
    block = on_list(people.a, ATTACKER)
    take_in(chain, stopped(ATTACKER, 42), passed(ATTACKER, 41))
    assert [count(chain), count(chain)] == [1, 0]
    take_in(chain, stopped(ATTACKER, 20), stopped(ATTACKER, 90), passed(ATTACKER, 12))
    assert count(chain) == 1
    block.refresh_from_db()
    assert (block.hits, block.first_hit_at, block.last_hit_at) == (3, at(20), at(90))
    assert block.last_passed_at == at(41)
    assert CountedFile.objects.count() == 2


def test_two_workers_do_not_count_a_file_twice(chain: Chain, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    block = on_list(people.a, ATTACKER)
    take_in(chain, stopped(ATTACKER, 42))
    ask = chain.store.query

    def meanwhile(*args: object, **more: object) -> object:
        monkeypatch.setattr(chain.store, "query", ask)
        assert count(chain) == 1
        return ask(*args, **more)

    monkeypatch.setattr(chain.store, "query", meanwhile)
    assert count(chain) == 0
    block.refresh_from_db()
    assert block.hits == 1


def test_networks_sites_and_the_time_of_the_restore_count(chain: Chain, people: People) -> None:
    Site.objects.create(contract=people.a, domain="two.example.jp", vendor_site_id=2)
    net = on_list(people.a, "203.0.113.0/24")
    net6 = on_list(people.a, "2001:db8:1::/64")
    one_site = on_list(people.a, OTHER, only_sites=[2])
    left = on_list(
        people.a, ATTACKER, state=BlockState.RESTORED, restore_asked_at=at(30), restored_at=at(32), wanted_on_list=False
    )
    take_in(
        chain,
        stopped("203.0.113.9", 5),
        stopped("203.0.113.200", 6),
        stopped("203.0.114.1", 6),
        stopped("2001:db8:1::77", 7),
        stopped(OTHER, 8),
        stopped(OTHER, 9, site_id=2, site="two.example.jp"),
        passed(OTHER, 10),
        stopped(ATTACKER, 20),
        stopped(ATTACKER, 31),
        passed(ATTACKER, 60),
    )
    count(chain)
    hits = {block.pk: (block.hits, block.last_passed_at) for block in Block.objects.all()}
    assert hits == {net.pk: (2, None), net6.pk: (1, None), one_site.pk: (1, None), left.pk: (1, None)}


def test_a_request_let_through_long_after_is_an_alarm(chain: Chain, people: People) -> None:
    on_list(people.a, ATTACKER)
    on_list(people.a, OTHER)
    take_in(chain, passed(ATTACKER, 299), passed(OTHER, 250))
    count(chain)
    assert not Alarm.objects.exists()
    take_in(chain, passed(ATTACKER, 425), passed(OTHER, 301))
    count(chain)
    assert Alarm.objects.get().sentence == (
        "株式会社さくら商店（契約 K-A-001）：登録済みの 198.51.100.7 ほか 1 件からの通信が、"
        "登録の確認から 7 分後も通過しています。"
    )


def test_late_and_imported_requests_that_went_through_are_counted_and_shown_and_call_nobody(
    chain: Chain, people: People
) -> None:
    """A back-fill of old access lines is no news: what the entry does now is what timely lines say."""
    lately, imported = on_list(people.a, ATTACKER), on_list(people.a, OTHER)
    net = on_list(people.a, "203.0.113.0/24")
    chain.clock.pass_time(hours=3)
    take_in(chain, passed(ATTACKER, 900), stopped(ATTACKER, 901), passed("203.0.113.9", 902))
    content = log_file([passed(OTHER, 3 * 3600), stopped(OTHER, 901)])
    accept([content], contract=people.a, door=IMPORT_DOOR, name="x.log", spool=chain.spool, now=chain.clock())
    chain.duties()[1]()
    assert count(chain) == 2
    assert not Alarm.objects.exists()
    hits = {block.pk: (block.hits, block.last_passed_at) for block in Block.objects.all()}
    assert hits == {lately.pk: (1, at(900)), imported.pk: (1, at(3 * 3600)), net.pk: (0, at(902))}


def test_a_timely_request_that_went_through_is_an_alarm_beside_late_ones_of_its_file(
    chain: Chain, people: People
) -> None:
    on_list(people.a, ATTACKER)
    chain.clock.pass_time(hours=3)
    take_in(chain, passed(ATTACKER, 900), passed(ATTACKER, 2.5 * 3600), passed(ATTACKER, 24 * 3600))
    count(chain)
    assert "登録の確認から 150 分後も通過しています。" in Alarm.objects.get().sentence


def test_what_was_removed_by_hand_or_is_being_restored_raises_no_second_alarm(chain: Chain, people: People) -> None:
    on_list(people.a, ATTACKER, missing_since=at(10))
    leaving = on_list(people.a, OTHER)
    actions.request_restore(leaving, by=people.dana, reason="", now=at(700))
    take_in(chain, passed(ATTACKER, 600), passed(OTHER, 650))
    count(chain)
    assert not Alarm.objects.exists()


def test_without_blocks_no_file_is_looked_at(chain: Chain) -> None:
    take_in(chain, stopped(ATTACKER, 5))
    assert count(chain) == 0
    assert not CountedFile.objects.exists()


@pytest.mark.parametrize("state", [BlockState.APPLYING, BlockState.APPROVED])
def test_while_one_more_site_is_written_what_is_stopped_counts_and_the_effect_is_measured_after_it(
    chain: Chain, people: People, state: BlockState
) -> None:
    block = on_list(people.a, ATTACKER)
    Block.objects.update(state=state)
    take_in(chain, stopped(ATTACKER, 1), passed(ATTACKER, 1.5))
    assert count(chain) == 1
    block.refresh_from_db()
    assert (block.hits, block.first_hit_at, block.last_hit_at, block.last_passed_at) == (1, None, at(1), None)
    Block.objects.update(state=BlockState.ACTIVE, active_at=at(2))
    take_in(chain, stopped(ATTACKER, 3))
    assert count(chain) == 1
    block.refresh_from_db()
    assert (block.hits, block.propagated_in) == (2, timedelta(seconds=1))
