"""From figures to what is printed: every text ready, hostile ones made visible, numbers with their commas. Pure."""

from datetime import date, datetime
from typing import Any

from sakimori.lib.calendar import Month, written_day
from sakimori.lib.countries import country_name
from sakimori.lib.defang import visible
from sakimori.lib.jst import written
from sakimori.reports import wording
from sakimori.reports.figures import Figures, SiteFigure, SourceFigure, Tally, TicketFigure
from sakimori.reports.incidents import incident_rows, stop_lines
from sakimori.reports.wording import Letterhead, good_traffic, kind_label

_LONGEST_LINE, _MOST_LINES = 1000, 40
_LONGEST_CELL, _LONGEST_HEAD = 80, 32
# A ticket with fewer characters than this is not torn apart by the end of a page.
_KEPT_TOGETHER = 900


def document(
    letter: Letterhead, month: Month, figures: Figures, *, comment: str, as_of: datetime, due: date, draft: bool
) -> dict[str, Any]:
    """What the template `data/report.typ` prints."""
    return {
        "title": f"月次レポート {month.written}",
        "month": month.written,
        "draft": draft,
        "service": letter.service_name,
        "customer": visible(letter.customer_name),
        "customer-short": _short(letter.customer_name, _LONGEST_HEAD),
        "contract": visible(letter.contract_number),
        "phone": letter.soc_phone,
        "period": wording.period(figures),
        "as_of": written(as_of),
        "due": written_day(due),
        "headline": wording.headline(figures),
        "received": figures.received,
        "tiles": _tiles(figures),
        "chart": figures.total.total > 0,
        "chart_alt": f"{month.written}の日ごとの攻撃検知件数",
        "comment": paragraphs(comment, most=_MOST_LINES * 5),
        **_tables(figures),
        "incidents": incident_rows(figures.incidents),
        "stops": stop_lines(figures.stops),
        "tickets": [_ticket(ticket) for ticket in figures.tickets],
        "notes": wording.completeness(figures),
    }


def paragraphs(text: str, *, most: int = _MOST_LINES) -> list[str]:
    """Lines of a text that somebody typed, each inert; not longer and not more than a page can bear."""
    lines = [visible(line.rstrip()) for line in text.strip().splitlines()]
    shown = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines[:most]]
    return shown + (["（以下省略）"] if len(lines) > most else [])


def _tiles(figures: Figures) -> list[dict[str, str]]:
    """The figures of the first look. Where no log came in, no number is pretended."""
    received = figures.received
    total = figures.total
    numbers = [("検知した攻撃", total.total), ("遮断", total.blocked), ("通過", total.passed)]
    tiles = [{"label": label, "value": f"{number:,}" if received else "―"} for label, number in numbers]
    tiles.append({"label": "正常な通信", "value": good_traffic(figures.good)})
    tiles.append({"label": "対応チケット", "value": f"{len(figures.tickets):,}"})
    return tiles


def _tables(figures: Figures) -> dict[str, Any]:
    most = max((figure.tally.total for figure in figures.kinds), default=0)
    return {
        "kinds": [
            {
                "name": _short(kind_label(figure.kind), _LONGEST_CELL),
                "share": figure.tally.total / most,
                "cells": _cells(figure.tally),
            }
            for figure in figures.kinds
        ],
        "sums": _cells(figures.total),
        "sites": [_site(figure) for figure in figures.sites],
        "sources": [_source(place, figure) for place, figure in enumerate(figures.sources, start=1)],
        "source_note": f"攻撃元アドレスは全部で {figures.source_count:,} 件です。"
        + (f"上位 {len(figures.sources)} 件を示します。" if figures.source_count > len(figures.sources) else ""),
    }


def _cells(tally: Tally) -> list[str]:
    """Blocked, passed, challenged, other, total."""
    numbers = (tally.blocked, tally.passed, tally.challenged, tally.other, tally.total)
    return [f"{number:,}" for number in numbers]


def _site(figure: SiteFigure) -> dict[str, Any]:
    name = _short(figure.site, _LONGEST_CELL) or "（サイト名なし）"
    return {"name": name, "good": good_traffic(figure.good), "cells": _cells(figure.tally)}


def _source(place: int, figure: SourceFigure) -> dict[str, Any]:
    return {
        "place": str(place),
        "address": _short(figure.address, _LONGEST_CELL),
        "country": country_name(figure.country),
        "kinds": "、".join(_short(kind_label(kind), _LONGEST_CELL) for kind in figure.kinds),
        "cells": _cells(figure.tally),
    }


def _short(text: str, longest: int) -> str:
    """A stranger's text for a cell of a table: inert, and cut where it would break the table."""
    shown = visible(text)
    return shown if len(shown) <= longest else f"{shown[:longest]}…"


def _ticket(ticket: TicketFigure) -> dict[str, Any]:
    contents = (("検知内容", ticket.detected), ("対応内容", ticket.handled), ("対応結果", ticket.result))
    parts = [{"label": label, "lines": paragraphs(text) or ["―"]} for label, text in contents]
    return {
        "number": visible(ticket.number),
        "kind": visible(ticket.kind) + (f"　重要度 {ticket.severity}" if ticket.severity else ""),
        "subject": visible(ticket.subject),
        "opened": visible(ticket.opened),
        "state": visible(ticket.state),
        "parts": parts,
        "long": sum(len(text) for _, text in contents) > _KEPT_TOGETHER,
    }
