"""A policy as pure rules: modes, thresholds, growing time, announced scans, and how it is read from data."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.blacklist.announced import Announced, is_announced
from sakimori.blacklist.decision import Decision, Outcome, Question, decide
from sakimori.blacklist.guard import Circumstances, Limits, NeverBlock
from sakimori.blacklist.policy import (
    KINDS,
    MOST_HOURS,
    NEVER_AUTO,
    SHIPPED,
    KindRule,
    Mode,
    Rules,
    Seen,
    Term,
    Wish,
    wish_for,
)
from sakimori.blacklist.policy_text import WrongPolicy, as_data, read, with_kind
from sakimori.blacklist.reasons import Reason
from sakimori.logs.attack_kinds import AttackKind
from tests.moments import START

NOBODY = NeverBlock(registered=(), soc=(), vendor=(), crawlers=())
PLAIN = Circumstances(good_requests=0, shared=False, restored=False, blocked_customer=0, blocked_total=0)
LIMITS = Limits(good_requests=10, cap_customer=50, cap_total=500, documentation_counts=True)
ATTACKER = ip_address("198.51.100.7")
MODES = st.sampled_from(list(Mode))


def seen(kind: str = "sql_injection", *, blocked: int = 1, passed: int = 0, ours: int = 0, **more: int) -> Seen:
    return Seen(kind, blocked=blocked, passed=passed, challenged=0, other=0, ours=ours, **more)


def rules(kind: str = "sql_injection", mode: Mode = Mode.AUTO, requests: int = 1) -> Rules:
    return replace(SHIPPED, kinds={**SHIPPED.kinds, kind: KindRule(mode, requests)})


def decided(what: Seen, by: Rules = SHIPPED, **parts: bool) -> Decision:
    question = Question(seen=what, address=ATTACKER, site_known=True, late=parts.pop("late", False), rules=by, **parts)
    return decide(question, NOBODY, PLAIN, LIMITS)


def test_what_ships_is_what_the_service_promises() -> None:
    """The defaults of issue 5, kind by kind."""
    modes = {mode: {kind for kind in KINDS if SHIPPED.of(kind).mode is mode} for mode in Mode}
    assert modes[Mode.AUTO] == {
        AttackKind.SQL_INJECTION,
        AttackKind.CROSS_SITE_SCRIPTING,
        AttackKind.REMOTE_FILE_INCLUSION,
        AttackKind.BACKDOOR,
    }
    assert modes[Mode.OBSERVE] == {
        AttackKind.BOT_ACCESS_CONTROL,
        AttackKind.BAD_BOT,
        AttackKind.ACL,
        AttackKind.DDOS,
    }
    assert {rule.requests for rule in SHIPPED.kinds.values()} == {1}
    assert (SHIPPED.term, SHIPPED.one_site, SHIPPED.cap) == (Term(), False, 50)


@pytest.mark.parametrize(
    ("what", "by", "outcome", "reason"),
    [
        (seen(), rules(mode=Mode.ASK), Outcome.ASK, Reason.KIND_ASKS),
        (seen(), rules(mode=Mode.OBSERVE), Outcome.OBSERVE, Reason.KIND_OBSERVES),
        (seen("acl"), rules("acl"), Outcome.BLOCK, Reason.ATTACK_BLOCKED),
        (seen("other"), rules("other", Mode.AUTO), Outcome.ASK, Reason.KIND_UNKNOWN),
        (seen("other"), rules("other", Mode.OBSERVE), Outcome.OBSERVE, Reason.KIND_OBSERVES),
        (seen("a kind of tomorrow"), SHIPPED, Outcome.ASK, Reason.KIND_ASKS),
        (seen(blocked=2), rules(requests=3), Outcome.OBSERVE, Reason.BELOW_THRESHOLD),
        (seen(blocked=3), rules(requests=3), Outcome.BLOCK, Reason.ATTACK_BLOCKED),
        (seen(blocked=3, ours=1), rules(requests=3), Outcome.OBSERVE, Reason.BELOW_THRESHOLD),
        (seen(blocked=1, within=3), rules(requests=3), Outcome.BLOCK, Reason.ATTACK_BLOCKED),
        (seen(blocked=9, within=2), rules(requests=3), Outcome.OBSERVE, Reason.BELOW_THRESHOLD),
        (seen(blocked=0, passed=1, within=3), rules(requests=3), Outcome.ASK, Reason.ATTACK_PASSED),
        (seen(blocked=2), rules(mode=Mode.ASK, requests=3), Outcome.OBSERVE, Reason.BELOW_THRESHOLD),
        (seen(blocked=2, within=3), rules(mode=Mode.ASK, requests=3), Outcome.ASK, Reason.KIND_ASKS),
    ],
)
def test_a_contracts_own_policy_decides(what: Seen, by: Rules, outcome: Outcome, reason: Reason) -> None:
    assert decided(what, by) == Decision(outcome, reason)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("late", [False, True])
def test_hits_of_our_own_block_never_begin_anything(kind: AttackKind, mode: Mode, late: bool) -> None:
    """Also where they come late, and where the kind is only written down, or blocked at once, by the policy."""
    only_ours = seen(kind, blocked=2, ours=2, within=99)
    for announced in (False, True):
        answer = decided(only_ours, rules(kind, mode), late=late, announced=announced)
        assert answer == Decision(Outcome.OBSERVE, Reason.OWN_BLOCK)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", ["sql_injection", "custom_rule", "other", "acl"])
def test_an_announced_scan_is_only_written_down(kind: str, late: bool) -> None:
    assert decided(seen(kind), announced=True, late=late) == Decision(Outcome.OBSERVE, Reason.ANNOUNCED_SCAN)


SCAN = Announced(None, (ip_network("198.51.100.0/28"),), START, START + timedelta(hours=1))
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("first", "last", "address", "held"),
    [
        (START, START, "198.51.100.7", True),
        (START + HOUR, START + HOUR, "198.51.100.7", True),
        (START - HOUR, START, "198.51.100.7", True),
        (START + HOUR, START + 2 * HOUR, "198.51.100.15", True),
        (START - HOUR, START - SECOND, "198.51.100.7", False),
        (START + HOUR + SECOND, START + 2 * HOUR, "198.51.100.7", False),
        (START, START, "198.51.100.16", False),
        (START, START, "2001:db8::1", False),
    ],
)
def test_a_scan_holds_its_addresses_for_its_time(first: object, last: object, address: str, held: bool) -> None:
    found = is_announced([SCAN], ip_address(address), site=1, first_at=first, last_at=last)  # type: ignore[arg-type]
    assert found is held


def test_a_scan_of_one_site_says_nothing_of_others() -> None:
    one = replace(SCAN, site=1)
    assert is_announced([one], ATTACKER, site=1, first_at=START, last_at=START)
    assert not is_announced([one], ATTACKER, site=2, first_at=START, last_at=START)
    assert not is_announced([one], ATTACKER, site=None, first_at=START, last_at=START)
    assert is_announced([one, SCAN], ATTACKER, site=2, first_at=START, last_at=START)
    assert not is_announced([SCAN], None, site=1, first_at=START, last_at=START)
    assert not is_announced([], ATTACKER, site=1, first_at=START, last_at=START)


def test_a_block_lasts_for_good_unless_a_time_is_set() -> None:
    assert Term().hours_after(0) is None
    assert Term(None, 5).hours_after(3) is None


@given(st.integers(1, MOST_HOURS), st.none() | st.integers(1, MOST_HOURS), st.integers(-3, 10_000))
def test_the_time_doubles_up_to_its_most(hours: int, most: int | None, earlier: int) -> None:
    term = Term(hours, most)
    length, next_length = term.hours_after(earlier), term.hours_after(earlier + 1)
    assert length is not None
    assert next_length is not None
    limit = most or MOST_HOURS
    assert length <= limit
    assert length <= next_length
    if earlier < 1:
        assert length == min(hours, limit)
    if earlier >= 0:
        assert next_length == min(2 * length, limit) or length == limit


@given(
    st.dictionaries(
        st.sampled_from([kind.value for kind in KINDS]),
        st.builds(KindRule, MODES, st.integers(1, 1000), st.integers(1, 1440)),
    ),
    st.builds(Term, st.integers(1, 24), st.none() | st.integers(24, MOST_HOURS)) | st.just(Term()),
    st.booleans(),
    st.integers(0, 10_000),
)
def test_what_is_written_is_what_is_read(kinds: dict[str, KindRule], term: Term, one_site: bool, cap: int) -> None:
    whole = {**SHIPPED.kinds, **{kind: rule for kind, rule in kinds.items() if kind not in NEVER_AUTO}}
    policy = Rules(whole, term, one_site, cap)
    assert read(as_data(policy), SHIPPED) == policy


def test_what_is_left_out_stays_as_it_was() -> None:
    assert read({}, SHIPPED) == SHIPPED
    changed = read({"kinds": {"acl": {"mode": "ask"}}, "hours": 12}, SHIPPED)
    assert changed.of("acl") == KindRule(Mode.ASK, 1, 10)
    assert changed.term == Term(12, None)
    assert changed.of("ddos").mode is Mode.OBSERVE
    kept = read({"kinds": {"acl": {"requests": 4}}}, changed)
    assert kept.of("acl") == KindRule(Mode.ASK, 4, 10)
    assert read({"hours": None}, kept).term == Term()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "no object"),
        ("auto", "no object"),
        ({"kind": {}}, "knows no 'kind'"),
        ({7: {}}, "knows no '7'"),
        ({"kinds": []}, "no object"),
        ({"kinds": {"none": {"mode": "auto"}}}, "knows no 'none'"),
        ({"kinds": {"acl": "auto"}}, "no object"),
        ({"kinds": {"acl": {"mode": "block"}}}, "the mode is one of"),
        ({"kinds": {"acl": {"mode": ["auto"]}}}, "the mode is one of"),
        ({"kinds": {"acl": {"mood": "auto"}}}, "knows no 'mood'"),
        ({"kinds": {"other": {"mode": "auto"}}}, "no known name"),
        ({"kinds": {"acl": {"requests": 0}}}, "acl: requests"),
        ({"kinds": {"acl": {"requests": True}}}, "acl: requests"),
        ({"kinds": {"acl": {"minutes": 1441}}}, "acl: minutes"),
        ({"kinds": {"acl": {"minutes": "10"}}}, "acl: minutes"),
        ({"hours": 0}, "hours is a whole number"),
        ({"hours": 48, "most_hours": 24}, "less than hours"),
        ({"one_site": 1}, "one_site"),
        ({"cap": -1}, "cap"),
    ],
)
def test_nonsense_is_no_policy(data: object, words: str) -> None:
    with pytest.raises(WrongPolicy, match=words):
        read(data, SHIPPED)


def test_a_kind_is_changed_by_one_word() -> None:
    assert with_kind(SHIPPED, "sql_injection=ask").of("sql_injection") == KindRule(Mode.ASK)
    assert with_kind(SHIPPED, "bad_bot=auto:30/5").of("bad_bot") == KindRule(Mode.AUTO, 30, 5)


@pytest.mark.parametrize(
    "text", ["", "=", "sql_injection", "sql=auto", "acl=auto:3", "acl=auto:x/5", "acl=auto:9999999999/5", "acl=:3/5"]
)
def test_a_wrong_word_is_said_to_be_wrong(text: str) -> None:
    with pytest.raises(WrongPolicy):
        with_kind(SHIPPED, text)


@given(st.sampled_from(list(KINDS)), MODES, st.integers(1, 20), *[st.integers(0, 20)] * 4)
def test_more_requests_never_make_a_policy_milder(
    kind: AttackKind, mode: Mode, requests: int, blocked: int, passed: int, within: int, more: int
) -> None:
    order = [Wish.OBSERVE, Wish.ASK, Wish.BLOCK]
    by = rules(kind, mode, requests)
    few, many = (
        wish_for(seen(kind, blocked=blocked, passed=passed, within=count), by)[0] for count in (within, within + more)
    )
    assert order.index(few) <= order.index(many)
