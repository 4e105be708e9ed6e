"""遮断方針 on the console: what the pages show, who may change what, and trying a policy before it is saved."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.accounts.models import SocRole, User
from sakimori.blacklist.models import Policy
from sakimori.blacklist.policies import default_standing, rules_for
from sakimori.blacklist.policy import KINDS, SHIPPED, KindRule, Mode, Rules, Term
from sakimori.lib.jst import utc_now
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore, StoreError, StoreUnavailable
from tests.people import People, make_people, make_user

pytestmark = pytest.mark.django_db

DEFAULT = "/console/policies/default/"


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def manager() -> User:
    return make_user("moto", "森", "元", soc_role=SocRole.MANAGER)


@pytest.fixture
def desk(client: Client, people: People) -> Client:
    client.force_login(people.dana)
    return client


def address(people: People) -> str:
    return reverse("console:policy", args=[people.a.pk])


def typed(rules: Rules = SHIPPED, *, seen: int = 0, do: str = "save", **changes: object) -> dict[str, str]:
    """The form as a browser sends it."""
    form: dict[str, object] = {"lasting": "good", "reach": "all", "cap": rules.cap, "seen": seen, "do": do, "days": 7}
    form["why"] = "お客様のご依頼"
    for kind in KINDS:
        rule = rules.of(kind.value)
        form |= {f"mode_{kind.value}": rule.mode.value, f"requests_{kind.value}": rule.requests}
        form[f"minutes_{kind.value}"] = rule.minutes
    return {name: str(value) for name, value in {**form, **changes}.items()}


CHANGED: dict[str, object] = {
    "mode_sql_injection": "ask",
    "requests_bad_bot": 30,
    "minutes_bad_bot": 5,
    "mode_bad_bot": "auto",
    "lasting": "time",
    "hours": 24,
    "most_hours": 72,
    "reach": "one",
    "cap": 9,
}


def test_a_contract_gets_a_policy_of_its_own_and_loses_it_again(desk: Client, people: People) -> None:
    page = desk.post(address(people), typed(**CHANGED), follow=True).content.decode()
    assert "遮断方針を変更しました" in page
    rules = rules_for(people.a)
    assert (rules.of("sql_injection"), rules.of("bad_bot")) == (KindRule(Mode.ASK), KindRule(Mode.AUTO, 30, 5))
    assert (rules.term, rules.one_site, rules.cap) == (Term(24, 72), True, 9)
    assert rules_for(people.b) == SHIPPED
    assert page.count("変更あり") == 2
    assert "お客様のご依頼" in page
    assert "SQLインジェクション：アナリストが判断（変更前は自動で遮断）" in page
    assert "第 1 版" in page
    listed = desk.get(reverse("console:policies")).content.decode()
    assert "悪性ボット：自動で遮断（5 分間に 30 件以上）（既定は記録のみ）" in listed
    assert "期間：24 時間（再犯ごとに 2 倍、最長 72 時間）（既定は恒久）" in listed
    page = desk.post(address(people), typed(seen=1, do="follow"), follow=True).content.decode()
    assert "SOC 全体の既定に従う" in page
    assert "SQLインジェクション：自動で遮断（変更前はアナリストが判断）" in page
    assert rules_for(people.a) == SHIPPED


def test_saving_what_holds_already_changes_nothing(desk: Client, people: People) -> None:
    desk.post(address(people), typed(cap=9))
    page = desk.post(address(people), typed(cap=9, seen=1), follow=True).content.decode()
    assert "変更はありません" in page
    assert Policy.objects.count() == 1


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(desk: Client, people: People) -> None:
    desk.post(address(people), typed(cap=9))
    page = desk.post(address(people), typed(cap=7)).content.decode()
    assert "ほかの担当者が先に変更しました" in page
    assert 'value="7"' in page
    assert rules_for(people.a).cap == 9


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lasting": "time"}, "初回の遮断時間を入力してください"),
        ({"lasting": "time", "hours": 24, "most_hours": 12}, "初回の遮断時間以上にしてください"),
        ({"lasting": "time", "hours": 0}, "1 以上"),
        ({"requests_acl": 0}, "1 以上"),
        ({"minutes_acl": 1441}, "1440 以下"),
        ({"requests_acl": "x"}, "整数"),
        ({"mode_acl": "block"}, "候補"),
        ({"mode_other": "auto"}, "候補"),
        ({"cap": ""}, "入力"),
        ({"seen": "x"}, "入力内容をご確認ください"),
        ({"days": 32}, "31 以下"),
        ({"why": " "}, "変更の理由を入力してください"),
        ({"why": "あ" * 201}, "200"),
    ],
)
def test_nonsense_is_a_sentence_and_changes_nothing(
    desk: Client, people: People, changes: dict[str, object], words: str
) -> None:
    answer = desk.post(address(people), typed(**changes))
    assert words in answer.content.decode()
    assert not Policy.objects.exists()


def test_only_a_manager_changes_the_default(desk: Client, people: People, manager: User) -> None:
    page = desk.get(DEFAULT).content.decode()
    assert "変更できるのは SOC 責任者のみです" in page
    assert "保存する" not in page
    assert "この設定で試す" not in page
    page = desk.post(DEFAULT, typed(cap=9)).content.decode()
    assert "SOC 責任者のみ" in page
    assert default_standing().rules == SHIPPED
    desk.force_login(manager)
    desk.post(DEFAULT, typed(cap=9))
    assert rules_for(people.a).cap == 9
    desk.post(DEFAULT, typed(seen=1, do="follow"))
    assert default_standing().rules == SHIPPED


def test_customers_find_no_policy(client: Client, people: People) -> None:
    for person in (people.alice, people.bob, people.charlie):
        client.force_login(person)
        for page in (address(people), DEFAULT, reverse("console:policies")):
            assert client.get(page).status_code == 404
            assert client.post(page, typed(cap=1)).status_code in (404, 405)
    assert not Policy.objects.exists()


def test_a_missing_contract_is_missing(desk: Client) -> None:
    assert desk.get(reverse("console:policy", args=[999])).status_code == 404


def test_the_list_costs_as_much_for_many_as_for_one(
    desk: Client, people: People, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    with django_assert_max_num_queries(12):  # type: ignore[attr-defined]
        desk.get(reverse("console:policies"))


@pytest.fixture
def store(log_store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch) -> LogStore:
    """An SQL injection from one address an hour ago."""
    event = Event(
        time=utc_now() - timedelta(hours=1),
        name="SQL Injection",
        attack_kind="sql_injection",
        outcome="blocked",
        site_id=ord("A"),
        client_ip="198.51.100.7",
        line="x",
    )
    log_store.append([(1, event)], contract_id=people.a.pk, file_id=1)
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    return log_store


def test_a_policy_is_tried_before_it_is_saved(desk: Client, people: People, store: LogStore) -> None:
    page = desk.post(address(people), typed(do="try", mode_sql_injection="ask")).content.decode()
    assert "試した結果" in page
    assert "踏み台攻撃の疑いは、保存されているログから判定し、「要判断」に数えています" in page
    assert "DNS による検索エンジンの確認は、過去の時点の結果がわからないため、含まれません" in page
    assert "198.51.100.7" in page
    assert "1 件のうち、結果が変わるのは 1 件" in page
    assert "判定不能" in page
    assert '<option value="ask" selected>' in page
    assert not Policy.objects.exists()


def test_a_manager_tries_the_default_on_a_contract(
    desk: Client, people: People, manager: User, store: LogStore
) -> None:
    desk.force_login(manager)
    page = desk.post(DEFAULT, typed(do="try", mode_sql_injection="observe")).content.decode()
    assert "試す契約を選択してください" in page
    page = desk.post(DEFAULT, typed(do="try", mode_sql_injection="observe", contract=people.a.pk)).content.decode()
    assert "1 件のうち、結果が変わるのは 1 件" in page
    assert not Policy.objects.exists()


@pytest.mark.parametrize(
    ("error", "words"), [(StoreUnavailable, "試す期間を短くするか"), (StoreError, "試せませんでした")]
)
def test_a_store_that_does_not_answer_is_a_sentence(
    desk: Client, people: People, monkeypatch: pytest.MonkeyPatch, error: type[Exception], words: str
) -> None:
    def closed() -> LogStore:
        raise error("closed")

    monkeypatch.setattr(backends, "log_store", closed)
    assert words in desk.post(address(people), typed(do="try")).content.decode()
