"""What if: the stored log of the last days, judged by another policy, next to the one that holds. Nothing is changed.

The store finds for each address when it would first have been blocked, or asked about, and by which kind; the same
pure rules as for findings (`decision.decide`, with policy and guard) then judge these moments in the order of time,
with the hourly cap. So memory grows with neither days nor events, only with addresses, and those are bounded.
Attacks by proxy are sought in the same lines (`replay_proxy.py`).

Differs from what really happened in this: the guard knows what is known today (good requests, registered addresses,
restores), the list is taken to have been empty, lines that came late count like others, and one that the cap held
back is not asked about again. Other customers' blocks do not count towards the total cap. Nobody asks the DNS about
crawlers: it could only tell what their names are today. All who took part in an attack by proxy are asked about, also
the first of them, who in truth may have been blocked before it could be seen as one.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sakimori.blacklist import facts
from sakimori.blacklist.announced import Announced
from sakimori.blacklist.decision import Decision, Outcome, Question, decide
from sakimori.blacklist.guard import Circumstances, Limits, NeverBlock
from sakimori.blacklist.policy import Mode, Rules, Seen
from sakimori.blacklist.quiet import announced
from sakimori.blacklist.replay_proxy import NO_PROXIES, Proxies, proxies_under
from sakimori.blacklist.replay_sql import moments_sql, values_of
from sakimori.customers.models import Contract
from sakimori.customers.queries import site_ids
from sakimori.lib.addresses import parse_address
from sakimori.logs.store.interface import LogStore

MOST_DAYS = 31
MOST_ADDRESSES = 10_000
LISTED = 200
_AT_ONCE = 2_000
_MAX_SECONDS = 30
_HOUR = timedelta(hours=1)
_ORDER = {Outcome.BLOCK: 0, Outcome.ASK: 1, Outcome.REFUSE: 2}


@dataclass(frozen=True, slots=True)
class Period:
    """What is replayed, both ends with it."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """An address and the first times at which a policy would block it, or ask; kind and site are those of that time."""

    address: str
    requests: int
    block_at: datetime | None
    block_kind: str
    block_site: int
    ask_at: datetime | None
    ask_kind: str
    ask_site: int
    ask_passed: bool

    @property
    def first_at(self) -> datetime:
        """The earlier of the two; one of them there is."""
        return min(at for at in (self.block_at, self.ask_at) if at is not None)


@dataclass(frozen=True, slots=True)
class Judged:
    """What would have become of an address: when first, by which kind, on which site, and why."""

    outcome: Outcome
    at: datetime
    kind: str
    site_id: int
    reason: str
    requests: int


@dataclass(frozen=True, slots=True)
class Totals:
    """How many addresses a policy would have blocked or asked about, and how many the guard would have refused."""

    blocked: int
    asked: int
    refused: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One address under both policies; None where a policy would only have written it down.

    good_requests: what the log holds from it; None: nobody knows.
    """

    address: str
    good_requests: int | None
    now: Judged | None
    then: Judged | None

    @property
    def differs(self) -> bool:
        """Whether something else would have become of it."""
        return (self.now.outcome if self.now else None) != (self.then.outcome if self.then else None)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The whole answer. rows: the first LISTED of `total` addresses, those that differ before the others.

    is_cut: the period ends before the one that was asked for, because there are too many addresses after it.
    proxies_since: attacks by proxy were sought from here on, because there are too many lines before; None: in all.
    """

    period: Period
    now: Totals
    then: Totals
    rows: Sequence[Compared]
    total: int
    differing: int
    is_cut: bool
    proxies_since: datetime | None


def what_if(contract: Contract, current: Rules, changed: Rules, period: Period, *, store: LogStore) -> WhatIf:
    """Judge the period by both policies. Raises StoreError."""
    scans = announced(contract, since=period.begins)
    before = _moments(contract, current, period, scans, store)
    after = before if changed == current else _moments(contract, changed, period, scans, store)
    ends = min(before.known_until, after.known_until)
    known = _gather(contract, {*before.addresses(ends), *after.addresses(ends)}, store=store, now=period.ends)
    span = Period(period.begins, ends)
    of_now, of_then = proxies_under(contract, (current, changed), begins=span.begins, ends=ends, store=store)
    now = judge(before.until(ends), current, replace(known, proxies=of_now))
    then = judge(after.until(ends), changed, replace(known, proxies=of_then))
    rows = [
        Compared(address, known.about[address].good_requests, now.get(address), then.get(address))
        for address in {**then, **now}
    ]
    rows.sort(key=_place)
    return WhatIf(
        span,
        _totals(now),
        _totals(then),
        rows[:LISTED],
        total=len(rows),
        differing=sum(row.differs for row in rows),
        is_cut=ends < period.ends,
        proxies_since=max(filter(None, (of_now.since, of_then.since)), default=None),
    )


@dataclass(frozen=True, slots=True)
class Moments:
    """The first moments of addresses, and until when they are those of all addresses."""

    rows: Sequence[Moment]
    known_until: datetime

    def until(self, ends: datetime) -> list[Moment]:
        """What had come up by then, in the order in which it is decided."""
        found = (
            replace(row, block_at=None) if row.block_at is not None and row.block_at > ends else row
            for row in self.rows
            if row.first_at <= ends
        )
        return sorted(found, key=_when)

    def addresses(self, ends: datetime) -> set[str]:
        """Whose they are."""
        return {row.address for row in self.until(ends)}


@dataclass(frozen=True, slots=True)
class Known:
    """What the guard must know of all these addresses."""

    never: NeverBlock
    limits: Limits
    about: Mapping[str, Circumstances]
    proxies: Proxies = NO_PROXIES


def judge(moments: Iterable[Moment], rules: Rules, known: Known) -> dict[str, Judged]:
    """The rules' judgement of each address. moments: in the order of their first times. Pure."""
    limits = replace(known.limits, cap_customer=rules.cap)
    blocked: deque[datetime] = deque()
    judged: dict[str, Judged] = {}
    for moment in moments:
        at = moment.block_at or moment.first_at
        while blocked and blocked[0] <= at - _HOUR:
            blocked.popleft()
        by_proxy = known.proxies.hold(moment.address, at)
        about = replace(known.about[moment.address], blocked_customer=len(blocked), blocked_total=0, by_proxy=by_proxy)
        decision = decide(_question(moment, rules), known.never, about, limits)
        if decision.outcome is Outcome.OBSERVE:
            continue
        if decision.outcome is Outcome.BLOCK:
            blocked.append(at)
        judged[moment.address] = _judged(moment, decision)
    return judged


