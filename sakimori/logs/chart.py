"""The bars of a timeline as places on a drawing, for the template that writes them as SVG. Pure.

Drawn by hand and not by the charts' engine of the reports: that one takes some tenths of a second for each picture,
which cannot be kept (every search is another one), and gives no element to which a link, a key or a name for a screen
reader could be tied. Lengths are whole units of the drawing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sakimori.lib.jst import JST, written
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.links import Links
from sakimori.logs.search_address import written_moment
from sakimori.logs.timeline import Bar, Split, Timeline

WIDTH, HEIGHT = 1000, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 12, 30
PLOT_HEIGHT = HEIGHT - TOP - BOTTOM
_MOST_PARTS = 6
_MOST_TICKS = 7
_LINES = 4
_REST = "of-rest"
_ROUND = (1, 2, 5)
_DAY = timedelta(hours=24)
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
    """One bar: its place, its span as parameters and as words, the search within it, its pieces from the bottom up, and
    counts per part.
    """

    x: int
    width: int
    begins: str
    ends: str
    words: str
    address: str
    count: int
    pieces: Sequence[Piece]
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the grid or a tick: its place along the axis and its text."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws."""

    columns: Sequence[Column]
    parts: Sequence[Part]
    lines: Sequence[Mark]
    ticks: Sequence[Mark]
    split: Split


def chart_of(timeline: Timeline, links: Links) -> Chart:
    """Place the bars of a search. A colour for each outcome, or for the most frequent kinds and one for all others."""
    parts = _parts(timeline, links.split)
    top = round_top(max((bar.total for bar in timeline.bars), default=0))
    edges = _edges(len(timeline.bars))
    columns = [
        _column(bar, left=left, right=right, parts=parts, top=top, links=links)
        for bar, left, right in zip(timeline.bars, edges, edges[1:], strict=False)
    ]
    lines = [Mark(_y(value, top), f"{value:,}") for value in _grid(top)]
    return Chart(columns, parts, lines, _ticks(timeline, edges), links.split)


def round_top(most: int) -> int:
    """The smallest round number (1, 2 or 5 and noughts) that is not below `most`; at least 1."""
    power = 1
    while True:
        for step in _ROUND:
            if step * power >= most:
                return step * power
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


def _column(bar: Bar, *, left: int, right: int, parts: Sequence[Part], top: int, links: Links) -> Column:
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
        width=max(right - left - 1, 1),
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


def _edges(number: int) -> list[int]:
    return [LEFT + (WIDTH - LEFT - RIGHT) * place // max(number, 1) for place in range(number + 1)]


def _y(value: int, top: int) -> int:
    return TOP + PLOT_HEIGHT - PLOT_HEIGHT * value // top


def _grid(top: int) -> list[int]:
    """Round numbers from nought to the top, so few that their texts have room."""
    step = next(
        step for step in (top // 5, top // 4, top // 2, top) if step and top % step == 0 and top // step <= _LINES + 1
    )
    return list(range(0, top + 1, step))


def _ticks(timeline: Timeline, edges: Sequence[int]) -> list[Mark]:
    """A few moments under the bars; days where the bars are long, clock times where they are short."""
    bars = timeline.bars
    every = max(-(-len(bars) // _MOST_TICKS), 1)
    write = _writing(timeline)
    return [Mark(edges[place], write(bars[place])) for place in range(0, len(bars), every)]


def _writing(timeline: Timeline) -> Callable[[Bar], str]:
    is_one_day = timeline.bars[-1].ends - timeline.bars[0].begins <= _DAY
    if timeline.step >= _DAY:
        return lambda bar: _local(bar, "%m/%d")
    if timeline.step < timedelta(minutes=1):
        return lambda bar: _local(bar, "%H:%M:%S")
    return lambda bar: _local(bar, "%H:%M" if is_one_day else "%m/%d %H:%M")


def _local(bar: Bar, form: str) -> str:
    return bar.begins.astimezone(JST).strftime(form)
