"""Beginning a round of calls: whom, in which order, and what is said. The duty goes on from the rows."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Customer, Site
from sakimori.notify.actions import raise_alarm
from sakimori.notify.callees import Callee, callees
from sakimori.notify.joining import join, round_to_join
from sakimori.notify.laps import alarm_if_nobody_is_left, plan
from sakimori.notify.models import CallMatter, CallRound, RoundState, Severity

__all__ = ["Callee", "begin_round", "call_contacts"]


def call_contacts(
    *, key: str, customer: Customer, subject: str, say: str, link: str = "", now: datetime, site: Site | None = None
) -> CallRound:
    """Call the customer's contacts in order of priority until one is reached (chapter 1-3).

    The same key begins one round, whoever asks again. subject: one line for the SOC's pages. say: what the called
    person hears, without the opening and the keys. site: whom it is about; contacts with sites of their own are called
    about those only. A customer without a phone number is an alarm, never silence.

    While another round of the customer calls the same people, or has reached one of them just now, the matter joins
    that round, which is returned: nobody is rung up twice in a storm.
    """
    with transaction.atomic():
        # Two matters at once wait for each other here, so that the second finds the first one's round.
        Customer.objects.select_for_update().get(pk=customer.pk)
        known = CallMatter.objects.select_related("round").filter(key=key).first()
        if known is not None:
            return known.round
        people = callees(customer, site, now)
        running = round_to_join(customer, people, say, now)
        if running is not None:
            return join(running, key=key, subject=subject, say=say, link=link, now=now)
        return begin_round(
            key=key, customer=customer, people=people, subject=subject, say=say, link=link, now=now, site=site
        )


def begin_round(
    *,
    key: str,
    customer: Customer | None,
    people: Sequence[Callee],
    subject: str,
    say: str,
    link: str,
    now: datetime,
    site: Site | None = None,
) -> CallRound:
    """Write down a round with one planned call per number, in the order given."""
    with transaction.atomic():
        round_, new = CallRound.objects.get_or_create(
            key=key,
            defaults={
                "customer": customer,
                "subject": subject[:200],
                "say": say,
                "link": link,
                "site": site,
                "started_at": now,
                "next_try_at": now,
                "waits_since": now,
                "state": RoundState.RUNNING if people else RoundState.EXHAUSTED,
                "ended_at": None if people else now,
            },
        )
        if not new:
            return round_
        CallMatter.objects.create(round=round_, key=key, subject=subject[:200], say=say, link=link, added_at=now)
        plan(round_, people)
        audit.record("call.begin", by="sakimori", target=f"callround:{round_.pk}", now=now, customer=customer)
        if not people:
            _alarm_nobody_to_call(round_, now)
        else:
            alarm_if_nobody_is_left(round_, now)
    return round_


def begin_drill(
    *,
    key: str,
    customer: Customer,
    people: Sequence[Callee],
    subject: str,
    say: str,
    by: User,
    at_night: bool,
    now: datetime,
) -> CallRound:
    """As `begin_round`, for a test of every number. It tells of no matter and ends when every number was tried."""
    with transaction.atomic():
        round_ = CallRound.objects.create(
            key=key,
            customer=customer,
            subject=subject[:200],
            say=say,
            link=f"/console/drills/{customer.pk}/",
            started_at=now,
            next_try_at=now,
            waits_since=now,
            is_drill=True,
            at_night=at_night,
            begun_by=by,
        )
        plan(round_, people)
        audit.record("drill.begin", by=by.username, target=f"callround:{round_.pk}", now=now, customer=customer)
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
