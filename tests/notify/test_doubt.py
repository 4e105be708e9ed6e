"""No call is lost and none is doubled, however the way to the provider breaks: it knows no idempotency key.

The real client, the simulated provider and our real door, played at random: the worker is killed before or after a
request reaches the provider, answers are lost, requests arrive after we have given up waiting, the list shows new calls
late, call-backs about the ring do not come, the provider refuses, two workers take turns, our clock is put back.
"""

import json
from collections import Counter, deque
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from django.conf import settings
from django.db import transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sakimori.notify import phone_door
from sakimori.notify.duties import ring_due
from sakimori.notify.models import Alarm, Call, CallRound, CallState, PhoneLeg, RoundState
from sakimori.notify.ringing import Voice
from sakimori.simulators.phone_rows import PhoneAction
from tests.moments import Clock
from tests.notify.provider import SPEC, ProviderLine, with_account
from tests.notify.tree import ONE, THREE, TWO, Tree, add_contact
from tests.people import make_contract

pytestmark = pytest.mark.django_db

# So long our client waits for a whole answer, and so long a provider may take over what it had received by then.
PATIENCE, LATEST = 10, 5
TROUBLES = ["killed before", "killed after", "refused", "lost", "timed out", "late", "500", "429"]
ENDS = [PhoneAction.BUSY, PhoneAction.NO_ANSWER, PhoneAction.MACHINE, PhoneAction.CONFIRM, PhoneAction.HANG_UP]


