"""Policy, guard and decision: tables of cases, no database."""

from ipaddress import ip_address, ip_network

import pytest

from sakimori.blacklist.decision import Decision, Outcome, Question, decide
from sakimori.blacklist.guard import Circumstances, Limits, NeverBlock, Ruling, may_be_blocked, rule
from sakimori.blacklist.networks import crawler_networks, vendor_networks
from sakimori.blacklist.policy import Seen, Wish, wish_for
from sakimori.blacklist.reasons import Reason
from sakimori.logs.attack_kinds import AttackKind

NEVER = NeverBlock(
    registered=(ip_network("203.0.113.0/28"), ip_network("2001:db8:1::/48")),
    soc=(ip_network("203.0.113.200/32"),),
    vendor=vendor_networks(),
    crawlers=crawler_networks(),
)
LIMITS = Limits(good_requests=10, cap_customer=50, cap_total=500, documentation_counts=True)
PLAIN = Circumstances(good_requests=0, shared=False, restored=False, blocked_customer=0, blocked_total=0)
UNKNOWN_TRAFFIC = Circumstances(None, shared=False, restored=False, blocked_customer=0, blocked_total=0)
ATTACKER = ip_address("198.51.100.7")


def seen(kind: str, *, blocked: int = 0, passed: int = 0, challenged: int = 0, ours: int = 0) -> Seen:
    return Seen(kind, blocked=blocked, passed=passed, challenged=challenged, other=0, ours=ours)


@pytest.mark.parametrize(
    ("what", "wish", "reason"),
    [
        (seen(AttackKind.SQL_INJECTION, blocked=1), Wish.BLOCK, Reason.ATTACK_BLOCKED),
        (seen(AttackKind.CROSS_SITE_SCRIPTING, blocked=1), Wish.BLOCK, Reason.ATTACK_BLOCKED),
        (seen(AttackKind.REMOTE_FILE_INCLUSION, blocked=1), Wish.BLOCK, Reason.ATTACK_BLOCKED),
        (seen(AttackKind.BACKDOOR, blocked=1, passed=5), Wish.BLOCK, Reason.ATTACK_BLOCKED),
        (seen(AttackKind.SQL_INJECTION, passed=3), Wish.ASK, Reason.ATTACK_PASSED),
        (seen(AttackKind.SQL_INJECTION, challenged=3), Wish.ASK, Reason.ATTACK_PASSED),
        (seen(AttackKind.SQL_INJECTION, blocked=2, ours=2), Wish.OBSERVE, Reason.OWN_BLOCK),
        (seen(AttackKind.SQL_INJECTION, blocked=3, ours=2), Wish.BLOCK, Reason.ATTACK_BLOCKED),
        (seen(AttackKind.SQL_INJECTION, blocked=2, ours=2, passed=1), Wish.ASK, Reason.ATTACK_PASSED),
        (seen(AttackKind.ILLEGAL_RESOURCE_ACCESS, blocked=9), Wish.ASK, Reason.KIND_ASKS),
        (seen(AttackKind.CUSTOM_RULE, blocked=9), Wish.ASK, Reason.KIND_ASKS),
        (seen(AttackKind.API_VIOLATION, blocked=9), Wish.ASK, Reason.KIND_ASKS),
        (seen(AttackKind.ACCOUNT_TAKEOVER, blocked=9), Wish.ASK, Reason.KIND_ASKS),
        (seen(AttackKind.ATTACK_ANALYTICS), Wish.ASK, Reason.KIND_ASKS),
        (seen(AttackKind.OTHER, blocked=9), Wish.ASK, Reason.KIND_UNKNOWN),
        (seen(AttackKind.BOT_ACCESS_CONTROL, blocked=9), Wish.OBSERVE, Reason.KIND_OBSERVES),
        (seen(AttackKind.BAD_BOT, blocked=9), Wish.OBSERVE, Reason.KIND_OBSERVES),
        (seen(AttackKind.ACL, blocked=9), Wish.OBSERVE, Reason.KIND_OBSERVES),
        (seen(AttackKind.DDOS, blocked=9), Wish.OBSERVE, Reason.KIND_OBSERVES),
    ],
)
def test_the_default_policy(what: Seen, wish: Wish, reason: Reason) -> None:
    assert wish_for(what) == (wish, reason)


@pytest.mark.parametrize("kind", [kind for kind in AttackKind if kind is not AttackKind.NONE])
def test_every_kind_has_a_wish(kind: AttackKind) -> None:
    assert wish_for(seen(kind, blocked=1))[0] in Wish


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("203.0.113.0", Reason.REGISTERED),
        ("203.0.113.15", Reason.REGISTERED),
        ("203.0.113.16", None),
        ("::ffff:203.0.113.3", Reason.REGISTERED),
        ("64:ff9b::203.0.113.3", Reason.REGISTERED),
        ("2002:cb00:7103::1", Reason.REGISTERED),
        ("2001:db8:1::5", Reason.REGISTERED),
        ("2001:db8:2::5", None),
        ("203.0.113.200", Reason.SOC),
        ("45.60.0.1", Reason.VENDOR),
        ("45.61.0.0", None),
        ("2a02:e980::1", Reason.VENDOR),
        ("66.249.66.1", Reason.CRAWLER),
        ("10.0.0.1", Reason.NOT_PUBLIC),
        ("100.64.1.1", Reason.NOT_PUBLIC),
        ("127.0.0.1", Reason.NOT_PUBLIC),
        ("0.0.0.0", Reason.NOT_PUBLIC),
        ("::ffff:10.0.0.1", Reason.NOT_PUBLIC),
        ("224.0.0.5", Reason.NOT_PUBLIC),
    ],
)
def test_who_may_never_be_blocked(address: str, reason: Reason | None) -> None:
    assert may_be_blocked(ip_address(address), NEVER, documentation_counts=True) == reason


