"""The demo begins with last month's reports owed, and without an alarm about days before it existed."""

from datetime import UTC, datetime

import pytest

from sakimori.notify.models import Alarm
from sakimori.notify.queries import open_alarms
from sakimori.reports.duties import warn_of_late_reports
from sakimori.reports.models import Report
from sakimori.run.demo.seed_report import seed_reports
from tests.people import make_people
from tests.reports.desk import make_manager, running_since


@pytest.mark.django_db
def test_every_start_leaves_the_reports_owed_and_nobody_called() -> None:
    people, manager = make_people(), make_manager()
    for contract in (people.a, people.b):
        running_since(contract, 2026, 4)
    now = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)  # Early in the morning of the 26th in Japan.
    for _ in range(2):
        seed_reports(manager, now=now)
    assert Report.objects.count() == 2
    warn_of_late_reports(now=now.replace(day=26, hour=3))
    assert not open_alarms().exists()
    warn_of_late_reports(now=now.replace(day=27, hour=3))
    assert open_alarms().count() == 1
    assert Alarm.objects.count() == 2
