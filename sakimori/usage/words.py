"""How a site is set up, in the words of pages. What the vendor did not say is 未取得, never fine. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.customers.models import Contract, Site
from sakimori.lib.calendar import written_day
from sakimori.lib.jst import day_of
from sakimori.usage.models import Deviation, SiteSetup
from sakimori.usage.percentile import MEGA
from sakimori.usage.rules import ALGORITHM_NAMES
from sakimori.waf.interface import BalancingAlgorithm, CertificateKind

UNKNOWN = "未取得"


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site: what is read of it, and the sentences about what is wrong, by kind."""

    site: Site
    read_at: datetime | None
    inspection: str
    servers: str
    certificate: str
    deviations: Sequence[Deviation]

    @property
    def wrong(self) -> set[str]:
        """Kinds of what is wrong."""
        return {row.kind for row in self.deviations}


def mbps(bits_per_second: int | None) -> str:
    """Two digits after the point: 3.42 Mbps."""
    return UNKNOWN if bits_per_second is None else f"{bits_per_second / MEGA:.2f} Mbps"


def site_rows(contract: Contract) -> list[SiteRow]:
    """Rows of a contract that came from `queries.contracts_with_usage`."""
    return [_row(site) for site in contract.sites.all()]


def _row(site: Site) -> SiteRow:
    setup: SiteSetup | None = getattr(site, "setup", None)
    deviations: Sequence[Deviation] = site.open_deviations  # type: ignore[attr-defined]
    if setup is None:
        return SiteRow(site, None, UNKNOWN, UNKNOWN, UNKNOWN, deviations)
    inspection = "WAF を迂回中（検査されていません）" if setup.bypassed else "WAF で検査中"
    return SiteRow(site, setup.read_at, inspection, _servers(setup), _certificate(setup), deviations)


def _servers(setup: SiteSetup) -> str:
    if setup.servers is None:
        return UNKNOWN
    parts = [f"稼働 {setup.servers} 台"]
    if setup.standby_servers:
        parts.append(f"待機 {setup.standby_servers} 台")
    if setup.data_centers is not None and setup.data_centers > 1:
        parts.append(f"データセンター {setup.data_centers} か所")
    if setup.servers + (setup.standby_servers or 0) > 1:
        name = ALGORITHM_NAMES[BalancingAlgorithm(setup.algorithm)] if setup.algorithm else UNKNOWN
        kept = {True: "あり", False: "なし", None: UNKNOWN}[setup.persistent]
        parts += [f"方式 {name}", f"セッション維持 {kept}"]
    return "、".join(parts)


def _certificate(setup: SiteSetup) -> str:
    if not setup.certificate_known:
        return UNKNOWN
    if setup.certificate == CertificateKind.CUSTOM:
        end = setup.certificate_ends_at
        return f"お客様の証明書：{written_day(day_of(end))}まで" if end else f"お客様の証明書：有効期限は{UNKNOWN}"
    return "WAF ベンダーの証明書（自動更新）" if setup.certificate else "証明書の登録なし"
