"""The pages about the end of contracts: only the desk, clear refusals, two people, the proof."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.accounts.models import SocRole, User
from sakimori.closing.models import Closing, DeletionProof
from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month, deletion_day, written_day
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.reports.actions import open_report
from sakimori.reports.models import Report, ReportState
from tests.closing.test_certificate import proof
from tests.people import People, make_user


@pytest.fixture(autouse=True)
def _stores(log_store: LogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    monkeypatch.setattr(backends, "spool", lambda: Spool(tmp_path))


@pytest.fixture
def manager(people: People) -> User:
    return make_user("manager", "黒田", "誠", soc_role=SocRole.MANAGER)


def _today() -> date:
    return day_of(utc_now())


def _post(client: Client, what: str, people: People, **data: str) -> str:
    answer = client.post(reverse(f"console:closing-{what}", args=[people.a.number]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def _page(client: Client, people: People) -> str:
    return client.get(reverse("console:closing", args=[people.a.number])).content.decode()


@pytest.mark.parametrize("person", ["alice", "bob", "charlie", "dana"])
def test_only_the_desk_gets_in(person: str, people: People, client: Client) -> None:
    row = proof(pk=None)
    row.save()
    client.force_login(getattr(people, person))
    expected = 200 if person == "dana" else 404
    number = people.a.number
    for name, args in (("closings", []), ("closing", [number]), ("proof", [row.pk]), ("proof-pdf", [row.pk])):
        assert client.get(reverse(f"console:{name}", args=args)).status_code == expected, name
    if person != "dana":
        for what in ("enter", "withdraw", "approve"):
            address = reverse(f"console:closing-{what}", args=[number])
            assert client.post(address, {"ends_on": "2999-01-01", "typed": number}).status_code == 404
    assert not Closing.objects.exists()


def test_nobody_is_sent_to_the_sign_in_page(people: People, client: Client) -> None:
    assert client.get(reverse("console:closings")).status_code == 302
    assert client.post(reverse("console:closing-enter", args=[people.a.number])).status_code == 302


def test_a_day_is_entered_and_the_day_of_deletion_is_shown(people: People, client: Client) -> None:
    client.force_login(people.dana)
    text = _post(client, "enter", people, ends_on=_today().isoformat())
    assert f"データ削除予定日は {written_day(deletion_day(_today()))}です" in text
    assert Contract.objects.get(pk=people.a.pk).ends_on == _today()
    assert "解約を取り消す" in text
    assert "削除される内容" in text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ((date.today() - timedelta(days=3)).isoformat(), "過去の日付は解約日にできません"),  # noqa: DTZ011
        ("昨日", "日付を正しく入力してください"),
        ("2026-02-30", "日付を正しく入力してください"),
        ("", "入力してください。"),
    ],
)
def test_a_wrong_day_is_refused_with_a_sentence(typed: str, sentence: str, people: People, client: Client) -> None:
    client.force_login(people.dana)
    assert sentence in _post(client, "enter", people, ends_on=typed)
    assert Contract.objects.get(pk=people.a.pk).ends_on is None
    assert not Closing.objects.exists()


def test_it_is_withdrawn(people: People, client: Client) -> None:
    client.force_login(people.dana)
    _post(client, "enter", people, ends_on=_today().isoformat())
    assert "解約を取り消しました" in _post(client, "withdraw", people)
    assert Contract.objects.get(pk=people.a.pk).ends_on is None


def test_who_entered_it_sees_no_button_and_cannot_approve(people: People, manager: User, client: Client) -> None:
    client.force_login(people.dana)
    _post(client, "enter", people, ends_on=_today().isoformat())
    assert "削除を承認する" not in _page(client, people)
    assert "承認できるのは SOC 責任者だけです" in _post(client, "approve", people, typed=people.a.number)
    assert Closing.objects.get().approved_at is None
    client.force_login(manager)
    assert "削除を承認する" in _page(client, people)
    assert "契約番号が一致しません" in _post(client, "approve", people, typed="K-B-001")
    assert "入力してください。" in _post(client, "approve", people, typed="")
    assert "データの削除を承認しました" in _post(client, "approve", people, typed=people.a.number)
    assert Closing.objects.get().approved_by == manager
    assert "黒田 誠" in _page(client, people)


def test_after_the_day_of_deletion_an_approval_is_said_to_delete_at_once(
    people: People, manager: User, client: Client
) -> None:
    client.force_login(people.dana)
    _post(client, "enter", people, ends_on=_today().isoformat())
    client.force_login(manager)
    assert "承認すると、データ削除予定日の終わりに" in _page(client, people)
    Contract.objects.filter(pk=people.a.pk).update(ends_on=date(2026, 1, 1))
    late = _page(client, people)
    assert ("まもなく自動で削除されます" in late, "データ削除予定日の終わりに、上の" in late) == (True, False)


def test_after_the_day_of_deletion_there_is_nothing_to_change(people: People, client: Client) -> None:
    client.force_login(people.dana)
    _post(client, "enter", people, ends_on=_today().isoformat())
    Contract.objects.filter(pk=people.a.pk).update(ends_on=date(2026, 1, 1))
    assert "データ削除予定日を過ぎているため、変更できません" in _page(client, people)
    assert "変更できません" in _post(client, "enter", people, ends_on="2999-01-01")
    assert "変更できません" in _post(client, "withdraw", people)


def test_a_report_that_is_still_owed_is_named_before_the_deletion(people: People, client: Client) -> None:
    client.force_login(people.dana)
    Contract.objects.update(starts_on=date(2026, 4, 1))
    for contract in (people.a, people.b):
        open_report(contract, Month(2026, 10), now=utc_now())
    _post(client, "enter", people, ends_on=_today().isoformat())
    assert "まだ公開していない月次レポートがあります：2026年10月分。" in _page(client, people)
    Report.objects.filter(contract=people.a).update(state=ReportState.RELEASED)
    assert "まだ公開していない" not in _page(client, people)


def test_the_list_shows_where_each_contract_stands(people: People, client: Client) -> None:
    client.force_login(people.dana)
    _post(client, "enter", people, ends_on=_today().isoformat())
    Contract.objects.filter(pk=people.a.pk).update(ends_on=date(2026, 1, 1))
    text = client.get(reverse("console:closings")).content.decode()
    assert "削除期限到来・未承認" in text
    assert "2026/02/28" in text
    assert "契約中" in text
    assert text.index("K-A-001") < text.index("K-B-001"), "those that end come first"


def test_a_store_that_is_down_does_not_hide_the_page(
    people: People, client: Client, monkeypatch: pytest.MonkeyPatch, log_store: LogStore
) -> None:
    def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("down")

    client.force_login(people.dana)
    _post(client, "enter", people, ends_on=_today().isoformat())
    monkeypatch.setattr(log_store, "query", down)
    assert "件数を数えられませんでした" in _page(client, people)


def test_the_proof_is_shown_and_downloaded(people: People, client: Client) -> None:
    row = proof(pk=None)
    row.save()
    client.force_login(people.dana)
    assert reverse("console:proof", args=[row.pk]) in client.get(reverse("console:closings")).content.decode()
    text = client.get(reverse("console:proof", args=[row.pk])).content.decode()
    for part in ("残存確認", "0 件", "チケット", "1,234", "破棄済み", "ab" * 32):
        assert part in text, part
    answer = client.get(reverse("console:proof-pdf", args=[row.pk]))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert f"deletion-{row.pk}.pdf" in answer.headers["Content-Disposition"]
    assert answer.content.startswith(b"%PDF")
    assert client.get(reverse("console:proof", args=[row.pk + 1])).status_code == 404
    assert DeletionProof.objects.count() == 1
    assert settings.CONFIG.soc_phone
