"""The sliding window is counted in the store: by the events' times, whatever file brought them, each event once."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from sakimori.blacklist.sliding import Stretch, most_within
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore
from tests.moments import START

MINUTES = 10
Request = tuple[int, str, int, str, str]  # seconds from START, address, site, kind, act


def event(number: int, request: Request) -> Event:
    seconds, address, site, kind, act = request
    return Event(
        time=START + timedelta(seconds=seconds),
        request_id=str(number),
        name="x",
        attack_kind=kind,
        outcome="blocked",
        act=act,
        site="shop-a.example.jp",
        site_id=site,
        client_ip=address,
        line="x",
    )


def expected(requests: Sequence[Request], stretch: Stretch) -> int:
    """The same by brute force: the fullest window that ends with a request and touches the stretch."""
    first, last = ((at - START).total_seconds() for at in (stretch.first_at, stretch.last_at))
    times = [
        seconds
        for seconds, address, site, kind, act in requests
        if (address, site, kind) == (stretch.address, stretch.site_id, "sql_injection") and act != "REQ_BLOCKED_ACL"
    ]
    ends = [end for end in times if first <= end <= last + MINUTES * 60]
    return max((sum(end - MINUTES * 60 <= time <= end for time in times) for end in ends), default=0)


@pytest.mark.parametrize("seed", range(3))
def test_the_store_counts_as_a_person_would(log_store: LogStore, seed: int) -> None:
    chance = Random(seed)
    requests: list[Request] = [
        (
            chance.randrange(0, 7200, chance.choice((1, 60, 600))),
            chance.choice(("198.51.100.1", "198.51.100.2", "2001:db8::7")),
            chance.choice((1, 2)),
            chance.choice(("sql_injection", "sql_injection", "acl")),
            chance.choice(("REQ_BLOCKED_SECURITY", "REQ_PASSED", "REQ_BLOCKED_ACL")),
        )
        for _ in range(300)
    ]
    events = [event(number, request) for number, request in enumerate(requests)]
    log_store.append(enumerate(events[:200], 1), contract_id=1, file_id=1)
    # A second file brings the rest, and some of the first once more.
    log_store.append(enumerate(events[150:], 1), contract_id=1, file_id=2)
    log_store.append(enumerate(events, 1), contract_id=2, file_id=3)
    stretches = [
        Stretch(key, site, address, START + timedelta(seconds=begin), START + timedelta(seconds=begin + length))
        for key, (site, address, begin, length) in enumerate(
            (chance.choice((1, 2)), request[1], request[0], chance.choice((0, 60, 3000))) for request in requests[:60]
        )
    ]
    found = most_within(log_store, stretches, contract_id=1, kind="sql_injection", minutes=MINUTES)
    assert {stretch.key: found.get(stretch.key, 0) for stretch in stretches} == {
        stretch.key: expected(requests, stretch) for stretch in stretches
    }


def test_nothing_is_asked_for_nothing() -> None:
    assert most_within(None, [], contract_id=1, kind="acl", minutes=1) == {}  # type: ignore[arg-type]
