"""Incidents of Attack Analytics, in CEF or LEEF: other things stand in the slots, and their labels say what.

These labels are kept as keys of `extra`.
"""

from collections.abc import Mapping

from sakimori.logs.attack_kinds import AttackKind, kinds_of
from sakimori.logs.fields import FIELD_BY_NAME
from sakimori.logs.formats.cutting import Vocabulary
from sakimori.logs.formats.keyed import KeyedReader

_PRODUCT = "attack analytics"
_COLUMNS = tuple(FIELD_BY_NAME[name] for name in ("time", "end_time", "client_ip_text", "url", "user_agent"))
_KEYS = {key.lower(): field for field in _COLUMNS for key in (*field.cef, *field.leef)}
_VOCABULARY = Vocabulary(fields={**_KEYS, "dhost": FIELD_BY_NAME["site"]}, tags={}, untagged={})
_TYPE = "ImpervaAAAttackType"


def is_incident(product: str) -> bool:
    """Whether the header's product says that a line is an incident."""
    return product.strip().lower() == _PRODUCT


def incident_reader(*, blank_before_sign: bool) -> KeyedReader:
    """A reader of the keys of incidents."""
    return KeyedReader(_VOCABULARY, blank_before_sign=blank_before_sign)


def incident_kinds(extra: Mapping[str, str]) -> tuple[AttackKind, ...]:
    """Name an incident first, then the kinds of attack that it is made of."""
    kinds = kinds_of(extra.get(_TYPE, ""))
    return (AttackKind.ATTACK_ANALYTICS, *(kind for kind in kinds if kind is not AttackKind.OTHER))
