"""What the vendor counts of attacks (`stats/v1`: `threats`, `hits_timeseries`), and its infrastructure events.

No sample of an answer with `threats` is known to us: what is read of it is only the id and the count.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sakimori.lib.http import Response
from sakimori.lib.jst import milliseconds
from sakimori.waf.imperva.answers import Unclear, v1_json
from sakimori.waf.imperva.calls import Call, ImpervaCalls
from sakimori.waf.imperva.credentials import ImpervaCredentials
from sakimori.waf.imperva.fields import field_number, field_text, records
from sakimori.waf.interface import BlockedSample, NetworkEvent, NetworkEventKind, ThreatFigures, WafUnavailable

_DDOS = "api.threats.ddos"
_BLOCKED = "api.stats.hits_timeseries.blocked"
_BUCKET = timedelta(minutes=5)
_PAGE_SIZE = 100
_MOST_PAGES = 50
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S UTC"
_KINDS = {
    "DDOS_START_IP_RANGE": NetworkEventKind.ATTACK_STARTED,
    "PER_IP_DDOS_START_IP_RANGE": NetworkEventKind.ATTACK_STARTED,
    "MONITORING_CRITICAL_ATTACK": NetworkEventKind.ATTACK_STARTED,
    "DDOS_STOP_IP_RANGE": NetworkEventKind.ATTACK_ENDED,
    "PROTECTED_IP_STATUS_DOWN": NetworkEventKind.SERVERS_DOWN,
}


class ThreatReader:
    """Reads for the account that the credentials stand for."""

    def __init__(self, calls: ImpervaCalls, credentials: ImpervaCredentials) -> None:
        self._calls = calls
        self._root = f"{credentials.cloud_url.rstrip('/')}/api"
        self._account = {"account_id": str(credentials.account_id)} if credentials.account_id is not None else {}

    def figures(self, start: datetime, end: datetime, *, site_id: int | None) -> ThreatFigures:
        """Both statistics in one call."""
        form = {
            **self._account,
            **({"site_id": str(site_id)} if site_id is not None else {}),
            "time_range": "custom",
            **_span(start, end),
            "granularity": str(_BUCKET // timedelta(milliseconds=1)),
            "stats": "threats,hits_timeseries",
        }
        return self._calls.read(Call("POST", f"{self._root}/stats/v1", form=form), _figures_in)

    def events(self, start: datetime, end: datetime) -> Sequence[NetworkEvent]:
        """All pages of the kinds that matter; a page that brings nothing new ends it."""
        found: dict[str, NetworkEvent] = {}
        for page in range(_MOST_PAGES):
            known = len(found)
            listed = self._events_of_page(start, end, page)
            found |= {event.key: event for event in listed}
            if len(listed) < _PAGE_SIZE or len(found) == known:
                return sorted(found.values(), key=lambda event: event.at)
        raise WafUnavailable("Imperva の基盤イベントの一覧が終わりません。")

    def _events_of_page(self, start: datetime, end: datetime, page: int) -> list[NetworkEvent]:
        form = {
            **self._account,
            **_span(start, end),
            "event_type": ",".join(_KINDS),
            "page_size": str(_PAGE_SIZE),
            "page_num": str(page),
        }
        return self._calls.read(Call("POST", f"{self._root}/v1/infra/events", form=form), _events_in)


def _span(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": str(milliseconds(start)), "end": str(milliseconds(end))}


def _figures_in(answer: Response) -> ThreatFigures:
    body = v1_json(answer)
    threats, hits = body.get("threats"), body.get("hits_timeseries")
    if not isinstance(threats, list) or not isinstance(hits, list):
        raise Unclear("Imperva の脅威の統計を読み取れません。")
    counts = [field_number(row, "incidents") for row in records(threats) if row.get("id") == _DDOS]
    if None in counts:
        raise Unclear("Imperva の脅威の統計に件数がありません。")
    series = [row.get("data") for row in records(hits) if row.get("id") == _BLOCKED]
    points = [point for data in series for point in (data if isinstance(data, list) else [None])]
    samples = sorted((_sample(point) for point in points), key=lambda sample: sample.at)
    return ThreatFigures(sum(count or 0 for count in counts), tuple(s for s in samples if s.requests))


def _sample(point: object) -> BlockedSample:
    match point:
        case [int(at_ms), int() | float() as requests] if requests >= 0:
            try:
                return BlockedSample(datetime.fromtimestamp(at_ms / 1000, UTC), round(requests))
            except (ValueError, OverflowError, OSError):
                pass
    raise Unclear("Imperva の遮断の統計に読み取れない値があります。")


def _events_in(answer: Response) -> list[NetworkEvent]:
    events = v1_json(answer).get("events")
    if not isinstance(events, list):
        raise Unclear("Imperva の基盤イベントを読み取れません。")
    return [_event(item) for item in records(events)]


def _event(item: Mapping[str, object]) -> NetworkEvent:
    when, kind, target = (field_text(item, name) for name in ("eventTime", "eventType", "eventTarget"))
    try:
        at = datetime.strptime(when, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise Unclear("Imperva の基盤イベントの時刻を読み取れません。") from error
    # Several of the vendor's centres report one event; only some answers number events.
    told = field_number(item, "eventId") or f"{when}|{kind}|{target}"
    key = hashlib.sha256(str(told).encode()).hexdigest()[:40]
    return NetworkEvent(at, _KINDS.get(kind, NetworkEventKind.OTHER), target[:100], key)
