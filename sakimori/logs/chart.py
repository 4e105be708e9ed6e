"""The bars of a timeline as places on a drawing, for the template that writes them as SVG. Pure.

Drawn by hand and not by the charts' engine of the reports: that one takes some tenths of a second for each picture,
which cannot be kept (every search is another one), and gives no element to which a link, a key or a name for a screen
reader could be tied. Places along the axis are percent of the plot's width and heights are pixels, so that the bars
become narrower on a narrow screen and the text does not become smaller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sakimori.lib.jst import JST, written
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.links import Links
from sakimori.logs.search_address import written_moment
from sakimori.logs.timeline import STEPS, Bar, Split, Timeline

HEIGHT, TOP, BOTTOM = 256, 12, 46
PLOT_HEIGHT = HEIGHT - TOP - BOTTOM
_WHOLE = 100  # Percent.
_WIDEST_GAP = 0.2
_MOST_PARTS = 6
_MOST_TICKS = 8
_LINES = 5
_REST = "of-rest"
_ROUND = (1, 2, 5)
_DAY = timedelta(hours=24)
_JAPAN = timedelta(hours=9)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = (*STEPS, *(days * _DAY for days in (2, 5, 7, 14, 28, 56)))
_LABELS = {
    Split.OUTCOME: {outcome.value: outcome.label for outcome in Outcome},
    Split.KIND: {kind.value: kind.label for kind in AttackKind},
}
# From the bottom up. What was stopped comes first: it is what people look for.
_OUTCOMES = (
    Outcome.BLOCKED,
    Outcome.DENIED,
    Outcome.CHALLENGED,
    Outcome.ALLOWED,
    Outcome.ERROR,
    Outcome.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Part:
    """What a colour stands for: the style's name, the words, and how many events of the whole period it counts."""

    style: str
    label: str
    count: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One colour of one bar."""

    style: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: its place in percent, its span as parameters and as words, the search within it, its pieces from the
    bottom up, and counts per part.
    """

    x: float
    width: float
    begins: str
    ends: str
    words: str
    address: str
    count: int
    pieces: Sequence[Piece]
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid: its height in pixels from the top, and its number as text."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment under the bars: its place in percent, its text, and the day below it where that changes. is_spare: only
    shown where there is room for all.
    """

    at: float
    text: str
    day: str
    is_spare: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws."""

    columns: Sequence[Column]
    parts: Sequence[Part]
    lines: Sequence[Line]
    ticks: Sequence[Tick]
    split: Split


def chart_of(timeline: Timeline, links: Links) -> Chart:
    """Place the bars of a search. A colour for each outcome, or for the most frequent kinds and one for all others."""
    parts = _parts(timeline, links.split)
    most = max((bar.total for bar in timeline.bars), default=0)
    step = grid_step(most)
    top = max(-(-most // step), 1) * step
    edges = _edges(len(timeline.bars))
    columns = [
        _column(bar, left=left, right=right, parts=parts, top=top, links=links)
        for bar, left, right in zip(timeline.bars, edges, edges[1:], strict=False)
    ]
    lines = [Line(_y(value, top), f"{value:,}") for value in range(0, top + 1, step)]
    return Chart(columns, parts, lines, _ticks(timeline, edges), links.split)


def grid_step(most: int) -> int:
    """The distance between the lines of the grid: 1, 2 or 5 and noughts, so that not more than _LINES reach `most`."""
    power = 1
    while True:
        for digit in _ROUND:
            if digit * power * _LINES >= most:
                return digit * power
        power *= 10


def _parts(timeline: Timeline, split: Split) -> list[Part]:
    sums: dict[str, int] = {}
    for bar in timeline.bars:
        for value, count in bar.counts.items():
            sums[value] = sums.get(value, 0) + count
    labels = _LABELS[split]
    if split is Split.OUTCOME:
        return [Part(f"of-{each}", each.label, sums[each], each.value) for each in _OUTCOMES if sums.get(each)]
    ranked = sorted(sums, key=lambda value: (-sums[value], value))
    named = ranked if len(ranked) <= _MOST_PARTS else ranked[: _MOST_PARTS - 1]
    parts = [Part(f"of-rank{place}", labels.get(v, v), sums[v], v) for place, v in enumerate(named, start=1)]
    rest = sum(sums[value] for value in ranked[len(named) :])
    return [*parts, Part(_REST, "その他の種別", rest)] if rest else parts


def _column(bar: Bar, *, left: float, right: float, parts: Sequence[Part], top: int, links: Links) -> Column:
    counts = _by_part(bar.counts, parts)
    pieces = []
    below = 0
    for part, count in zip(parts, counts, strict=True):
        if count:
            low, high = _y(below, top), _y(below + count, top)
            pieces.append(Piece(part.style, min(high, low - 1), max(low - high, 1)))
        below += count
    return Column(
        x=left,
        width=round(right - left - min((right - left) / 8, _WIDEST_GAP), 3),
        begins=written_moment(bar.begins),
        ends=written_moment(bar.ends),
        words=f"{written(bar.begins)} から {written(bar.ends)} まで",
        address=links.to(links.query.within(bar.begins, bar.ends)),
        count=bar.total,
        pieces=pieces,
        counts=counts,
    )


def _by_part(counts: Mapping[str, int], parts: Sequence[Part]) -> list[int]:
    named = [counts.get(part.value, 0) for part in parts if part.style != _REST]
    return [*named, sum(counts.values()) - sum(named)] if len(named) < len(parts) else named


def _edges(number: int) -> list[float]:
    return [round(_WHOLE * place / max(number, 1), 3) for place in range(number + 1)]


def _y(value: int, top: int) -> int:
    return TOP + PLOT_HEIGHT - PLOT_HEIGHT * value // top


def _ticks(timeline: Timeline, edges: Sequence[float]) -> list[Tick]:
    """A few round moments under the bars; days where they lie far apart, clock times where they are near."""
    length = timeline.bars[-1].ends - timeline.bars[0].begins
    step = next((each for each in _TICKS if each >= timeline.step and length <= each * _MOST_TICKS), _TICKS[-1])
    marked = [
        (edge, bar.begins.astimezone(JST))
        for bar, edge in zip(timeline.bars, edges, strict=False)
        if (bar.begins + _JAPAN - _EPOCH) % step == timedelta(0)
    ]
    if step >= _DAY:
        return [Tick(edge, f"{local:%m/%d}", "", place % 2 == 1) for place, (edge, local) in enumerate(marked)]
    writing = "%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M"
    days = _where_days_change([local.date() for _, local in marked])
    # The newest of the days must not go where there is no room: only with it the other times can be told.
    kept = max((place for place, day in enumerate(days) if day), default=0) % 2
    return [
        Tick(edge, local.strftime(writing), day, place % 2 != kept)
        for place, ((edge, local), day) in enumerate(zip(marked, days, strict=True))
    ]


def _where_days_change(days: Sequence[date]) -> list[str]:
    """The day at the first of some moments and at each with which another day begins, else nothing."""
    before = [None, *days[:-1]]
    return [f"{day:%m/%d}" if day != other else "" for day, other in zip(days, before, strict=True)]
