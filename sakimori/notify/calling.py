"""Beginning a round of calls: whom, in which order, and what is said. The duty goes on from the rows."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Customer
from sakimori.customers.queries import contacts_to_call
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Call, CallRound, RoundState, Severity


class Callee(NamedTuple):
    """Somebody to call. user: who it is, when he is one of the SOC's own people. kana: how the name is spoken."""

    name: str
    number: str
    user: User | None = None
    kana: str = ""
    by_person: bool = False


def call_contacts(*, key: str, customer: Customer, subject: str, say: str, link: str = "", now: datetime) -> CallRound:
    """Call the customer's contacts in order of priority until one is reached (chapter 1-3).

    The same key begins one round, whoever asks again. subject: one line for the SOC's pages. say: what the called
    person hears, without the opening and the keys. A customer without a phone number is an alarm, never silence.
    """
    people = [Callee(contact.name, contact.phone, kana=contact.kana) for contact in contacts_to_call(customer)]
    return begin_round(key=key, customer=customer, people=people, subject=subject, say=say, link=link, now=now)


def begin_round(
    *,
    key: str,
    customer: Customer | None,
    people: Sequence[Callee],
    subject: str,
    say: str,
    link: str,
    now: datetime,
) -> CallRound:
    """Write down a round with one planned call per person, in the order given."""
    with transaction.atomic():
        round_, new = CallRound.objects.get_or_create(
            key=key,
            defaults={
                "customer": customer,
                "subject": subject[:200],
                "say": say,
                "link": link,
                "started_at": now,
                "next_try_at": now,
                "state": RoundState.RUNNING if people else RoundState.EXHAUSTED,
                "ended_at": None if people else now,
            },
        )
        if not new:
            return round_
        Call.objects.bulk_create(
            Call(round=round_, place=place, reference=secrets.token_hex(16), **callee._asdict())
            for place, callee in enumerate(people, start=1)
        )
        audit.record("call.begin", by="sakimori", target=f"callround:{round_.pk}", now=now, customer=customer)
        if not people:
            _alarm_nobody_to_call(round_, now)
    return round_


def _alarm_nobody_to_call(round_: CallRound, now: datetime) -> None:
    who = round_.customer.name if round_.customer else "SOC の当番"
    raise_alarm(
        key=f"nobody-to-call:{round_.pk}" if round_.customer else "nobody-to-call",
        severity=Severity.HIGH,
        sentence=f"{who} には電話番号が登録されていないため、電話で連絡できません。（{round_.subject}）",
        link=round_.link,
        now=now,
    )
