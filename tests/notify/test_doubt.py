"""No call is lost and none is doubled, however the way to the provider breaks: it knows no idempotency key.

The real client, the simulated provider and our real door, played at random: the worker is killed before or after a
request reaches the provider, answers are lost, requests arrive after we have given up waiting, the list shows new calls
late, call-backs about the ring do not come, the provider refuses, two workers take turns, our clock jumps either way,
while the provider's goes on.
"""

import json
from collections import Counter, deque
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from django.conf import settings
from django.db import transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sakimori.notify import phone_door
from sakimori.notify.duties import ring_due
from sakimori.notify.models import Alarm, Call, CallRound, CallState, PhoneLeg, RoundState
from sakimori.notify.ringing import Voice
from sakimori.simulators.phone_rows import PhoneAction
from tests.luck import HUNTING
from tests.moments import Clock
from tests.notify.provider import SPEC, ProviderLine, with_account
from tests.notify.tree import ONE, THREE, TWO, Tree, add_contact
from tests.people import make_contract

pytestmark = pytest.mark.django_db

# So long our client waits for a whole answer, and so long a provider may take over what it had received by then.
PATIENCE, LATEST = 10, 5
TROUBLES = ["killed before", "killed after", "refused", "lost", "timed out", "late", "500", "429"]
ENDS = [PhoneAction.BUSY, PhoneAction.NO_ANSWER, PhoneAction.MACHINE, PhoneAction.CONFIRM, PhoneAction.HANG_UP]


class OurClock(Clock):
    """Our own, which jumps; `pass_time` moves the true one on."""

    def __init__(self, true: Clock) -> None:
        self.true, self.ahead = true, timedelta(0)

    def __call__(self) -> datetime:
        return self.true.now + self.ahead

    def pass_time(self, **span: float) -> datetime:
        self.true.pass_time(**span)
        return self()

    def jump(self, seconds: int) -> None:
        self.ahead += timedelta(seconds=seconds)


class TroubledLine(ProviderLine):
    """What happens to the next requests is in `troubles`. lag: the list shows a call so many seconds late.

    The provider has the true clock, our client our own.
    """

    def __init__(self, folder: Path, ours: OurClock) -> None:
        super().__init__(folder, SPEC, ours, provider_clock=ours.true)
        self.clock = ours.true
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
        answer.headers["date"] = format_datetime(self.clock())
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
        self.clock = OurClock(Clock())
        self.tree = Tree(contract, clock=self.clock)
        self.line = TroubledLine(Path(self.folder.name), self.clock)
        self.patch.setattr(phone_door, "utc_now", self.tree.clock)
        self.voice = Voice(self.line.phone, "03-0000-0000", "保護サービス", timedelta(seconds=45))
        self.tree.begin()

    @rule(worker=st.sampled_from(["one", "two"]), times=st.sampled_from([1, 4]), every=st.sampled_from([1, 5]))
    def work(self, worker: str, times: int, every: int) -> None:
        self.ring(times, worker, every=every)

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

    @rule(seconds=st.sampled_from([-3700, -60, -5, 5, 60, 3700]))
    def our_clock_jumps(self, seconds: int) -> None:
        self.clock.jump(seconds)

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

    def ring(self, times: int, worker: str, *, every: int = 1) -> None:
        """So often, with so many seconds between, the duty does what is due, and the provider goes on."""
        for _ in range(times):
            for _ in range(20):
                with suppress(KeyboardInterrupt):
                    if not ring_due(voice=self.voice, worker=worker, clock=self.clock):
                        break
                self.line.tick()
            self.line.tick()
            self.clock.pass_time(seconds=every)

    def settle(self) -> None:
        """The way holds again, and whoever is called presses the keys: he is reached, or an operator has the sheet."""
        self.line.troubles.clear()
        self.line.lag, self.line.is_deaf = 0, False
        for number in (ONE, TWO, THREE):
            self.line.exchange.set_habit(number, "1")
        round_ = CallRound.objects.get()
        for _ in range(60):
            self.ring(4, "three", every=3)
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


@pytest.mark.parametrize(
    ("trouble", "lag", "jump"),
    [
        *((trouble, 0, 0) for trouble in TROUBLES),
        *((trouble, 5, jump) for trouble in ("lost", "late", "killed after") for jump in (0, 3700, -3700)),
    ],
)
def test_each_trouble_with_the_first_request(trouble: str, lag: int, jump: int) -> None:
    """jump: of our clock, in the moment of the doubt."""
    machine = DoubtMachine()
    try:
        machine.the_list_is_late(lag)
        machine.nothing_is_called_back_about_the_ring(is_deaf=True)
        machine.the_way_breaks(trouble, [])
        machine.ring(1, "one")
        machine.our_clock_jumps(jump)
        machine.ring(8, "two", every=4)
        machine.no_call_is_placed_twice()
        machine.settle()
    finally:
        machine.close()


def test_nothing_is_lost_and_nothing_doubled_however_the_way_to_the_provider_breaks() -> None:
    run_state_machine_as_test(
        DoubtMachine,
        settings=how(
            max_examples=100 if HUNTING else 5,
            stateful_step_count=15,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
