"""How complete a contract's log is, as a value and in words: 14:05 まで揃っています。13:10～13:12 は未着です。 Pure.

"Complete until" is the newest event of the door that is behind the others. A door that is silent holds it up no longer:
it is a gap of its own, open at its end. Until a door has shown that it delivers regularly, only the newest counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sakimori.lib.jst import JST, day_of
from sakimori.logs.doors import door_label
from sakimori.logs.flow import Flow, silent_since, usual_pause
from sakimori.logs.gaps import Gap, Why, merged

_MOST_TOLD = 3
_WORDS = {
    Why.MISSING: ("は未着です", "欠番 {:,} 件"),
    Why.SKIPPED: ("は未着の可能性があります", "欠番 {:,} 件"),
    Why.MANY_SKIPPED: ("は未着の可能性があります", "欠番 {:,} 件"),
    Why.QUARANTINED: ("は読み取れず隔離しています", "ファイル {:,} 件"),
    Why.UNREADABLE: ("に読み取れない行があります", "{:,} 行"),
    Why.WAITING: ("は取込待ちです", "ファイル {:,} 件"),
    Why.CUT: ("は syslog の切断で失われました", "{:,} 行"),
}


@dataclass(frozen=True, slots=True)
class Completeness:
    """complete_until: None as long as no event is stored. gaps: by their beginning, open ones included."""

    complete_until: datetime | None
    gaps: Sequence[Gap]

    @property
    def has_unread(self) -> bool:
        """Whether something came that could not be read: files in quarantine, or lines."""
        return any(gap.why in (Why.QUARANTINED, Why.UNREADABLE) for gap in self.gaps)


def completeness(flows: Mapping[str, Flow], gaps: Sequence[Gap], *, now: datetime, limit: timedelta) -> Completeness:
    """Put the doors' flows and what is missing together. limit: after which a door may be called silent."""
    silent = {door for door, flow in flows.items() if silent_since(flow, now=now, limit=limit)}
    known = {door: flow for door, flow in flows.items() if flow.complete_until is not None}
    regular = [flow for door, flow in known.items() if door not in silent and usual_pause(flow) is not None]
    ends = [flow.complete_until for flow in (regular or known.values()) if flow.complete_until is not None]
    until = (min(ends) if regular else max(ends)) if ends else None
    open_ends = [Gap(Why.SILENT, flows[door].complete_until, None, door=door) for door in sorted(silent)]
    return Completeness(until, merged([*gaps, *open_ends]))


def sentence_of(found: Completeness, *, now: datetime) -> str:
    """The whole of it for people, in the time of Japan: to the minute, and with the day where it is not today."""
    if found.complete_until is None:
        first = "WAF から自動で届いたログは、まだありません。"
    else:
        first = f"{_clock(found.complete_until, now)} まで揃っています。"
    named = sorted(found.gaps, key=lambda gap: gap.why is not Why.SKIPPED)[-_MOST_TOLD:]
    told = [gap for gap in found.gaps if gap in named]
    more = len(found.gaps) - len(told)
    rest = f"ほかに {more} 件の欠けがあります。" if more else ""
    return first + "".join(f"{gap_sentence(gap, now=now)}。" for gap in told) + rest


def gap_sentence(gap: Gap, *, now: datetime) -> str:
    """One gap, without a full stop: 13:10～13:12 は未着です（欠番 2 件）."""
    if gap.why is Why.SILENT:
        since = "" if gap.begins is None else f" {_clock(gap.begins, now)} 以降"
        return f"{door_label(gap.door)}からは{since}届いていません"
    if gap.why is Why.CUT and not gap.count and gap.ends is not None:
        return f"{_clock(gap.ends, now)} 頃に syslog の接続が切れました（失われた行の有無は分かりません）"
    words, counted = _WORDS[gap.why]
    return f"{_span(gap, now)}{words}" + (f"（{counted.format(gap.count)}）" if gap.count else "")


def _span(gap: Gap, now: datetime) -> str:
    """From when to when: outwards to the minute."""
    begins, ends = gap.begins, None if gap.ends is None else _minute_up(gap.ends)
    if begins is None:
        return "時刻の分からない一部" if ends is None else f"{_clock(ends, now)} 以前の一部"
    if ends is None:
        return f"{_clock(begins, now)} 以降の一部"
    if ends - begins <= timedelta(minutes=1):
        return f"{_clock(begins, now)} 頃の一部"
    other_day = day_of(begins) != day_of(ends)
    clock = _clock(ends, now, day=True) if other_day else f"{ends.astimezone(JST):%H:%M}"
    return f"{_clock(begins, now, day=other_day)}～{clock} "


def _minute_up(moment: datetime) -> datetime:
    begun = moment.replace(second=0, microsecond=0)
    return begun if begun == moment else begun + timedelta(minutes=1)


def _clock(moment: datetime, now: datetime, *, day: bool = False) -> str:
    local = moment.astimezone(JST)
    clock = f"{local:%H:%M}"
    if day_of(moment) == day_of(now) and not day:
        return clock
    year = "" if local.year == now.astimezone(JST).year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日 {clock}"
