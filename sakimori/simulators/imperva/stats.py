"""stats/v1: what the simulated traffic amounts to, in the vendor's shapes. The last bucket is incomplete."""

from collections.abc import Callable
from datetime import UTC, datetime

from sakimori.simulators.imperva.answers import Refusal
from sakimori.simulators.imperva.bandwidth import BUCKET_MS, Span, series
from sakimori.simulators.imperva.desk import Call
from sakimori.simulators.imperva.floods import flooded
from sakimori.simulators.spec import SiteSpec
from sakimori.simulators.state import JsonObject

DAY_MS = 86_400_000
DAYS = {"today": 1, "last_7_days": 7, "last_30_days": 30, "last_90_days": 90}
THREATS = {
    "api.threats.sql_injection": "SQL Injection",
    "api.threats.cross_site_scripting": "Cross Site Scripting",
    "api.threats.illegal_resource_access": "Illegal Resource Access",
    "api.threats.bot_access_control": "Bot Access Control",
    "api.threats.ddos": "DDoS",
    "api.threats.backdoor": "Backdoor Protect",
    "api.threats.remote_file_inclusion": "Remote File Inclusion",
    "api.threats.customRule": "Custom Rules",
}

Shape = Callable[["_Question"], list[JsonObject]]


class _Question:
    """Sites, span and bucket width of one call."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.sites = _sites(call)
        self.span = _span(call)
        self.bucket_ms = _granularity(call, self.span)

    def data(self, what: str) -> list[list[int]]:
        """[bucket start, amount] over all sites, every bucket of the span, oldest first."""
        first = self.span.start_ms - self.span.start_ms % self.bucket_ms
        totals = dict.fromkeys(range(first, self.span.end_ms, self.bucket_ms), 0)
        for site in self.sites:
            counted = series(self._call.state, site, what, self.span)
            poured = flooded(self._call.state, site.site_id, what, self.span)
            for at_ms, amount in (*counted.items(), *poured.items()):
                start_ms = at_ms - at_ms % self.bucket_ms
                totals[max(first, start_ms)] += amount
        return [[start_ms, amount] for start_ms, amount in totals.items()]


def stats(call: Call) -> object:
    """One key per wanted statistic."""
    question = _Question(call)
    wanted = [name for name in call.params.get("stats", "").split(",") if name]
    unknown = [name for name in wanted if name not in SHAPES]
    if unknown or not wanted:
        raise Refusal(",".join(unknown) or "missing", pointer="stats")
    return {name: SHAPES[name](question) for name in wanted}


def _bandwidth(question: _Question) -> list[JsonObject]:
    data = question.data("bytes")
    seconds = question.bucket_ms // 1000
    bps = [[start_ms, amount * 8 // seconds] for start_ms, amount in data]
    prefix = "api.stats.bandwidth_timeseries."
    return [
        {"id": prefix + "bandwidth", "name": "Bandwidth", "data": data},
        {"id": prefix + "bps", "name": "Bits per second", "data": bps},
    ]


def _hits(question: _Question) -> list[JsonObject]:
    rows: list[JsonObject] = []
    for what in ("human", "bot", "blocked"):
        data = question.data(what)
        per_second = [[start_ms, amount * 1000 // question.bucket_ms] for start_ms, amount in data]
        rows.append({"id": f"api.stats.hits_timeseries.{what}", "name": what.capitalize(), "data": data})
        rows.append({"id": f"api.stats.hits_timeseries.{what}_ps", "name": f"{what} per second", "data": per_second})
    return rows


def _visits(question: _Question) -> list[JsonObject]:
    return [
        {
            "id": f"api.stats.visits_timeseries.{what}",
            "name": what.capitalize(),
            "data": question.data(f"{what}_visits"),
        }
        for what in ("human", "bot")
    ]


def _threats(question: _Question) -> list[JsonObject]:
    return [
        {"id": threat, "name": name, "status": "ok", "incidents": sum(n for _, n in question.data(threat))}
        for threat, name in THREATS.items()
    ]


SHAPES: dict[str, Shape] = {
    "bandwidth_timeseries": _bandwidth,
    "hits_timeseries": _hits,
    "visits_timeseries": _visits,
    "threats": _threats,
}


def _sites(call: Call) -> list[SiteSpec]:
    account = call.account("account_id")
    wanted = [text for text in call.params.get("site_id", "").split(",") if text]
    known = {str(site.site_id): site for site in account.sites}
    if any(text not in known for text in wanted):
        raise Refusal(",".join(wanted), res=9413, pointer="site_id")
    return [known[text] for text in wanted] if wanted else list(account.sites)


def _span(call: Call) -> Span:
    time_range = call.params.get("time_range", "")
    if time_range == "custom":
        return Span(_milliseconds(call, "start"), min(_milliseconds(call, "end"), call.now_ms))
    now = datetime.fromtimestamp(call.now_ms / 1000, UTC)
    midnight_ms = int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
    if time_range == "month_to_date":
        return Span(midnight_ms - (now.day - 1) * DAY_MS, call.now_ms)
    if time_range not in DAYS:
        raise Refusal(time_range, pointer="time_range")
    return Span(midnight_ms - (DAYS[time_range] - 1) * DAY_MS, call.now_ms)


def _granularity(call: Call, span: Span) -> int:
    default_ms = DAY_MS if span.end_ms - span.start_ms < 30 * DAY_MS else 3 * DAY_MS
    given = call.params.get("granularity", "")
    width_ms = _milliseconds(call, "granularity") if given else default_ms
    if width_ms < BUCKET_MS or width_ms % BUCKET_MS:
        raise Refusal(given, pointer="granularity")
    return width_ms


def _milliseconds(call: Call, name: str) -> int:
    text = call.params.get(name, "")
    if not text.isdecimal():
        raise Refusal(text, pointer=name)
    return int(text)
