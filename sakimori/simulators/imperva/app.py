"""The web application of the simulated Imperva: which address leads to which operation."""

import random

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from sakimori.simulators.faults import FaultScope
from sakimori.simulators.imperva import accounts, log_pull, networks, policies, sites, stats
from sakimori.simulators.imperva.answers import PoliciesV2
from sakimori.simulators.imperva.gate import Gate, Handler, Operation
from sakimori.simulators.imperva.log_files import LogFiles
from sakimori.simulators.loopback import LoopbackOnly
from sakimori.simulators.spec import WorldSpec
from sakimori.simulators.state import Clock, State

V1 = "/api/prov/v1"
PROV_V3 = "/api/prov/v3"
V2 = "/policies/v2"
V3 = "/policies/v3"

# path, handler, does it write?
CLOUD_V1: tuple[tuple[str, Handler, bool], ...] = (
    (f"{V1}/account/verify", accounts.verify, False),
    (f"{V1}/account", accounts.status, False),
    (f"{V1}/accounts/list", accounts.list_accounts, False),
    (f"{V1}/accounts/listSubAccounts", accounts.list_sub_accounts, False),
    (f"{V1}/accounts/subscription", accounts.subscription, False),
    (f"{V1}/sites/list", sites.list_sites, False),
    (f"{V1}/sites/status", sites.status, False),
    (f"{V1}/sites/configure/acl", sites.configure_acl, True),
    (f"{V1}/sites/configure/whitelists", sites.configure_whitelist, True),
    ("/api/stats/v1", stats.stats, False),
    ("/api/v1/infra/events", networks.events, False),
)
POLICIES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", f"{V2}/policies", policies.list_policies),
    ("POST", f"{V2}/policies", policies.create_policy),
    ("GET", f"{V2}/policies/{{policy_id}}", policies.get_policy),
    ("POST", f"{V2}/policies/{{policy_id}}", policies.update_policy),
    ("PUT", f"{V2}/policies/{{policy_id}}", policies.overwrite_policy),
    ("DELETE", f"{V2}/policies/{{policy_id}}", policies.delete_policy),
    ("GET", f"{V2}/policies/{{policy_id}}/assets/WEBSITE/{{site_id}}", policies.is_applied),
    ("GET", f"{V2}/assets/WEBSITE/{{site_id}}/policies", policies.policies_of_site),
    ("POST", f"{V2}/assets/WEBSITE/{{site_id}}/policies/{{policy_id}}", policies.apply_policy),
    ("PUT", f"{V2}/assets/WEBSITE/{{site_id}}/policies/{{policy_id}}", policies.apply_only_policy),
    ("DELETE", f"{V2}/assets/WEBSITE/{{site_id}}/policies/{{policy_id}}", policies.unapply_policy),
    ("GET", f"{V3}/policies", policies.list_policies_v3),
    ("GET", f"{V3}/accounts/associated-policies", policies.associated_policies),
)


def imperva_app(state: State, spec: WorldSpec, *, clock: Clock, files: LogFiles) -> Starlette:
    """One application for all of the vendor's hosts; clients only change their base addresses."""
    gate = Gate(state, spec, clock, random.Random(spec.seed))
    routes = [
        Route(path, gate.endpoint(Operation(handle, FaultScope.API, writes)), methods=["POST"])
        for path, handle, writes in CLOUD_V1
    ]
    routes += [
        Route(path, gate.endpoint(Operation(handle, FaultScope.POLICIES, method != "GET")), methods=[method])
        for method, path, handle in POLICIES
    ]
    rest = Operation(sites.data_centers, FaultScope.API, dialect=PoliciesV2())
    routes.append(
        Route(f"{PROV_V3}/sites/{{site_id}}/data-centers-configuration", gate.endpoint(rest), methods=["GET"])
    )
    routes += [
        Route(f"/logs/{{folder}}/{name}", gate.endpoint(Operation(handle, FaultScope.LOGS)), methods=["GET"])
        for name, handle in (("logs.index", log_pull.index(files)), ("{name}", log_pull.file(files)))
    ]
    return Starlette(routes=routes, middleware=[Middleware(LoopbackOnly)])
