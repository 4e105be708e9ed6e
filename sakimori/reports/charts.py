"""The chart of a report: attacks per day, by what became of them, as SVG in the typeface of the page. Pure."""

from datetime import date
from functools import cache
from typing import Any

import vl_convert

from sakimori.lib.pdf import FONT, font_folders
from sakimori.reports.figures import Figures

_SERIES = (("遮断", "blocked", "#0a4f99"), ("通過", "passed", "#c2570c"), ("その他", "rest", "#9aa5b1"))
_WIDTH, _HEIGHT = 640, 170
_INK, _LINE = "#4a5866", "#dde3e9"


def daily_chart(figures: Figures) -> bytes:
    """Stacked bars, one per day of the period."""
    _know_typeface()
    return vl_convert.vegalite_to_svg(_spec(_bars(figures))).encode()


def _bars(figures: Figures) -> list[dict[str, Any]]:
    return [
        {
            "day": date.fromisoformat(figure.day).day,
            "outcome": label,
            "order": place,
            "events": figure.tally.challenged + figure.tally.other
            if column == "rest"
            else getattr(figure.tally, column),
        }
        for figure in figures.days
        for place, (label, column, _) in enumerate(_SERIES)
    ]


def _spec(bars: list[dict[str, Any]]) -> dict[str, Any]:
    labels, colours = [label for label, _, _ in _SERIES], [colour for _, _, colour in _SERIES]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": _WIDTH,
        "height": _HEIGHT,
        "background": None,
        "data": {"values": bars},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "day", "type": "ordinal", "axis": {"title": None, "labelAngle": 0, "ticks": False}},
            "y": {
                "field": "events",
                "type": "quantitative",
                "axis": {"title": None, "format": ",d", "tickMinStep": 1, "tickCount": 5, "domain": False},
            },
            "color": {
                "field": "outcome",
                "type": "nominal",
                "scale": {"domain": labels, "range": colours},
                "legend": {"title": None, "orient": "top", "direction": "horizontal"},
            },
            "order": {"field": "order", "type": "quantitative"},
        },
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": _INK,
                "titleColor": _INK,
                "gridColor": _LINE,
                "domainColor": _INK,
                "labelFontSize": 11,
            },
            "legend": {"labelColor": _INK, "labelFontSize": 12},
        },
    }


@cache
def _know_typeface() -> None:
    """Once per process: text is measured with the typeface that the PDF embeds."""
    for folder in font_folders():
        vl_convert.register_font_directory(folder)
