"""Gathers what a report is made of: events, ledger, sites and tickets of one contract and month."""

from collections.abc import Sequence

from django.db.models import Q

from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month
from sakimori.lib.jst import written
from sakimori.logs.store.interface import LogStore
from sakimori.reports import counting
from sakimori.reports.figures import Figures, TicketFigure, summarise
from sakimori.reports.models import Report
from sakimori.reports.schedule import covered_days
from sakimori.tickets.models import Ticket


def gather(report: Report, *, store: LogStore) -> Figures:
    """Count everything now. Raises StoreError where the log store cannot be asked."""
    contract, month = report.contract, report.period
    days = covered_days(month, starts_on=contract.starts_on, ends_on=contract.ends_on)
    return summarise(
        counting.counts(store, contract, days),
        days=days,
        sites=contract.sites.order_by("pk").values_list("domain", flat=True),
        sources=counting.top_sources(store, contract, days),
        source_count=counting.source_count(store, contract, days),
        tickets=[_figure(ticket) for ticket in tickets_of_month(contract, month)],
        log=counting.log_note(contract, days),
        files_by_day=counting.files_by_day(contract, days),
        keeps_access_lines=contract.keeps_access_lines,
    )


def tickets_of_month(contract: Contract, month: Month) -> Sequence[Ticket]:
    """Tickets that were opened in the month or in which something was written then, in the order of their opening."""
    span = (month.begins_at, month.ends_at)
    opened = Q(opened_at__gte=span[0], opened_at__lt=span[1])
    written_in = Q(notes__at__gte=span[0], notes__at__lt=span[1])
    return list(Ticket.objects.filter(opened | written_in, contract=contract).distinct().order_by("opened_at", "pk"))


def _figure(row: Ticket) -> TicketFigure:
    return TicketFigure(
        number=row.number,
        kind=row.get_kind_display(),
        subject=row.subject,
        opened=written(row.opened_at),
        state=row.get_state_display(),
        detected=row.detected,
        handled=row.handled,
        result=row.result,
    )
