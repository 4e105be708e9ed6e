"""Policies v2, and the little of v3 that lists and shares them.

Traps that are kept on purpose: PUT on a site's policy takes every other policy off the site; an update without
`defaultPolicyConfig` clears it; an empty `ips` list is refused (a switch); a policy's settings are shown only with
`extended=true`; `lastModified*` must not be sent back; two policies may have the same name; a child account's
site is found only with `caid`.

Assumption: an account that still has the old lists gets 403 with `errors` from every call.
"""

from typing import cast

from sakimori.simulators.imperva.answers import Refusal, Reply, json_reply
from sakimori.simulators.imperva.desk import Call, visible_accounts
from sakimori.simulators.imperva.lists import checked_addresses
from sakimori.simulators.imperva.policy_rows import (
    FIRST_POLICY_ID,
    addresses_of,
    applied_ids,
    drop_policy,
    ip_settings,
    next_id,
    policies_of_account,
    policy,
    save_policy,
    set_applied,
)
from sakimori.simulators.spec import AccountSpec, BlacklistMode
from sakimori.simulators.state import JsonObject
from sakimori.simulators.switches import read_switches

POLICY_TYPES = frozenset({"ACL", "WHITELIST", "FILE_UPLOAD", "WAF_RULES"})
ACTIONS = frozenset({"BLOCK", "ALLOW", "ALERT", "BLOCK_USER", "BLOCK_IP", "IGNORE"})
SERVER_FIELDS = frozenset({"lastModified", "lastModifiedBy"})


def list_policies(call: Call) -> object:
    """GET /policies."""
    account = _account(call)
    return [_shown(call, body) for body in policies_of_account(call.state, account.account_id, call.read_ms)]


def get_policy(call: Call) -> object:
    """GET /policies/{id}."""
    return _shown(call, _policy(call, call.read_ms))


def create_policy(call: Call) -> object:
    """POST /policies."""
    account = _account(call)
    sent = _sent(call)
    _check_policy(call, sent)
    body = {"enabled": True, "description": "", "defaultPolicyConfig": [], "isMarkedAsDefault": False} | sent
    body |= {"id": next_id(call.state, "policy", FIRST_POLICY_ID), "accountId": account.account_id}
    return _save(call, body)


def update_policy(call: Call) -> object:
    """POST /policies/{id}: what is not sent stays, except the account's default."""
    before = _policy(call, call.now_ms)
    body = {**before, "defaultPolicyConfig": [], **_sent(call), **_identity(before)}
    _check_policy(call, body)
    return _save(call, body)


def overwrite_policy(call: Call) -> object:
    """PUT /policies/{id}: what is not sent is gone."""
    before = _policy(call, call.now_ms)
    defaults: JsonObject = {"enabled": True, "description": "", "policySettings": [], "defaultPolicyConfig": []}
    body = defaults | _sent(call) | _identity(before)
    _check_policy(call, body)
    return _save(call, body)


def delete_policy(call: Call) -> object:
    """DELETE /policies/{id}."""
    body = _policy(call, call.now_ms)
    owner = call.spec.account(cast("int", body["accountId"]))
    for account in visible_accounts(call.spec, owner):
        for site in account.sites:
            _take_off(call, site.site_id, cast("int", body["id"]), account)
    call.changes.append(drop_policy(call.state, body, by=call.caller.api_id, now_ms=call.now_ms))
    return "Policy deleted successfully"


def apply_policy(call: Call) -> object:
    """POST /assets/WEBSITE/{site}/policies/{id}: beside the site's other policies."""
    account, site_id = _site(call)
    policy_id = cast("int", _policy(call, call.now_ms)["id"])
    before = applied_ids(call.state, site_id, call.now_ms)
    _set_applied(call, site_id, [*before, *([] if policy_id in before else [policy_id])], account)
    return _assets(call, site_id)


def apply_only_policy(call: Call) -> object:
    """PUT /assets/WEBSITE/{site}/policies/{id}: instead of all the site's other policies."""
    account, site_id = _site(call)
    _set_applied(call, site_id, [cast("int", _policy(call, call.now_ms)["id"])], account)
    return _assets(call, site_id)


def unapply_policy(call: Call) -> object:
    """DELETE /assets/WEBSITE/{site}/policies/{id}."""
    account, site_id = _site(call)
    policy_id = cast("int", _policy(call, call.now_ms)["id"])
    if policy_id not in applied_ids(call.state, site_id, call.now_ms):
        raise Refusal("The policy is not applied to the asset", status=404)
    _take_off(call, site_id, policy_id, account)
    return True


def is_applied(call: Call) -> object:
    """GET /policies/{id}/assets/WEBSITE/{site}: 404 means no."""
    _, site_id = _site(call)
    if cast("int", _policy(call, call.read_ms)["id"]) not in applied_ids(call.state, site_id, call.read_ms):
        raise Refusal("The policy is not applied to the asset", status=404)
    return True


def policies_of_site(call: Call) -> object:
    """GET /assets/WEBSITE/{site}/policies."""
    _, site_id = _site(call)
    bodies = [
        policy(call.state, policy_id, call.read_ms) for policy_id in applied_ids(call.state, site_id, call.read_ms)
    ]
    return [_shown(call, body) for body in bodies if body is not None]


