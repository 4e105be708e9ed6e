"""What a handler of the simulated vendor gets to work with: the call, the caller's rights, the clock."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from sakimori.simulators.imperva.answers import Refusal, unauthorised
from sakimori.simulators.journal import Change
from sakimori.simulators.spec import AccountSpec, SiteSpec, WorldSpec
from sakimori.simulators.state import State


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call. Reads look at the state as of `read_ms`, which lags behind under a stale fault.

    params: query and form together. body: the decoded JSON, None if there was none.
    changes: handlers append here what they changed; it goes into the journal.
    """

    state: State
    spec: WorldSpec
    caller: AccountSpec
    path: Mapping[str, str]
    params: Mapping[str, str]
    body: object
    now_ms: int
    read_ms: int
    changes: list[Change] = field(default_factory=list)

    def account(self, parameter: str) -> AccountSpec:
        """The account that the call acts on: the named one, else the caller's own."""
        wanted = self.params.get(parameter, "")
        if not wanted:
            return self.caller
        for account in visible_accounts(self.spec, self.caller):
            if str(account.account_id) == wanted:
                return account
        raise Refusal(f"{parameter} {wanted}", res=9403, status=403, pointer=parameter)

    def site(self, named: str = "") -> SiteSpec:
        """The site named by the path or else by `site_id`, of the caller's account or one below it."""
        wanted = named or self.params.get("site_id", "")
        for account in visible_accounts(self.spec, self.caller):
            for site in account.sites:
                if str(site.site_id) == wanted:
                    return site
        raise Refusal(wanted, res=9413, status=404, pointer="site_id")


def visible_accounts(spec: WorldSpec, caller: AccountSpec) -> list[AccountSpec]:
    """The caller's account first, then those below it."""
    return [caller, *(account for account in spec.accounts if account.parent_id == caller.account_id)]


def caller_of(spec: WorldSpec, api_id: str, api_key: str) -> AccountSpec:
    """The account whose API key this is."""
    for account in spec.accounts:
        if account.api_id == api_id and _is_same(account.api_key, api_key):
            return account
    raise unauthorised()


def log_reader_of(spec: WorldSpec, api_id: str, api_key: str) -> AccountSpec:
    """The account whose log key this is."""
    for account in spec.accounts:
        if account.log_api_id == api_id and _is_same(account.log_api_key, api_key):
            return account
    raise unauthorised()


def page_of(call: Call, *, default_size: int = 50) -> slice:
    """The slice that `page_size` (at most 100) and `page_num` (from 0) ask for."""
    size = min(100, _number(call, "page_size", default_size))
    start = _number(call, "page_num", 0) * size
    return slice(start, start + size)


def _number(call: Call, name: str, default: int) -> int:
    text = call.params.get(name, "") or str(default)
    if not text.isdecimal():
        raise Refusal(text, pointer=name)
    return int(text)


def _is_same(secret: str, offered: str) -> bool:
    return hmac.compare_digest(secret.encode(), offered.encode())
