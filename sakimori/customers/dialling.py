"""How a contact's number as somebody wrote it becomes columns: the extension goes into the note on how to dial.

What is stored is what is dialled: only numbers of countries that the setting allows are taken.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from sakimori.customers.contact_rows import PhoneKind
from sakimori.lib.phone_numbers import NotDialable, Number, calls_itself, normalised, without_extension

_LONGEST_NOTE = 200


def split(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with the first number without its extension, for which a person asks at the switchboard."""
    number, extension = without_extension(str(values.get("phone") or ""))
    if not extension:
        return dict(values)
    words, note = f"内線 {extension}", str(values.get("phone_note") or "")
    note = note if words in note else f"{words}。{note}" if note else words
    return {**values, "phone": number.strip(), "phone_kind": PhoneKind.PERSON.value, "phone_note": note[:_LONGEST_NOTE]}


def first_number(text: str) -> Number:
    """A contact's first number, with or without an extension. Raises NotDialable."""
    return normalised(text, settings.CONFIG.phone_countries)


def second_number(text: str) -> Number:
    """A contact's second number, which has to be a direct one. Raises NotDialable."""
    return calls_itself(text, settings.CONFIG.phone_countries)


def warnings_of(phone: str, second_phone: str) -> Iterator[str]:
    """What to think about before relying on these numbers, in Japanese sentences."""
    for text in (phone, second_phone):
        number = _number(text)
        if number is not None and number.warning:
            yield f"{text}：{number.warning}"


def refusals_of(phone: str, second_phone: str) -> Iterator[str]:
    """Why one of these numbers cannot be dialled, in Japanese sentences."""
    for text, read in ((phone, first_number), (second_phone, second_number)):
        if text:
            try:
                read(text)
            except NotDialable as error:
                yield f"{text}：{error}"


def _number(text: str) -> Number | None:
    try:
        return first_number(text)
    except NotDialable:
        return None
