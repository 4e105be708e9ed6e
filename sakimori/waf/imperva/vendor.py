"""`ImpervaVendor`: one account at Imperva behind the contract `WafVendor`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sakimori.lib.http import GuardedClient
from sakimori.waf.imperva.answers import Forbidden, v1_json
from sakimori.waf.imperva.calls import Call, ImpervaCalls, Pace, Patience
from sakimori.waf.imperva.credentials import BlockList, ImpervaCredentials
from sakimori.waf.imperva.entries import wanted_entries
from sakimori.waf.imperva.fields import descend, field_number, field_text, records
from sakimori.waf.imperva.policy_list import PolicyList
from sakimori.waf.imperva.setup import SetupReader
from sakimori.waf.imperva.site_lists import SiteLists
from sakimori.waf.imperva.threats import ThreatReader
from sakimori.waf.imperva.traffic import TrafficReader
from sakimori.waf.interface import (
    Balancing,
    BlacklistView,
    BlockTarget,
    NetworkEvent,
    ThreatFigures,
    TrafficSample,
    WafAccount,
    WafCertificate,
    WafMissing,
    WafRefused,
    WafSite,
    WafSubscription,
    WafUnavailable,
)

_PAGE_SIZE = 100
_MOST_PAGES = 1000


class ImpervaVendor:
    """The only memory is which kind of blacklist the account has, learnt once; make a new object to ask again."""

    def __init__(
        self,
        credentials: ImpervaCredentials,
        http: GuardedClient,
        *,
        sleep: Callable[[float], None],
        random: Callable[[], float],
        clock: Callable[[], float],
        patience: Patience | None = None,
    ) -> None:
        headers = {"x-API-Id": credentials.api_id, "x-API-Key": credentials.api_key}
        pace = Pace(sleep=sleep, random=random, clock=clock, patience=patience or Patience())
        self._calls = ImpervaCalls(http, headers=headers, pace=pace)
        self._root = f"{credentials.cloud_url.rstrip('/')}/api/prov/v1"
        self._account_id = credentials.account_id
        self._policies = PolicyList(
            self._calls, api_url=credentials.api_url.rstrip("/"), account_id=credentials.account_id
        )
        self._site_lists = SiteLists(self._calls, cloud_url=credentials.cloud_url.rstrip("/"))
        self._kind = credentials.block_list
        self._traffic = TrafficReader(self._calls, credentials)
        self._threats = ThreatReader(self._calls, credentials)
        self._setup = SetupReader(self._calls, credentials)

    def calls_made(self) -> int:
        """See the contract."""
        return self._calls.made

    def account(self) -> WafAccount:
        """The key's own account, or the sub-account that the credentials name."""
        account_id = self._account_id or self._key_account_id()
        status = self._ask("account", account_id=str(account_id))
        inner = descend(status, "account")
        name = field_text(status, "account_name") or field_text(inner, "account_name")
        return WafAccount(account_id=account_id, name=name)

    def sites(self) -> Sequence[WafSite]:
        """See the contract."""
        return [_site(item) for item in self._site_statuses()]

    def _site_statuses(self) -> Sequence[Mapping[str, object]]:
        """All pages; a page that brings nothing new ends it, so that a vendor who ignores paging cannot hold us."""
        found: dict[int, Mapping[str, object]] = {}
        for page in range(_MOST_PAGES):
            known = len(found)
            listed = self._sites_of_page(page)
            found |= {_site(item).site_id: item for item in listed}
            if len(listed) < _PAGE_SIZE or len(found) == known:
                return list(found.values())
        raise WafUnavailable("Imperva のサイト一覧が終わりません。")

    def read_blacklist(self, target: BlockTarget) -> BlacklistView:
        """See the contract. The placeholder that keeps an empty list alive is not reported."""
        return self.read_blacklists([target])[0]

    def read_blacklists(self, targets: Sequence[BlockTarget]) -> Sequence[BlacklistView]:
        """See the contract."""
        blacklist = self._blacklist()
        if isinstance(blacklist, PolicyList):
            return blacklist.read(targets)
        return blacklist.read(targets, self._site_statuses)

    def has_site_lists(self) -> bool:
        """See the contract."""
        return isinstance(self._blacklist(), SiteLists)

    def change_blacklist(self, target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """See the contract."""
        add, remove = wanted_entries(add), wanted_entries(remove)
        if add & remove:
            raise WafRefused("同じアドレスの追加と削除は同時にできません。")
        if add or remove:
            self._blacklist().change(target, add=add, remove=remove)

    def cover_sites(self, target: BlockTarget) -> Sequence[int]:
        """See the contract."""
        blacklist = self._blacklist()
        return blacklist.cover(target) if isinstance(blacklist, PolicyList) else ()

    def traffic(self, start: datetime, end: datetime, *, site_id: int | None = None) -> Sequence[TrafficSample]:
        """See the contract."""
        return self._traffic.samples(start, end, site_id=site_id)

    def threats(self, start: datetime, end: datetime, *, site_id: int | None = None) -> ThreatFigures:
        """See the contract."""
        return self._threats.figures(start, end, site_id=site_id)

    def network_events(self, start: datetime, end: datetime) -> Sequence[NetworkEvent]:
        """See the contract."""
        return self._threats.events(start, end)

    def data_centers(self, site_id: int) -> Balancing:
        """See the contract."""
        return self._setup.data_centers(site_id)

    def certificates(self, site_id: int) -> Sequence[WafCertificate]:
        """See the contract."""
        return self._setup.certificates(site_id)

    def subscription(self) -> WafSubscription:
        """See the contract."""
        return self._setup.subscription()

    def _blacklist(self) -> PolicyList | SiteLists:
        if self._kind is BlockList.AUTO:
            self._kind = BlockList.POLICY if self._works_with_policies() else BlockList.ACL
        return self._policies if self._kind is BlockList.POLICY else self._site_lists

    def _works_with_policies(self) -> bool:
        """No only if the vendor says so clearly (403 or 404 in its own words) to a key that is good elsewhere.

        Everything else is an error that goes on to the caller. On accounts with policies a write to the old lists
        has been seen to be accepted without effect, so a wrong "no" would leave attackers unblocked:
        https://github.com/imperva/terraform-provider-incapsula/issues/49
        """
        try:
            return self._policies.exists()
        except (Forbidden, WafMissing):
            self._key_account_id()
            return False

    def _key_account_id(self) -> int:
        account_id = field_number(self._ask("account/verify"), "account_id")
        if account_id is None:
            raise WafUnavailable("Imperva のアカウント番号を読み取れません。")
        return account_id

    def _sites_of_page(self, page: int) -> Sequence[Mapping[str, object]]:
        form = {"page_size": str(_PAGE_SIZE), "page_num": str(page)}
        if self._account_id is not None:
            form["account_id"] = str(self._account_id)
        answer = self._ask("sites/list", **form)
        if not isinstance(answer.get("sites"), list):
            raise WafUnavailable("Imperva のサイト一覧を読み取れません。")
        return records(answer.get("sites"))

    def _ask(self, path: str, **form: str) -> Mapping[str, object]:
        """A Cloud v1 call that changes nothing; they are all POST."""
        return self._calls.read(Call("POST", f"{self._root}/{path}", form=form), v1_json)


def _site(item: Mapping[str, object]) -> WafSite:
    site_id = field_number(item, "site_id")
    if site_id is None:
        raise WafUnavailable("Imperva のサイト一覧に番号のないサイトがあります。")
    return WafSite(site_id=site_id, domain=field_text(item, "domain"), bypassed=item.get("active") == "bypass")
