"""The blacklist as a dedicated access policy of the account, applied to each site.

A policy is updated with PUT and everything that was just read. The alternative, POST, is called a partial update,
but how it treats lists is not documented, and those who use it live send only the *new* addresses: it seems to
append. With it an address could then never be taken off again, and sending the whole list would double the
exceptions. PUT says exactly what the list is; what it can lose is an edit made between our read and our write, so
the policy is read again immediately before it.

On a *site*, PUT would take off all its other policies. Sites are only ever touched with POST.

Which policies have the name, and that one counts on a site, is believed for half a minute: these are most of the calls.
The vendor tells of one site per call only, so with many sites each answer is believed for longer, and they are asked
about one after the other; so more sites than calls a minute are read in several goes. A site to which we apply it is
asked about anew. What stands on a list is read anew each time.

Several policies of the name (a doubtful creation that was repeated) count as one list: reading merges them,
additions go to the one with the lowest id, removals are made in all.
"""

from collections.abc import Mapping, Sequence

from sakimori.lib.http import Response
from sakimori.waf.imperva.answers import policy_value
from sakimori.waf.imperva.calls import Call, ImpervaCalls
from sakimori.waf.imperva.entries import PLACEHOLDER, number_of, other_entries
from sakimori.waf.imperva.policy import (
    Policy,
    changed_policy,
    emptied_settings,
    has_empty_setting,
    new_policy,
    parse_policies,
    parse_policy,
)
from sakimori.waf.imperva.view import view_of
from sakimori.waf.interface import (
    BlacklistView,
    BlockTarget,
    ListCondition,
    ListState,
    WafMissing,
    WafRefused,
    WafUnauthorised,
)

_BELIEVED_SECONDS = 30.0
_SECONDS_A_SITE = 4.0