class TroubledLine(ProviderLine):
    """What happens to the next requests is in `troubles`. lag: the list shows a call so many seconds late."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder, SPEC, clock)
        self.clock = clock
        self.troubles: deque[str] = deque()
        self.late: list[tuple[float, httpx.Request]] = []
        self.lag = 0
        self.is_deaf = False

    def _answer(self, request: httpx.Request) -> httpx.Response:
        trouble = self.troubles.popleft() if self.troubles else ""
        if trouble == "killed before":
            raise KeyboardInterrupt
        if trouble == "refused":
            raise httpx.ConnectError("refused")
        if trouble in ("500", "429"):
            return httpx.Response(int(trouble), content=b"{}")
        if trouble in ("timed out", "late"):
            self.clock.pass_time(seconds=PATIENCE)
            if trouble == "late":
                self.late.append((self.clock.now.timestamp() + LATEST, request))
            raise httpx.ReadTimeout("no answer")
        answer = self._as_listed(super()._answer(request))
        if trouble == "killed after":
            raise KeyboardInterrupt
        if trouble == "lost":
            raise httpx.ReadTimeout("no answer")
        return answer

    def _as_listed(self, answer: httpx.Response) -> httpx.Response:
        """The list as it is shown, without calls that are too new."""
        content = json.loads(answer.content)
        if "calls" not in content:
            return answer
        newest = self.exchange.rows.now_ms - self.lag * 1000
        known = {call.sid for call in self.exchange.rows.calls() if call.at_ms <= newest}
        return httpx.Response(200, json={"calls": [call for call in content["calls"] if call["sid"] in known]})

    def _call_back(self, url: str, fields):  # type: ignore[no-untyped-def]
        if self.is_deaf and url.endswith("/status/"):
            return ""
        return super()._call_back(url, fields)

    def tick(self) -> None:
        """The provider goes on, also with what it had received when we gave up."""
        due = [request for at, request in self.late if at <= self.clock.now.timestamp()]
        self.late = [(at, request) for at, request in self.late if at > self.clock.now.timestamp()]
        for request in due:
            super()._answer(request)
        self.exchange.tick()


class DoubtMachine(RuleBasedStateMachine):
    """One customer of three contacts, two workers, and a way to the provider that cannot be trusted."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.folder = TemporaryDirectory()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(settings, "CONFIG", with_account(settings.CONFIG, SPEC))
        contract = make_contract("株式会社さくら商店", "A")
        for priority, number in enumerate((ONE, TWO, THREE), start=1):
            add_contact(contract, number, priority)
        self.tree = Tree(contract)
        self.line = TroubledLine(Path(self.folder.name), self.tree.clock)
        self.patch.setattr(phone_door, "utc_now", self.tree.clock)
        self.voice = Voice(self.line.phone, "03-0000-0000", "保護サービス", timedelta(seconds=45))
        self.tree.begin()

    @rule(worker=st.sampled_from(["one", "two"]), seconds=st.sampled_from([1, 4, 16]))
    def work(self, worker: str, seconds: int) -> None:
        self.ring(seconds, worker)

    @rule(trouble=st.sampled_from(TROUBLES), more=st.lists(st.sampled_from(TROUBLES), max_size=2))
    def the_way_breaks(self, trouble: str, more: list[str]) -> None:
        self.line.troubles.extend([trouble, *more])

    @rule(lag=st.sampled_from([0, 2, 5]))
    def the_list_is_late(self, lag: int) -> None:
        self.line.lag = lag

    @rule(is_deaf=st.booleans())
    def nothing_is_called_back_about_the_ring(self, is_deaf: bool) -> None:
        self.line.is_deaf = is_deaf

    @rule(end=st.sampled_from(ENDS))
    def somebody_acts(self, end: PhoneAction) -> None:
        for call in self.line.exchange.rows.going_on():
            with suppress(ValueError):
                self.line.exchange.act(call.id, end)

    @precondition(lambda self: not self.line.troubles)
    @rule(seconds=st.sampled_from([-3700, -60, -5]))
    def the_clock_is_put_back(self, seconds: int) -> None:
        self.tree.clock.pass_time(seconds=seconds)

    @invariant()
    def no_call_is_placed_twice(self) -> None:
        placed = Counter(call.reference for call in self.line.exchange.rows.calls())
        assert not placed or max(placed.values()) == 1, "0 doubled"

    @invariant()
    def at_most_one_phone_rings(self) -> None:
        if not CallRound.objects.get().by_hand:
            assert len(self.line.exchange.rows.going_on()) <= 1

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.close()

    def close(self) -> None:
        self.line.close()
        self.patch.undo()
        self.folder.cleanup()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def ring(self, seconds: int, worker: str) -> None:
        for _ in range(seconds):
            for _ in range(20):
                with suppress(KeyboardInterrupt):
                    if not ring_due(voice=self.voice, worker=worker, clock=self.tree.clock):
                        break
                self.line.tick()
            self.line.tick()
            self.tree.clock.pass_time(seconds=1)

    def settle(self) -> None:
        """The way holds again, and whoever is called presses the keys: he is reached, or an operator has the sheet."""
        self.line.troubles.clear()
        self.line.lag, self.line.is_deaf = 0, False
        for number in (ONE, TWO, THREE):
            self.line.exchange.set_habit(number, "1")
        round_ = CallRound.objects.get()
        for _ in range(60):
            self.ring(10, "three")
            round_.refresh_from_db()
            if round_.state != RoundState.RUNNING or round_.by_hand:
                break
            for call in self.line.exchange.rows.going_on():
                with suppress(ValueError):
                    self.line.exchange.act(call.id, PhoneAction.CONFIRM)
        self.no_call_is_placed_twice()
        assert round_.by_hand or round_.state in (RoundState.REACHED, RoundState.EXHAUSTED), "0 lost"
        if round_.by_hand or round_.state == RoundState.EXHAUSTED:
            assert Alarm.objects.filter(acknowledged_at=None).exists(), "never in silence"
        dialled = {call.reference for call in self.line.exchange.rows.calls()}
        rang = Call.objects.filter(rang_at__isnull=False).values_list("reference", flat=True)
        assert set(rang) <= dialled, "what is said to have rung was dialled"
        answered = Call.objects.filter(state=CallState.CONFIRMED).values_list("reference", flat=True)
        assert set(answered) <= dialled
        for leg in PhoneLeg.objects.exclude(sid=""):
            assert self.line.exchange.rows.by_sid(leg.sid).reference == leg.call.reference, (
                "no other call is taken for it"
            )


@pytest.mark.parametrize(("trouble", "lag"), [*((trouble, 0) for trouble in TROUBLES), ("lost", 5), ("late", 5)])
def test_each_trouble_with_the_first_request(trouble: str, lag: int) -> None:
    machine = DoubtMachine()
    try:
        machine.the_list_is_late(lag)
        machine.nothing_is_called_back_about_the_ring(is_deaf=True)
        machine.the_way_breaks(trouble, [])
        machine.ring(30, "one")
        machine.no_call_is_placed_twice()
        machine.settle()
    finally:
        machine.close()


def test_nothing_is_lost_and_nothing_doubled_however_the_way_to_the_provider_breaks() -> None:
    run_state_machine_as_test(
        DoubtMachine,
        settings=how(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
