"""Every phone keeps the contract: the one in memory, the real client through the simulated provider, several as one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from sakimori.lib.phone_numbers import NotDialable, dialable
from sakimori.notify.interface import (
    OutgoingCall,
    PhoneDoubtful,
    PhoneRefused,
    PhoneState,
    PhoneStatus,
    PhoneUnavailable,
)
from sakimori.notify.memory import MemoryPhone
from sakimori.notify.phones import Phones
from tests.notify.phone_contract import PhoneContract, Trouble, call
from tests.notify.provider import SECOND, SPEC, ProviderLine, make_calls, with_account


class MemoryLine:
    def __init__(self, *others: MemoryPhone) -> None:
        self.memory = MemoryPhone()
        self.phone = Phones([*others, self.memory]) if others else self.memory

    def act(self, reference: str, state: PhoneState) -> None:
        self.memory.press(reference, state)

    def lift_and_hang_up(self, reference: str) -> None:
        self.memory.press(reference, PhoneState.ANSWERED)
        self.memory.hang_up(reference)

    def numbers(self) -> list[str]:
        return [call.to for call in self.memory.placed]

    def never_ring(self) -> None:
        self.memory.never_rings = True

    def let_ring(self) -> None:
        """A phone of this kind rings at once, or never."""

    def trouble(self, kind: Trouble) -> None:
        if kind is Trouble.UNAVAILABLE:
            self.memory.failures.append(PhoneUnavailable("no connection"))
        else:
            self.memory.lose_answer = True


class Dead(MemoryPhone):
    """A provider that cannot be reached when something is to be dialled."""

    def call(self, call: OutgoingCall) -> PhoneStatus:
        self.failures.append(PhoneUnavailable("no connection"))
        try:
            dialable(call.to)
        except NotDialable as error:
            self.failures.clear()
            raise PhoneRefused(str(error)) from error
        return super().call(call)


class TestMemoryPhone(PhoneContract):
    def make_line(self) -> MemoryLine:
        return MemoryLine()


class TestTwoPhonesTheFirstOfWhichIsDead(PhoneContract):
    def make_line(self) -> MemoryLine:
        return MemoryLine(Dead())


@pytest.mark.django_db
class TestTwilioPhone(PhoneContract):
    @pytest.fixture
    def line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderLine]:
        monkeypatch.setattr(settings, "CONFIG", with_account(settings.CONFIG, SPEC))
        make_calls()
        made = ProviderLine(tmp_path)
        yield made
        made.close()


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[tuple[ProviderLine, ProviderLine]]:
    """Two accounts, as a phone would use them."""
    monkeypatch.setattr(settings, "CONFIG", with_account(settings.CONFIG, SPEC, SECOND))
    make_calls()
    first, second = ProviderLine(tmp_path, SPEC), ProviderLine(tmp_path, SECOND)
    yield first, second
    first.close()
    second.close()


class _Both:
    def __init__(self, pair: tuple[ProviderLine, ProviderLine]) -> None:
        self.phone = Phones([line.phone for line in pair])


def test_the_second_provider_dials_when_the_first_cannot_and_follows_its_own_call(
    pair: tuple[ProviderLine, ProviderLine],
) -> None:
    first, second = pair
    first.trouble(Trouble.UNAVAILABLE)
    both = _Both(pair)
    assert call(both).state == PhoneState.QUEUED  # type: ignore[arg-type]
    assert (first.numbers(), second.numbers()) == ([], ["03-0000-1001"])
    second.press("1", "1")
    assert both.phone.status("r-1") == PhoneStatus(PhoneState.CONFIRMED, is_over=True)


@pytest.mark.parametrize("fault", ["busy", "geo", "caller"])
def test_what_the_first_provider_refuses_the_second_may_do(pair: tuple[ProviderLine, ProviderLine], fault: str) -> None:
    first, second = pair
    first.exchange.rows.set_fault(fault, 1)
    call(_Both(pair))  # type: ignore[arg-type]
    assert (first.numbers(), second.numbers()) == ([], ["03-0000-1001"])


@pytest.mark.parametrize("trouble", ["lost", "error"])
def test_a_doubtful_call_stays_with_the_first_and_the_second_never_rings_beside_it(
    pair: tuple[ProviderLine, ProviderLine], trouble: str
) -> None:
    first, second = pair
    if trouble == "lost":
        first.trouble(Trouble.LOST_ANSWER)
    else:
        first.exchange.rows.set_fault("error", 1)
    both = _Both(pair)
    for _ in range(2):
        with pytest.raises(PhoneDoubtful):
            call(both)  # type: ignore[arg-type]
    assert second.numbers() == []


def test_a_number_that_both_refuse_is_refused_and_a_provider_that_may_come_back_is_waited_for(
    pair: tuple[ProviderLine, ProviderLine],
) -> None:
    first, second = pair
    for line in pair:
        line.exchange.rows.set_fault("invalid", 1)
    with pytest.raises(PhoneRefused, match="21211"):
        call(_Both(pair))  # type: ignore[arg-type]
    first.exchange.rows.set_fault("invalid", 1)
    second.trouble(Trouble.UNAVAILABLE)
    with pytest.raises(PhoneUnavailable):
        call(_Both(pair))  # type: ignore[arg-type]


def test_a_dead_second_provider_is_found_before_it_is_needed(pair: tuple[ProviderLine, ProviderLine]) -> None:
    phones = Phones([line.phone for line in pair])
    phones.check()
    pair[1].trouble(Trouble.UNAVAILABLE)
    with pytest.raises(PhoneUnavailable):
        phones.check()


def test_no_phone_at_all_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Phones([])
