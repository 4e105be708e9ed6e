"""A policy of the vendor as we need it: what it blocks, and what it looks like after a change. Pure.

The whole JSON object is kept beside the few fields that we understand, because an update has to carry everything
that was read: what is left out of it (the account's defaults, exceptions, other settings) the vendor drops.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sakimori.waf.imperva.answers import Unclear
from sakimori.waf.imperva.entries import listed_entries, merged
from sakimori.waf.imperva.fields import descend, field_number, field_text, record, records, texts

_POLICY_TYPE = "ACL"
_SETTING_TYPE = "IP"
_ACTION = "BLOCK"
_SET_BY_SERVER = frozenset({"lastModified", "lastModifiedBy"})
_DESCRIPTION = "Managed by Sakimori. Entries that were added by hand are kept."


@dataclass(frozen=True, slots=True)
class Policy:
    """`settings` and `body` are the vendor's own objects: read them, copy them, never change them."""

    policy_id: int
    name: str
    enabled: bool
    is_access_list: bool
    settings: Sequence[Mapping[str, object]]
    body: Mapping[str, object]

    @property
    def addresses(self) -> frozenset[str]:
        """The addresses and networks that its block settings name."""
        return listed_entries(self.raw)

    @property
    def raw(self) -> tuple[str, ...]:
        """Every entry of its block settings, as it is spelt."""
        return tuple(entry for s in self.settings if _blocks_addresses(s) for entry in _ips(s))


def parse_policy(value: object) -> Policy:
    """`Unclear` if it is not a policy."""
    body = record(value)
    policy_id = field_number(body, "id") if body is not None else None
    if body is None or policy_id is None:
        raise Unclear("Imperva のポリシーを読み取れません。")
    return Policy(
        policy_id=policy_id,
        name=field_text(body, "name"),
        # Only a clear yes counts: an address must not be taken for blocked because a field is missing.
        enabled=body.get("enabled") is True,
        is_access_list=body.get("policyType") == _POLICY_TYPE,
        settings=records(body.get("policySettings")),
        body=body,
    )


def parse_policies(value: object) -> list[Policy]:
    """`Unclear` if it is not a list of policies: an unreadable list must never look like an empty one."""
    if not isinstance(value, list):
        raise Unclear("Imperva のポリシー一覧を読み取れません。")
    return [parse_policy(item) for item in value]


def new_policy(name: str, addresses: frozenset[str]) -> Mapping[str, object]:
    """The body with which a policy is created."""
    return {
        "name": name,
        "description": _DESCRIPTION,
        "enabled": True,
        "policyType": _POLICY_TYPE,
        "policySettings": [_new_setting(sorted(addresses))],
    }


def changed_policy(policy: Policy, *, add: frozenset[str], remove: frozenset[str]) -> Mapping[str, object] | None:
    """The whole body to send, or None if nothing changes.

    The first block setting takes the new addresses; every one of them lets go of the removed.
    """
    settings: list[Mapping[str, object]] = []
    waiting = add
    for setting in policy.settings:
        if _blocks_addresses(setting):
            after = merged(_ips(setting), add=waiting, remove=remove)
            settings.append(_with_ips(setting, after) if after != _ips(setting) else setting)
            waiting = frozenset()
        else:
            settings.append(setting)
    if waiting:
        settings.append(_new_setting(sorted(waiting)))
    return _with_settings(policy, settings) if settings != list(policy.settings) else None


def emptied_settings(body: Mapping[str, object], placeholder: str) -> Mapping[str, object]:
    """The same body with the placeholder in each block setting that would be empty."""
    settings = [
        _with_ips(s, (placeholder,)) if _blocks_addresses(s) and not _ips(s) else s
        for s in records(body.get("policySettings"))
    ]
    return {**body, "policySettings": settings}


def has_empty_setting(body: Mapping[str, object]) -> bool:
    """Whether a block setting of this body lists nothing at all."""
    return any(_blocks_addresses(s) and not _ips(s) for s in records(body.get("policySettings")))


def _blocks_addresses(setting: Mapping[str, object]) -> bool:
    return setting.get("policySettingType") == _SETTING_TYPE and setting.get("settingsAction") == _ACTION


def _ips(setting: Mapping[str, object]) -> tuple[str, ...]:
    return texts(descend(setting, "data").get("ips"))


def _with_ips(setting: Mapping[str, object], ips: Sequence[str]) -> Mapping[str, object]:
    return {**setting, "data": {**descend(setting, "data"), "ips": list(ips)}}


def _new_setting(ips: Sequence[str]) -> Mapping[str, object]:
    return {"policySettingType": _SETTING_TYPE, "settingsAction": _ACTION, "data": {"ips": list(ips)}}


def _with_settings(policy: Policy, settings: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    kept = {name: value for name, value in policy.body.items() if name not in _SET_BY_SERVER}
    return {**kept, "policySettings": list(settings)}
