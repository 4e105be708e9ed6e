"""A second provider is tried before the operators' sheet opens, which it does after a minute whatever happens.

The duty, the real clients of two accounts, two simulated providers and our door, with a clock that moves.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from sakimori.notify import phone_door
from sakimori.notify.duties import ring_due
from sakimori.notify.legs import order_of
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState, Severity
from sakimori.notify.phones import Phones
from sakimori.notify.ringing import Voice
from tests.moments import Clock
from tests.notify.phone_contract import Trouble
from tests.notify.provider import SECOND, SPEC, ProviderLine, with_account
from tests.notify.tree import ONE, THREE, TWO, Tree, add_contact
from tests.people import make_contract

pytestmark = pytest.mark.django_db


class Pair:
    """A customer of three contacts and two accounts; `away` are those that cannot be reached."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        contract = make_contract("株式会社さくら商店", "A")
        for priority, number in enumerate((ONE, TWO, THREE), start=1):
            add_contact(contract, number, priority)
        self.tree = Tree(contract, clock=clock)
        self.lines = {spec.account: ProviderLine(folder, spec, clock) for spec in (SPEC, SECOND)}
        self.first, self.second = self.lines.values()
        self.away: set[str] = set()

    def work(self, *, seconds: int) -> None:
        clock = self.tree.clock
        for _ in range(seconds):
            for _ in range(10):
                accounts = order_of(settings.CONFIG.phone_accounts, clock())
                phones = Phones([self._phone(account.account) for account in accounts])
                voice = Voice(phones, "03-0000-0000", "保護サービス", timedelta(seconds=45))
                if not ring_due(voice=voice, worker="one", clock=clock):
                    break
                for line in self.lines.values():
                    line.exchange.tick()
            clock.pass_time(seconds=1)

    def _phone(self, account: str):  # type: ignore[no-untyped-def]
        line = self.lines[account]
        line.next_trouble = Trouble.UNAVAILABLE if account in self.away else None
        return line.phone

    def rings(self) -> list[tuple[str, str]]:
        return [(spec, number) for spec, line in self.lines.items() for number in line.numbers()]


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(settings, "CONFIG", with_account(settings.CONFIG, SPEC, SECOND))
    clock = Clock()
    monkeypatch.setattr(phone_door, "utc_now", clock)
    made = Pair(tmp_path, clock)
    yield made
    for line in made.lines.values():
        line.close()


def test_the_second_calls_the_same_person_at_once_when_the_first_is_away(pair: Pair) -> None:
    pair.away = {SPEC.account}
    pair.second.exchange.set_habit(ONE, "1")
    round_ = pair.tree.begin()
    pair.work(seconds=5)
    round_.refresh_from_db()
    assert (round_.state, round_.by_hand) == (RoundState.REACHED, False)
    assert pair.rings() == [(SECOND.account, ONE)]
    assert not Alarm.objects.exists()


def test_the_second_is_tried_before_the_sheet_when_the_first_takes_calls_and_lets_no_phone_ring(pair: Pair) -> None:
    pair.first.never_ring()
    pair.second.exchange.set_habit(TWO, "1")
    round_ = pair.tree.begin()
    pair.work(seconds=59)
    round_.refresh_from_db()
    assert (round_.state, round_.by_hand) == (RoundState.REACHED, False)
    assert pair.rings() == [(SPEC.account, ONE), (SECOND.account, TWO)]
    assert list(Call.objects.order_by("place").values_list("state", flat=True))[:2] == ["failed", "confirmed"]
    assert pair.first.exchange.rows.going_on() == []
    pair.tree.clock.pass_time(minutes=6)
    accounts = order_of(settings.CONFIG.phone_accounts, pair.tree.clock())
    assert [account.account for account in accounts] == [SPEC.account, SECOND.account], "and then the first again"


@pytest.mark.parametrize("silent", [False, True])
def test_when_neither_calls_anybody_the_sheet_opens_with_an_alarm_after_a_minute(pair: Pair, silent: bool) -> None:
    if silent:
        pair.first.never_ring()
        pair.second.never_ring()
    else:
        pair.away = {SPEC.account, SECOND.account}
    round_ = pair.tree.begin()
    pair.work(seconds=56)
    assert not CallRound.objects.get().by_hand
    pair.work(seconds=7)
    round_.refresh_from_db()
    assert round_.by_hand
    assert Alarm.objects.get().severity == Severity.HIGH
    assert [line.exchange.rows.going_on() for line in pair.lines.values()] == [[], []], "nothing rings beside the sheet"
    assert not Call.objects.exclude(state__in=[CallState.FAILED, CallState.PLANNED]).exists()
