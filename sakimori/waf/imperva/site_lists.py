"""The blacklist of older accounts: an access list (ACL) on each site.

The vendor replaces a site's whole list with what is sent and has neither "add" nor a version to check, so each
site is read, merged and written by itself, with nothing between the read and the write.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sakimori.lib.http import Response
from sakimori.waf.imperva.answers import Unclear, v1_json
from sakimori.waf.imperva.calls import Call, ImpervaCalls
from sakimori.waf.imperva.entries import PLACEHOLDER, listed_entries, merged, number_of, other_entries
from sakimori.waf.imperva.fields import descend, field_number, records, texts
from sakimori.waf.imperva.view import view_of
from sakimori.waf.interface import (
    BlacklistView,
    BlockTarget,
    ListCondition,
    WafDoubtful,
    WafError,
    WafMissing,
    WafRefused,
    WafUnauthorised,
)

_RULE = "api.acl.blacklisted_ips"
_ONE_BY_ONE = 3


@dataclass(frozen=True, slots=True)
class SiteList:
    """A site's list as the vendor spells it. The vendor drops a rule without addresses, and its exceptions too."""

    entries: tuple[str, ...]
    has_exceptions: bool


class SiteLists:
    """`cloud_url` without trailing slash."""

    def __init__(self, calls: ImpervaCalls, *, cloud_url: str) -> None:
        self._calls = calls
        self._root = f"{cloud_url}/api/prov/v1"

    def read(
        self, targets: Sequence[BlockTarget], all_sites: Callable[[], Sequence[Mapping[str, object]]]
    ) -> Sequence[BlacklistView]:
        """One call for each site; for many of them the account's list of sites, which says the same of each."""
        wanted = {site_id for target in targets for site_id in target.site_ids}
        found = _site_lists_in(all_sites()) if len(wanted) > _ONE_BY_ONE else {}
        for site_id in wanted - found.keys():
            found[site_id] = self._calls.repeated(partial(self._site_list_once, site_id))
        return [_view({site_id: found[site_id] for site_id in target.site_ids}) for target in targets]

    def change(self, target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """Only sites whose list changes are written. After an error the sites before it may be changed already.

        Where one site's list takes an address and the next one refuses it, it comes off the first again.
        """
        added: dict[int, frozenset[str]] = {}
        for site_id in target.site_ids:
            try:
                added[site_id] = self._calls.repeated(partial(self._change_once, site_id, add=add, remove=remove))
            except (WafUnauthorised, WafMissing):
                raise
            except WafRefused:
                self._take_back(added)
                raise

    def _take_back(self, added: Mapping[int, frozenset[str]]) -> None:
        try:
            for site_id, entries in added.items():
                self._calls.repeated(partial(self._take_back_once, site_id, entries))
        except WafError as error:
            raise WafDoubtful("一部のサイトにだけ登録された可能性があります。") from error

    def _take_back_once(self, site_id: int, entries: frozenset[str]) -> None:
        """A list that does not show what was just written is an old copy: whether it came off is open then."""
        before = self._site_list_once(site_id)
        if not entries <= listed_entries(before.entries):
            raise WafDoubtful("直前に登録した項目がリストに見えません。")
        if entries:
            after = merged(before.entries, add=frozenset(), remove=entries)
            self._write_once(site_id, after or ((PLACEHOLDER,) if before.has_exceptions else ()))

    def _change_once(self, site_id: int, *, add: frozenset[str], remove: frozenset[str]) -> frozenset[str]:
        """Returns what was not there before."""
        before = self._site_list_once(site_id)
        after = merged(before.entries, add=add, remove=remove)
        if not after and before.has_exceptions:
            after = (PLACEHOLDER,)
        if after != before.entries:
            self._write_once(site_id, after)
        return add - listed_entries(before.entries)

    def _site_list_once(self, site_id: int) -> SiteList:
        """`sites/status` is a POST, as everything in Cloud v1, but changes nothing."""
        call = Call("POST", f"{self._root}/sites/status", form={"site_id": str(site_id)})
        return self._calls.read_once(call, partial(_site_list_in, site_id=site_id))

    def _write_once(self, site_id: int, entries: tuple[str, ...]) -> None:
        form = {"site_id": str(site_id), "rule_id": _RULE, "ips": ",".join(entries)}
        self._calls.write_once(Call("POST", f"{self._root}/sites/configure/acl", form=form), v1_json)


def _site_list_in(answer: Response, *, site_id: int) -> SiteList:
    """The vendor leaves out the rule of an empty list, so only a status that is this site's may say "empty"."""
    status = v1_json(answer)
    if field_number(status, "site_id") not in (site_id, None) or "security" not in status:
        raise Unclear("Imperva のサイトの状態を読み取れません。")
    return _listed(status)


def _site_lists_in(statuses: Sequence[Mapping[str, object]]) -> dict[int, SiteList]:
    """Of the sites whose status is given as a whole; the others have to be asked about one by one."""
    numbers = ((field_number(status, "site_id"), status) for status in statuses if "security" in status)
    return {number: _listed(status) for number, status in numbers if number is not None}


def _listed(status: Mapping[str, object]) -> SiteList:
    rules = [r for r in records(descend(status, "security", "acls").get("rules")) if r.get("id") == _RULE]
    return SiteList(
        entries=tuple(entry for rule in rules for entry in texts(rule.get("ips"))),
        has_exceptions=any(rule.get("exceptions") for rule in rules),
    )


def _view(lists: Mapping[int, SiteList]) -> BlacklistView:
    by_site = {site_id: listed_entries(of_site.entries) for site_id, of_site in lists.items()}
    condition = ListCondition(
        entries=max((number_of(of_site.entries) for of_site in lists.values()), default=0),
        others=frozenset().union(*(other_entries(of_site.entries) for of_site in lists.values())),
        by_site=by_site,
    )
    return view_of(listed=[], per_site=list(by_site.values()), condition=condition)