@pytest.mark.parametrize(
    ("known", "ruling", "reason"),
    [
        (PLAIN, Ruling.ALLOW, Reason.ATTACK_BLOCKED),
        (UNKNOWN_TRAFFIC, Ruling.ALLOW, Reason.ATTACK_BLOCKED),
        (Circumstances(9, shared=False, restored=False, blocked_customer=49, blocked_total=499), Ruling.ALLOW, None),
        (
            Circumstances(10, shared=False, restored=False, blocked_customer=0, blocked_total=0),
            Ruling.ASK,
            Reason.GOOD_TRAFFIC,
        ),
        (
            Circumstances(None, shared=True, restored=False, blocked_customer=0, blocked_total=0),
            Ruling.ASK,
            Reason.SHARED_ADDRESS,
        ),
        (
            Circumstances(0, shared=False, restored=True, blocked_customer=0, blocked_total=0),
            Ruling.ASK,
            Reason.RESTORED_BEFORE,
        ),
        (
            Circumstances(0, shared=False, restored=False, blocked_customer=50, blocked_total=0),
            Ruling.ASK,
            Reason.CAP_CUSTOMER,
        ),
        (
            Circumstances(0, shared=False, restored=False, blocked_customer=0, blocked_total=500),
            Ruling.ASK,
            Reason.CAP_TOTAL,
        ),
    ],
)
def test_the_guard_asks_where_it_is_doubtful(known: Circumstances, ruling: Ruling, reason: Reason | None) -> None:
    said, why = rule(ATTACKER, NEVER, known, LIMITS)
    assert said is ruling
    assert reason is None or why == reason


def test_the_guard_refuses_before_it_asks() -> None:
    restored = Circumstances(100, shared=True, restored=True, blocked_customer=99, blocked_total=999)
    assert rule(ip_address("203.0.113.1"), NEVER, restored, LIMITS) == (Ruling.REFUSE, Reason.REGISTERED)


def question(**changes: object) -> Question:
    parts: dict[str, object] = {
        "seen": seen(AttackKind.SQL_INJECTION, blocked=1),
        "address": ATTACKER,
        "site_known": True,
        "late": False,
    }
    return Question(**{**parts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "outcome", "reason"),
    [
        (question(), Outcome.BLOCK, Reason.ATTACK_BLOCKED),
        (question(late=True), Outcome.LATE, Reason.LATE),
        (question(late=True, address=None), Outcome.LATE, Reason.LATE),
        (question(late=True, seen=seen(AttackKind.OTHER)), Outcome.LATE, Reason.LATE),
        (question(late=True, address=ip_address("203.0.113.1")), Outcome.REFUSE, Reason.REGISTERED),
        (question(late=True, site_known=False), Outcome.REFUSE, Reason.FOREIGN_SITE),
        (question(late=True, ended=True), Outcome.REFUSE, Reason.CONTRACT_ENDED),
        (question(late=True, seen=seen(AttackKind.DDOS, blocked=1)), Outcome.OBSERVE, Reason.KIND_OBSERVES),
        (question(ended=True), Outcome.REFUSE, Reason.CONTRACT_ENDED),
        (question(address=None), Outcome.ASK, Reason.NO_ADDRESS),
        (question(site_known=False), Outcome.REFUSE, Reason.FOREIGN_SITE),
        (question(seen=seen(AttackKind.BAD_BOT, blocked=1), site_known=False), Outcome.OBSERVE, Reason.KIND_OBSERVES),
        (question(seen=seen(AttackKind.OTHER)), Outcome.ASK, Reason.KIND_UNKNOWN),
        (question(seen=seen(AttackKind.OTHER), address=ip_address("10.0.0.1")), Outcome.REFUSE, Reason.NOT_PUBLIC),
        (question(address=ip_address("203.0.113.1")), Outcome.REFUSE, Reason.REGISTERED),
    ],
)
def test_a_decision_rests_on_wish_and_guard(asked: Question, outcome: Outcome, reason: Reason) -> None:
    assert decide(asked, NEVER, PLAIN, LIMITS) == Decision(outcome, reason)


def test_an_analyst_is_asked_when_the_guard_doubts() -> None:
    known = Circumstances(500, shared=False, restored=False, blocked_customer=0, blocked_total=0)
    assert decide(question(), NEVER, known, LIMITS) == Decision(Outcome.ASK, Reason.GOOD_TRAFFIC)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_japanese_sentence(reason: Reason) -> None:
    assert reason.sentence.endswith("。")
