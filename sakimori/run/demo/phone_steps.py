"""Steps of the check about the phone: forged call-backs are refused, a machine is told nothing, a person has keys."""

import time

import httpx

from sakimori.run.demo.alarm_steps import acknowledge_all, acknowledged_by, newest_call
from sakimori.run.demo.cast import ANALYST, DEPUTY, DUTY_PHONES
from sakimori.run.demo.doors import expect, wait_for, wait_for_words
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
    wait_for(lambda: newest_call(play, before, _FIRST).get("state") == "machine", "the first phone is a machine")
    heard = newest_call(play, before, _FIRST)["say"]
    expect(_ASKED in heard and _KEYS not in heard and _FORGED not in heard, "a machine is not told what it is about")
    busy = time.monotonic()
    wait_for(lambda: newest_call(play, before, _SECOND).get("state") == "ringing", "the deputy's phone rings")
    play.measured["machine_to_next_ring_s"] = time.monotonic() - busy
    _answer_with_keys(play, newest_call(play, before, _SECOND)["id"])
    history = play.browser(ANALYST.login)
    name = f"{DEPUTY.family} {DEPUTY.given}"
    wait_for(lambda: acknowledged_by(history, _FORGED, name), "the key 1 is acknowledged")
    wait_for_words(history, "/console/calls/?called=soc", "留守番電話", "確認済み")
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
