"""Japan Standard Time: the only zone that people see. Inside, every moment is aware and UTC."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


def utc_now() -> datetime:
    """The present moment, aware, in UTC. Only the outermost layer calls this; everything else is handed `now`."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """The JST calendar day on which `moment` lies."""
    return moment.astimezone(JST).date()


def start_of_day(day: date) -> datetime:
    """The UTC moment at which the JST calendar day `day` begins."""
    return datetime(day.year, day.month, day.day, tzinfo=JST).astimezone(UTC)


def written(moment: datetime) -> str:
    """A moment as a Japanese reader expects it, to the second: 2026年11月23日 22:05:07."""
    local = moment.astimezone(JST)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M:%S}"


def milliseconds(moment: datetime) -> int:
    """UNIX epoch milliseconds of an aware moment."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
