"""Which addresses the edge keeps out, and who put them on which list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from sakimori.simulators.imperva.policy_rows import (
    FIRST_POLICY_ID,
    addresses_of,
    applied_ids,
    is_blocking,
    next_id,
    policies_of_account,
    policy,
    policy_subject,
    save_policy,
    set_applied,
)
from sakimori.simulators.imperva.sites import blacklisted, write_blacklisted
from sakimori.simulators.journal import Change, JournalEntry, append
from sakimori.simulators.spec import AccountSpec, BlacklistMode, SiteSpec
from sakimori.simulators.state import JsonObject, State
from sakimori.simulators.switches import read_switches

CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class BlacklistEntry:
    """One address on one list. `list_name` is the policy's name or the site's domain; `added_by` a key id or a name.

    site_ids: where it counts. is_active: whether the edge blocks it by now.
    """

    account_id: int
    list_name: str
    subject: str
    site_ids: tuple[int, ...]
    address: str
    added_by: str
    added_ms: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class ConsoleEdit:
    """What a human changes by hand: on the policy `policy_name`, or in a legacy account on the site's list."""

    site_id: int
    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    policy_name: str = "Customer blocklist"
    by: str = CONSOLE


def blocked_addresses(state: State, site_id: int, now_ms: int) -> list[str]:
    """What the edge blocks on a site now: the lists as they were before the propagation delay."""
    at_ms = now_ms - read_switches(state).propagation_seconds * 1000
    addresses = list(blacklisted(state, site_id, at_ms))
    for policy_id in applied_ids(state, site_id, at_ms):
        body = policy(state, policy_id, at_ms)
        if body is not None and is_blocking(body):
            addresses += addresses_of(body)
    return addresses


def blacklist(state: State, account: AccountSpec, now_ms: int) -> list[BlacklistEntry]:
    """All entries of all lists of an account."""
    active = {site.site_id: set(blocked_addresses(state, site.site_id, now_ms)) for site in account.sites}
    return [
        BlacklistEntry(
            account_id=account.account_id,
            list_name=held.name,
            subject=held.subject,
            site_ids=held.site_ids,
            address=row["address"],
            added_by=row["added_by"],
            added_ms=row["added_ms"],
            is_active=any(row["address"] in active[site_id] for site_id in held.site_ids),
        )
        for held in _lists(state, account, now_ms)
        for row in state.rows("SELECT * FROM entry WHERE subject = ? ORDER BY added_ms, address", held.subject)
    ]


def edit_by_hand(state: State, account: AccountSpec, edit: ConsoleEdit, now_ms: int) -> Change:
    """A human changes a list in the vendor's console. Goes into the journal under the key id "console"."""
    with state.change():
        write = _edit_policy if account.mode is BlacklistMode.POLICY else _edit_site
        changes = write(state, account, edit, now_ms)
        entry = JournalEntry(0, now_ms, CONSOLE, "EDIT", changes[0].subject, 200, tuple(changes))
        append(state, entry)
    return changes[0]


def seed(state: State, account: AccountSpec) -> None:
    """Set up a new account, once: its default WAF policy on every site, and the foreign entries.

    They are dated long ago, so that neither stale reads nor propagation can miss them.
    """
    if state.setting(f"seeded/{account.account_id}"):
        return
    with state.change():
        state.set_setting(f"seeded/{account.account_id}", "yes")
        if account.mode is BlacklistMode.POLICY:
            _seed_default_policy(state, account)
        for entry in account.foreign:
            edit = ConsoleEdit(entry.site_id, (entry.address,), (), entry.policy_name, entry.by)
            edit_by_hand(state, account, edit, 0)


@dataclass(frozen=True, slots=True)
class _List:
    name: str
    subject: str
    site_ids: tuple[int, ...]


def _lists(state: State, account: AccountSpec, now_ms: int) -> Iterator[_List]:
    applied = {site.site_id: applied_ids(state, site.site_id, now_ms) for site in account.sites}
    for body in policies_of_account(state, account.account_id, now_ms):
        policy_id = cast("int", body["id"])
        site_ids = tuple(site_id for site_id, ids in applied.items() if policy_id in ids)
        yield _List(str(body["name"]), policy_subject(policy_id), site_ids)
    for site in account.sites:
        yield _List(site.domain, f"acl/{site.site_id}", (site.site_id,))


def _edit_policy(state: State, account: AccountSpec, edit: ConsoleEdit, now_ms: int) -> list[Change]:
    body = _policy_named(state, account, edit.policy_name, now_ms)
    addresses = _edited(addresses_of(body), edit)
    setting = {"policySettingType": "IP", "settingsAction": "BLOCK", "data": {"ips": addresses}}
    body |= {"policySettings": [setting]}
    changes = [save_policy(state, body, by=edit.by, now_ms=now_ms)]
    site, policy_id = _site(account, edit.site_id), cast("int", body["id"])
    before = applied_ids(state, site.site_id, now_ms)
    if policy_id not in before:
        after = [*before, policy_id]
        changes.append(set_applied(state, site.site_id, after, account_id=account.account_id, now_ms=now_ms))
    return changes


def _edit_site(state: State, account: AccountSpec, edit: ConsoleEdit, now_ms: int) -> list[Change]:
    site = _site(account, edit.site_id)
    addresses = _edited(blacklisted(state, site.site_id, now_ms), edit)
    return [write_blacklisted(state, account, site.site_id, addresses=addresses, by=edit.by, now_ms=now_ms)]


def _policy_named(state: State, account: AccountSpec, name: str, now_ms: int) -> JsonObject:
    for body in policies_of_account(state, account.account_id, now_ms):
        if body["name"] == name:
            return body
    return _new_policy(state, account, name, "ACL")


def _new_policy(state: State, account: AccountSpec, name: str, policy_type: str) -> JsonObject:
    return {
        "id": next_id(state, "policy", FIRST_POLICY_ID),
        "name": name,
        "description": "",
        "enabled": True,
        "accountId": account.account_id,
        "policyType": policy_type,
        "policySettings": [],
        "defaultPolicyConfig": [],
        "isMarkedAsDefault": False,
    }


def _seed_default_policy(state: State, account: AccountSpec) -> None:
    body = _new_policy(state, account, "Default WAF policy", "WAF_RULES")
    config = {"accountId": account.account_id, "assetType": "WEBSITE", "policyId": body["id"]}
    body |= {"defaultPolicyConfig": [config], "isMarkedAsDefault": True}
    save_policy(state, body, by=CONSOLE, now_ms=0)
    for site in account.sites:
        set_applied(state, site.site_id, [cast("int", body["id"])], account_id=account.account_id, now_ms=0)


def _edited(before: list[str], edit: ConsoleEdit) -> list[str]:
    kept = [address for address in before if address not in edit.remove]
    return kept + [address for address in edit.add if address not in kept]


def _site(account: AccountSpec, site_id: int) -> SiteSpec:
    return {site.site_id: site for site in account.sites}[site_id]
