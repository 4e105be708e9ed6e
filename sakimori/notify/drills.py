"""連絡先テスト: every number of a customer is called, by day and within each contact's hours, to find the dead ones.

Through the same rounds as an incident, with a mark, and saying first that it is a test. Nobody at the SOC is rung up
for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Prefetch, Q, QuerySet

from sakimori.accounts.models import User
from sakimori.customers.hours import is_night
from sakimori.customers.models import Contract, Customer
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.notify.actions import NotPossible, raise_alarm
from sakimori.notify.callees import callees
from sakimori.notify.calling import begin_drill
from sakimori.notify.exercise import TEST
from sakimori.notify.models import Alarm, Call, CallRound, RoundState, Severity

SUBJECT = "連絡先テスト"
SAY = f"{TEST}障害は発生していません。この番号へ緊急のお電話が届くことを確認するため、お電話いたしました。"
QUARTER = timedelta(days=92)
# A customer has some days after the hearing sheet before he is missed.
_NEW = timedelta(days=14)
_REMIND_AGAIN = timedelta(days=7)
_KEY = "drills-due"


def begin(customer: Customer, *, at_night: bool = False, by: User, now: datetime) -> CallRound:
    """Call every number of a customer once. Raises NotPossible with a sentence.

    at_night: the customer has asked for a test at night; without it the night is left alone.
    """
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        if not Contract.objects.filter(running(day_of(now)), customer=customer).exists():
            raise NotPossible("有効な契約がないため、テストできません。")
        if is_night(now) and not at_night:
            raise NotPossible("夜間（20 時から翌 9 時まで）は、お客様のご希望がある場合のみ実施できます。")
        if drills().filter(customer=customer, state=RoundState.RUNNING).exists():
            raise NotPossible("このお客様のテストは、既に実施中です。")
        people = callees(customer, None, now)
        if not people:
            raise NotPossible("電話番号のある連絡先がありません。")
        key = f"drill:{customer.pk}:{now:%Y%m%dT%H%M%S%f}"
        return begin_drill(
            key=key, customer=customer, people=people, subject=SUBJECT, say=SAY, by=by, at_night=at_night, now=now
        )


def begin_all(*, by: User, now: datetime) -> int:
    """Call every number of every customer that is served. Returns for how many a test has begun.

    Customers without a number, or whose test is under way, are left out. Raises NotPossible at night.
    """
    if is_night(now):
        raise NotPossible("夜間（20 時から翌 9 時まで）は、一斉に実施できません。")
    begun = 0
    for customer in tested_customers(now):
        try:
            begin(customer, by=by, now=now)
        except NotPossible:
            continue
        begun += 1
    return begun


def drills() -> QuerySet[CallRound]:
    """Every test with its calls, the newest first."""
    calls = Prefetch("calls", Call.objects.select_related("contact", "entered_by").order_by("place"))
    rows = CallRound.objects.filter(is_drill=True).select_related("customer", "begun_by")
    return rows.prefetch_related(calls).order_by("-started_at", "-pk")


def tested_customers(now: datetime) -> QuerySet[Customer]:
    """Customers that are served, with `last_drill`, `phones`, `proven` and `dead` (numbers of active contacts)."""
    serving = Contract.objects.filter(running(day_of(now))).values("customer_id")
    active = Q(contacts__active=True) & ~Q(contacts__phone="")
    done = Q(call_rounds__is_drill=True, call_rounds__state=RoundState.DONE)
    return (
        Customer.objects.filter(pk__in=serving)
        .annotate(
            last_drill=Max("call_rounds__ended_at", filter=done),
            phones=Count("contacts", filter=active, distinct=True),
            proven=Count("contacts", filter=active & Q(contacts__proven_at__isnull=False), distinct=True),
            dead=Count("contacts", filter=active & Q(contacts__failed_at__isnull=False), distinct=True),
        )
        .order_by("number")
    )


def due_customers(now: datetime) -> Sequence[Customer]:
    """Customers whose numbers nobody has tested for a quarter."""
    rows = tested_customers(now).filter(created_at__lte=now - _NEW)
    return list(rows.filter(Q(last_drill=None) | Q(last_drill__lte=now - QUARTER)))


def remind(*, now: datetime) -> int:
    """Tell the SOC once a week that tests are due; one alarm for all customers. Returns 1 when it did."""
    if Alarm.objects.filter(Q(acknowledged_at=None) | Q(last_at__gt=now - _REMIND_AGAIN), key=_KEY).exists():
        return 0
    due = due_customers(now)
    if not due:
        return 0
    raise_alarm(
        key=_KEY,
        severity=Severity.LOW,
        sentence=f"連絡先テストの時期を過ぎたお客様が {len(due)} 社あります（四半期に 1 回）。",
        link="/console/drills/",
        now=now,
    )
    return 1
