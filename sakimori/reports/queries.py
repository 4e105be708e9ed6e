"""What pages and duties read across reports. Callers of the first two narrow the rows through `customers.access`."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db.models import F, Max, Min, Q, QuerySet

from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month
from sakimori.reports.models import Report, ReportState
from sakimori.reports.schedule import owed_months

CUSTOMER_PATH = "contract__customer"


def reports() -> QuerySet[Report]:
    """Every report with its people, the newest month first; within a month what is still to be done comes first."""
    rows = Report.objects.select_related("contract__customer", "drafted_by", "released_by")
    return rows.order_by("-month", F("released_at").desc(nulls_first=True), "contract__customer__name", "pk")


def released_reports() -> QuerySet[Report]:
    """What customers see, the newest month first."""
    return reports().filter(state=ReportState.RELEASED)


def unreleased_reports() -> QuerySet[Report]:
    """What the SOC still owes."""
    return reports().exclude(state=ReportState.RELEASED)


def contracts_without_report(month: Month) -> QuerySet[Contract]:
    """Contracts that ran in the month and have no row for it, with the newest month that they have (`newest`)."""
    ran = Q(starts_on__lte=month.last) & (Q(ends_on=None) | Q(ends_on__gt=month.first))
    rows = (
        Contract.objects.filter(ran, customer__is_sandbox=False)
        .exclude(reports__month=str(month))
        .select_related("customer")
    )
    return rows.annotate(newest=Max("reports__month", filter=Q(reports__month__lt=str(month)))).order_by("pk")


def logs_needed_since(now: datetime) -> Mapping[int, date]:
    """Since which day the log of each contract is needed for a report that is not released, by the contract's key.

    It is needed for the month that runs, and for months that are over until their rows were opened: also for those that
    were missed while nothing worked.
    """
    this = Month.at(now)
    past = this.plus(-1)
    owed = unreleased_reports().order_by().values_list("contract").annotate(oldest=Min("month"))
    months = dict.fromkeys(Contract.objects.values_list("pk", flat=True), this)
    for row in contracts_without_report(past):
        newest = row.newest  # type: ignore[attr-defined]
        months[row.pk] = owed_months(past, Month.parse(newest) if newest else None)[0]
    for contract, oldest in owed:
        months[contract] = min(months.get(contract, this), Month.parse(oldest))
    return {contract: month.first for contract, month in months.items()}
