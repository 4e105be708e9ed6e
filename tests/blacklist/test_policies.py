"""Policies as rows: which one holds, who may change it, and that nobody overwrites what he has not seen."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError

from sakimori.accounts.models import SocRole, User
from sakimori.blacklist import policies
from sakimori.blacklist.models import Policy
from sakimori.blacklist.policies import NotPossible, default_standing, follow_default, rules_for, save_policy
from sakimori.blacklist.policy import SHIPPED, Mode, Rules
from sakimori.blacklist.policy_text import with_kind
from sakimori.customers.models import AuditEntry
from tests.moments import START
from tests.people import People, make_people, make_user

pytestmark = pytest.mark.django_db

ASKING = with_kind(SHIPPED, "sql_injection=ask")
LOOSER = with_kind(SHIPPED, "bad_bot=auto:30/5")


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def manager() -> User:
    return make_user("moto", "森", "元", soc_role=SocRole.MANAGER)


def test_what_ships_holds_until_somebody_changes_it(people: People) -> None:
    standing = policies.standing_of([people.a, people.b])[people.a.pk]
    assert (standing.rules, standing.row, standing.version, standing.own) == (SHIPPED, None, 0, False)
    assert default_standing().rules == SHIPPED


def test_the_cap_of_the_settings_is_the_default(people: People, settings: object) -> None:
    from dataclasses import replace

    from django.conf import settings as django_settings

    settings.CONFIG = replace(django_settings.CONFIG, cap_customer=7)  # type: ignore[attr-defined]
    assert rules_for(people.a).cap == 7


def test_a_contracts_policy_goes_before_the_default_and_that_before_what_ships(people: People, manager: User) -> None:
    save_policy(None, LOOSER, seen=0, reason="試験", by=manager, now=START)
    save_policy(people.a, ASKING, seen=0, reason="試験", by=people.dana, now=START)
    assert rules_for(people.a) == ASKING
    assert rules_for(people.b) == LOOSER == default_standing().rules
    follow_default(people.a, seen=1, reason="試験", by=people.dana, now=START)
    assert rules_for(people.a) == LOOSER
    assert policies.standing_of([people.a])[people.a.pk].own is False
    follow_default(None, seen=1, reason="試験", by=manager, now=START)
    assert rules_for(people.b) == SHIPPED


def test_every_change_adds_a_row_and_is_recorded(people: People) -> None:
    row = save_policy(people.a, ASKING, seen=0, reason="試験", by=people.dana, now=START)
    assert save_policy(people.a, ASKING, seen=1, reason="試験", by=people.dana, now=START) is None
    assert follow_default(people.b, seen=0, reason="試験", by=people.dana, now=START) is None
    save_policy(people.a, LOOSER, seen=1, reason="試験", by=people.dana, now=START)
    assert list(Policy.objects.values_list("version", flat=True)) == [1, 2]
    entries = AuditEntry.objects.filter(action="policy.change")
    assert row is not None
    assert entries.earliest("pk").target == f"policy:{row.pk}"
    assert {(entry.actor, entry.customer_number) for entry in entries} == {("dana", "C-A")}


def test_nobody_overwrites_what_he_has_not_seen(people: People, manager: User) -> None:
    save_policy(people.a, ASKING, seen=0, reason="試験", by=people.dana, now=START)
    for change in (
        lambda: save_policy(people.a, LOOSER, seen=0, reason="試験", by=manager, now=START),
        lambda: follow_default(people.a, seen=2, reason="試験", by=manager, now=START),
    ):
        with pytest.raises(NotPossible, match="ほかの担当者が先に変更しました"):
            change()
    assert rules_for(people.a) == ASKING


def test_of_two_at_one_moment_the_key_lets_one_through(
    people: People, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object, **__: object) -> Policy:
        raise IntegrityError

    monkeypatch.setattr(Policy.objects, "create", meanwhile)
    with pytest.raises(NotPossible, match="ほかの担当者が先に変更しました"):
        save_policy(None, LOOSER, seen=0, reason="試験", by=manager, now=START)


def test_the_default_has_each_version_once(manager: User) -> None:
    save_policy(None, LOOSER, seen=0, reason="試験", by=manager, now=START)
    with pytest.raises(IntegrityError):
        Policy.objects.create(version=1, changed_at=START, changed_by=manager)


def test_only_a_manager_changes_the_default(people: People) -> None:
    with pytest.raises(NotPossible, match="SOC 責任者のみ"):
        save_policy(None, LOOSER, seen=0, reason="試験", by=people.dana, now=START)
    with pytest.raises(NotPossible, match="SOC 責任者のみ"):
        follow_default(None, seen=0, reason="試験", by=people.dana, now=START)
    assert not Policy.objects.exists()


def test_a_customer_changes_no_policy(people: People) -> None:
    with pytest.raises(NotPossible):
        save_policy(people.a, LOOSER, seen=0, reason="試験", by=people.alice, now=START)


def test_a_kind_that_an_old_row_does_not_name_is_as_in_the_default(people: People) -> None:
    Policy.objects.create(
        contract=people.a,
        version=1,
        rules={"kinds": {"acl": {"mode": "ask"}}},
        changed_at=START,
        changed_by=people.dana,
    )
    rules: Rules = rules_for(people.a)
    assert (rules.of("acl").mode, rules.of("sql_injection").mode) == (Mode.ASK, Mode.AUTO)


def test_many_contracts_cost_one_query(people: People, django_assert_num_queries: Callable[[int], object]) -> None:
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        policies.standing_of([people.a, people.b])


def test_the_history_tells_what_each_version_changed(people: People) -> None:
    for version, rules in enumerate((ASKING, LOOSER)):
        save_policy(people.a, rules, seen=version, reason=f"理由 {version}", by=people.dana, now=START)
    follow_default(people.a, seen=2, reason="戻す", by=people.dana, now=START)
    found = policies.history(people.a, SHIPPED, most=9)
    assert [(each.rules, each.before) for each in found] == [(SHIPPED, LOOSER), (LOOSER, ASKING), (ASKING, SHIPPED)]
    assert [each.row.reason for each in found] == ["戻す", "理由 1", "理由 0"]
    assert [each.before for each in policies.history(people.a, SHIPPED, most=1)] == [LOOSER]
    assert policies.history(people.b, SHIPPED, most=9) == []


def test_a_change_needs_a_reason(people: People) -> None:
    with pytest.raises(NotPossible, match="理由を入力"):
        save_policy(people.a, ASKING, seen=0, reason=" ", by=people.dana, now=START)
