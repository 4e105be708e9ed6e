"""The bandwidth of a month as a picture (SVG): each hour at its highest, plan and 95th percentile. Pure."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import vl_convert

from sakimori.lib.calendar import Month
from sakimori.lib.jst import JST
from sakimori.usage.percentile import MEGA

_WIDTH, _HEIGHT = 900, 260
_FONT = "Hiragino Sans, Yu Gothic UI, Meiryo, Noto Sans CJK JP, sans-serif"
_LINE, _PLAN, _PERCENTILE = "#0a4f99", "#9b1c1c", "#6b4700"
_VERSION = "5.20"


class Point(Protocol):
    """A moment and bits per second."""

    @property
    def at(self) -> datetime: ...
    @property
    def bits_per_second(self) -> int: ...


def draw(month: Month, points: Sequence[Point], *, plan_mbps: int | None, percentile: int | None) -> str:
    """An SVG document. It takes some tenths of a second: keep the answer."""
    return str(vl_convert.vegalite_to_svg(json.dumps(_spec(month, points, plan_mbps, percentile)), vl_version=_VERSION))


def _spec(month: Month, points: Sequence[Point], plan_mbps: int | None, percentile: int | None) -> dict[str, object]:
    values = [{"at": _local(point.at), "mbps": point.bits_per_second / MEGA} for point in points]
    lines = []
    if plan_mbps is not None:
        lines.append({"mbps": plan_mbps, "name": f"契約帯域 {plan_mbps} Mbps", "colour": _PLAN})
    if percentile is not None:
        name = f"95 パーセンタイル {percentile / MEGA:.2f} Mbps"
        lines.append({"mbps": percentile / MEGA, "name": name, "colour": _PERCENTILE})
    span = [_local(month.begins_at), _local(month.ends_at)]
    traffic = {
        "data": {"values": values},
        "mark": {"type": "area", "color": _LINE, "opacity": 0.25, "line": {"color": _LINE, "strokeWidth": 1.2}},
        "encoding": {
            "x": {
                "field": "at",
                "type": "temporal",
                "scale": {"domain": span},
                "axis": {"title": f"{month.written}（日）", "format": "%-d", "tickCount": "day", "labelOverlap": True},
            },
            "y": {"field": "mbps", "type": "quantitative", "axis": {"title": "帯域 (Mbps)"}, "scale": {"zero": True}},
        },
    }
    return {
        "background": "#ffffff",
        "width": _WIDTH,
        "height": _HEIGHT,
        "config": {
            "aria": False,
            "font": _FONT,
            "axis": {"labelFontSize": 12, "titleFontSize": 13, "gridColor": "#e3e8ed"},
        },
        "layer": [traffic, _rules(lines), _names(lines, halo=True), _names(lines)],
    }


def _rules(lines: Sequence[dict[str, object]]) -> dict[str, object]:
    return {
        "data": {"values": lines},
        "mark": {"type": "rule", "strokeWidth": 2, "strokeDash": [6, 4]},
        "encoding": {
            "y": {"field": "mbps", "type": "quantitative"},
            "color": {"field": "colour", "type": "nominal", "scale": None},
        },
    }


def _names(lines: Sequence[dict[str, object]], *, halo: bool = False) -> dict[str, object]:
    """Beside the line and not in a legend, so that nobody needs to tell colours apart.

    halo: the white ground on which they stay readable above the traffic.
    """
    mark = {"type": "text", "align": "right", "baseline": "bottom", "dy": -3, "fontSize": 13, "x": _WIDTH - 4}
    return {
        "data": {"values": lines},
        "mark": {**mark, "stroke": "#ffffff", "strokeWidth": 5, "strokeJoin": "round"} if halo else mark,
        "encoding": {
            "y": {"field": "mbps", "type": "quantitative"},
            "text": {"field": "name"},
            "color": {"field": "colour", "type": "nominal", "scale": None},
        },
    }


def _local(moment: datetime) -> str:
    """Without a zone, which the chart then leaves alone."""
    return moment.astimezone(JST).strftime("%Y-%m-%dT%H:%M:%S")
