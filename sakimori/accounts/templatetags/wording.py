"""How moments, spans and strangers' text are written on pages."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sakimori.lib.countries import country_name, country_with_code
from sakimori.lib.defang import visible as shown
from sakimori.lib.jst import JST, written

register = template.Library()


@register.simple_tag
def moment(value: datetime | None) -> SafeString:
    """A moment in JST to the second, also readable by machines; a dash when there is none."""
    if value is None:
        return format_html('<span class="none">{}</span>', "―")
    return format_html('<time datetime="{}">{}</time>', value.astimezone(JST).isoformat(), written(value))


@register.simple_tag
def stamp(value: datetime | None) -> SafeString:
    """As `moment`, but short, for tables: 2026/11/23 22:05:07."""
    if value is None:
        return format_html('<span class="none">{}</span>', "―")
    local = value.astimezone(JST)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), f"{local:%Y/%m/%d %H:%M:%S}")


@register.filter
def span(value: timedelta | None) -> str:
    """A length of time in Japanese, in the largest fitting units: 2 日 3 時間, 4 分 10 秒."""
    if value is None:
        return "―"
    seconds = max(0, int(value.total_seconds()))
    units = (("日", seconds // 86400), ("時間", seconds // 3600 % 24), ("分", seconds // 60 % 60), ("秒", seconds % 60))
    shown_units = [f"{number} {unit}" for unit, number in units if number]
    return " ".join(shown_units[:2]) or "0 秒"


@register.filter
def thousands(value: int) -> str:
    """A count with its thousands apart: 15,110."""
    return f"{value:,}"


@register.filter
def visible(value: object) -> str:
    """Text that a stranger typed, with every control and direction-changing sign shown."""
    return shown(str(value))


@register.filter
def visible_lines(value: object) -> str:
    """As `visible`, for text of several lines: the ends of lines stay."""
    return "\n".join(shown(line) for line in str(value).splitlines())


@register.filter
def country(code: str) -> str:
    """A country as whoever compares with a log wants it: 日本（JP）. Without a known name: its code, made visible."""
    return shown(country_with_code(code))


@register.filter
def country_names(codes: Iterable[str] | None) -> str:
    """Countries by their names, one after the other; 不明 when there is none."""
    return "、".join(country_name(code) for code in codes or ()) or country_name("")
