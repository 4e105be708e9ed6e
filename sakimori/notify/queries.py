"""What pages read of the SOC's alarms."""

from django.db.models import Case, IntegerField, QuerySet, Value, When

from sakimori.notify.models import Alarm, Severity

_ORDER = {Severity.HIGH: 0, Severity.MIDDLE: 1, Severity.LOW: 2}


def open_alarms() -> QuerySet[Alarm]:
    """Alarms that nobody has acknowledged, the gravest first and then the oldest."""
    cases = [When(severity=severity, then=Value(place)) for severity, place in _ORDER.items()]
    place = Case(*cases, default=Value(9), output_field=IntegerField())
    return Alarm.objects.filter(acknowledged_at=None).order_by(place, "first_at", "pk")


def alarms() -> QuerySet[Alarm]:
    """Every alarm, also those acknowledged."""
    return Alarm.objects.order_by("pk")
