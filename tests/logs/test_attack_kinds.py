"""Kinds and outcomes are decided by name, never by the severity field."""

import pytest

from sakimori.logs.attack_kinds import AttackKind, Outcome, custom_rule_name, kinds_of, outcome_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Normal", AttackKind.NONE),
        ("SQL Injection", AttackKind.SQL_INJECTION),
        ("sql injection", AttackKind.SQL_INJECTION),
        ("Cross Site Scripting", AttackKind.CROSS_SITE_SCRIPTING),
        ("Illegal Resource Access", AttackKind.ILLEGAL_RESOURCE_ACCESS),
        ("Bot Access Control", AttackKind.BOT_ACCESS_CONTROL),
        ("DDoS", AttackKind.DDOS),
        ("Backdoor Protect", AttackKind.BACKDOOR),
        ("Remote File Inclusion", AttackKind.REMOTE_FILE_INCLUSION),
        ("IncapRules(anything, even SQL Injection)", AttackKind.CUSTOM_RULE),
        ("API Specification Violation", AttackKind.API_VIOLATION),
        ("Account Takeover Protection", AttackKind.ACCOUNT_TAKEOVER),
        ("Bad Bot", AttackKind.BAD_BOT),
        ("Blocked country", AttackKind.ACL),
        ("Accepted country", AttackKind.ACL),
        ("A name of next year", AttackKind.OTHER),
        ("", AttackKind.OTHER),
    ],
)
def test_the_name_decides_the_kind(name: str, kind: AttackKind) -> None:
    assert kinds_of(name) == (kind,)


def test_the_gravest_of_several_kinds_comes_first_and_none_is_lost() -> None:
    assert kinds_of("Bad Bot, Cross Site Scripting,SQL Injection") == (
        AttackKind.SQL_INJECTION,
        AttackKind.CROSS_SITE_SCRIPTING,
        AttackKind.BAD_BOT,
    )
    assert kinds_of("Cross Site Scripting", ["", "Backdoor Protect"])[0] is AttackKind.BACKDOOR


def test_an_access_line_with_a_triggered_rule_is_an_attack() -> None:
    assert kinds_of("Normal", ["SQL Injection"]) == (AttackKind.SQL_INJECTION,)


def test_a_customers_rule_name_proves_nothing() -> None:
    assert kinds_of("Normal", ["No SQL Injection here"]) == (AttackKind.NONE,)


def test_a_custom_rules_name_stands_in_parentheses() -> None:
    assert custom_rule_name("IncapRules(Stop (all) of it)") == "Stop (all) of it"
    assert custom_rule_name("SQL Injection") == ""


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("REQ_PASSED", Outcome.ALLOWED),
        ("REQ_CACHED_FRESH", Outcome.ALLOWED),
        ("REQ_CACHED_OF_NEXT_YEAR", Outcome.ALLOWED),
        ("REQ_BLOCKED_ACL", Outcome.BLOCKED),
        ("REQ_BLOCKED_COOKIELESS_SESSION", Outcome.BLOCKED),
        ("req_blocked_security", Outcome.BLOCKED),
        ("REQ_CHALLENGE_CAPTCHA", Outcome.CHALLENGED),
        ("REQ_CHALLENGED_CAPTCHA", Outcome.CHALLENGED),
        ("REQ_BAD_PARSE_ERROR", Outcome.ERROR),
        ("REQ_BAD_CLIENT_CLOSED_CONNECTION", Outcome.ERROR),
        ("REQ_UNRESOLVED_SITE_UNKNOWN", Outcome.ERROR),
        ("REQ_POST_TIMEOUT", Outcome.ERROR),
        ("REQ_ALL_IPS_DOWN", Outcome.ERROR),
        ("REQ_NO_IP_FOUND", Outcome.ERROR),
        ("REQ_SSL_NOT_SUPPORTED", Outcome.DENIED),
        ("REQ_DOMAIN_BLACKLISTED", Outcome.DENIED),
        ("REQ_TOO_MANY_CONNECTIONS_TO_ORIGIN", Outcome.DENIED),
        ("REQ_SOMETHING_NEW", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
    ],
)
def test_the_prefix_decides_the_outcome(act: str, outcome: Outcome) -> None:
    assert outcome_of(act) is outcome


def test_every_kind_and_outcome_has_its_own_japanese_label() -> None:
    for members in (list(AttackKind), list(Outcome)):
        labels = [member.label for member in members]
        assert len(set(labels)) == len(labels)
        assert all(labels)
