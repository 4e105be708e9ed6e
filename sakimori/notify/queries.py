"""What pages read of the SOC's alarms and of rounds of calls."""

from django.db.models import Case, IntegerField, Prefetch, QuerySet, Value, When

from sakimori.notify.models import Alarm, Call, CallRound, Severity

_ORDER = {Severity.HIGH: 0, Severity.MIDDLE: 1, Severity.LOW: 2}


def open_alarms() -> QuerySet[Alarm]:
    """Alarms that nobody has acknowledged, the gravest first and then the oldest."""
    cases = [When(severity=severity, then=Value(place)) for severity, place in _ORDER.items()]
    place = Case(*cases, default=Value(9), output_field=IntegerField())
    return Alarm.objects.filter(acknowledged_at=None).order_by(place, "first_at", "pk")


def alarms() -> QuerySet[Alarm]:
    """Every alarm, also those acknowledged."""
    return Alarm.objects.order_by("pk")


def alarms_newest_first() -> QuerySet[Alarm]:
    """Every alarm with who acknowledged it and the calls about it."""
    return Alarm.objects.select_related("acknowledged_by", "call_round").order_by("-first_at", "-pk")


def rounds() -> QuerySet[CallRound]:
    """Every round with its calls in the order of dialling, the newest first. `customer` is None for the SOC's own."""
    calls = Prefetch("calls", queryset=Call.objects.select_related("entered_by").order_by("place"))
    return (
        CallRound.objects.select_related("customer", "stopped_by")
        .prefetch_related(calls)
        .order_by("-started_at", "-pk")
    )