def _question(moment: Moment, rules: Rules) -> Question:
    is_block = moment.block_at is not None
    kind = moment.block_kind if is_block else moment.ask_kind
    stopped = is_block or not moment.ask_passed
    seen = Seen(
        kind,
        blocked=int(stopped),
        passed=int(not stopped),
        challenged=0,
        other=0,
        ours=0,
        within=rules.of(kind).requests,
    )
    return Question(seen=seen, address=parse_address(moment.address), site_known=True, late=False, rules=rules)


def _judged(moment: Moment, decision: Decision) -> Judged:
    """A question that came up before the attack that blocks is when an analyst would first have seen it."""
    asked_first = moment.block_at is None or (
        decision.outcome is not Outcome.BLOCK and moment.ask_at is not None and moment.ask_at < moment.block_at
    )
    if asked_first and moment.ask_at is not None:
        at, kind, site = moment.ask_at, moment.ask_kind, moment.ask_site
    else:
        at, kind, site = moment.block_at or moment.first_at, moment.block_kind, moment.block_site
    return Judged(decision.outcome, at, kind, site, decision.reason, moment.requests)


def _moments(contract: Contract, rules: Rules, period: Period, scans: Sequence[Announced], store: LogStore) -> Moments:
    """Of the first MOST_ADDRESSES addresses by time. One more is asked for, to know whether these are all."""
    if all(rule.mode is Mode.OBSERVE for rule in rules.kinds.values()):
        return Moments([], period.ends)
    sites = {site.pk: site.vendor_site_id for site in contract.sites.all()}
    sql = moments_sql(rules, scans, sites)
    values = values_of(scans, contract_id=contract.pk, sites=site_ids(contract), begins=period.begins, ends=period.ends)
    found = store.query(sql, {**values, "most": MOST_ADDRESSES + 1}, max_seconds=_MAX_SECONDS)
    rows = [_moment(row) for row in found]
    if len(rows) <= MOST_ADDRESSES:
        return Moments(rows, period.ends)
    # Before the moment of the one too many everything is known.
    return Moments(rows[:-1], rows[-1].first_at - timedelta(milliseconds=1))


def _when(moment: Moment) -> tuple[datetime, str]:
    return moment.block_at or moment.first_at, moment.address


def _moment(row: Mapping[str, Any]) -> Moment:
    """The store gives the beginning of time where there is none."""
    return Moment(
        address=str(row["address"]),
        requests=int(row["requests"]),
        block_at=row["block_at"] if row["blocks"] else None,
        block_kind=str(row["block_kind"]),
        block_site=int(row["block_site"] or 0),
        ask_at=row["ask_at"] if row["asks"] else None,
        ask_kind=str(row["ask_kind"]),
        ask_site=int(row["ask_site"] or 0),
        ask_passed=bool(row["ask_passed"]),
    )


def _gather(contract: Contract, addresses: set[str], *, store: LogStore, now: datetime) -> Known:
    names = sorted(addresses)
    about: dict[str, Circumstances] = {}
    for begin in range(0, len(names), _AT_ONCE):
        some = names[begin : begin + _AT_ONCE]
        found = facts.gather(contract, some, store=store, now=now)
        about |= {name: found.about(name) for name in some}
    return Known(facts.never_block(contract), facts.limits(), about)


def _totals(judged: Mapping[str, Judged]) -> Totals:
    found = [row.outcome for row in judged.values()]
    return Totals(found.count(Outcome.BLOCK), found.count(Outcome.ASK), found.count(Outcome.REFUSE))


def _place(row: Compared) -> tuple[bool, int, datetime, str]:
    shown = row.then or row.now
    assert shown is not None  # noqa: S101 - a row is made of at least one of them
    return not row.differs, _ORDER[shown.outcome], shown.at, row.address
