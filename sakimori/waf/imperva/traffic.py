"""The statistics of an account: bits per second over five minutes (`stats/v1`, `bandwidth_timeseries`)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sakimori.lib.http import Response
from sakimori.lib.jst import milliseconds
from sakimori.waf.imperva.answers import Unclear, v1_json
from sakimori.waf.imperva.calls import Call, ImpervaCalls
from sakimori.waf.imperva.credentials import ImpervaCredentials
from sakimori.waf.imperva.fields import records
from sakimori.waf.interface import TrafficSample

_STATISTIC = "bandwidth_timeseries"
_BITS = f"api.stats.{_STATISTIC}.bps"
_BUCKET = timedelta(minutes=5)


class TrafficReader:
    """Reads `stats/v1` for the account that the credentials stand for."""

    def __init__(self, calls: ImpervaCalls, credentials: ImpervaCredentials) -> None:
        self._calls = calls
        self._url = f"{credentials.cloud_url.rstrip('/')}/api/stats/v1"
        self._account = {"account_id": str(credentials.account_id)} if credentials.account_id is not None else {}

    def samples(self, start: datetime, end: datetime, *, site_id: int | None) -> Sequence[TrafficSample]:
        """The vendor also sends the bucket that is still running at `end`: it is left out."""
        form = {
            **self._account,
            **({"site_id": str(site_id)} if site_id is not None else {}),
            "time_range": "custom",
            "start": str(milliseconds(start)),
            "end": str(milliseconds(end)),
            "granularity": str(_BUCKET // timedelta(milliseconds=1)),
            "stats": _STATISTIC,
        }
        found = self._calls.read(Call("POST", self._url, form=form), _samples_in)
        return [sample for sample in found if sample.at >= start and sample.at + _BUCKET <= end]


def _samples_in(answer: Response) -> list[TrafficSample]:
    series = v1_json(answer).get(_STATISTIC)
    if series == []:
        return []  # An account without any traffic in the span.
    data = [row.get("data") for row in records(series) if row.get("id") == _BITS]
    if len(data) != 1 or not isinstance(data[0], list):
        raise Unclear("Imperva の帯域の統計を読み取れません。")
    return sorted((_sample(point) for point in data[0]), key=lambda sample: sample.at)


def _sample(point: object) -> TrafficSample:
    match point:
        case [int(at_ms), int() | float() as bits] if bits >= 0:
            try:
                return TrafficSample(datetime.fromtimestamp(at_ms / 1000, UTC), round(bits))
            except (ValueError, OverflowError, OSError):
                pass
    raise Unclear("Imperva の帯域の統計に読み取れない値があります。")
