"""The audit chain: whatever is done to a stored entry, `first_broken` finds it; a destroyed key breaks nothing."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.customers import audit
from sakimori.customers.models import AuditEntry, AuditHead, Customer
from sakimori.customers.secrets import open_details
from sakimori.lib.crypto import CannotOpen
from sakimori.lib.jst import JST
from tests.moments import START
from tests.people import make_contract

pytestmark = pytest.mark.django_db

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
COLUMNS = ("at", "actor", "action", "target", "customer_number", "sealed_details", "previous", "digest")
PLAY = settings(max_examples=12)


@st.composite
def steps(draw: st.DrawFn) -> list[dict[str, object]]:
    """What was recorded: between two and eight entries, some with details."""
    one = st.fixed_dictionaries(
        {
            "actor": WORDS,
            "action": WORDS,
            "target": WORDS,
            "details": st.none() | st.dictionaries(WORDS, WORDS | st.integers() | st.none(), min_size=1, max_size=3),
            "seconds": st.integers(0, 10**6),
        }
    )
    return draw(st.lists(one, min_size=2, max_size=8))


@pytest.fixture
def customer() -> Customer:
    return make_contract("株式会社さくら商店", "A").customer


def write(customer: Customer, played: Sequence[dict[str, object]]) -> list[AuditEntry]:
    """A record of these steps alone, as it lies in the database."""
    AuditEntry.objects.all().delete()
    AuditHead.objects.all().delete()
    for step in played:
        audit.record(
            str(step["action"]),
            by=str(step["actor"]),
            target=str(step["target"]),
            now=START + timedelta(seconds=int(str(step["seconds"])), microseconds=7),
            customer=customer if step["details"] else None,
            details=step["details"],  # type: ignore[arg-type]
        )
    return list(AuditEntry.objects.all())


@PLAY
@given(played=steps())
def test_a_record_that_nobody_touched_holds(customer: Customer, played: list[dict[str, object]]) -> None:
    assert audit.first_broken(write(customer, played)) is None


@PLAY
@given(played=steps(), data=st.data())
def test_a_change_of_any_column_is_found(
    customer: Customer, played: list[dict[str, object]], data: st.DataObject
) -> None:
    entries = write(customer, played)
    victim = data.draw(st.sampled_from(entries))
    column = data.draw(st.sampled_from(COLUMNS))
    before = getattr(victim, column)
    after = before + timedelta(microseconds=1) if isinstance(before, datetime) else _other(before)
    AuditEntry.objects.filter(pk=victim.pk).update(**{column: after})
    found = audit.first_broken(AuditEntry.objects.all())
    assert found is not None
    assert found.pk == victim.pk


@PLAY
@given(played=steps(), data=st.data())
def test_a_deletion_before_the_end_is_found(
    customer: Customer, played: list[dict[str, object]], data: st.DataObject
) -> None:
    entries = write(customer, played)
    place = data.draw(st.integers(0, len(entries) - 2))
    AuditEntry.objects.filter(pk=entries[place].pk).delete()
    found = audit.first_broken(AuditEntry.objects.all())
    assert found is not None
    assert found.pk == entries[place + 1].pk


@PLAY
@given(played=steps(), data=st.data())
def test_a_swap_is_found(customer: Customer, played: list[dict[str, object]], data: st.DataObject) -> None:
    entries = write(customer, played)
    first = data.draw(st.integers(0, len(entries) - 2))
    second = data.draw(st.integers(first + 1, len(entries) - 1))
    entries[first], entries[second] = entries[second], entries[first]
    assert audit.first_broken(entries) is entries[first]


@PLAY
@given(played=steps(), data=st.data())
def test_text_that_moves_from_one_column_into_the_next_is_found(
    customer: Customer, played: list[dict[str, object]], data: st.DataObject
) -> None:
    entries = write(customer, played)
    victim = data.draw(st.sampled_from(entries))
    joined = victim.actor + victim.action
    cut = data.draw(
        st.integers(0, len(joined)).filter(lambda place: place != len(victim.actor)) if joined else st.none()
    )
    if cut is not None:
        AuditEntry.objects.filter(pk=victim.pk).update(actor=joined[:cut], action=joined[cut:])
        assert audit.first_broken(AuditEntry.objects.all()) is not None


def test_the_zone_of_the_moment_does_not_break_the_chain(customer: Customer) -> None:
    audit.record("one", by="dana", target="block:1", now=START.astimezone(JST))
    audit.record("two", by="dana", target="block:1", now=START.astimezone(UTC))
    assert audit.first_broken(AuditEntry.objects.all()) is None


def test_the_chain_cannot_fork(customer: Customer) -> None:
    first = audit.record("one", by="dana", target="block:1", now=START)
    second = audit.record("two", by="dana", target="block:1", now=START)
    assert second.previous == first.digest
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.create(
            at=START, actor="x", action="x", target="x", previous=second.previous, digest="f" * 64
        )


def test_details_are_sealed_for_their_customer_and_target(customer: Customer) -> None:
    stranger = make_contract("有限会社もみじ堂", "B").customer
    details = {"address": "198.51.100.7", "reason": "取引先"}
    entry = audit.record(
        "block.restored", by="sakimori", target="block:7", now=START, customer=customer, details=details
    )
    assert open_details(customer, entry.sealed_details, place="audit:block:7") == details
    assert "198.51" not in entry.sealed_details
    for who, place in ((customer, "audit:block:8"), (stranger, "audit:block:7")):
        with pytest.raises(CannotOpen):
            open_details(who, entry.sealed_details, place=place)


def test_after_the_key_is_destroyed_details_are_gone_and_the_chain_holds(customer: Customer) -> None:
    for number in range(3):
        audit.record(
            "block.active", by="sakimori", target=f"block:{number}", now=START, customer=customer, details={"n": number}
        )
    Customer.objects.filter(pk=customer.pk).update(sealed_key="")
    customer.refresh_from_db()
    entries = list(AuditEntry.objects.all())
    for entry in entries:
        with pytest.raises(CannotOpen):
            open_details(customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert audit.first_broken(entries) is None


def test_details_without_a_customer_are_refused(customer: Customer) -> None:
    with pytest.raises(ValueError, match="customer"):
        audit.record("x", by="dana", target="block:1", now=START, details={"address": "198.51.100.7"})
    assert not AuditEntry.objects.exists()


def test_a_rolled_back_change_leaves_no_entry(customer: Customer) -> None:
    def change() -> None:
        with transaction.atomic():
            audit.record("x", by="dana", target="block:1", now=START)
            raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError):
        change()
    assert not AuditEntry.objects.exists()


def _other(text: str) -> str:
    """A text of the same length, or of one sign if there is none, that differs in its last sign."""
    return f"{text[:-1]}{'-' if text.endswith('~') else '~'}"


def test_many_facts_at_once_continue_the_chain_in_their_order(customer: Customer) -> None:
    audit.record("first", by="somebody", target="row:0", now=START)
    facts = [audit.Fact("many", f"row:{number}", customer, {"n": number}) for number in range(1, 4)]
    audit.record_all(iter(facts), by="sakimori", now=START)
    audit.record_all([], by="sakimori", now=START)
    audit.record("last", by="somebody", target="row:4", now=START)
    entries = list(AuditEntry.objects.order_by("pk"))
    assert [entry.target for entry in entries] == [f"row:{number}" for number in range(5)]
    assert audit.first_broken(entries) is None
    assert open_details(customer, entries[2].sealed_details, place="audit:row:2") == {"n": 2}


def test_many_facts_cost_few_questions(
    customer: Customer, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    facts = [audit.Fact("many", f"row:{number}", customer, {"n": number}) for number in range(100)]
    with django_assert_max_num_queries(9):
        audit.record_all(facts, by="sakimori", now=START)
