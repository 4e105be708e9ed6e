"""The rules of the chain: whatever is done to a link or a day is found; what is whole is never called broken."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.chain.rules import (
    BEGINNING,
    Break,
    Day,
    Link,
    Trouble,
    broken_days,
    broken_links,
    day_of_chain,
    digest_of,
    link_of,
    members,
    sealed,
)

MOMENTS = st.integers(0, 2**52).map(lambda after: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=after))
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2099, 1, 1))
TEXTS = st.text(max_size=20)
NUMBERS = st.integers(0, 2**62)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
FIRST = date(2026, 11, 23)

Chain = tuple[Day, list[Link]]


@st.composite
def chains(draw: st.DrawFn) -> list[Chain]:
    """One to three days of one contract with one to four links each."""
    contract, previous, day = draw(st.text(min_size=1, max_size=10)), BEGINNING, FIRST
    made = []
    for _ in range(draw(st.integers(1, 3))):
        links: list[Link] = []
        for sequence in range(1, draw(st.integers(1, 4)) + 1):
            before = links[-1].digest if links else previous
            links.append(draw(_link(contract, day, sequence, before)))
        whole = Day(contract, day, len(links), links[-1].digest, previous)
        made.append((whole, links))
        previous, day = whole.digest, day + timedelta(days=draw(st.integers(1, 40)))
    return made


def _link(contract: str, day: date, sequence: int, previous: str) -> st.SearchStrategy[Link]:
    return st.builds(
        Link,
        contract=st.just(contract),
        day=st.just(day),
        sequence=st.just(sequence),
        linked_at=MOMENTS,
        file=NUMBERS,
        door=TEXTS,
        name=TEXTS,
        sha256=DIGESTS,
        size_bytes=NUMBERS,
        received_at=MOMENTS,
        lines=NUMBERS,
        rows=NUMBERS,
        quarantined_lines=NUMBERS,
        oldest_day=st.none() | DAYS,
        newest_day=st.none() | DAYS,
        previous=st.just(previous),
    ).map(sealed)


def troubles(chain: Sequence[Chain], newest: str | None = None) -> list[Trouble]:
    """As a reader looks at it who knows the digest of the newest day."""
    found = list(broken_days([day for day, _ in chain], before=BEGINNING, newest=newest))
    return found + [trouble for day, links in chain for trouble in broken_links(day, links)]


def _other(value: Any) -> Any:
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, int):
        return value + 1
    return date(2026, 1, 1) if value is None else f"{value}x"


@given(chains())
def test_what_is_whole_is_not_broken(chain: list[Chain]) -> None:
    assert troubles(chain, chain[-1][0].digest) == []


@given(chains(), st.data())
def test_a_changed_member_of_a_link_is_found(chain: list[Chain], data: st.DataObject) -> None:
    day, links = data.draw(st.sampled_from(chain))
    place = data.draw(st.integers(0, len(links) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(Link)]))
    links[place] = replace(links[place], **{name: _other(getattr(links[place], name))})
    assert any(trouble.day == day.day for trouble in troubles(chain))


@given(chains(), st.data())
def test_a_link_that_was_changed_and_sealed_anew_is_found(chain: list[Chain], data: st.DataObject) -> None:
    """Whoever changes the last link of all days can only be found by the digest that somebody else holds."""
    newest = chain[-1][0].digest
    _, links = data.draw(st.sampled_from(chain))
    place = data.draw(st.integers(0, len(links) - 1))
    name = data.draw(st.sampled_from(["name", "sha256", "rows", "lines", "received_at", "newest_day", "file"]))
    links[place] = sealed(replace(links[place], **{name: _other(getattr(links[place], name))}))
    assert troubles(chain, newest)


@given(chains(), st.data())
def test_a_changed_member_of_a_day_is_found(chain: list[Chain], data: st.DataObject) -> None:
    newest = chain[-1][0].digest
    place = data.draw(st.integers(0, len(chain) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(Day)]))
    day, links = chain[place]
    chain[place] = (replace(day, **{name: _other(getattr(day, name))}), links)
    assert troubles(chain, newest)


@given(chains(), st.data())
def test_a_link_that_is_left_out_doubled_or_moved_is_found(chain: list[Chain], data: st.DataObject) -> None:
    _, links = data.draw(st.sampled_from(chain))
    place = data.draw(st.integers(0, len(links) - 1))
    match data.draw(st.sampled_from(["out", "doubled", "moved"])):
        case "out":
            del links[place]
        case "doubled":
            links.insert(place, links[place])
        case _:
            other = data.draw(st.sampled_from([links for _, links in chain]))
            link = links.pop(place)
            position = data.draw(st.integers(0, len(other)))
            if other is links and position == place:
                del link
            else:
                other.insert(position, link)
    assert troubles(chain)


@given(chains(), st.data())
def test_a_day_that_is_left_out_or_moved_is_found(chain: list[Chain], data: st.DataObject) -> None:
    newest = chain[-1][0].digest
    place = data.draw(st.integers(0, len(chain) - 1))
    gone = chain.pop(place)
    if chain and data.draw(st.booleans()):
        chain.insert(data.draw(st.integers(0, len(chain)).filter(lambda position: position != place)), gone)
    assert troubles(chain, newest)


@given(chains())
def test_the_days_after_an_anchor_hold_without_those_before(chain: list[Chain]) -> None:
    """Retention lets go of old days and keeps the digest of the last of them."""
    for gone in range(len(chain)):
        rest = [day for day, _ in chain[gone:]]
        anchor = chain[gone - 1][0].digest if gone else BEGINNING
        assert list(broken_days(rest, before=anchor, newest=chain[-1][0].digest)) == []
        assert [found.what for found in broken_days(rest, before="f" * 64)] == [Break.DAY]


@given(chains())
def test_a_link_of_one_contract_does_not_fit_into_the_chain_of_another(chain: list[Chain]) -> None:
    for day, links in chain:
        other = [replace(link, contract=f"{link.contract}2") for link in links]
        assert Break.CHANGED in {trouble.what for trouble in broken_links(day, other)}
        resealed = [sealed(link) for link in other]
        assert {trouble.what for trouble in broken_links(replace(day, contract="x"), resealed)} >= {Break.CHANGED}


@given(chains())
def test_what_is_written_is_read_back(chain: list[Chain]) -> None:
    for day, links in chain:
        assert day_of_chain(json.loads(json.dumps(members(day)))) == day
        assert [link_of(json.loads(json.dumps(members(link)))) for link in links] == links


@pytest.mark.parametrize("written", [{}, {"day": 5}, {"day": "2026-11-23"}, {"day": "yesterday"}])
def test_what_is_no_record_is_an_error(written: dict[str, object]) -> None:
    for read in (link_of, day_of_chain):
        with pytest.raises((KeyError, ValueError, TypeError)):
            read(written)


def test_only_plain_members_are_digested() -> None:
    with pytest.raises(TypeError, match="float is no member"):
        digest_of(replace(_example(), rows=1.5))  # type: ignore[arg-type]


def test_the_digest_is_made_as_the_documentation_says() -> None:
    """Written out by hand: who keeps an export must be able to check it in ten years, with any tool."""
    text = (
        '{"contract":"K-A-001","day":"2026-11-23","door":"pull","file":7,"lines":3,"linked_at":'
        '"2026-11-23T03:00:00.000000+00:00","name":"\\u6f22.log","newest_day":"2026-11-23","oldest_day":null,'
        f'"previous":"{BEGINNING}","quarantined_lines":1,"received_at":"2026-11-23T02:59:59.000001+00:00","rows":2,'
        '"sequence":1,"sha256":"ab","size_bytes":10}'
    )
    assert digest_of(_example()) == hashlib.sha256(b"\x01sakimori log link\n" + text.encode()).hexdigest()
    day = Day("K-A-001", FIRST, 1, "ab", BEGINNING)
    text = f'{{"contract":"K-A-001","day":"2026-11-23","last":"ab","links":1,"previous":"{BEGINNING}"}}'
    assert day.digest == hashlib.sha256(b"\x01sakimori log day\n" + text.encode()).hexdigest()


def test_a_trouble_is_one_line() -> None:
    assert str(Trouble(FIRST, 3, Break.CHANGED, "a.log")).startswith("2026-11-23 #3: the link or the file's row")
    assert str(Trouble(FIRST, 0, Break.LAST)) == "2026-11-23: the day does not end with the link it should end with"


def _example() -> Link:
    return Link(
        contract="K-A-001",
        day=FIRST,
        sequence=1,
        linked_at=datetime(2026, 11, 23, 3, tzinfo=UTC),
        file=7,
        door="pull",
        name="漢.log",
        sha256="ab",
        size_bytes=10,
        received_at=datetime(2026, 11, 23, 2, 59, 59, 1, tzinfo=UTC),
        lines=3,
        rows=2,
        quarantined_lines=1,
        oldest_day=None,
        newest_day=FIRST,
        previous=BEGINNING,
    )
