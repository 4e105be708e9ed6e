"""What is not as it should be with a site: its servers without a licence, the WAF bypassed, its certificate. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sakimori.lib.calendar import written_day
from sakimori.lib.jst import day_of
from sakimori.waf.interface import Balancing, BalancingAlgorithm, CertificateKind, WafCertificate

_MOST_SERVERS = 2
ALGORITHM_NAMES = {
    BalancingAlgorithm.LEAST_PENDING: "Least Pending Requests",
    BalancingAlgorithm.LEAST_CONNECTIONS: "Least Open Connections",
    BalancingAlgorithm.SOURCE_HASH: "Source IP Hash",
    BalancingAlgorithm.RANDOM: "Random",
    BalancingAlgorithm.WEIGHTED: "重み付け",
    BalancingAlgorithm.OTHER: "その他の方式",
}


class Wrong(StrEnum):
    """Kinds of what may be wrong; the values are those of `DeviationKind`."""

    BALANCING = "balancing"
    BYPASS = "bypass"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class SiteReading:
    """What the vendor said of a site just now. None: it did not say, which is never taken for fine."""

    bypassed: bool | None
    balancing: Balancing | None
    certificates: Sequence[WafCertificate] | None

    @property
    def custom(self) -> WafCertificate | None:
        """The certificate that the customer must renew, if there is one."""
        own = (each for each in self.certificates or () if each.kind is CertificateKind.CUSTOM)
        return next(own, None)


@dataclass(frozen=True, slots=True)
class Found:
    """Something wrong. mark: tells it from the next of its kind."""

    kind: Wrong
    mark: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with a site, and of which kinds the reading could tell at all."""

    found: tuple[Found, ...]
    told: frozenset[Wrong]


def judge(reading: SiteReading, *, licensed: bool, remind: timedelta, now: datetime) -> Judgement:
    """Compare a reading with the contract (chapter 3-2) and the calendar (chapter 3-3)."""
    found: list[Found] = []
    told: set[Wrong] = set()
    if reading.bypassed is not None:
        told.add(Wrong.BYPASS)
        found += [_BYPASS] if reading.bypassed else []
    if licensed or reading.balancing is not None:
        told.add(Wrong.BALANCING)
        reasons = [] if licensed or reading.balancing is None else unlicensed(reading.balancing)
        found += [_balancing(reasons)] if reasons else []
    if reading.certificates is not None and (reading.custom is None or reading.custom.ends_at is not None):
        told.add(Wrong.CERTIFICATE)
        found += _certificate(reading.custom, remind=remind, now=now)
    return Judgement(tuple(found), frozenset(told))


def unlicensed(balancing: Balancing) -> list[str]:
    """What goes beyond one server, or two that both work, with the vendor's fixed algorithm and persistence.

    How requests are spread is no question while there is one server.
    """
    reasons = []
    if balancing.data_centers > 1:
        reasons.append(f"データセンターが {balancing.data_centers} か所")
    if balancing.active_servers > _MOST_SERVERS:
        reasons.append(f"稼働サーバーが {balancing.active_servers} 台")
    if balancing.standby_servers:
        reasons.append(f"待機サーバーが {balancing.standby_servers} 台")
    if balancing.active_servers + balancing.standby_servers > 1:
        if balancing.algorithm not in (None, BalancingAlgorithm.LEAST_PENDING):
            reasons.append(f"負荷分散の方式が {ALGORITHM_NAMES[balancing.algorithm]}")
        if balancing.persistent is False:
            reasons.append("セッション維持（Persistence）がオフ")
    return reasons


_BYPASS = Found(
    Wrong.BYPASS, "", "WAF を迂回する設定になっており、通信が検査されないままお客様のサーバーへ届いています。"
)


def _balancing(reasons: Sequence[str]) -> Found:
    sentence = (
        f"Load Balancing ライセンスのないご契約の範囲を超えています：{'、'.join(reasons)}。"
        "ご契約の範囲は、単一サーバーまたは 2 台の Active-Active、"
        "方式は Least Pending Requests とセッション維持（Persistence）です。"
    )
    return Found(Wrong.BALANCING, "", sentence)


def _certificate(custom: WafCertificate | None, *, remind: timedelta, now: datetime) -> list[Found]:
    if custom is None or custom.ends_at is None or custom.ends_at > now + remind:
        return []
    day = day_of(custom.ends_at)
    if custom.ends_at <= now:
        sentence = f"SSL 証明書の有効期限（{written_day(day)}）が過ぎています。至急、更新の手続きが必要です。"
    else:
        sentence = f"SSL 証明書の有効期限が {written_day(day)}に切れます。更新の手続きが必要です。"
    return [Found(Wrong.CERTIFICATE, day.isoformat(), sentence)]
