"""An alarm of the SOC on its whole way, played at random: whatever happens, a person has it in the end.

Kills before and after each dialling, lost answers, a provider that is away or lets no phone ring, two workers, a clock
that jumps back and forth, operators who begin a call or do not look at all. Once the phones work again and the people
on duty take their calls, every alarm that is phoned is acknowledged by one of them, with nobody at the desk.
"""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sakimori.notify.actions import NotPossible, acknowledge
from sakimori.notify.by_hand import begin_call, enter_result
from sakimori.notify.interface import PhoneState, PhoneUnavailable
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState, Severity
from tests.notify.soc import DEPUTY, FIRST, MANAGER, Soc

pytestmark = pytest.mark.django_db

ANSWERS = st.sampled_from([state for state in PhoneState if state not in (PhoneState.QUEUED, PhoneState.RINGING)])
# Five minutes until it is phoned, five more after a round in vain, and the time of a round; twice, for a sheet.
_LONGEST = timedelta(minutes=20)


class AlarmMachine(RuleBasedStateMachine):
    """Three people on duty, two workers, an operator at the desk, a provider with moods, a clock that lies."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.soc = Soc()
        self.numbers = count(1)

    @rule(severity=st.sampled_from(Severity))
    def alarm(self, severity: Severity) -> None:
        self.soc.alarm(f"k{next(self.numbers)}", severity)

    @rule(worker=st.sampled_from(["one", "two"]), seconds=st.sampled_from([1, 5, 70]))
    def work(self, worker: str, seconds: int) -> None:
        with suppress(KeyboardInterrupt):
            self.soc.work(seconds=seconds, worker=worker)
        self.soc.phone.hang_up_where_an_operator_dials()

    @rule(answer=ANSWERS)
    def answer(self, answer: PhoneState) -> None:
        self.soc.phone.press_all(answer)

    @rule(how=st.sampled_from(["before", "after"]))
    def kill_while_dialling(self, how: str) -> None:
        self.soc.phone.deaths.append(how)

    @rule()
    def lose_the_answer(self) -> None:
        self.soc.phone.lose_answer = True

    @rule(never=st.booleans())
    def phones_stay_silent(self, never: bool) -> None:
        self.soc.phone.never_rings = never

    @rule(times=st.sampled_from([1, 3, 40]))
    def provider_is_away(self, times: int) -> None:
        self.soc.phone.failures.extend(PhoneUnavailable("no connection") for _ in range(times))

    @rule(seconds=st.sampled_from([-3700, -60, -5, 31, 70, 310, 3700]))
    def clock_jumps(self, seconds: int) -> None:
        self.soc.clock.pass_time(seconds=seconds)

    @rule()
    def somebody_acknowledges_one_at_the_desk(self) -> None:
        for alarm in Alarm.objects.filter(acknowledged_at=None)[:1]:
            acknowledge(alarm, by=self.soc.emi, now=self.soc.clock())

    @rule(result=st.sampled_from([None, CallState.BUSY, CallState.CONFIRMED]))
    def operator_dials(self, result: CallState | None) -> None:
        """He may be called away before he enters what came of it."""
        for round_ in CallRound.objects.filter(by_hand=True, state=RoundState.RUNNING):
            with suppress(NotPossible):
                call = begin_call(round_, by=self.soc.emi, now=self.soc.clock())
                if result is not None:
                    enter_result(call, result, spoke_with="高橋", by=self.soc.emi, now=self.soc.clock())

    @invariant()
    def no_call_is_placed_twice_and_no_two_phones_ring(self) -> None:
        placed = Counter(call.reference for call in self.soc.phone.placed)
        assert not placed or max(placed.values()) == 1
        assert len(self.soc.phone.ringing) <= 1

    @invariant()
    def one_round_at_a_time(self) -> None:
        assert CallRound.objects.filter(state=RoundState.RUNNING).count() <= 1

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def settle(self) -> None:
        """Everything works again, and whose phone rings takes the call; nobody looks at the desk."""
        self.soc.phone.works_again()
        self.soc.phone.habits = dict.fromkeys((FIRST, DEPUTY, MANAGER), PhoneState.CONFIRMED)
        self.soc.phone.press_all(PhoneState.CONFIRMED)
        until = self.soc.clock() + _LONGEST
        while self.waiting() and self.soc.clock() < until:
            self.soc.work(seconds=1, worker="three")
            self.soc.clock.pass_time(seconds=4)
        assert not self.waiting(), "everything that is phoned has been taken by a person"
        self.soc.work(seconds=2, worker="three")
        assert not CallRound.objects.filter(state=RoundState.RUNNING).exists()
        assert not Call.objects.filter(line__isnull=False).exists()
        for alarm in Alarm.objects.exclude(acknowledged_at=None):
            assert alarm.acknowledged_by is not None

    def waiting(self) -> bool:
        return Alarm.objects.filter(acknowledged_at=None).exclude(severity=Severity.LOW).exists()


def test_whatever_happens_a_person_acknowledges_every_alarm_that_is_phoned() -> None:
    run_state_machine_as_test(
        AlarmMachine,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
