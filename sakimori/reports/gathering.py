"""Gathers what a report is made of: events, ledger, sites and tickets of one contract and month."""

from dataclasses import replace
from datetime import timedelta

from sakimori.blacklist.announced import Announced
from sakimori.blacklist.quiet import requests_of_scans, scans_between
from sakimori.incidents.planned import Span, stops_between
from sakimori.lib.addresses import short
from sakimori.lib.jst import start_of_day, written
from sakimori.logs.queries import kept_since
from sakimori.logs.store.interface import LogStore
from sakimori.reports import counting
from sakimori.reports.figures import Figures, ScanFigure, StopFigure, TicketFigure, summarise
from sakimori.reports.incidents import incident_figures
from sakimori.reports.models import Report
from sakimori.reports.schedule import covered_days
from sakimori.tickets.grading import severity_of_ticket
from sakimori.tickets.models import Ticket
from sakimori.tickets.queries import tickets_of_month


class NothingKept(Exception):
    """The log of the whole month was let go of."""


def gather(report: Report, *, store: LogStore) -> Figures:
    """Count everything now: the days of which the log is still kept. Raises NothingKept, StoreError."""
    contract, month = report.contract, report.period
    first, last = covered_days(month, starts_on=contract.starts_on, ends_on=contract.ends_on)
    kept_from = kept_since(contract) or first
    if kept_from > last >= first:
        raise NothingKept
    days, tickets = (max(first, kept_from), last), tickets_of_month(contract, month)
    figures = summarise(
        counting.counts(store, contract, days),
        days=days,
        sites=contract.sites.order_by("pk").values_list("domain", flat=True),
        sources=counting.top_sources(store, contract, days),
        source_count=counting.source_count(store, contract, days),
        tickets=[_figure(ticket) for ticket in tickets],
        log=counting.log_note(contract, days),
        files_by_day=counting.files_by_day(contract, days),
        keeps_access_lines=counting.keeps_access_lines(contract, days),
    )
    begins, ends = start_of_day(days[0]), start_of_day(days[1] + timedelta(days=1))
    scans = [_scan(scan) for scan in scans_between(contract, begins, ends)]
    return replace(
        figures,
        scans=scans,
        scanned=requests_of_scans(contract, begins, ends),
        incidents=incident_figures(tickets),
        stops=[_stop(site, span) for site, span in stops_between(contract, begins, ends)],
    )


def _stop(site: str, span: Span) -> StopFigure:
    return StopFigure(site, written(span.starts_at), written(span.ends_at))


def _scan(scan: Announced) -> ScanFigure:
    return ScanFigure(written(scan.starts_at), written(scan.ends_at), [short(network) for network in scan.networks])


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
        severity=str(severity_of_ticket(row).label),
    )
