"""TwiML as the simulated provider reads it: the verbs of a document, one after the other. Pure.

Only what is used: Say, Gather (keys), Dial with a Number, Hangup. Anything else is an error, as it would be a mistake.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml import ElementTree


class BadScript(ValueError):
    """The document cannot be played; the real provider would say so to the called person and hang up."""


@dataclass(frozen=True, slots=True)
class Say:
    """Words for the called person."""

    words: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Wait for one key while the words are said and `seconds` after them, then ask `action`."""

    words: str
    action: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect with another number; `operator_url` is asked when it answers, `action` when all is over."""

    number: str
    action: str
    operator_url: str
    caller: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


Verb = Say | Gather | Dial | Hangup


def verbs_of(document: str) -> list[Verb]:
    """The verbs in their order. Raises BadScript."""
    try:
        root = ElementTree.fromstring(document)
    except (ElementTree.ParseError, ValueError) as error:
        raise BadScript("the document is not XML") from error
    if root.tag != "Response":
        raise BadScript("the document is no Response")
    return [_verb(element) for element in root]


def speech_seconds(words: str) -> float:
    """About as long as a voice needs for them."""
    return len(words) / 8


def _verb(element: Element) -> Verb:
    if element.tag == "Say":
        return Say(_words(element))
    if element.tag == "Hangup":
        return Hangup()
    if element.tag == "Gather":
        if element.get("numDigits") != "1" or element.get("actionOnEmptyResult") != "true":
            raise BadScript("only gathers of one key that also tell of silence are played")
        words = "\n".join(_words(inner) for inner in element if inner.tag == "Say")
        return Gather(words, _url(element, "action"), float(element.get("timeout", "5")))
    if element.tag == "Dial":
        return _dial(element)
    raise BadScript(f"the verb {element.tag} is not played")


def _dial(element: Element) -> Dial:
    number = element.find("Number")
    if number is None or not (number.text or "").strip():
        raise BadScript("nobody is to be dialled")
    return Dial(
        number=(number.text or "").strip(),
        action=_url(element, "action"),
        operator_url=_url(number, "url"),
        caller=element.get("callerId", ""),
        seconds=float(element.get("timeout", "30")),
    )


def _words(element: Element) -> str:
    if element.get("language") != "ja-JP" or not element.get("voice"):
        raise BadScript("words need the language ja-JP and a voice")
    return (element.text or "").strip()


def _url(element: Element, name: str) -> str:
    url = element.get(name, "")
    if not url:
        raise BadScript(f"{element.tag} has no {name}")
    return url
