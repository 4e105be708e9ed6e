"""The SOC's own rows that speak of the customer: alarms, mails and calls to its people, and mails that came in.

They name him, the contract, one of its sites, or a contact's mail address.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Model, Q

from sakimori.closing.belongings import delete, keys_of
from sakimori.customers.models import Contact, Contract, Customer, Site
from sakimori.notify.models import Alarm, CallRound, Message, ReceivedMail

_RECEIVED = ("subject", "text", "sender", "recipient")


@dataclass(frozen=True, slots=True)
class Names:
    """Words by which a row speaks of those who go, and longer words of others that contain one of them."""

    ours: tuple[str, ...]
    others: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Whether a text speaks of those who go, and not only of others."""
        for other in self.others:
            text = text.replace(other, "")
        return any(name in text for name in self.ours)


def names_of(contract: Contract, *, customer_too: bool) -> Names:
    """The words for this contract or, when all of the customer goes, for him. They lie in rows: ask before those go."""
    wanted = {contract.number, *contract.sites.values_list("domain", flat=True)}
    if customer_too:
        customer = contract.customer
        wanted |= {customer.name, *customer.contacts.values_list("email", flat=True)}
    staying = _staying(contract, customer_too=customer_too)
    ours = tuple(sorted(wanted - staying - {""}))
    others = (other for other in staying if any(name in other for name in ours))
    return Names(ours, tuple(sorted(others, key=len, reverse=True)))


def forget(names: Names) -> int:
    """Delete the rows that speak of them. Returns how many."""
    mails = Message.objects.filter(_holds(("subject", "body"), names.ours), customer=None)
    rounds = CallRound.objects.filter(_holds(("subject", "say"), names.ours), customer=None)
    received = ReceivedMail.objects.defer("raw").filter(_holds(_RECEIVED, names.ours), customer=None)
    told: list[tuple[Model, str]] = [
        *((alarm, f"{alarm.sentence}\n{alarm.key}") for alarm in _alarms(names.ours)),
        *((mail, f"{mail.subject}\n{mail.body}") for mail in mails),
        *((mail, "\n".join(getattr(mail, column) for column in _RECEIVED)) for mail in received),
        *((round_, f"{round_.subject}\n{round_.say}") for round_ in rounds),
    ]
    return sum(_forget(row) for row, text in told if names.are_in(text))


def _alarms(names: Collection[str]) -> Iterable[Alarm]:
    return Alarm.objects.filter(_holds(("sentence", "key"), names))


def _staying(contract: Contract, *, customer_too: bool) -> set[str]:
    """The same kinds of words of everybody and everything that stays."""
    contracts = Contract.objects.exclude(pk=contract.pk)
    names = {
        *contracts.values_list("number", flat=True),
        *Site.objects.exclude(contract=contract).values_list("domain", flat=True),
    }
    customers, contacts = Customer.objects.all(), Contact.objects.all()
    if customer_too:
        customers = customers.exclude(pk=contract.customer_id)
        contacts = contacts.exclude(customer=contract.customer_id)
    return names.union(customers.values_list("name", flat=True), contacts.values_list("email", flat=True))


def _forget(row: Model) -> int:
    keys = keys_of(row)
    delete(keys)
    return sum(len(wanted) for wanted in keys.values())


def _holds(columns: Iterable[str], names: Collection[str]) -> Q:
    condition = Q(pk__in=[])
    for column in columns:
        for name in names:
            condition |= Q(**{f"{column}__contains": name})
    return condition
