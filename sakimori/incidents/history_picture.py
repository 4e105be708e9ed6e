"""A site's charts, drawn once for all that they show: both faces hand them out."""

from django.core.cache import cache

from sakimori.customers.models import Site
from sakimori.incidents.history import Period, history_of
from sakimori.incidents.history_chart import draw_availability, draw_time
from sakimori.lib.jst import utc_now

KINDS = {"time": draw_time, "availability": draw_availability}
_KEPT_SECONDS = 3600


def picture_of(site: Site, what: str, period: str | None) -> str:
    """The SVG of one of KINDS for what stands in the address as the period."""
    history = history_of(site, Period.read(period), now=utc_now())
    key = f"site-chart:{site.pk}:{what}:{history.mark}"
    picture = cache.get(key)
    if picture is None:
        picture = KINDS[what](history)
        cache.set(key, picture, _KEPT_SECONDS)
    return str(picture)