class PolicyList:
    """`api_url` without trailing slash; `account_id` is the sub-account in whose name a parent's key acts."""

    def __init__(self, calls: ImpervaCalls, *, api_url: str, account_id: int | None) -> None:
        self._calls = calls
        self._root = f"{api_url}/policies/v2"
        self._ids: dict[str, tuple[float, tuple[int, ...]]] = {}
        self._applied: dict[tuple[int, int], tuple[float, bool]] = {}
        self._account = {} if account_id is None else {"caid": str(account_id)}

    def exists(self) -> bool:
        """True if the account works with policies at all; otherwise the vendor's refusal is raised."""
        self._all_policies()
        return True

    def read(self, targets: Sequence[BlockTarget]) -> Sequence[BlacklistView]:
        """One call for all the lists, and one for each pair of policy and site while there is anything on the list."""
        all_policies = self._all_policies() if targets else []
        return [self._view(target, self._with_name(target.policy_name, all_policies)) for target in targets]

    def _view(self, target: BlockTarget, policies: Sequence[Policy]) -> BlacklistView:
        listed = {policy.policy_id: policy.addresses for policy in policies}
        in_force = [policy for policy in policies if policy.enabled and listed[policy.policy_id]]
        applied = {site_id: self._applied_on(site_id, in_force) for site_id in target.site_ids}
        return view_of(
            listed=list(listed.values()),
            per_site=[frozenset().union(*(listed[policy.policy_id] for policy in there)) for there in applied.values()],
            condition=ListCondition(
                state=_state(policies),
                entries=max((number_of(policy.raw) for policy in policies), default=0),
                others=frozenset().union(*(other_entries(policy.raw) for policy in policies)),
                unapplied=tuple(site_id for site_id, there in applied.items() if in_force and not there),
            ),
        )

    def change(self, target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """1. Change the list. 2. Apply it where it is lacking, if anything is to be blocked."""
        believed = self._believed_ids(target.policy_name)
        try:
            self._change(believed or self._ids_of(target.policy_name), target, add=add, remove=remove)
        except WafMissing:
            self._ids.pop(target.policy_name, None)
            if not believed:
                raise
            self._change(self._ids_of(target.policy_name), target, add=add, remove=remove)

    def _change(
        self, policy_ids: Sequence[int], target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]
    ) -> None:
        if not policy_ids:
            self._create(target, add)
            return
        main, *doubles = policy_ids
        self._update(main, add=add, remove=remove)
        for double in doubles:
            self._update(double, add=frozenset(), remove=remove)
        if add:
            self._cover(main, target)

    def _ids_of(self, name: str) -> list[int]:
        return [policy.policy_id for policy in self._named(name)]

    def _believed_ids(self, name: str) -> Sequence[int]:
        seen_at, ids = self._ids.get(name, (0.0, ()))
        return ids if self._calls.seconds() - seen_at < _BELIEVED_SECONDS else ()

    def cover(self, target: BlockTarget) -> Sequence[int]:
        """The one with the lowest id: it takes the additions."""
        policy_ids = self._ids_of(target.policy_name)
        return self._cover(policy_ids[0], target) if policy_ids else ()

    def _cover(self, policy_id: int, target: BlockTarget) -> Sequence[int]:
        lacking = [site_id for site_id in target.site_ids if not self._is_applied(policy_id, site_id)]
        self._apply(policy_id, lacking)
        return lacking

    def _create(self, target: BlockTarget, addresses: frozenset[str]) -> None:
        if not addresses:
            return
        call = self._call("POST", "/policies", json=new_policy(target.policy_name, addresses))
        created = self._calls.write(call, _policy_in)
        self._apply(created.policy_id, target.site_ids)

    def _update(self, policy_id: int, *, add: frozenset[str], remove: frozenset[str]) -> None:
        self._calls.repeated(lambda: self._update_once(policy_id, add=add, remove=remove))

    def _update_once(self, policy_id: int, *, add: frozenset[str], remove: frozenset[str]) -> None:
        call = self._call("GET", f"/policies/{policy_id}", extended="true")
        body = changed_policy(self._calls.read_once(call, _policy_in), add=add, remove=remove)
        if body is None:
            return
        try:
            self._overwrite(policy_id, body)
        except (WafUnauthorised, WafMissing):
            raise
        except WafRefused:
            # The vendor may refuse an empty list. A refused write has changed nothing, so this one is safe.
            if not has_empty_setting(body):
                raise
            self._overwrite(policy_id, emptied_settings(body, PLACEHOLDER))

    def _overwrite(self, policy_id: int, body: Mapping[str, object]) -> None:
        self._calls.write_once(self._call("PUT", f"/policies/{policy_id}", json=body), policy_value)

    def _apply(self, policy_id: int, site_ids: Sequence[int]) -> None:
        for site_id in site_ids:
            self._applied.pop((policy_id, site_id), None)
            self._calls.write(self._call("POST", f"/assets/WEBSITE/{site_id}/policies/{policy_id}"), policy_value)

    def _is_applied(self, policy_id: int, site_id: int) -> bool:
        now, pair = self._calls.seconds(), (policy_id, site_id)
        if pair in self._applied and now - self._applied[pair][0] < self._believed_for(pair):
            return self._applied[pair][1]
        try:
            call = self._call("GET", f"/policies/{policy_id}/assets/WEBSITE/{site_id}")
            applied = self._calls.read(call, policy_value) is True
        except WafMissing:
            applied = False
        self._applied[pair] = now, applied
        return applied

    def _believed_for(self, pair: tuple[int, int]) -> float:
        """Seconds. Of many pairs each has its own span, so that their times do not come together."""
        share = 0.5 + sum(pair) % 97 / 194
        return max(_BELIEVED_SECONDS, _SECONDS_A_SITE * len(self._applied) * share)

    def _applied_on(self, site_id: int, policies: Sequence[Policy]) -> list[Policy]:
        return [policy for policy in policies if self._is_applied(policy.policy_id, site_id)]

    def _named(self, name: str) -> list[Policy]:
        return self._with_name(name, self._all_policies())

    def _with_name(self, name: str, all_policies: Sequence[Policy]) -> list[Policy]:
        """Lowest id first. A policy of another type with our name, an allow list perhaps, is not ours."""
        found = [policy for policy in all_policies if policy.name == name and policy.is_access_list]
        found.sort(key=lambda policy: policy.policy_id)
        self._ids[name] = (self._calls.seconds(), tuple(policy.policy_id for policy in found))
        return found

    def _all_policies(self) -> list[Policy]:
        return self._calls.read(self._call("GET", "/policies", extended="true"), _policies_in)

    def _call(self, method: str, path: str, *, json: object = None, **params: str) -> Call:
        return Call(method, f"{self._root}{path}", params={**self._account, **params} or None, json=json)


def _policy_in(answer: Response) -> Policy:
    return parse_policy(policy_value(answer))


def _policies_in(answer: Response) -> list[Policy]:
    return parse_policies(policy_value(answer))


def _state(policies: Sequence[Policy]) -> ListState:
    if not policies:
        return ListState.MISSING
    return ListState.READY if policies[0].enabled else ListState.DISABLED
