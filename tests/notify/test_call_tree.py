"""The whole call tree with a fake phone and a clock that moves: to the last contact and back, and played at random.

However it is played (kills before and after each dialling, lost answers, a provider that is away, two workers, a clock
that jumps back and forth, contacts that come and go): no call is placed twice, no number rings twice at once, no round
rings two phones, and in the end every matter's round has ended, reached only where a person said so.
"""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sakimori.accounts.models import SocRole
from sakimori.customers.models import Contact
from sakimori.notify.actions import NotPossible
from sakimori.notify.by_hand import begin_call, call_on_sheet, enter_result
from sakimori.notify.interface import PhoneState, PhoneUnavailable
from sakimori.notify.matter_rows import CallMatter
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState, Severity
from tests.notify.tree import ONE, THREE, TWO, Tree, add_contact
from tests.people import make_contract, make_user

pytestmark = pytest.mark.django_db

ANSWERS = st.sampled_from(
    [
        PhoneState.BUSY,
        PhoneState.NO_ANSWER,
        PhoneState.MACHINE,
        PhoneState.DECLINED,
        PhoneState.ANSWERED,
        PhoneState.CONFIRMED,
        PhoneState.FAILED,
    ]
)


def a_tree() -> Tree:
    contract = make_contract("株式会社さくら商店", "A")
    for priority, number in enumerate((ONE, TWO, THREE), start=1):
        add_contact(contract, number, priority)
    return Tree(contract)


def test_the_whole_tree_to_the_last_contact_and_back() -> None:
    """Busy, no answer, machine; after the pause declined, unconfirmed, and then the last contact confirms."""
    tree = a_tree()
    round_ = tree.begin()
    tree.ring()
    for state in (PhoneState.BUSY, PhoneState.NO_ANSWER, PhoneState.MACHINE):
        tree.press(state)
    assert tree.dialled() == [ONE, TWO, THREE]
    assert tree.states() == [CallState.BUSY, CallState.NO_ANSWER, CallState.MACHINE]
    tree.ring(seconds=290)
    assert tree.dialled() == [ONE, TWO, THREE], "a pause of five minutes"
    tree.ring(seconds=15)
    tree.press(PhoneState.DECLINED)
    tree.press(PhoneState.ANSWERED)
    tree.phone.hang_up(tree.phone.placed[-1].reference)
    tree.ring()
    tree.press(PhoneState.ANSWERED)
    tree.press(PhoneState.CONFIRMED)
    assert tree.states(lap=2) == [CallState.DECLINED, CallState.UNCONFIRMED, CallState.CONFIRMED]
    round_.refresh_from_db()
    assert (round_.state, round_.lap) == (RoundState.REACHED, 2)
    tree.ring(seconds=900)
    assert tree.dialled() == [ONE, TWO, THREE] * 2
    assert not Alarm.objects.exists()
    assert CallMatter.objects.get().told_at is not None
    assert [contact.proven_at is not None for contact in Contact.objects.order_by("priority")] == [False, False, True]


def test_a_busy_line_is_followed_by_the_next_ring_within_the_same_second() -> None:
    tree = a_tree()
    tree.begin()
    tree.ring()
    tree.phone.press(tree.phone.placed[-1].reference, PhoneState.BUSY)
    before = tree.clock()
    tree.ring()
    second = Call.objects.get(place=2)
    assert second.rang_at is not None
    assert second.rang_at - before < timedelta(seconds=1)


