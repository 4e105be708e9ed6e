"""An account at a phone provider (Twilio or one that speaks as Twilio does), as the settings give it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Countries that SAKIMORI_PHONE_COUNTRIES may name. Canada shares its code with the United States.
CALLING_CODES = {
    "JP": "81", "US": "1", "KR": "82", "CN": "86", "TW": "886", "HK": "852", "SG": "65", "TH": "66", "VN": "84",
    "PH": "63", "ID": "62", "MY": "60", "IN": "91", "AU": "61", "NZ": "64", "GB": "44", "DE": "49", "FR": "33",
}  # fmt: skip
_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
_KEY = re.compile(r"SK[0-9a-f]{32}")
_PLACE = re.compile(r"[a-z][a-z0-9-]{1,20}")
_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_CALLER = re.compile(r"\+[1-9][0-9]{7,14}")
_TOGETHER = ("ACCOUNT", "TOKEN", "CALLER")
PREFIXES = ("SAKIMORI_PHONE", "SAKIMORI_PHONE2")


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """One account. Calls go out with key and secret, or with account and token; the token signs the call-backs.

    url: base of the API, without a slash at the end. caller: the number that is shown, such as +815012345678.
    """

    url: str
    account: str
    token: str
    caller: str
    key: str = ""
    secret: str = ""

    def __repr__(self) -> str:
        return f"PhoneAccount(account={self.account!r})"


def given(names: Mapping[str, str]) -> str:
    """What is wrong with the settings of both accounts together, as a sentence; empty when they fit."""
    for prefix in PREFIXES:
        known = {part for part in _TOGETHER if _is_given(names, f"{prefix}_{part}")}
        if known and known != set(_TOGETHER):
            return f"The settings {', '.join(f'{prefix}_{part}' for part in _TOGETHER)} are wrong: give all or none."
        if _is_given(names, f"{prefix}_URL") and not known:
            return f"The setting {prefix}_URL is wrong: it also needs {prefix}_ACCOUNT, _TOKEN and _CALLER."
        if _is_given(names, f"{prefix}_KEY") != _is_given(names, f"{prefix}_SECRET"):
            return f"The settings {prefix}_KEY and {prefix}_SECRET are wrong: give both or neither."
    if _is_given(names, "SAKIMORI_PHONE2_ACCOUNT") and not _is_given(names, "SAKIMORI_PHONE_ACCOUNT"):
        return "The setting SAKIMORI_PHONE2_ACCOUNT is wrong: a second account needs a first one."
    if same_account(names):
        return "The setting SAKIMORI_PHONE2_ACCOUNT is wrong: it is the first account."
    return ""


def same_account(names: Mapping[str, str]) -> bool:
    """Whether both accounts are one; call-backs could not be told apart."""
    first, second = (names.get(f"{prefix}_ACCOUNT", "").strip() for prefix in PREFIXES)
    return bool(first) and first == second


def account(text: str) -> str:
    """Empty, or the SID of an account."""
    return _empty_or(_ACCOUNT, text, "AC and 32 digits or letters a to f")


def key(text: str) -> str:
    """Empty, or the SID of an API key."""
    return _empty_or(_KEY, text, "SK and 32 digits or letters a to f")


def caller(text: str) -> str:
    """Empty, or the number that is shown to the called person, in E.164."""
    return _empty_or(_CALLER, text, "a number such as +815012345678")


def place(text: str) -> str:
    """The name of an edge or a region."""
    if not _PLACE.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of an edge or a region, such as tokyo or jp1")
    return text


def voice(text: str) -> str:
    """The name of a voice."""
    if not _VOICE.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of a voice, such as Polly.Tomoko-Neural")
    return text


def countries(text: str) -> tuple[str, ...]:
    """Two-letter countries, comma separated."""
    named = tuple(dict.fromkeys(part.strip().upper() for part in text.split(",") if part.strip()))
    if not named or not set(named) <= CALLING_CODES.keys():
        raise ValueError(f"{text!r} is not a list of countries out of {', '.join(CALLING_CODES)}")
    return named


def api_url(edge: str, region: str) -> str:
    """Where the API of an edge and a region is: https://api.tokyo.jp1.twilio.com. The short form has ended."""
    return f"https://api.{edge}.{region}.twilio.com"


def _is_given(names: Mapping[str, str], name: str) -> bool:
    return bool(names.get(name, "").strip() or names.get(f"{name}_FILE"))


def _empty_or(form: re.Pattern[str], text: str, words: str) -> str:
    if text and not form.fullmatch(text):
        raise ValueError(f"it must be empty or {words}")
    return text
