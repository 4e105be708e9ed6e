"""What an analyst decides about an outage: whether the customer is told. One decision serves the whole group."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from sakimori.accounts.models import User
from sakimori.customers.queries import running
from sakimori.incidents.ending import is_calm
from sakimori.incidents.models import Decision, Incident
from sakimori.incidents.opening import alarm_key, end, record, tell
from sakimori.incidents.undecided import DECISION_KEY, END_KEY, cannot_be_judged
from sakimori.lib.jst import day_of
from sakimori.notify.actions import take_alarm


class NotPossible(Exception):
    """There is nothing to decide, or it was decided otherwise. The text is a Japanese sentence for the person."""


def tell_customer(incident: Incident, *, by: User, now: datetime) -> int:
    """The customer is told: ticket and mail, and calls for a site. Returns how many contracts are concerned."""
    return _decide(incident, Decision.TELL, by=by, now=now)


def keep_inside(incident: Incident, *, by: User, now: datetime) -> int:
    """Nobody outside is told. Returns how many contracts are concerned."""
    return _decide(incident, Decision.KEEP, by=by, now=now)


def end_unjudged(incident: Incident, *, quiet: timedelta, by: User, now: datetime) -> bool:
    """A person has looked himself: an attack is over on a site that no visit can judge. False when it has ended.

    Raises NotPossible while signals come, while visits can judge the site, or while nobody has decided about telling.
    """
    with transaction.atomic():
        rows = Incident.objects.select_for_update(of=("self",)).select_related("contract__customer", "site")
        row = rows.get(pk=incident.pk)
        if row.ended_at is not None:
            return False
        if refusal := why_not_ended(row, quiet=quiet, now=now):
            raise NotPossible(refusal)
        record(row, "incident.end-by-hand", by=by, now=now)
        end(row, now=now)
        take_alarm(END_KEY, by=by, now=now)
    return True


def why_not_ended(incident: Incident, *, quiet: timedelta, now: datetime) -> str:
    """Why a person may not end an open incident, as a Japanese sentence; empty where he may."""
    if incident.is_exercise or not cannot_be_judged(incident):
        return "サイトの表示を判定できないインシデントだけを、手動で終了できます。"
    if incident.decision == Decision.WAITING:
        return "先に、お客様へ連絡するかを判断してください。"
    if not is_calm(incident, quiet=quiet, now=now):
        return "攻撃の検知が続いているため、終了できません。"
    return ""


def of_one_cause(incident: Incident) -> QuerySet[Incident]:
    """The incident and those that share its cause: alone for a site, the whole group otherwise."""
    if incident.site_id is not None:
        return Incident.objects.filter(pk=incident.pk)
    return Incident.objects.filter(kind=incident.kind, group=incident.group)


def _decide(incident: Incident, decision: Decision, *, by: User, now: datetime) -> int:
    """The same decision twice changes nothing; another one afterwards is refused. Contracts that ended stay silent.

    Whoever decides has seen the alarm: it is taken along.
    """
    with transaction.atomic():
        rows = of_one_cause(incident).select_for_update(of=("self",)).select_related("contract__customer", "site")
        waiting = list(rows.filter(decision=Decision.WAITING).order_by("pk"))
        if not waiting:
            _refuse_unless_same(incident, decision)
            return 0
        alive = set(rows.filter(running(day_of(now), contract="contract")).values_list("pk", flat=True))
        if decision == Decision.TELL and not any(row.pk in alive for row in waiting):
            raise NotPossible("ご契約が終了しているため、お客様へ連絡できません。「連絡しない」を選んでください。")
        for row in waiting:
            row.decision, row.decided_at, row.decided_by = decision, now, by
            row.save(update_fields=["decision", "decided_at", "decided_by"])
            record(row, f"incident.{decision.value}", by=by, now=now)
            if decision == Decision.TELL and row.pk in alive:
                tell(row, now=now)
        for key in (alarm_key(incident), DECISION_KEY):
            take_alarm(key, by=by, now=now)
    return len(waiting)


def _refuse_unless_same(incident: Incident, decision: Decision) -> None:
    now_is = Incident.objects.get(pk=incident.pk)
    if now_is.decision != decision:
        raise NotPossible(f"このインシデントの連絡の判断は「{now_is.get_decision_display()}」のため、変更できません。")
