"""TwiML, the language in which a provider is told what to say, for which key to wait, whom to dial. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from sakimori.notify.dialogue import Step, Wait
from sakimori.notify.spoken import UNKNOWN_CALL, Facts, for_operator, text_of

LANGUAGE = "ja-JP"
# After the last word; the provider's own clock begins when it has said everything.
_KEY_SECONDS = 8
_OPERATOR_SECONDS = 10
_BRIDGE_SECONDS = 25
_LONGEST_BRIDGE = 3600


@dataclass(frozen=True, slots=True)
class Manner:
    """How the talk is carried on. voice: of the provider. soc: the SOC's number in E.164, or empty.

    caller: the number shown to the SOC. key_url, bridge_url, operator_url: where the provider asks next.
    """

    voice: str
    soc: str
    caller: str
    key_url: str
    bridge_url: str
    operator_url: str


def document(step: Step, facts: Facts, manner: Manner) -> str:
    """The step as a document: say, and then wait for a key, dial the SOC, or hang up."""
    response = ET.Element("Response")
    words = text_of(step.lines, facts)
    if step.wait == Wait.KEY:
        _say(_gather(response, manner.key_url, _KEY_SECONDS), words, manner.voice)
        return _text(response)
    _say(response, words, manner.voice)
    if step.wait == Wait.SOC:
        _dial(response, manner)
    else:
        ET.SubElement(response, "Hangup")
    return _text(response)


def unknown_call(voice: str) -> str:
    """What somebody hears whose call we do not know: that it is over."""
    response = ET.Element("Response")
    _say(response, UNKNOWN_CALL, voice)
    ET.SubElement(response, "Hangup")
    return _text(response)


def ask_operator(facts: Facts, *, voice: str, key_url: str) -> str:
    """What the operator hears before he is put through; without a key the line is his no more."""
    response = ET.Element("Response")
    _say(_gather(response, key_url, _OPERATOR_SECONDS), for_operator(facts), voice)
    return _text(response)


def put_through(*, taken: bool) -> str:
    """The operator's answer: an empty document puts him through."""
    response = ET.Element("Response")
    if not taken:
        ET.SubElement(response, "Hangup")
    return _text(response)


def _gather(parent: ET.Element, url: str, seconds: int) -> ET.Element:
    """One key, any of them; silence is sent to the same place, so nothing depends on what stands behind it."""
    attributes = {
        "input": "dtmf",
        "numDigits": "1",
        "finishOnKey": "",
        "timeout": str(seconds),
        "action": url,
        "method": "POST",
        "actionOnEmptyResult": "true",
    }
    return _element(parent, "Gather", attributes)


def _dial(parent: ET.Element, manner: Manner) -> None:
    attributes = {
        "action": manner.bridge_url,
        "method": "POST",
        "timeout": str(_BRIDGE_SECONDS),
        "timeLimit": str(_LONGEST_BRIDGE),
        "callerId": manner.caller,
    }
    dial = _element(parent, "Dial", attributes)
    _element(dial, "Number", {"url": manner.operator_url, "method": "POST"}).text = manner.soc


def _say(parent: ET.Element, words: str, voice: str) -> None:
    if words:
        _element(parent, "Say", {"language": LANGUAGE, "voice": voice}).text = words


def _element(parent: ET.Element, name: str, attributes: Mapping[str, str]) -> ET.Element:
    return ET.SubElement(parent, name, dict(attributes))


def _text(response: ET.Element) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>{ET.tostring(response, encoding="unicode")}'
