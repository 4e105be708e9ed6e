"""How sites are set up at the simulated vendor: bypass, end of the certificate, origin servers. Set by hand only."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sakimori.simulators import history
from sakimori.simulators.payload import number
from sakimori.simulators.spec import AccountSpec
from sakimori.simulators.state import JsonObject, State

DAY_MS = 86_400_000
ALGORITHMS = (
    "LB_LEAST_PENDING_REQUESTS",
    "LB_LEAST_OPEN_CONNECTIONS",
    "LB_SOURCE_IP_HASH",
    "RANDOM",
    "WEIGHTED",
)
MOST = 20


@dataclass(frozen=True, slots=True)
class SiteSetup:
    """servers, standby: those in each data centre that work, and that wait."""

    is_bypassed: bool = False
    certificate_ends_ms: int = 1_900_000_000_000
    data_centers: int = 1
    servers: int = 1
    standby: int = 0
    algorithm: str = ALGORITHMS[0]
    is_persistent: bool = True


def site_setup(state: State, site_id: int, at_ms: int) -> SiteSetup:
    """As it was at that time."""
    stored: dict[str, Any] = history.get(state, f"setup/{site_id}", at_ms) or {}
    return SiteSetup(**stored)


def set_site_setup(state: State, account: AccountSpec, site_id: int, wanted: SiteSetup, now_ms: int) -> None:
    """From now on."""
    history.put(state, f"setup/{site_id}", account.account_id, asdict(wanted), now_ms)


def changed_setup(before: SiteSetup, data: JsonObject, *, now_ms: int) -> SiteSetup:
    """What a person asked for; fields that are not sent (or empty) stay. ValueError for what the vendor cannot do."""
    after = replace(
        before,
        is_bypassed=_yes(data, "bypassed", before.is_bypassed),
        is_persistent=_yes(data, "persistent", before.is_persistent),
        data_centers=int(number(data, "data_centers", before.data_centers)),
        servers=int(number(data, "servers", before.servers)),
        standby=int(number(data, "standby", before.standby)),
        algorithm=str(data.get("algorithm") or before.algorithm),
    )
    if data.get("certificate_days") not in (None, ""):
        after = replace(after, certificate_ends_ms=now_ms + int(number(data, "certificate_days", 0) * DAY_MS))
    if after.algorithm not in ALGORITHMS:
        raise ValueError(f"unknown algorithm {after.algorithm}")
    if not (1 <= after.data_centers <= MOST and 1 <= after.servers <= MOST and 0 <= after.standby <= MOST):
        raise ValueError("too many or too few servers or data centres")
    return after


def data_centers_configuration(setup: SiteSetup) -> JsonObject:
    """One configuration in the vendor's words."""
    return {
        "dataCenterMode": _mode(setup),
        "lbAlgorithm": "BEST_CONNECTION_TIME" if setup.data_centers > 1 else None,
        "failOverRequiredMonitors": "MOST",
        "minAvailableServersForDataCenterUp": 1,
        "isPersistent": setup.is_persistent,
        "dataCenters": [_data_center(setup, number) for number in range(1, setup.data_centers + 1)],
    }


def _mode(setup: SiteSetup) -> str:
    if setup.data_centers > 1:
        return "MULTIPLE_DC"
    return "SINGLE_DC" if setup.servers + setup.standby > 1 else "SINGLE_SERVER"


def _data_center(setup: SiteSetup, number: int) -> JsonObject:
    modes = ["ACTIVE"] * setup.servers + ["STANDBY"] * setup.standby
    return {
        "id": 1000 + number,
        "name": f"Data Center {number}",
        "ipMode": "MULTIPLE_IP",
        "lbAlgorithm": setup.algorithm,
        "isEnabled": True,
        "isActive": True,
        "isContent": False,
        "isRestOfTheWorld": False,
        "geoLocations": [],
        "originPop": None,
        "servers": [
            {"address": f"192.0.2.{10 * number + place}", "isEnabled": True, "serverMode": mode, "weight": None}
            for place, mode in enumerate(modes)
        ],
    }


def _yes(data: JsonObject, name: str, otherwise: bool) -> bool:  # noqa: FBT001 - the value that stays
    value = data.get(name)
    return otherwise if value in (None, "") else value in (True, "true")
