"""Policies and their application to sites, as stored."""

import json
from collections.abc import Iterator, Mapping
from typing import cast

from sakimori.simulators import history
from sakimori.simulators.imperva.lists import ListWrite, record_write
from sakimori.simulators.journal import Change
from sakimori.simulators.state import JsonObject, State

FIRST_POLICY_ID = 700_001


def policy_subject(policy_id: int) -> str:
    """The policy's name in the history and in the journal."""
    return f"policy/{policy_id}"


def applied_subject(site_id: int) -> str:
    """The name of a site's set of policies in the history and in the journal."""
    return f"applied/{site_id}"


def next_id(state: State, name: str, first: int) -> int:
    """A number that was never given before."""
    with state.change():
        number = int(state.setting(f"next_{name}") or first)
        state.set_setting(f"next_{name}", str(number + 1))
    return number


def policy(state: State, policy_id: int, at_ms: int) -> JsonObject | None:
    """The policy as it was."""
    return history.get(state, policy_subject(policy_id), at_ms)


def policies_of_account(state: State, account_id: int, at_ms: int) -> list[JsonObject]:
    """All policies of an account, in the order of their ids."""
    return history.every(state, "policy/", account_id, at_ms)


def save_policy(state: State, body: JsonObject, *, by: str, now_ms: int) -> Change:
    """Store a policy (new or changed) and say which addresses came and went."""
    policy_id, account_id = cast("int", body["id"]), cast("int", body["accountId"])
    before = policy(state, policy_id, now_ms) or {}
    stored = {**_numbered(state, body), "lastModified": now_ms, "lastModifiedBy": by}
    history.put(state, policy_subject(policy_id), account_id, stored, now_ms)
    return record_write(
        state,
        ListWrite(policy_subject(policy_id), addresses_of(before), addresses_of(body), by=by, now_ms=now_ms),
    )


def drop_policy(state: State, body: JsonObject, *, by: str, now_ms: int) -> Change:
    """Delete a policy. Taking it off the sites is the caller's part."""
    subject = policy_subject(cast("int", body["id"]))
    history.put(state, subject, cast("int", body["accountId"]), None, now_ms)
    return record_write(state, ListWrite(subject, addresses_of(body), (), by=by, now_ms=now_ms))


def applied_ids(state: State, site_id: int, at_ms: int) -> list[int]:
    """Ids of the policies that are applied to a site."""
    body = history.get(state, applied_subject(site_id), at_ms)
    return cast("list[int]", body["policy_ids"]) if body else []


def set_applied(state: State, site_id: int, policy_ids: list[int], *, account_id: int, now_ms: int) -> Change:
    """Replace the site's set of policies."""
    before = applied_ids(state, site_id, now_ms)
    history.put(state, applied_subject(site_id), account_id, {"policy_ids": policy_ids}, now_ms)
    return Change(
        subject=applied_subject(site_id),
        added=tuple(str(i) for i in policy_ids if i not in before),
        removed=tuple(str(i) for i in before if i not in policy_ids),
    )


def addresses_of(body: Mapping[str, object]) -> list[str]:
    """All addresses in a policy's IP settings."""
    return [address for setting in ip_settings(body) for address in setting["data"]["ips"]]


def is_blocking(body: Mapping[str, object]) -> bool:
    """Does the policy keep its addresses out?"""
    if not body.get("enabled") or body.get("policyType") != "ACL":
        return False
    return any(str(setting.get("settingsAction", "")).startswith("BLOCK") for setting in ip_settings(body))


def ip_settings(body: Mapping[str, object]) -> Iterator[dict[str, dict[str, list[str]]]]:
    """The policy's settings that hold addresses."""
    for setting in cast("list[dict[str, dict[str, list[str]]]]", body.get("policySettings") or []):
        if isinstance(setting.get("data"), dict) and isinstance(setting["data"].get("ips"), list):
            yield setting


def _numbered(state: State, body: JsonObject) -> JsonObject:
    """The server adds `id` and `policyId` to each setting."""
    copy = cast("JsonObject", json.loads(json.dumps(body)))
    for setting in cast("list[JsonObject]", copy.get("policySettings") or []):
        setting["policyId"] = body["id"]
        setting["id"] = setting.get("id") or next_id(state, "setting", 9_000_001)
    return copy
