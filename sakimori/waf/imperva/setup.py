"""How sites are set up (origin servers, certificates), and what their account has purchased."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sakimori.lib.http import Response
from sakimori.waf.imperva.answers import Unclear, v1_json, v3_data
from sakimori.waf.imperva.calls import Call, ImpervaCalls
from sakimori.waf.imperva.credentials import ImpervaCredentials
from sakimori.waf.imperva.fields import descend, field_number, field_text, record, records
from sakimori.waf.interface import (
    Balancing,
    BalancingAlgorithm,
    CertificateKind,
    WafCertificate,
    WafSubscription,
)

_ALGORITHMS = {
    "LB_LEAST_PENDING_REQUESTS": BalancingAlgorithm.LEAST_PENDING,
    "LB_LEAST_OPEN_CONNECTIONS": BalancingAlgorithm.LEAST_CONNECTIONS,
    "LB_SOURCE_IP_HASH": BalancingAlgorithm.SOURCE_HASH,
    "RANDOM": BalancingAlgorithm.RANDOM,
    "WEIGHTED": BalancingAlgorithm.WEIGHTED,
}
_LICENCE_ROWS = frozenset({"Load Balancing", "Load Balancing (old)"})
_PLAN_ROW = "Always On Bandwidth (Clean traffic)"
_NOT_PURCHASED = frozenset({"", "0", "none", "n/a"})
_MBPS = re.compile(r"\s*(\d{1,6})\s*([MG])bps\s*", re.IGNORECASE)


class SetupReader:
    """Reads what is set up and purchased in the account that the credentials stand for."""

    def __init__(self, calls: ImpervaCalls, credentials: ImpervaCredentials) -> None:
        self._calls = calls
        self._cloud = credentials.cloud_url.rstrip("/")
        self._account_id = credentials.account_id

    def data_centers(self, site_id: int) -> Balancing:
        """Servers and data centres that are switched off do not count."""
        params = {"caid": str(self._account_id)} if self._account_id is not None else None
        url = f"{self._cloud}/api/prov/v3/sites/{site_id}/data-centers-configuration"
        return self._calls.read(Call("GET", url, params=params), _balancing_in)

    def certificates(self, site_id: int) -> Sequence[WafCertificate]:
        """As the site's status has them. It tells no end of a generated certificate, which the vendor renews."""
        call = Call("POST", f"{self._cloud}/api/prov/v1/sites/status", form={"site_id": str(site_id)})
        return self._calls.read(call, _certificates_in)

    def subscription(self) -> WafSubscription:
        """Every figure is a text at the vendor's."""
        form = {"account_id": str(self._account_id)} if self._account_id is not None else {}
        call = Call("POST", f"{self._cloud}/api/prov/v1/accounts/subscription", form=form)
        return self._calls.read(call, _subscription_in)


def _balancing_in(answer: Response) -> Balancing:
    data = v3_data(answer)
    if len(data) != 1 or not isinstance(data[0].get("dataCenters"), list):
        raise Unclear("Imperva の負荷分散の設定を読み取れません。")
    centers = [center for center in records(data[0]["dataCenters"]) if _is_on(center)]
    servers = [server for center in centers for server in records(center.get("servers")) if _is_on(server)]
    standby = sum(field_text(server, "serverMode").upper() == "STANDBY" for server in servers)
    persistent = data[0].get("isPersistent")
    return Balancing(
        data_centers=len(centers),
        active_servers=len(servers) - standby,
        standby_servers=standby,
        algorithm=_algorithm(centers),
        persistent=persistent if isinstance(persistent, bool) else None,
    )


def _algorithm(centers: Sequence[Mapping[str, object]]) -> BalancingAlgorithm | None:
    """What the data centres have in common; where they differ, whichever is not the usual one."""
    names = {field_text(center, "lbAlgorithm") for center in centers} - {""}
    found = {_ALGORITHMS.get(name, BalancingAlgorithm.OTHER) for name in names}
    unusual = sorted(found - {BalancingAlgorithm.LEAST_PENDING})
    return unusual[0] if unusual else next(iter(found), None)


def _is_on(item: Mapping[str, object]) -> bool:
    return item.get("isEnabled") not in (False, "false")


def _certificates_in(answer: Response) -> list[WafCertificate]:
    ssl = record(v1_json(answer).get("ssl"))
    if ssl is None:
        raise Unclear("Imperva の証明書の状態を読み取れません。")
    custom = descend(ssl, "custom_certificate")
    found = []
    if custom.get("active") in (True, "true"):
        found.append(WafCertificate(CertificateKind.CUSTOM, _moment(field_number(custom, "expirationDate"))))
    if record(ssl.get("generated_certificate")):
        found.append(WafCertificate(CertificateKind.GENERATED, None))
    return found


def _moment(at_ms: int | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms else None
    except (ValueError, OverflowError, OSError):
        return None


def _subscription_in(answer: Response) -> WafSubscription:
    plan = record(v1_json(answer).get("planStatus"))
    if plan is None:
        raise Unclear("Imperva の契約内容を読み取れません。")
    rows = [row for section in plan.values() for row in records((record(section) or {}).get("planSectionRows"))]
    purchased = {field_text(row, "name").strip(): field_text(row, "purchased").strip() for row in rows}
    licences = [purchased[name] for name in _LICENCE_ROWS if name in purchased]
    return WafSubscription(
        plan_mbps=_mbps(purchased.get(_PLAN_ROW, "")),
        load_balancing=any(text.lower() not in _NOT_PURCHASED for text in licences) if licences else None,
    )


def _mbps(text: str) -> int | None:
    found = _MBPS.fullmatch(text)
    return int(found[1]) * (1000 if found[2].upper() == "G" else 1) if found else None
