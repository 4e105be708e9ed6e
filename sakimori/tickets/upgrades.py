"""Tickets about a larger plan: that the wish has arrived, and that it is settled (chapter 3-2)."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from sakimori.lib.calendar import Month
from sakimori.notify.actions import raise_alarm, take_alarm
from sakimori.notify.models import Severity
from sakimori.tickets.models import Ticket, TicketKind
from sakimori.tickets.opening import add_note, describe, finish, letterhead, open_ticket, tell
from sakimori.tickets.texts import upgrade as texts
from sakimori.usage.models import UpgradeRequest


def tell_of_upgrade(request: UpgradeRequest, *, now: datetime) -> int:
    """Open the ticket, write the mail that the wish has arrived (受付), tell the SOC. Returns 1 when it was news."""
    upgrade = _upgrade(request)
    with transaction.atomic():
        ticket, new = open_ticket(
            request.contract,
            kind=TicketKind.BANDWIDTH,
            subject=texts.ticket_subject(upgrade),
            now=now,
            upgrade=request,
        )
        if not new:
            return 0
        letter = letterhead(ticket)
        add_note(ticket, key=f"upgrade:{request.pk}", text=texts.first_note(upgrade), now=now)
        tell(
            ticket,
            key=f"upgrade:{request.pk}",
            subject=texts.first_subject(letter),
            body=texts.first_mail(letter, upgrade),
            now=now,
        )
        describe(ticket, now=now, detected=texts.detected(upgrade), handled=texts.handled())
        raise_alarm(
            key=_alarm_key(request),
            severity=Severity.LOW,  # It hurries nobody at night: shown and mailed, not phoned.
            sentence=texts.alarm(letter.customer_name, ticket.number),
            link=reverse("console:usage"),
            now=now,
        )
    return 1


def tell_of_end(ticket: Ticket, *, now: datetime) -> int:
    """Write note and mail that say that the plan is larger. Returns 1 when it was news.

    Whoever confirmed it has taken the alarm.
    """
    request = ticket.upgrade
    if request is None or request.confirmed_at is None:
        return 0
    upgrade = _upgrade(request)
    with transaction.atomic():
        letter = letterhead(ticket)
        add_note(ticket, key=f"upgrade-end:{request.pk}", text=texts.last_note(upgrade), now=now)
        tell(
            ticket,
            key=f"upgrade-end:{request.pk}",
            subject=texts.last_subject(letter),
            body=texts.last_mail(letter, upgrade),
            now=now,
        )
        describe(ticket, now=now, result=texts.result(upgrade))
        finish(ticket, now=now)
        if request.confirmed_by is not None:
            take_alarm(_alarm_key(request), by=request.confirmed_by, now=now)
    return 1


def _alarm_key(request: UpgradeRequest) -> str:
    return f"upgrade:{request.pk}"


def _upgrade(request: UpgradeRequest) -> texts.Upgrade:
    return texts.Upgrade(
        month=Month.of(request.month).written,
        from_mbps=request.from_mbps,
        to_mbps=request.to_mbps,
        asked_at=request.asked_at,
        asked_by=request.asked_by.shown_name,
        confirmed_at=request.confirmed_at,
    )
