"""A site's history as pictures (SVG): how long the page took, and how much of the time it was displayed. Pure."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import vl_convert

from sakimori.incidents.baseline import HOUR, hour_of
from sakimori.incidents.history import Bucket, History, Period
from sakimori.incidents.hour_sums import LONGEST
from sakimori.lib.jst import JST

_WIDTH, _HEIGHT = 900, 220
_FONT = "Hiragino Sans, Yu Gothic UI, Meiryo, Noto Sans CJK JP, sans-serif"
_VERSION = "5.20"
_PARTS = (
    ("正常", "up_seconds", "#2f7d4f"),
    ("異常", "down_seconds", "#9b1c1c"),
    ("計画停止", "stopped_seconds", "#b58900"),
    ("判定不能", "unknown_seconds", "#9aa5b1"),
)
# As many as there is room for, and a day is named once.
_TICKS = {
    Period.DAY: {"interval": "hours", "step": 2},
    Period.WEEK: {"interval": "day", "step": 1},
    Period.QUARTER: {"interval": "week", "step": 1},
}
_LINES = (("中央値", "median_ms", "#0a4f99"), ("最大", "highest_ms", "#c2570c"))


def draw_time(history: History) -> str:
    """How long the page took: every visit of a day, or median and highest of each hour or day."""
    lines = _lines(history)
    values = [
        {"at": _local(at), "seconds": None if took is None else took / 1000, "name": name}
        for name, points in lines.items()
        for at, took in points
    ]
    names = list(lines)
    colours = [colour for _, _, colour in _LINES]
    mark = {"type": "line", "point": {"size": 16}, "strokeWidth": 1.4}
    return _svg(
        {
            "data": {"values": values},
            "mark": mark,
            "encoding": {
                "x": _axis(history),
                "y": {"field": "seconds", "type": "quantitative", "axis": {"title": "表示時間（秒）"}},
                "color": _colours(names, colours[: len(names)]),
                "strokeDash": {"field": "name", "type": "nominal", "scale": {"domain": names}, "legend": None},
            },
        }
    )


def _lines(history: History) -> dict[str, list[tuple[datetime, int | None]]]:
    """The lines of the chart by their names."""
    if history.period is Period.DAY:
        return {"表示時間": times_of_day(history)}
    half = _half(history)
    return {
        name: _broken([(_middle(bucket, history), getattr(bucket, column), half) for bucket in history.buckets])
        for name, column, _ in _LINES
    }


def times_of_day(history: History) -> list[tuple[datetime, int | None]]:
    """When the page took how many milliseconds: every visit, and the median of each hour that has only sums."""
    visited = {hour_of(dot.at) for dot in history.dots}
    medians = [
        (_middle(bucket, history), bucket.median_ms, HOUR / 2)
        for bucket in history.buckets
        if bucket.begins_at not in visited
    ]
    return _broken(sorted([*medians, *((dot.at, dot.total_ms, LONGEST / 2) for dot in history.dots)]))


def _broken(points: Sequence[tuple[datetime, int | None, timedelta]]) -> list[tuple[datetime, int | None]]:
    """The points of a line, None where it is interrupted: nothing was displayed, or nobody looked for a while.

    Each point comes with the time around it of which it tells, on either side.
    """
    found: list[tuple[datetime, int | None]] = []
    told_until: datetime | None = None
    for at, took, around in points:
        if told_until is not None and at - around > told_until:
            found.append((told_until, None))
        found.append((at, took))
        told_until = at + around
    return found


def draw_availability(history: History) -> str:
    """The shares of each hour or day in which the page was displayed, was not, was stopped as planned, or unknown."""
    values = [part for bucket in history.buckets for part in _parts(bucket, history)]
    names, colours = [name for name, _, _ in _PARTS], [colour for _, _, colour in _PARTS]
    width = max(2, min(24, round(0.8 * _WIDTH / max(1, len(history.buckets)))))
    return _svg(
        {
            "data": {"values": values},
            "mark": {"type": "bar", "width": width},
            "encoding": {
                "x": _axis(history),
                "y": {
                    "field": "share",
                    "type": "quantitative",
                    "scale": {"domain": [0, 100]},
                    "axis": {"title": "時間の割合（%）"},
                },
                "color": _colours(names, colours),
                "order": {"field": "order", "type": "quantitative"},
            },
        }
    )


def _parts(bucket: Bucket, history: History) -> list[dict[str, object]]:
    total = sum(getattr(bucket, column) for _, column, _ in _PARTS)
    return [
        {
            "at": _local(_middle(bucket, history)),
            "share": 100 * getattr(bucket, column) / total,
            "name": name,
            "order": place,
        }
        for place, (name, column, _) in enumerate(_PARTS)
        if total and getattr(bucket, column)
    ]


def _axis(history: History) -> dict[str, object]:
    form = "%H:%M" if history.period is Period.DAY else "%-m/%-d"
    # Both charts of a page have the same days below each other, with or without visits.
    last = [_middle(bucket, history) + _half(history) for bucket in history.buckets[-1:]]
    domain = [_local(history.since), _local(max([history.until, *last]))]
    axis = {"title": None, "format": form, "labelOverlap": True, "tickCount": _TICKS[history.period]}
    return {"field": "at", "type": "temporal", "scale": {"domain": domain}, "axis": axis}


def _half(history: History) -> timedelta:
    return HOUR * 12 if history.period is Period.QUARTER else HOUR / 2


def _middle(bucket: Bucket, history: History) -> datetime:
    """Where an hour or a day stands on the axis."""
    return bucket.begins_at + _half(history)


def _colours(names: Sequence[str], colours: Sequence[str]) -> dict[str, object]:
    return {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": list(names), "range": list(colours)},
        "legend": {"title": None, "orient": "top", "direction": "horizontal"},
    }


def _svg(layer: dict[str, object]) -> str:
    """It takes some tenths of a second: keep the answer."""
    spec = {
        "background": "#ffffff",
        "width": _WIDTH,
        "height": _HEIGHT,
        "config": {
            "aria": False,
            "font": _FONT,
            "axis": {"labelFontSize": 12, "titleFontSize": 13, "gridColor": "#e3e8ed"},
            "legend": {"labelFontSize": 13},
        },
        **layer,
    }
    return str(vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=_VERSION))


def _local(moment: datetime) -> str:
    """Without a zone, which the chart then leaves alone."""
    return moment.astimezone(JST).strftime("%Y-%m-%dT%H:%M:%S")
