"""Random histories of call-backs in any order, some twice, some late: what is written down never contradicts itself."""

import random
from datetime import timedelta

import pytest

from sakimori.lib.jst import utc_now
from sakimori.notify import legs
from sakimori.notify.dialogue import Bridged, Heard, Key, Line, Silence, Step
from sakimori.notify.interface import PhoneState
from sakimori.notify.legs import NotOurs, NotThisCall
from sakimori.notify.models import Alarm, PhoneLeg
from sakimori.notify.provider_words import FINAL, ORDER
from tests.notify.provider import make_calls

pytestmark = pytest.mark.django_db
SID = "CA" + "1" * 32
NOW = utc_now()


def told(step: Step) -> str:
    return " ".join((*step.lines, step.wait))


class History:
    """One call, to which anything happens."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = NOW
        self.asked: list[tuple[int, str, Heard | None, str]] = []
        self.said_yes = False
        make_calls()
        legs.begin("r-1", account="AC1", to="+81300001001", caller="+815000000000", now=NOW)

    def happen(self) -> None:
        self.now += timedelta(seconds=self.chance.choice([0, 1, 5, 50]))
        before = self.leg()
        try:
            self.chance.choice([self._ask, self._ask, self._ask, self._status, self._machine, self._operator])()
        except NotThisCall:
            return
        after = self.leg()
        assert after.turn >= before.turn
        assert before.result in ("", after.result), "a result is for ever"
        assert before.status not in FINAL or after.status == before.status
        assert not (after.result == PhoneState.CONFIRMED and not self.said_yes)

    def leg(self) -> PhoneLeg:
        return PhoneLeg.objects.get(call__reference="r-1")

    def _ask(self) -> None:
        if self.asked and self.chance.random() < 0.2:
            turn, question, heard, answer = self.chance.choice(self.asked)
            before = self.leg()
            again = self._take(turn, question, heard)
            assert again == answer or again == "nothing", "the same answer, or the end"
            assert self.leg().turn == before.turn
            return
        turn = self.leg().turn
        heard: Heard | None = None
        if turn:
            heard = self.chance.choice(
                [Key("1"), Key("2"), Key("*"), Key("7"), Silence(), Bridged(taken=self.leg().bridged_at is not None)]
            )
        self.said_yes = self.said_yes or heard == Key("1")
        answer = self._take(turn, repr(heard), heard)
        assert self.said_yes or Line.MATTER not in answer.split()
        if self.leg().turn > turn:
            self.asked.append((turn, repr(heard), heard, answer))

    def _take(self, turn: int, question: str, heard: Heard | None) -> str:
        return legs.take(
            "r-1", sid=SID, turn=turn, question=question, heard=heard, tell=told, can_bridge=True, now=self.now
        )

    def _status(self) -> None:
        # The end comes seldom, or no talk would ever be long.
        words = [*ORDER, "nonsense"] if self.chance.random() < 0.8 else sorted(FINAL)
        legs.note_status("r-1", self.chance.choice(words), sid=SID, now=self.now)

    def _machine(self) -> None:
        word = self.chance.choice(["human", "human", "unknown", "machine_start", "fax"])
        legs.note_answer("r-1", word, sid=SID, now=self.now)

    def _operator(self) -> None:
        legs.operator_took("r-1", parent_sid=SID, now=self.now)


@pytest.mark.parametrize("seed", range(40))
def test_no_history_contradicts_itself(seed: int) -> None:
    history = History(seed)
    for _ in range(40):
        history.happen()
    leg = history.leg()
    assert legs.standing(leg) == legs.standing(leg)
    wanted_us = leg.result == PhoneState.DECLINED and leg.bridged_at is None and leg.stage == "over"
    assert not Alarm.objects.exists() or wanted_us
    assert Alarm.objects.count() <= 1


def test_an_account_is_asked_once_until_it_has_provably_done_nothing() -> None:
    make_calls()

    def begin(account: str) -> bool:
        return legs.begin("r-1", account=account, to="+81300001001", caller="+815000000000", now=NOW)

    assert begin("AC1")
    assert not begin("AC1")
    assert not begin("AC2")
    legs.drop("r-1")
    assert begin("AC2")
    legs.placed("r-1", SID)
    legs.drop("r-1")
    assert not begin("AC1"), "what the provider has named cannot be given up"
    assert PhoneLeg.objects.get().account == "AC2"


def test_a_mark_is_never_changed() -> None:
    make_calls()
    legs.begin("r-1", account="AC1", to="+81300001001", caller="+815000000000", now=NOW)
    legs.note_status("r-1", "ringing", sid=SID, now=NOW)
    legs.placed("r-1", "CA2")
    assert PhoneLeg.objects.get().sid == SID
    with pytest.raises(NotOurs):
        legs.note_status("r-1", "busy", sid="CA2", now=NOW)
    assert legs.others([SID, "CA2"], "r-2") == {SID}
    assert legs.others([SID], "r-1") == set()
