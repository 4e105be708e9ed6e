"""The talk with a called person, step by step: what was heard -> what is said, and what the call has come to. Pure.

The person is asked for before anything is told: a stranger, a child or a machine never hears of the incident. The
wording of each line stands in `spoken.py`; doors and simulators turn the steps into their own language.

    ASKING   who calls, and is it the right person?   1 it is - 2 it is somebody else - * again
    TELLING  the matter                               1 understood - 2 talk with the SOC - * again
    BRIDGING the SOC is being called                  an operator takes it, or nobody does
    OVER     nothing more is said
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from sakimori.notify.interface import PhoneState

SILENT_REPEATS = 2
WRONG_KEYS = 5
LONGEST = 20
_SIGNS = frozenset("0123456789*#")


class Stage(StrEnum):
    """Where the talk stands."""

    ASKING = "asking"
    TELLING = "telling"
    BRIDGING = "bridging"
    OVER = "over"


class Line(StrEnum):
    """Something that is said."""

    OPENING = "opening"
    MATTER = "matter"
    KEYS = "keys"
    WRONG_KEY = "wrong_key"
    THANKS = "thanks"
    NOT_THE_PERSON = "not_the_person"
    CANNOT = "cannot"
    TO_THE_SOC = "to_the_soc"
    SOC_AWAY = "soc_away"
    NOBODY = "nobody"


class Wait(StrEnum):
    """For what the call waits after the lines."""

    KEY = "key"
    SOC = "soc"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Key:
    """A key was pressed."""

    sign: str


@dataclass(frozen=True, slots=True)
class Silence:
    """No key was pressed in time."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The provider believes that a machine has answered."""


@dataclass(frozen=True, slots=True)
class Bridged:
    """The call to the SOC has ended; `taken`: an operator has spoken with the person."""

    taken: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The called person, or the line, has hung up."""


Heard = Key | Silence | Machine | Bridged | Ended


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What is known of a talk. result: None while it is open, and at the end when nothing was confirmed.

    is_duty: one of the SOC's own people is called about an alarm: 2 says that he cannot, for he is the SOC.
    is_human: a key was pressed. turns: how often something was said.
    """

    stage: Stage = Stage.ASKING
    silences: int = 0
    wrong: int = 0
    turns: int = 0
    is_human: bool = False
    is_duty: bool = False
    result: PhoneState | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: say the lines in their order, then wait; NOTHING means to hang up."""

    dialogue: Dialogue
    lines: tuple[Line, ...] = ()
    wait: Wait = Wait.NOTHING


_PROMPTS = {Stage.ASKING: (Line.OPENING,), Stage.TELLING: (Line.MATTER, Line.KEYS)}


def begin(*, is_duty: bool = False) -> Step:
    """Somebody, or something, has answered."""
    return _ask(Dialogue(is_duty=is_duty), _PROMPTS[Stage.ASKING])


def hear(talk: Dialogue, heard: Heard) -> Step:
    """The next step. After the end nothing changes any more."""
    if talk.stage == Stage.OVER:
        return Step(talk)
    if isinstance(heard, Machine):
        return _machine(talk)
    if isinstance(heard, Ended):
        # Who wanted to talk with us and was not put through is called back; anybody else has confirmed nothing.
        return _end(talk, PhoneState.DECLINED if talk.stage == Stage.BRIDGING else None)
    if talk.stage == Stage.BRIDGING:
        return _bridging(talk, heard)
    if isinstance(heard, Key):
        return _key(talk, heard.sign)
    if isinstance(heard, Silence):
        return _silence(talk)
    return _again(talk)


def _machine(talk: Dialogue) -> Step:
    """No machine presses a key: who has pressed one is a person, whatever his voice sounded like."""
    return Step(talk, (), _waiting_at(talk.stage)) if talk.is_human else _end(talk, PhoneState.MACHINE)


def _waiting_at(stage: Stage) -> Wait:
    return Wait.SOC if stage == Stage.BRIDGING else Wait.KEY


def _bridging(talk: Dialogue, heard: Heard) -> Step:
    """Keys pressed while the other phone rings mean nothing."""
    if not isinstance(heard, Bridged):
        return Step(talk, (), Wait.SOC)
    if heard.taken:
        return _end(talk, PhoneState.CONFIRMED)
    return _end(talk, PhoneState.DECLINED, Line.SOC_AWAY)


def _key(talk: Dialogue, sign: str) -> Step:
    talk = replace(talk, is_human=talk.is_human or sign in _SIGNS, silences=0)
    if sign == "*":
        return _again(talk)
    if sign == "1":
        if talk.stage == Stage.ASKING:
            return _ask(replace(talk, stage=Stage.TELLING, wrong=0), _PROMPTS[Stage.TELLING])
        return _end(talk, PhoneState.CONFIRMED, Line.THANKS)
    if sign == "2":
        return _second_choice(talk)
    talk = replace(talk, wrong=talk.wrong + 1)
    if talk.wrong > WRONG_KEYS:
        return _end(talk, None, Line.NOBODY)
    return _ask(talk, (Line.WRONG_KEY, Line.KEYS if talk.stage == Stage.TELLING else Line.OPENING))


def _second_choice(talk: Dialogue) -> Step:
    if talk.stage == Stage.ASKING:
        return _end(talk, PhoneState.DECLINED, Line.NOT_THE_PERSON)
    if talk.is_duty:
        return _end(talk, PhoneState.DECLINED, Line.CANNOT)
    return Step(replace(talk, stage=Stage.BRIDGING), (Line.TO_THE_SOC,), Wait.SOC)


def _silence(talk: Dialogue) -> Step:
    talk = replace(talk, silences=talk.silences + 1)
    return _end(talk, None, Line.NOBODY) if talk.silences > SILENT_REPEATS else _again(talk)


def _again(talk: Dialogue) -> Step:
    return _ask(talk, _PROMPTS[talk.stage])


def _ask(talk: Dialogue, lines: tuple[Line, ...]) -> Step:
    """Say and wait for a key, but not for ever: the line is needed for the next person."""
    if talk.turns >= LONGEST:
        return _end(talk, None, Line.NOBODY)
    return Step(replace(talk, turns=talk.turns + 1), lines, Wait.KEY)


def _end(talk: Dialogue, result: PhoneState | None, *lines: Line) -> Step:
    return Step(replace(talk, stage=Stage.OVER, result=result), lines)
