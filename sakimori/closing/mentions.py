"""The SOC's own rows that name the customer in a sentence: alarms, and mails and calls to its people about them."""

from collections.abc import Iterable

from django.db.models import Model, Q

from sakimori.closing.belongings import delete, keys_of
from sakimori.customers.models import Contract, Customer
from sakimori.notify.models import Alarm, CallRound, Message


def forget(contract: Contract, *, customer_too: bool) -> int:
    """Delete the rows that speak of this contract or, when all of the customer goes, of him. Returns how many."""
    names = _names(contract, customer_too=customer_too)
    others = _others(names)
    mails = Message.objects.filter(_holds("subject", names) | _holds("body", names), customer=None)
    rounds = CallRound.objects.filter(_holds("subject", names) | _holds("say", names), customer=None)
    told: list[tuple[Model, str]] = [
        *((alarm, alarm.sentence) for alarm in Alarm.objects.filter(_holds("sentence", names))),
        *((mail, f"{mail.subject}\n{mail.body}") for mail in mails),
        *((round_, f"{round_.subject}\n{round_.say}") for round_ in rounds),
    ]
    return sum(_forget(row) for row, text in told if _names_one(text, names, others))


def _forget(row: Model) -> int:
    keys = keys_of(row)
    delete(keys)
    return sum(len(wanted) for wanted in keys.values())


def _names(contract: Contract, *, customer_too: bool) -> tuple[str, ...]:
    return (contract.number, contract.customer.name) if customer_too else (contract.number,)


def _others(names: Iterable[str]) -> list[str]:
    """Names of other customers and contracts that contain one of these: their rows must not be taken for ours."""
    known = [*Customer.objects.values_list("name", flat=True), *Contract.objects.values_list("number", flat=True)]
    return sorted((other for other in known if any(name in other and name != other for name in names)), key=len)[::-1]


def _holds(column: str, names: Iterable[str]) -> Q:
    condition = Q()
    for name in names:
        condition |= Q(**{f"{column}__contains": name})
    return condition


def _names_one(text: str, names: Iterable[str], others: Iterable[str]) -> bool:
    for other in others:
        text = text.replace(other, "")
    return any(name in text for name in names)
