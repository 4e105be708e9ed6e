"""Steps of the check about the phone: forged call-backs are refused, a machine is told nothing, a person has keys."""

import time
from typing import Any

import httpx

from sakimori.run.demo.alarm_steps import acknowledge_all
from sakimori.run.demo.cast import ANALYST, DEPUTY, DUTY_PHONES
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import Play

_FIRST, _SECOND = DUTY_PHONES[ANALYST.login], DUTY_PHONES[DEPUTY.login]
_FORGED = "署名の合わない呼び出し"
_ASKED = "様でいらっしゃいますか"
_KEYS = "アラームを確認された方は 1 を"


def machine_then_person(play: Play) -> None:
    """A forged call-back is refused and alarmed; by phone a machine hears nothing of it, a person uses the keys."""
    acknowledge_all(play.browser(ANALYST.login))
    before = {call["id"] for call in play.outside.calls()}
    play.outside.habit(_FIRST, "machine")
    play.outside.habit(_SECOND, "")
    _forge(play)
    wait_for(lambda: _call(play, before, _FIRST).get("state") == "machine", "the first phone is a machine")
    heard = _call(play, before, _FIRST)["say"]
    expect(_ASKED in heard and _KEYS not in heard and _FORGED not in heard, "a machine is not told what it is about")
    busy = time.monotonic()
    wait_for(lambda: _call(play, before, _SECOND).get("state") == "ringing", "the deputy's phone rings")
    play.measured["machine_to_next_ring_s"] = time.monotonic() - busy
    _answer_with_keys(play, _call(play, before, _SECOND)["id"])
    history = play.browser(ANALYST.login)
    name = f"{DEPUTY.family} {DEPUTY.given}"
    wait_for(lambda: _who_acknowledged(history.html("/console/alarms/history/"), name), "the key 1 is acknowledged")
    calls = "/console/calls/?called=soc"
    for words in ("留守番電話", "確認済み"):
        wait_for(lambda: words in history.text(calls), f"a call is written down as {words}")  # noqa: B023
    play.outside.habit(_FIRST, "")


def _forge(play: Play) -> None:
    """Somebody on the internet says that a call was answered with 1."""
    reference = next((call["reference"] for call in play.outside.calls() if call["reference"]), "0" * 32)
    forged = {"AccountSid": "AC" + "0" * 32, "CallSid": "CA" + "0" * 32, "Digits": "1", "CallStatus": "in-progress"}
    for path in ("key/1", "status", "operator/key"):
        answer = httpx.post(
            f"{play.base_url}/phone/twilio/{reference}/{path}/",
            data=forged,
            headers={"X-Twilio-Signature": "Zm9yZ2Vk"},
            timeout=120.0,
        )
        expect(answer.status_code == httpx.codes.FORBIDDEN, f"a forged call-back answers {answer.status_code}")


def _answer_with_keys(play: Play, call_id: int) -> None:
    """Who is it? A wrong key is asked again, * repeats, 1 says that it is he; then the matter, and 1 once more."""
    for action, words in (("answer", _ASKED), ("9", "恐れ入ります"), ("*", _ASKED), ("1", _KEYS)):
        said = play.outside.press(call_id, action)["say"]
        expect(words in said, f"after {action} one hears {words}")
    expect(play.outside.press(call_id, "1")["state"] == "confirmed", "the second 1 ends the call")


def _call(play: Play, before: set[int], number: str) -> dict[str, Any]:
    """The newest call to this number since then; empty while there is none."""
    calls = [call for call in play.outside.calls() if call["id"] not in before and call["to"] == number]
    return calls[0] if calls else {}


def _who_acknowledged(history: str, name: str) -> bool:
    return any(_FORGED in row and name in row for row in history.split("<tr"))
