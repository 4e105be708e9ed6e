"""At which hours a contact may be called. Pure: Japanese time, windows by the day of the week, Japanese holidays.

Around the clock unless the customer asked otherwise in writing. Written down as people write it: 月-金 09:00-18:00、
土 22:00-06:00. A window that ends at or before its beginning reaches into the next day and belongs to the day on
which it begins: whether that day is a holiday decides for all of it. Japan knows no summer time.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time

from sakimori.lib.calendar import is_public_holiday
from sakimori.lib.jst import JST, day_of, start_of_day
from sakimori.lib.spans import Span, gaps

DAYS = "月火水木金土日"
_DAY_MINUTES = 24 * 60
_WORDS = {"平日": "月-金", "毎日": "月-日", "土日": "土-日", "週末": "土-日"}
_AROUND_THE_CLOCK = {"", "24時間", "終日", "いつでも", "24h"}
_WINDOW = re.compile(r"(?P<days>[月火水木金土日・\-]*?)(?P<begin>\d{1,2}:\d{2})-(?P<end>\d{1,2}:\d{2})")
_RANGE = re.compile(rf"([{DAYS}])-([{DAYS}])")
_DASHES = re.compile("[‐‑‒–—―−ー﹣－〜～~]|から")
_BETWEEN = re.compile(r"[、,;；\n]+")
# Longer than any row of holidays that fall on the same day of the week.
_LOOK_AHEAD = timedelta(days=60)
_MOST_WINDOWS = 14
_NIGHTS = 7
_NIGHT_BEGINS, _NIGHT_ENDS = clock_time(22, 0), clock_time(6, 0)


class BadHours(ValueError):
    """Words that name no hours; the text is a Japanese sentence."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Minutes of the day on some days of the week (0 is Monday). ends: at most 1440; past midnight if not later."""

    days: tuple[int, ...]
    begins: int
    ends: int

    def on(self, day: date) -> Span:
        """The span of this window that begins on a day of Japan, in UTC."""
        midnight = start_of_day(day)
        length = (self.ends - self.begins) if self.ends > self.begins else (self.ends + _DAY_MINUTES - self.begins)
        begin = midnight + timedelta(minutes=self.begins)
        return begin, begin + timedelta(minutes=length)


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody may be called. No windows: around the clock. on_holidays: on public holidays of Japan too."""

    windows: tuple[Window, ...] = ()
    on_holidays: bool = True

    @property
    def is_always(self) -> bool:
        """Whether there is no moment at which he may not be called."""
        return not self.windows and self.on_holidays


ALWAYS = Hours()


def read_hours(text: str, *, on_holidays: bool = True) -> Hours:
    """What somebody wrote, as hours; nothing or 24時間 is around the clock. Raises BadHours."""
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text).replace(" ", "").strip())
    if plain in _AROUND_THE_CLOCK:
        return Hours(on_holidays=on_holidays)
    for word, days in _WORDS.items():
        plain = plain.replace(word, days)
    windows = [_window(part) for part in _BETWEEN.split(plain) if part]
    if not 1 <= len(windows) <= _MOST_WINDOWS:
        raise BadHours(f"時間帯は {_MOST_WINDOWS} 個以内でご記入ください。")
    return Hours(tuple(sorted(set(windows))), on_holidays)


def write_hours(hours: Hours) -> str:
    """The windows in their one text form, which `read_hours` takes back; empty for around the clock."""
    return "、".join(f"{_days(window.days)} {_clock(window.begins)}-{_clock(window.ends)}" for window in hours.windows)


def hours_in_words(hours: Hours) -> str:
    """As people read it, with what holds on holidays."""
    said = write_hours(hours) or "24 時間"
    return said if hours.on_holidays else f"{said}（祝日を除く）"


def is_open(hours: Hours, now: datetime) -> bool:
    """Whether somebody may be called at this moment."""
    if hours.is_always:
        return True
    return any(begin <= now < end for begin, end in _spans(hours, day_of(now) - timedelta(days=1), day_of(now)))


def next_open(hours: Hours, now: datetime) -> datetime | None:
    """From when on he may be called: now, or the next moment at which a window begins; None within two months."""
    if is_open(hours, now):
        return now
    begins = (begin for begin, _ in _spans(hours, day_of(now), day_of(now + _LOOK_AHEAD)) if begin > now)
    return min(begins, default=None)


def uncovered(people: Iterable[Hours], start: datetime, end: datetime) -> list[Span]:
    """The parts of [start, end) in which nobody of these may be called, in order."""
    return gaps((span for hours in people for span in _clipped(hours, start, end)), start, end)


def dark_nights(people: Sequence[Hours], now: datetime) -> list[Span]:
    """Of the next seven nights (22 to 6 o'clock in Japan), the spans in which nobody may be called."""
    if any(hours.is_always for hours in people):
        return []
    evenings = (day_of(now) + timedelta(days=number) for number in range(_NIGHTS))
    return [span for evening in evenings for span in uncovered(people, *_night(evening))]


def is_night(now: datetime, *, begins: clock_time = clock_time(20, 0), ends: clock_time = clock_time(9, 0)) -> bool:
    """Whether people in Japan should not be rung up for a mere test."""
    local = now.astimezone(JST).time()
    return local >= begins or local < ends


def _clipped(hours: Hours, start: datetime, end: datetime) -> Iterator[Span]:
    if hours.is_always:
        yield start, end
        return
    for begin, finish in _spans(hours, day_of(start) - timedelta(days=1), day_of(end)):
        if finish > start and begin < end:
            yield max(begin, start), min(finish, end)


def _spans(hours: Hours, first: date, last: date) -> Iterator[Span]:
    """All spans that begin on these days of Japan."""
    windows = hours.windows or (Window(tuple(range(7)), 0, _DAY_MINUTES),)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if hours.on_holidays or not is_public_holiday(day):
            yield from (window.on(day) for window in windows if day.weekday() in window.days)


def _night(evening: date) -> Span:
    begins = datetime.combine(evening, _NIGHT_BEGINS, tzinfo=JST)
    return begins, datetime.combine(evening + timedelta(days=1), _NIGHT_ENDS, tzinfo=JST)


def _window(part: str) -> Window:
    found = _WINDOW.fullmatch(part)
    if found is None:
        raise BadHours("時間帯は「月-金 09:00-18:00、土 22:00-06:00」のようにご記入ください。")
    begins, ends = _minutes(found["begin"], 24 * 60 - 1), _minutes(found["end"], 24 * 60)
    if begins == ends:
        raise BadHours("開始と終了が同じ時刻です。終日の場合は「00:00-24:00」とご記入ください。")
    return Window(_read_days(found["days"]), begins, ends)


def _minutes(text: str, most: int) -> int:
    hour, _, minute = text.partition(":")
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > most:
        raise BadHours("時刻は 00:00 から 24:00 までの間でご記入ください。")
    return total


def _read_days(text: str) -> tuple[int, ...]:
    """Days of the week; none is every day. 金-月 goes over the end of the week."""
    rest, days = text.replace("・", ""), set[int]()
    for first, last in _RANGE.findall(rest):
        begin, end = DAYS.index(first), DAYS.index(last)
        days |= {(begin + number) % 7 for number in range((end - begin) % 7 + 1)}
    rest = _RANGE.sub("", rest)
    if "-" in rest:
        raise BadHours("曜日は「月-金」「月・水・金」のようにご記入ください。")
    days |= {DAYS.index(sign) for sign in rest}
    return tuple(sorted(days)) or tuple(range(7))


def _days(days: Sequence[int]) -> str:
    """Three or more in a row are a span."""
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return "・".join(DAYS[day] for day in days)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