class TreeMachine(RuleBasedStateMachine):
    """One customer, two workers, an operator, a provider with moods, and a clock that cannot be trusted."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.tree = a_tree()
        self.dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
        self.numbers = count(1)
        self.keys: list[str] = []

    @rule()
    def incident(self) -> None:
        key = f"incident:{next(self.numbers)}"
        self.keys.append(key)
        self.tree.begin(key)
        self.tree.begin(key)

    @rule(worker=st.sampled_from(["one", "two"]), seconds=st.integers(1, 4))
    def work(self, worker: str, seconds: int) -> None:
        with suppress(KeyboardInterrupt):
            self.tree.ring(seconds=seconds, worker=worker)
        self.tree.phone.hang_up_where_an_operator_dials()

    @rule(answer=ANSWERS)
    def answer(self, answer: PhoneState) -> None:
        phone = self.tree.phone
        for call in phone.placed:
            if call.to in phone.ringing and phone.goes_on(call.reference):
                phone.press(call.reference, answer)
                return

    @rule()
    def hang_up(self) -> None:
        phone = self.tree.phone
        moods = phone.failures.copy()  # They are for whoever asks the provider, not for the called people.
        phone.failures.clear()
        for call in phone.placed:
            phone.hang_up(call.reference)
        phone.failures.extend(moods)

    @rule(how=st.sampled_from(["before", "after", ""]))
    def kill_while_dialling(self, how: str) -> None:
        self.tree.phone.deaths.append(how)

    @rule()
    def lose_the_answer(self) -> None:
        self.tree.phone.lose_answer = True

    @rule(never=st.booleans())
    def phones_stay_silent(self, never: bool) -> None:
        self.tree.phone.never_rings = never

    @rule(times=st.integers(1, 4))
    def provider_is_away(self, times: int) -> None:
        self.tree.phone.failures.extend(PhoneUnavailable("no connection") for _ in range(times))

    @rule(seconds=st.sampled_from([-3700, -60, -5, 5, 31, 70, 310, 3700]))
    def clock_jumps(self, seconds: int) -> None:
        self.tree.clock.pass_time(seconds=seconds)

    @rule(number=st.sampled_from([ONE, TWO, THREE]), active=st.booleans(), person=st.booleans())
    def contact_changes(self, number: str, active: bool, person: bool) -> None:
        kind = "person" if person else "direct"
        Contact.objects.filter(phone=number).update(active=active or number == ONE, phone_kind=kind)

    @precondition(lambda self: CallRound.objects.filter(by_hand=True, state=RoundState.RUNNING).exists())
    @rule(result=st.sampled_from([CallState.CONFIRMED, CallState.BUSY, CallState.NO_ANSWER, CallState.FAILED]))
    def operator(self, result: CallState) -> None:
        self.dial_by_hand(result)

    @invariant()
    def no_call_is_placed_twice(self) -> None:
        placed = Counter(call.reference for call in self.tree.phone.placed)
        assert not placed or max(placed.values()) == 1

    @invariant()
    def no_number_and_no_round_rings_twice_at_once(self) -> None:
        ringing = Counter(self.tree.phone.ringing)
        assert not ringing or max(ringing.values()) == 1, ringing
        states = self.tree.phone._states
        going_on = [call.reference for call in self.tree.phone.placed if not states[call.reference].is_over]
        rounds = Counter(Call.objects.filter(reference__in=going_on).values_list("round_id", flat=True))
        assert not rounds or max(rounds.values()) == 1, rounds

    @invariant()
    def reached_is_what_a_person_said(self) -> None:
        for round_ in CallRound.objects.filter(state=RoundState.REACHED):
            confirmed = round_.calls.get(state=CallState.CONFIRMED)
            by_key = self.tree.phone._states.get(confirmed.reference)
            assert confirmed.spoke_with or (by_key is not None and by_key.state == PhoneState.CONFIRMED)

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def settle(self) -> None:
        """Everything works again, and everybody takes his calls."""
        self.tree.phone.works_again()
        for _ in range(200):
            if not CallRound.objects.filter(state=RoundState.RUNNING).exists():
                break
            self.tree.ring(seconds=2, worker="three")
            self.tree.phone.press_all(PhoneState.CONFIRMED)
            self.dial_by_hand(CallState.CONFIRMED)
            self.tree.clock.pass_time(seconds=10)
        self.tree.ring(seconds=40, worker="three")
        assert not CallRound.objects.filter(state=RoundState.RUNNING).exists()
        assert not Call.objects.filter(state__in=(CallState.INTENDED, CallState.RINGING, CallState.ANSWERED)).exists()
        assert not Call.objects.filter(line__isnull=False).exists()
        assert sorted(CallMatter.objects.values_list("key", flat=True)) == sorted(self.keys), "0 lost"
        for round_ in CallRound.objects.exclude(state=RoundState.REACHED):
            alarms = Alarm.objects.filter(key=f"not-reached:{round_.pk}", severity=Severity.HIGH)
            assert alarms.exists(), "who was not reached is an alarm"

    def dial_by_hand(self, result: CallState) -> None:
        for round_ in CallRound.objects.filter(by_hand=True, state=RoundState.RUNNING):
            with suppress(NotPossible):
                call = call_on_sheet(round_)
                if call is None or call.state == CallState.PLANNED:
                    call = begin_call(round_, by=self.dana, now=self.tree.clock())
                spoke_with = "一郎" if result == CallState.CONFIRMED else ""
                enter_result(call, result, spoke_with=spoke_with, by=self.dana, now=self.tree.clock())


def test_nothing_is_lost_and_nothing_rings_twice_whatever_is_played() -> None:
    run_state_machine_as_test(
        TreeMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
