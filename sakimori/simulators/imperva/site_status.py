"""The status object of a site, as Cloud v1 shows it."""

from collections.abc import Mapping
from typing import cast

from sakimori.simulators.imperva.setup import SiteSetup
from sakimori.simulators.spec import AccountSpec, SiteSpec
from sakimori.simulators.state import JsonObject

LIST_RULES = {
    "api.acl.blacklisted_ips": "Visitors from blacklisted IPs",
    "api.acl.blacklisted_countries": "Visitors from blacklisted Countries",
    "api.acl.blacklisted_urls": "Visitors to blacklisted URLs",
    "api.acl.whitelisted_ips": "Visitors from whitelisted IPs",
}
WAF_RULES = {
    "api.threats.sql_injection": "SQL Injection",
    "api.threats.cross_site_scripting": "Cross Site Scripting (XSS)",
    "api.threats.illegal_resource_access": "Illegal Resource Access",
    "api.threats.backdoor": "Backdoor Protect",
    "api.threats.remote_file_inclusion": "Remote File Inclusion",
}
CREATED_MS = 1_700_000_000_000


def site_status(
    account: AccountSpec,
    site: SiteSpec,
    setup: SiteSetup,
    *,
    rules: Mapping[str, object],
    exceptions: Mapping[str, JsonObject],
) -> JsonObject:
    """rules: the site's old lists by rule id. exceptions: by rule id, then exception id."""
    return {
        "site_id": site.site_id,
        "status": "fully-configured",
        "domain": site.domain,
        "display_name": site.domain,
        "ref_id": "",
        "account_id": account.account_id,
        "active": "bypass" if setup.is_bypassed else "active",
        "acceleration_level": "standard",
        "site_creation_date": CREATED_MS,
        "ips": ["192.0.2.10"],
        "dns": [{"dns_record_name": site.domain, "set_type_to": "CNAME", "set_data_to": ["x1.example.net"]}],
        "original_dns": [{"dns_record_name": site.domain, "set_type_to": "A", "set_data_to": ["192.0.2.10"]}],
        "warnings": [],
        "security": {"waf": {"rules": _waf_rules()}, "acls": {"rules": _list_rules(rules, exceptions)}},
        "ssl": _ssl(setup),
        "log_level": str(account.log_level),
        "extended_ddos": 1000,
    }


def _waf_rules() -> list[JsonObject]:
    block = {"action": "api.threats.action.block_request", "action_text": "Block Request"}
    named: list[JsonObject] = [{"id": rule_id, "name": name, **block} for rule_id, name in WAF_RULES.items()]
    bots: JsonObject = {
        "id": "api.threats.bot_access_control",
        "name": "Bot Access Control",
        "block_bad_bots": True,
        "challenge_suspected_bots": True,
    }
    ddos: JsonObject = {
        "id": "api.threats.ddos",
        "name": "DDoS",
        "activation_mode": "api.threats.ddos.activation_mode.auto",
        "activation_mode_text": "Auto",
        "ddos_traffic_threshold": 1000,
    }
    return [bots, *named, ddos]


def _list_rules(rules: Mapping[str, object], exceptions: Mapping[str, JsonObject]) -> list[JsonObject]:
    shown = []
    for rule_id, values in rules.items():
        rule: JsonObject = {"id": rule_id, "name": LIST_RULES[rule_id], **_values(cast("dict[str, list[str]]", values))}
        if exceptions[rule_id]:
            rule["exceptions"] = [
                _exception(exception_id, cast("dict[str, list[str]]", held))
                for exception_id, held in exceptions[rule_id].items()
            ]
        shown.append(rule)
    return shown


def _values(values: dict[str, list[str]]) -> JsonObject:
    if "ips" in values:
        return {"ips": values["ips"]}
    if "urls" in values:
        patterns = values.get("url_patterns", ["EQUALS"] * len(values["urls"]))
        pairs = zip(values["urls"], patterns, strict=False)
        return {"urls": [{"value": url, "pattern": pattern} for url, pattern in pairs]}
    return {"geo": {name: values[name] for name in ("countries", "continents") if name in values}}


def _exception(exception_id: str, values: dict[str, list[str]]) -> JsonObject:
    shown = [{"id": f"api.rule_exception_type.{name}", "name": name, name: listed} for name, listed in values.items()]
    return {"id": int(exception_id), "values": shown}


def _ssl(setup: SiteSetup) -> JsonObject:
    return {
        "origin_server": {"detected": True, "detectionStatus": "ok"},
        "custom_certificate": {
            "active": True,
            "expirationDate": setup.certificate_ends_ms,
            "revocationError": False,
            "validityError": False,
            "chainError": False,
            "hostnameMismatchError": False,
        },
    }
