"""What the demo must know of reports: those that were due before it was first started are nobody's alarm."""

from datetime import datetime, timedelta

from sakimori.accounts.models import User
from sakimori.lib.jst import day_of, start_of_day
from sakimori.notify.actions import acknowledge
from sakimori.notify.queries import open_alarms
from sakimori.reports.duties import ALARM, open_reports, warn_of_late_reports

_OFFICE_OPENS = timedelta(hours=9)


def seed_reports(manager: User, *, now: datetime) -> None:
    """Owe the past month's reports, and let the manager have taken today's alarm about those that are late."""
    open_reports(now=now)
    warn_of_late_reports(now=start_of_day(day_of(now)) + _OFFICE_OPENS)
    for alarm in open_alarms().filter(key__startswith=ALARM):
        acknowledge(alarm, by=manager, now=now)