def list_policies_v3(call: Call) -> Reply:
    """GET /policies/v3/policies: pages of `size`, from `page` 0."""
    account = _account(call)
    bodies = policies_of_account(call.state, account.account_id, call.read_ms)
    size, page = int(call.params.get("size", "50")), int(call.params.get("page", "0"))
    meta = {"size": size, "page": page, "totalElements": len(bodies), "totalPages": -(-len(bodies) // size)}
    shown = [_shown(call, body) for body in bodies[page * size : (page + 1) * size]]
    return json_reply(200, {"data": shown, "meta": meta, "links": {}})


def associated_policies(call: Call) -> Reply:
    """GET /policies/v3/accounts/associated-policies: what an account may use."""
    account = _account(call)
    owners = {account.account_id, account.parent_id} - {0}
    ids = [b["id"] for owner in sorted(owners) for b in policies_of_account(call.state, owner, call.read_ms)]
    row = {"accountId": account.account_id, "availablePolicyIds": ids, "defaultNonMandatoryNonDistinctPolicyIds": []}
    return json_reply(200, {"data": [row]})


def _account(call: Call) -> AccountSpec:
    account = call.account("caid")
    if account.mode is BlacklistMode.LEGACY:
        raise Refusal("Policies are not available for this account", status=403)
    return account


def _policy(call: Call, at_ms: int) -> JsonObject:
    _account(call)
    body = policy(call.state, _path_number(call, "policy_id"), at_ms)
    visible = {account.account_id for account in visible_accounts(call.spec, call.caller)}
    if body is None or body["accountId"] not in visible:
        raise Refusal("Policy not found", status=404)
    return body


def _site(call: Call) -> tuple[AccountSpec, int]:
    account, site_id = _account(call), _path_number(call, "site_id")
    if site_id not in {site.site_id for site in account.sites}:
        raise Refusal("Asset not found", status=404)
    return account, site_id


def _path_number(call: Call, name: str) -> int:
    if not call.path[name].isdecimal():
        raise Refusal(f"{call.path[name]} is not a number", pointer=name)
    return int(call.path[name])


def _sent(call: Call) -> JsonObject:
    if not isinstance(call.body, dict):
        raise Refusal("the body must be an object")
    for name in SERVER_FIELDS & call.body.keys():
        raise Refusal(f"{name} is set by the server", pointer=f"/{name}")
    return dict(call.body)


def _check_policy(call: Call, body: JsonObject) -> None:
    if not body.get("name") or body.get("policyType") not in POLICY_TYPES:
        raise Refusal("name and a known policyType are required", pointer="/policyType")
    settings = body.get("policySettings") or []
    if not isinstance(settings, list) or not all(isinstance(setting, dict) for setting in settings):
        raise Refusal("policySettings must be a list of objects", pointer="/policySettings")
    for setting in settings:
        if setting.get("settingsAction") not in ACTIONS or not setting.get("policySettingType"):
            raise Refusal("settingsAction and policySettingType are required", pointer="/policySettings")
    _check_addresses(call, body)


def _check_addresses(call: Call, body: JsonObject) -> None:
    switches = read_switches(call.state)
    pointer = "/policySettings/data/ips"
    with_ips = list(ip_settings(body))
    settings = cast("list[JsonObject]", body.get("policySettings") or [])
    wanting = [setting for setting in settings if setting["policySettingType"] == "IP" and setting not in with_ips]
    if switches.refuse_empty_ips and (wanting or not all(setting["data"]["ips"] for setting in with_ips)):
        raise Refusal("ips must not be empty", pointer=pointer)
    for setting in with_ips:
        setting["data"]["ips"] = checked_addresses(setting["data"]["ips"], limit=switches.max_ips, pointer=pointer)
    checked_addresses(addresses_of(body), limit=switches.max_ips, pointer=pointer)


def _save(call: Call, body: JsonObject) -> JsonObject:
    call.changes.append(save_policy(call.state, body, by=call.caller.api_id, now_ms=call.now_ms))
    saved = policy(call.state, cast("int", body["id"]), call.now_ms)
    if saved is None:
        raise RuntimeError("a policy was lost right after it was saved")
    return saved


def _identity(body: JsonObject) -> JsonObject:
    return {name: body[name] for name in ("id", "accountId", "isMarkedAsDefault") if name in body}


def _set_applied(call: Call, site_id: int, policy_ids: list[int], account: AccountSpec) -> None:
    change = set_applied(call.state, site_id, policy_ids, account_id=account.account_id, now_ms=call.now_ms)
    call.changes.append(change)


def _take_off(call: Call, site_id: int, policy_id: int, account: AccountSpec) -> None:
    before = applied_ids(call.state, site_id, call.now_ms)
    if policy_id in before:
        _set_applied(call, site_id, [i for i in before if i != policy_id], account)


def _assets(call: Call, site_id: int) -> object:
    ids = applied_ids(call.state, site_id, call.now_ms)
    return [{"policyId": policy_id, "assetType": "WEBSITE", "assetId": site_id} for policy_id in ids]


def _shown(call: Call, body: JsonObject) -> JsonObject:
    if call.params.get("extended") == "true":
        return body
    return {name: value for name, value in body.items() if name not in ("policySettings", "defaultPolicyConfig")}
