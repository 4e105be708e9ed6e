"""Cloud v1 calls about sites, with the old blacklist of each site.

Traps that are kept on purpose: the list sent replaces the old one; an empty list removes the rule; an account with
policies answers res 2 to a blacklist.
"""

from typing import cast

from sakimori.simulators import history
from sakimori.simulators.imperva.answers import Refusal, json_reply
from sakimori.simulators.imperva.desk import Call, page_of
from sakimori.simulators.imperva.lists import ListWrite, checked_addresses, record_write
from sakimori.simulators.imperva.policy_rows import next_id
from sakimori.simulators.imperva.setup import data_centers_configuration, site_setup
from sakimori.simulators.imperva.site_status import LIST_RULES, site_status
from sakimori.simulators.journal import Change
from sakimori.simulators.spec import AccountSpec, BlacklistMode, SiteSpec
from sakimori.simulators.state import JsonObject, State
from sakimori.simulators.switches import read_switches

BLACKLISTED_IPS = "api.acl.blacklisted_ips"
ADDRESS_RULES = frozenset({BLACKLISTED_IPS, "api.acl.whitelisted_ips"})


def list_sites(call: Call) -> object:
    """sites/list: full status objects, in pages."""
    account = call.account("account_id")
    return {"sites": [_status(call, site, call.read_ms) for site in account.sites[page_of(call)]]}


def status(call: Call) -> object:
    """sites/status: one status object, its fields beside `res`."""
    return _status(call, call.site(), call.read_ms)


def data_centers(call: Call) -> object:
    """v3 sites/{id}/data-centers-configuration: the same body that a PUT would take."""
    site = call.site(call.path["site_id"])
    return json_reply(200, {"data": [data_centers_configuration(site_setup(call.state, site.site_id, call.read_ms))]})


def configure_acl(call: Call) -> object:
    """sites/configure/acl: replace one list of a site; answers the site's status."""
    site, rule_id = call.site(), call.params.get("rule_id", "")
    if rule_id not in LIST_RULES:
        raise Refusal(rule_id, pointer="rule_id")
    if rule_id in ADDRESS_RULES:
        _replace_addresses(call, site, rule_id)
    else:
        _replace_rule(call, site, rule_id)
    return _status(call, site, call.now_ms)


def configure_whitelist(call: Call) -> object:
    """sites/configure/whitelists: create, change or delete an exception of a rule."""
    site, rule_id = call.site(), call.params.get("rule_id", "")
    subject = f"exception/{site.site_id}/{rule_id}"
    account = call.spec.account_of_site(site.site_id)
    stored = cast("JsonObject", history.get(call.state, subject, call.now_ms) or {})
    exception_id = call.params.get("whitelist_id") or str(next_id(call.state, "exception", 240_000_001))
    if call.params.get("whitelist_id") and exception_id not in stored:
        raise Refusal(exception_id, pointer="whitelist_id")
    names = ("ips", "urls", "countries", "continents", "client_apps", "client_app_types", "user_agents")
    values = {name: call.params[name].split(",") for name in names if call.params.get(name)}
    stored = {**stored, exception_id: values}
    if call.params.get("delete_whitelist") == "true":
        del stored[exception_id]
    history.put(call.state, subject, account.account_id, stored, call.now_ms)
    call.changes.append(Change(subject=subject, note=exception_id))
    return {"exception_id": exception_id, "status": "ok"}


def acl(state: State, site_id: int, at_ms: int) -> JsonObject:
    """The site's old lists by rule id, as they were."""
    return history.get(state, f"acl/{site_id}", at_ms) or {}


def blacklisted(state: State, site_id: int, at_ms: int) -> list[str]:
    """Addresses on the site's old blacklist."""
    rule = cast("dict[str, list[str]]", acl(state, site_id, at_ms).get(BLACKLISTED_IPS) or {})
    return rule.get("ips", [])


def write_blacklisted(
    state: State, account: AccountSpec, site_id: int, *, addresses: list[str], by: str, now_ms: int
) -> Change:
    """Replace the site's old blacklist."""
    before = blacklisted(state, site_id, now_ms)
    rules = {**acl(state, site_id, now_ms), BLACKLISTED_IPS: {"ips": addresses}}
    if not addresses:
        del rules[BLACKLISTED_IPS]
    subject = f"acl/{site_id}"
    history.put(state, subject, account.account_id, rules, now_ms)
    return record_write(state, ListWrite(subject, before, addresses, by=by, now_ms=now_ms))


def _replace_addresses(call: Call, site: SiteSpec, rule_id: str) -> None:
    account = call.spec.account_of_site(site.site_id)
    if account.mode is BlacklistMode.POLICY:
        raise Refusal("This setting is managed by policies", pointer="rule_id")
    if "ips" not in call.params:
        raise Refusal("missing", pointer="ips")
    texts = [text for text in call.params["ips"].split(",") if text.strip()]
    addresses = checked_addresses(texts, limit=read_switches(call.state).max_ips, pointer="ips")
    if rule_id == BLACKLISTED_IPS:
        change = write_blacklisted(
            call.state, account, site.site_id, addresses=addresses, by=call.caller.api_id, now_ms=call.now_ms
        )
        call.changes.append(change)
    else:
        _store_rule(call, site, rule_id, {"ips": addresses} if addresses else None)


def _replace_rule(call: Call, site: SiteSpec, rule_id: str) -> None:
    names = ("countries", "continents", "urls", "url_patterns")
    values: JsonObject = {name: call.params[name].split(",") for name in names if call.params.get(name)}
    _store_rule(call, site, rule_id, values or None)


def _store_rule(call: Call, site: SiteSpec, rule_id: str, values: JsonObject | None) -> None:
    account = call.spec.account_of_site(site.site_id)
    rules = {**acl(call.state, site.site_id, call.now_ms), rule_id: values}
    if values is None:
        del rules[rule_id]
    history.put(call.state, f"acl/{site.site_id}", account.account_id, rules, call.now_ms)
    call.changes.append(Change(subject=f"acl/{site.site_id}", note=rule_id))


def _status(call: Call, site: SiteSpec, at_ms: int) -> JsonObject:
    account = call.spec.account_of_site(site.site_id)
    exceptions = {
        rule_id: history.get(call.state, f"exception/{site.site_id}/{rule_id}", at_ms) or {} for rule_id in LIST_RULES
    }
    setup = site_setup(call.state, site.site_id, at_ms)
    return site_status(account, site, setup, rules=acl(call.state, site.site_id, at_ms), exceptions=exceptions)
