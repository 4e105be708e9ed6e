"""What reports does again and again: open the rows of the past month, and warn of reports that are late."""

from collections import defaultdict
from datetime import date, datetime

from django.urls import reverse

from sakimori.lib.calendar import Month, written_day
from sakimori.lib.jst import day_of, start_of_day
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity
from sakimori.notify.queries import alarms
from sakimori.reports.actions import open_report
from sakimori.reports.models import Report
from sakimori.reports.queries import contracts_without_report, unreleased_reports
from sakimori.reports.schedule import owed_months, ran_in, warning

ALARM = "reports-due:"
_NAMED = 3


def open_reports(*, now: datetime) -> int:
    """Give every contract that ran in the past month its row, and those of months that were missed. Returns how many.

    Also a contract that has ended since: its last month is owed to it.
    """
    past = Month.at(now).plus(-1)
    opened = 0
    for contract in contracts_without_report(past):
        newest = contract.newest  # type: ignore[attr-defined]
        for month in owed_months(past, Month.parse(newest) if newest else None):
            if ran_in(month, starts_on=contract.starts_on, ends_on=contract.ends_on):
                opened += open_report(contract, month, now=now)
    return opened


def warn_of_late_reports(*, now: datetime) -> int:
    """One alarm per month of reports, at most once a day: before the due day, and louder from then on. Returns 0.

    The keys of these alarms begin with ALARM.
    """
    late: defaultdict[tuple[str, date], list[Report]] = defaultdict(list)
    for report in unreleased_reports():
        late[(report.month, report.due_on)].append(report)
    for (month, due), reports in late.items():
        severity = warning(due, now)
        if severity is not None and not _warned_today(month, severity, now):
            raise_alarm(
                key=_key(month),
                severity=severity,
                sentence=_sentence(reports, due),
                link=reverse("console:reports"),
                now=now,
            )
    return 0


def _warned_today(month: str, severity: Severity, now: datetime) -> bool:
    today = start_of_day(day_of(now))
    return alarms().filter(key=_key(month), severity=severity, last_at__gte=today).exists()


def _key(month: str) -> str:
    return f"{ALARM}{month}"


def _sentence(reports: list[Report], due: date) -> str:
    names = "、".join(report.contract.customer.name for report in reports[:_NAMED])
    more = f" ほか {len(reports) - _NAMED} 件" if len(reports) > _NAMED else ""
    month = reports[0].period.written
    return f"{month}分の月次レポート {len(reports)} 件が未公開です（期限 {written_day(due)}）：{names}{more}"
