"""What if: the stored log judged by another policy; who would have been blocked, and what the present policy does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from sakimori.blacklist import replay, replay_proxy
from sakimori.blacklist.decision import Outcome
from sakimori.blacklist.duties import decide_findings, find_attacks
from sakimori.blacklist.guard import Circumstances, Limits, NeverBlock
from sakimori.blacklist.models import Block, BlockState, Finding
from sakimori.blacklist.policies import save_policy
from sakimori.blacklist.policy import KINDS, SHIPPED, Rules
from sakimori.blacklist.policy_text import read, with_kind
from sakimori.blacklist.quiet import Plan, register
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.replay import Compared, Known, Moment, Period, WhatIf, judge, what_if
from sakimori.customers.models import RegisteredNetwork
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore
from tests.moments import START
from tests.people import People, make_file, make_people

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PERIOD = Period(START, START + timedelta(days=1))
OBSERVING = read({"kinds": {kind.value: {"mode": "observe"} for kind in KINDS}}, SHIPPED)
Add = Callable[..., None]


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def add(log_store: LogStore, people: People) -> Add:
    """Stores requests of customer A, one file each call."""
    files = iter(range(1, 100))

    def store(
        last: int, *minutes: float, kind: str = "sql_injection", outcome: str = "blocked", **more: object
    ) -> None:
        events = [
            Event(
                time=START + minute * MINUTE,
                name="x",
                attack_kind=kind,
                outcome=outcome,
                act=str(more.get("act", "REQ_X")),
                site="shop-a.example.jp",
                site_id=more.get("site", ord("A")),  # type: ignore[arg-type]
                client_ip=f"198.51.100.{last}",
                line="x",
            )
            for minute in minutes
        ]
        log_store.append(enumerate(events, 1), contract_id=people.a.pk, file_id=next(files))

    return store


def asked(people: People, store: LogStore, changed: Rules, current: Rules = SHIPPED) -> WhatIf:
    return what_if(people.a, current, changed, PERIOD, store=store)


def outcomes(answer: WhatIf) -> dict[str, tuple[Outcome | None, Outcome | None]]:
    return {
        row.address.rpartition(".")[2]: (
            row.now.outcome if row.now else None,
            row.then.outcome if row.then else None,
        )
        for row in answer.rows
    }


def row(answer: WhatIf, last: int) -> Compared:
    return next(row for row in answer.rows if row.address == f"198.51.100.{last}")


def test_two_policies_side_by_side(log_store: LogStore, add: Add, people: People) -> None:
    add(1, 5, 6, 7)
    add(2, 1, outcome="allowed")
    add(3, 1, kind="bad_bot")
    add(4, 1, kind="none", outcome="allowed")
    add(5, 1, act="REQ_BLOCKED_ACL")
    add(6, 1, site=999)
    add(7, -5)
    add(8, 1, kind="custom_rule")
    add(8, 9)
    changed = with_kind(with_kind(SHIPPED, "sql_injection=auto:3/10"), "bad_bot=ask")
    answer = asked(people, log_store, changed)
    block, ask = Outcome.BLOCK, Outcome.ASK
    assert outcomes(answer) == {"8": (block, ask), "3": (None, ask), "2": (ask, None), "1": (block, block)}
    assert (answer.now.blocked, answer.now.asked, answer.then.blocked, answer.then.asked) == (2, 1, 1, 2)
    assert (answer.total, answer.differing) == (4, 3)
    first = row(answer, 1)
    assert first.now is not None
    assert first.then is not None
    assert (first.now.at, first.then.at) == (START + 5 * MINUTE, START + 7 * MINUTE)
    assert (first.then.kind, first.then.site_id, first.then.reason) == ("sql_injection", 65, Reason.ATTACK_BLOCKED)
    eighth = row(answer, 8)
    assert eighth.then is not None
    assert (eighth.then.at, eighth.then.kind) == (START + MINUTE, "custom_rule")
    assert not Finding.objects.exists()
    assert not Block.objects.exists()


def test_good_requests_are_named_or_unknown(log_store: LogStore, add: Add, people: People) -> None:
    add(1, 5)
    add(2, 5)
    add(2, *range(6, 26), kind="none", outcome="allowed")
    answer = asked(people, log_store, SHIPPED)
    assert [row(answer, last).good_requests for last in (1, 2)] == [None, 20]
    then = row(answer, 2).then
    assert then is not None
    assert (then.outcome, then.reason) == (Outcome.ASK, Reason.GOOD_TRAFFIC)


def test_the_guard_refuses_in_a_replay_too(log_store: LogStore, add: Add, people: People) -> None:
    RegisteredNetwork.objects.create(customer=people.a.customer, network="198.51.100.1")
    add(1, 5)
    answer = asked(people, log_store, SHIPPED, OBSERVING)
    assert outcomes(answer) == {"1": (None, Outcome.REFUSE)}
    assert (answer.then.refused, answer.then.blocked) == (1, 0)


def test_an_announced_scan_is_left_out_for_its_time_and_site(log_store: LogStore, add: Add, people: People) -> None:
    plan = Plan(people.a.sites.get(), "198.51.100.0/30", START, START + 9 * MINUTE, "診断")
    register(people.a, plan, by=people.dana, now=START)
    add(1, 5)
    add(2, 5, 20)
    add(9, 5)
    answer = asked(people, log_store, SHIPPED)
    second = row(answer, 2).then
    assert second is not None
    assert second.at == START + 20 * MINUTE
    assert set(outcomes(answer)) == {"2", "9"}


def test_a_policy_that_only_writes_down_asks_nothing(log_store: LogStore, add: Add, people: People) -> None:
    add(1, 5)
    assert outcomes(asked(people, log_store, OBSERVING)) == {"1": (Outcome.BLOCK, None)}


def test_too_many_addresses_are_judged_as_far_as_all_are_known(
    log_store: LogStore, add: Add, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MOST_ADDRESSES", 3)
    monkeypatch.setattr(replay, "LISTED", 2)
    add(9, 2, kind="custom_rule")
    add(9, 50)
    for last in range(1, 6):
        add(last, last)
        add(last + 100, last - 0.5, kind="bad_bot")
    answer = asked(people, log_store, with_kind(SHIPPED, "bad_bot=ask"))
    # With bots there are three addresses before 2 minutes and a half; without them there would be more.
    assert answer.is_cut
    assert answer.period.ends < START + 2 * MINUTE
    assert (answer.now, answer.then) == (replay.Totals(1, 0, 0), replay.Totals(1, 2, 0))
    assert (answer.total, len(answer.rows)) == (3, 2)
    monkeypatch.setattr(replay, "MOST_ADDRESSES", 4)
    monkeypatch.setattr(replay, "LISTED", 99)
    answer = asked(people, log_store, SHIPPED)
    asked_first = next(row.now for row in answer.rows if row.address == "198.51.100.9")
    assert asked_first is not None
    assert asked_first.outcome is Outcome.ASK


CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36"


@pytest.fixture
def lure(log_store: LogStore, people: People) -> Callable[..., None]:
    """Stores one request each of these visitors, seconds apart, as a hostile page sends them."""
    files = iter(range(1000, 1100))

    def store(visitors: Sequence[int], *, at: float = 5, kind: str = "sql_injection", agent: str = CHROME) -> None:
        events = [
            Event(
                time=START + at * MINUTE + place * timedelta(seconds=2),
                name="x",
                attack_kind=kind,
                outcome="blocked",
                site="shop-a.example.jp",
                site_id=ord("A"),
                client_ip=f"198.51.100.{last}",
                url="shop-a.example.jp/search",
                query="q=1",
                user_agent=agent,
                line="x",
            )
            for place, last in enumerate(visitors)
        ]
        log_store.append(enumerate(events, 1), contract_id=people.a.pk, file_id=next(files))

    return store


def reasons(answer: WhatIf) -> dict[int, str]:
    return {int(row.address.rpartition(".")[2]): row.then.reason for row in answer.rows if row.then}


def test_an_attack_by_proxy_is_asked_about_in_a_replay_too(
    log_store: LogStore, lure: Callable[..., None], add: Add, people: People
) -> None:
    lure(range(1, 13))
    lure([13], at=60)
    lure([14], at=60, agent="curl/8.0")
    add(200, 5)
    answer = asked(people, log_store, SHIPPED)
    told = reasons(answer)
    assert {last for last, reason in told.items() if reason == Reason.ATTACK_BY_PROXY} == set(range(1, 14))
    assert {last for last, reason in told.items() if reason == Reason.ATTACK_BLOCKED} == {14, 200}
    assert (answer.now.blocked, answer.now.asked, answer.proxies_since) == (2, 13, None)


def test_under_a_policy_that_only_writes_a_kind_down_it_makes_nobody_a_victim(
    log_store: LogStore, lure: Callable[..., None], add: Add, people: People
) -> None:
    lure(range(1, 13), kind="custom_rule")
    add(1, 20)
    answer = asked(people, log_store, with_kind(SHIPPED, "custom_rule=observe"))
    assert [found.reason for found in (row(answer, 1).now, row(answer, 1).then) if found] == [
        Reason.ATTACK_BY_PROXY,
        Reason.ATTACK_BLOCKED,
    ]


def test_a_case_of_the_day_before_goes_on(log_store: LogStore, lure: Callable[..., None], people: People) -> None:
    lure(range(1, 13), at=-60)
    lure([20], at=60)
    lure([21], at=-60 + 26 * 60)
    assert reasons(asked(people, log_store, SHIPPED)) == {20: Reason.ATTACK_BY_PROXY}


def test_of_too_many_hits_the_newest_are_looked_at_and_it_is_said(
    log_store: LogStore, lure: Callable[..., None], people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_proxy, "MOST_HITS", 12)
    lure(range(1, 13), at=5)
    lure(range(21, 33), at=90)
    answer = asked(people, log_store, SHIPPED)
    assert answer.proxies_since == START + 90 * MINUTE
    assert {last for last, reason in reasons(answer).items() if reason == Reason.ATTACK_BY_PROXY} == set(range(21, 33))


NOBODY = NeverBlock(registered=(), soc=(), vendor=(), crawlers=())
LIMITS = Limits(good_requests=10, cap_customer=50, cap_total=500, documentation_counts=True)
PLAIN = Circumstances(good_requests=0, shared=False, restored=False, blocked_customer=0, blocked_total=0)


def blocks(*minutes: int) -> list[Moment]:
    return [
        Moment(f"198.51.100.{n}", 1, START + minute * MINUTE, "sql_injection", 65, None, "", 0, ask_passed=False)
        for n, minute in enumerate(minutes)
    ]


def test_the_cap_holds_within_any_hour() -> None:
    moments = blocks(0, 10, 20, 59, 60, 61, 70)
    known = Known(NOBODY, LIMITS, {moment.address: PLAIN for moment in moments})
    judged = judge(moments, replace(SHIPPED, cap=2), known)
    assert [found.outcome is Outcome.BLOCK for found in judged.values()] == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    assert judged["198.51.100.2"].reason == Reason.CAP_CUSTOMER


@pytest.mark.parametrize(
    ("kind", "passed", "reason"),
    [
        ("sql_injection", True, Reason.ATTACK_PASSED),
        ("custom_rule", False, Reason.KIND_ASKS),
        ("other", True, Reason.KIND_UNKNOWN),
    ],
)
def test_what_is_asked_about_says_why(kind: str, passed: bool, reason: Reason) -> None:
    moment = Moment("198.51.100.7", 2, None, "", 0, START, kind, 65, ask_passed=passed)
    judged = judge([moment], SHIPPED, Known(NOBODY, LIMITS, {"198.51.100.7": PLAIN}))["198.51.100.7"]
    assert (judged.outcome, judged.reason, judged.at, judged.requests) == (Outcome.ASK, reason, START, 2)


def test_a_kind_that_the_policy_only_writes_down_is_nothing() -> None:
    moment = Moment("198.51.100.7", 2, None, "", 0, START, "ddos", 65, ask_passed=False)
    assert judge([moment], SHIPPED, Known(NOBODY, LIMITS, {"198.51.100.7": PLAIN})) == {}


@pytest.mark.parametrize("seed", [3, 10])
def test_a_replay_says_what_has_happened(log_store: LogStore, people: People, seed: int) -> None:
    """Requests that come one by one through findings and decision, and then all at once through a replay."""
    chance = Random(seed)
    rules = with_kind(with_kind(SHIPPED, "sql_injection=auto:2/30"), "bad_bot=ask:3/60")
    save_policy(people.a, rules, seen=0, reason="試験", by=people.dana, now=START)
    register(people.a, Plan(None, "198.51.100.4", START, START + HOUR, "診断"), by=people.dana, now=START)
    for minute in sorted(chance.sample(range(1200), 22)):
        now = START + minute * MINUTE / 10
        event = Event(
            time=now,
            request_id=str(minute),
            name="x",
            attack_kind=chance.choice(("sql_injection", "sql_injection", "bad_bot", "custom_rule", "acl")),
            outcome=chance.choice(("blocked", "blocked", "allowed")),
            act=chance.choice(("REQ_X", "REQ_X", "REQ_BLOCKED_ACL")),
            site="shop-a.example.jp",
            site_id=ord("A"),
            client_ip=f"198.51.100.{chance.randrange(1, 6)}",
            line="x",
        )
        file = make_file(people.a, received_at=now)
        log_store.append([(1, event)], contract_id=people.a.pk, file_id=file.pk)
        find_attacks(store=log_store, clock=lambda now=now: now)  # type: ignore[misc]
        decide_findings(store=log_store, now=now)
    happened = {
        block.address.rpartition(".")[2]: Outcome.BLOCK if block.state == BlockState.APPROVED else Outcome.ASK
        for block in Block.objects.all()
    }
    answer = asked(people, log_store, SHIPPED, rules)
    assert {address: now for address, (now, _) in outcomes(answer).items() if now} == happened
    assert len(happened) > 2
