"""Storms merge: a second matter of a customer joins the round that calls the same people, or has just reached one.

What the next called person hears then tells of both. Who was reached before the matter joined is told of it by mail.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sakimori.customers import audit
from sakimori.customers.models import Customer
from sakimori.notify.callees import Callee
from sakimori.notify.exercise import said_first
from sakimori.notify.models import CallMatter, CallRound, CallState, RoundState
from sakimori.notify.rounds import SYSTEM

_MOST_NAMED = 2


def round_to_join(customer: Customer, people: Sequence[Callee], say: str, now: datetime) -> CallRound | None:
    """The round of this customer that may tell of one matter more; None when a new round must begin.

    people: whom the new matter would call. A running round must call all of them; one that has just ended must have
    reached one of them. say: what would be said; an exercise never joins something real, nor the other way round.
    """
    wanted = {callee.contact.pk for callee in people if callee.contact}
    rounds = CallRound.objects.filter(customer=customer, is_drill=False).order_by("-started_at", "-pk")
    first = said_first(say)[0]
    for round_ in rounds.filter(state=RoundState.RUNNING):
        if said_first(round_.say)[0] != first:
            continue
        calls = round_.calls.filter(contact__isnull=False).values_list("contact_id", flat=True)
        if wanted and wanted <= set(calls):
            return round_
    since = now - timedelta(minutes=settings.CONFIG.merge_minutes)
    for round_ in rounds.filter(state=RoundState.REACHED, ended_at__gt=since, ended_at__lte=now):
        if (
            said_first(round_.say)[0] == first
            and round_.calls.filter(state=CallState.CONFIRMED, contact_id__in=wanted).exists()
        ):
            return round_
    return None


def join(round_: CallRound, *, key: str, subject: str, say: str, link: str, now: datetime) -> CallRound:
    """Let the round tell of one matter more."""
    with transaction.atomic():
        CallMatter.objects.create(round=round_, key=key, subject=subject[:200], say=say, link=link, added_at=now)
        matters = list(CallMatter.objects.filter(round=round_).order_by("pk"))
        first = matters[0]
        round_.say = said(first.say, [matter.subject for matter in matters[1:]])
        round_.save(update_fields=["say"])
        audit.record("call.join", by=SYSTEM, target=f"callround:{round_.pk}", now=now, customer=round_.customer)
    return round_


def say_anew(*, key: str, say: str) -> None:
    """What is told of a matter has changed: whoever is called from now on hears it as it is. Ended rounds stay."""
    with transaction.atomic():
        matter = CallMatter.objects.filter(key=key).first()
        if matter is None:
            return
        rounds = CallRound.objects.select_for_update(of=("self",)).filter(pk=matter.round_id, state=RoundState.RUNNING)
        round_ = rounds.first()
        if round_ is None:
            return
        CallMatter.objects.filter(pk=matter.pk).update(say=say)
        first, *others = CallMatter.objects.filter(round=round_).order_by("pk")
        round_.say = said(first.say, [each.subject for each in others])
        round_.save(update_fields=["say"])


def said(first: str, others: Iterable[str]) -> str:
    """What is told on the phone: the first matter in full, the others by number and name."""
    names = list(others)
    if not names:
        return first
    named = "、".join(names[:_MOST_NAMED]) + ("など" if len(names) > _MOST_NAMED else "")
    return f"{first} ほか {len(names)} 件のお知らせがあります。{named}。詳しくはメールをご覧ください。"
