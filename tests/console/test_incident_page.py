"""The page of one incident: clocks, promises, mails, evidence, an analyst's follow-up; exercises; who may see what."""

import hashlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sakimori.accounts.models import SocRole, User
from sakimori.customers import files
from sakimori.customers.models import Customer
from sakimori.incidents.course import Exercise, Turn
from sakimori.incidents.models import Evidence, Incident, IncidentKind
from sakimori.lib.jst import utc_now
from sakimori.notify.models import Alarm, CallRound, Message
from sakimori.tickets.duties import tell_news
from sakimori.tickets.models import Ticket
from sakimori.tickets.timeline import timeline
from tests.incidents.rows import fill_story, make_exercise, make_incident
from tests.people import NOW, People, make_user


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


@pytest.fixture
def manager(people: People) -> User:
    return make_user("mana", "黒田", "誠", soc_role=SocRole.MANAGER)


def told(people: People, **columns: object) -> Incident:
    people.a.customer.contacts.get_or_create(name="桜井 花子", email="a@example.jp", phone="03-0000-1001", priority=1)
    row = make_incident(people.a, IncidentKind.DDOS, told_at=NOW, bad_at=NOW, first_probe_at=NOW, **columns)
    tell_news(now=NOW)
    return row


def proof(row: Incident, content: bytes = b"\x89PNG", **columns: object) -> Evidence:
    values = {"name": "画面.png", "content_type": "image/png", "kind": "screenshot", **columns}
    return Evidence.objects.create(
        incident=row,
        stored_name=files.keep(row.contract.customer, content),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        at=NOW,
        **values,
    )


def page(client: Client, row: Incident) -> str:
    return client.get(reverse("console:incident", args=[row.pk])).content.decode()


def test_the_page_shows_clocks_promises_and_the_proof_of_each_copy(people: People, desk: Client) -> None:
    row = told(people)
    copy = Message.objects.get().deliveries.get()
    text = page(desk, row)
    for words in ("期限超過", "電話 15 分以内", "目標 5 秒以内", "a@example.jp", "送信待ち", copy.mail_id.strip("<>")):
        assert words in text, words
    assert "の期限（" in text, "what is overdue is said on top"


def test_evidence_is_handed_out_as_an_attachment_to_the_desk_and_the_ticket_s_own_customer(
    people: People, desk: Client, client: Client
) -> None:
    row = told(people)
    kept, ticket = proof(row), Ticket.objects.get()
    for address in (
        reverse("console:evidence", args=[row.pk, kept.pk]),
        reverse("portal:evidence", args=[ticket.number, kept.pk]),
    ):
        answer = desk.get(address)
        assert (answer.content, answer["Content-Type"]) == (b"\x89PNG", "image/png")
        assert answer["Content-Disposition"].startswith("attachment;")
        assert answer["X-Content-Type-Options"] == "nosniff"
    client.force_login(people.bob)
    own = client.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
    assert kept.sha256 in own
    assert client.get(reverse("portal:evidence", args=[ticket.number, kept.pk])).status_code == 200
    assert client.get(reverse("console:evidence", args=[row.pk, kept.pk])).status_code == 404
    client.force_login(people.charlie)
    assert client.get(reverse("portal:evidence", args=[ticket.number, kept.pk])).status_code == 404


def test_a_file_of_another_incident_that_is_gone_or_hostile_is_not_served_as_it_likes(
    people: People, desk: Client
) -> None:
    row = told(people)
    other = make_incident(people.b, IncidentKind.DDOS)
    kept = proof(row, b"<script>alert(1)</script>", name='a"\r\nX: 1.html', content_type="text/html")
    assert desk.get(reverse("console:evidence", args=[other.pk, kept.pk])).status_code == 404
    answer = desk.get(reverse("console:evidence", args=[row.pk, kept.pk]))
    assert answer["Content-Type"] == "application/octet-stream"
    assert "X" not in answer.headers
    files.path_of(people.a.customer, kept.stored_name).write_bytes(b"changed")
    assert desk.get(reverse("console:evidence", args=[row.pk, kept.pk])).status_code == 404
    assert "保存時のハッシュと一致しません" in Alarm.objects.get(key=f"evidence:{kept.pk}").sentence
    files.remove(people.a.customer, kept.stored_name)
    assert desk.get(reverse("console:evidence", args=[row.pk, kept.pk])).status_code == 404


def test_an_analyst_sends_a_follow_up_that_begins_with_a_draft(people: People, desk: Client) -> None:
    row = told(people)
    Incident.objects.filter(pk=row.pk).update(opened_at=utc_now())
    assert "サイトを表示できない状態が続いています。" in page(desk, row)
    address = reverse("console:incident-follow", args=[row.pk])
    refused = desk.post(address, {"text": " ", "token": "1"}).content.decode()
    assert "続報の本文を" in refused
    for _ in range(2):
        desk.post(address, {"text": "復旧作業中です。", "token": "1"})
    assert Message.objects.filter(subject__contains="【続報】状況のお知らせ").count() == 1
    Incident.objects.filter(pk=row.pk).update(ended_at=NOW)
    assert "続報を書く" not in page(desk, row)


def test_there_is_nothing_to_follow_up_where_nobody_was_told(people: People, desk: Client) -> None:
    row = make_incident(people.a, IncidentKind.DDOS)
    assert "続報を書く" not in page(desk, row)
    assert desk.post(reverse("console:incident-follow", args=[row.pk]), {"text": "x"}).status_code == 404


def test_a_long_story_costs_no_more_questions_than_a_short_one(people: People, desk: Client) -> None:
    row = told(people)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            page(desk, row)
        counts.append(len(asked))
        Message.objects.all().delete()
        fill_story(row)
    assert counts[1] <= counts[0] + 2


def test_what_somebody_who_was_just_woken_needs_comes_first(people: People, desk: Client) -> None:
    row = told(people)
    fill_story(row)
    text = page(desk, row).partition("<h1>")[2]
    order = ["現在の表示", 'id="calls"', 'id="story"', 'id="follow"', 'id="mails"', 'id="clocks"', 'id="evidence"']
    assert sorted(order, key=text.index) == order
    assert text.index("確認結果: 判定不能") < text.index("確認結果: 正常") < text.index("検知しました。")
    assert "1 件中 0 件を送信済み" in text


def test_a_long_incident_shows_its_newest_visits_and_leads_to_all_of_them(people: People, desk: Client) -> None:
    row = told(people, probes=70)
    for minutes in range(30):
        Turn.objects.create(
            incident=row, at=NOW + timedelta(minutes=minutes), verdict="slow" if minutes % 2 else "normal"
        )
    text = page(desk, row)
    address = reverse("console:incident-visits", args=[row.pk])
    assert text.count('data-label="応答コード"') == 10
    assert "すべての確認を見る（70 回）" in text
    assert address in text
    assert "これより前の経過（" in text
    shown = [desk.get(address, {"page": number}).content.decode() for number in (1, 2)]
    assert [each.count('data-label="応答コード"') for each in shown] == [50, 20]
    assert "全 70 回のうち 50 回" in shown[0]


def test_only_what_a_mail_server_took_is_called_sent(people: People) -> None:
    row = told(people)
    people.a.customer.contacts.create(name="藤原 健", email="b@example.jp", phone="", priority=2)
    fill_story(row)
    message = Message.objects.filter(key=f"incident:{row.pk}").get()
    message.deliveries.create(name="藤原 健", address="b@example.jp", mail_id="<2@example.jp>", next_try_at=NOW)

    def words() -> list[str]:
        return [step.words for step in timeline(row) if step.report]

    assert words() == ["メール（第一報）を作成しました。まだ送信されていません。"]
    message.deliveries.filter(address="b@example.jp").update(accepted_at=NOW)
    assert words() == ["メール（第一報）を、連絡先 2 件のうち 1 件へお送りしました。"]
    message.deliveries.update(accepted_at=NOW + timedelta(minutes=1))
    assert words() == ["メール（第一報）を、連絡先 2 件へお送りしました。"]


def test_a_call_that_was_over_before_an_incident_joined_the_round_did_not_tell_of_it(people: People) -> None:
    row = told(people)
    round_ = CallRound.objects.create(
        key="incident:0", customer=people.a.customer, subject="DDoS", say="確認。", started_at=NOW, next_try_at=NOW
    )
    late = NOW + timedelta(minutes=10)
    round_.matters.create(key=f"incident:{row.pk}", subject="DDoS", say="確認。", added_at=late)
    for place, ended_at in enumerate((NOW + timedelta(minutes=1), late + timedelta(minutes=1)), start=1):
        round_.calls.create(
            place=place,
            reference=f"r{place}",
            name=f"{place} 番目",
            number="03-0000-1001",
            state="no_answer",
            intended_at=NOW,
            ended_at=ended_at,
        )
    told_by = [step.words for step in timeline(row) if "お電話しました" in step.words]
    assert told_by == ["2 番目 様へお電話しました。"]


def test_the_customer_reads_the_story_of_his_ticket(people: People, client: Client) -> None:
    row = told(people)
    fill_story(row)
    client.force_login(people.alice)
    text = client.get(reverse("portal:ticket", args=[Ticket.objects.get().number])).content.decode()
    for words in (
        "経過（第一報・続報・終報）",
        "メール（第一報）を作成しました。まだ送信されていません。",
        "対応の時間",
        "期限超過",
    ):
        assert words in text, words
    assert "目標" not in text, "what the desk measures itself by is not what was promised"


def test_the_table_of_severities_is_one_page_for_everybody_who_signed_in(people: People, client: Client) -> None:
    for user in (people.bob, people.dana):
        client.force_login(user)
        text = client.get(reverse("portal:levels")).content.decode()
        for words in ("15 分以内", "60 分ごと", "第一報", "訓練"):
            assert words in text, words
    client.logout()
    assert client.get(reverse("portal:levels")).status_code == 302


def test_a_manager_makes_a_sandbox_and_plays_an_exercise(people: People, client: Client, manager: User) -> None:
    client.force_login(manager)
    overview = reverse("console:exercises")
    assert "先に訓練用のお客様を登録" in client.get(overview).content.decode()
    form = {"name": "訓練用のお客様", "name1": "訓練 一郎", "mail1": "k@example.jp", "phone1": "03-0000-0901"}
    client.post(reverse("console:exercise-sandbox"), form)
    site = Customer.objects.get(is_sandbox=True).contracts.get().sites.get()
    bad = client.post(reverse("console:exercise-start"), {"site": site.pk, "scenario": "down", "speed": "999"})
    assert "120" in bad.content.decode()
    assert not Exercise.objects.exists()
    real = people.a.sites.get()
    refused = client.post(reverse("console:exercise-start"), {"site": real.pk, "scenario": "down", "speed": "30"})
    assert refused.status_code == 200
    assert not Exercise.objects.exists(), "a real customer cannot even be chosen"
    started = client.post(reverse("console:exercise-start"), {"site": site.pk, "scenario": "down", "speed": "30"})
    row = Exercise.objects.get()
    assert started["Location"] == reverse("console:exercise", args=[row.pk])
    text = client.get(started["Location"]).content.decode()
    assert "訓練は進行中です" in text
    client.post(reverse("console:exercise-stop", args=[row.pk]))
    assert "中止" in client.get(started["Location"]).content.decode()


def test_a_real_past_incident_can_be_chosen_without_naming_whose_it_was(
    people: People, client: Client, manager: User
) -> None:
    row = told(people, ended_at=NOW + timedelta(minutes=30))
    fill_story(row)
    make_exercise(manager, next_at=None)
    client.force_login(manager)
    text = client.get(reverse("console:exercises")).content.decode()
    assert f"インシデント {row.pk}、" in text
    assert people.a.customer.name not in text.partition("</nav>")[2].partition("過去の再現")[2]
    site = Customer.objects.get(is_sandbox=True).contracts.get().sites.get()
    Incident.objects.filter(is_exercise=True).update(ended_at=NOW)
    client.post(reverse("console:exercise-start"), {"site": site.pk, "scenario": f"past-{row.pk}", "speed": "60"})
    assert Exercise.objects.earliest("-pk").scenario["phases"][-1][1] == "normal"


@pytest.mark.parametrize("name", ["exercise-start", "exercise-sandbox"])
def test_an_analyst_may_look_and_not_start(name: str, people: People, desk: Client) -> None:
    assert desk.get(reverse("console:exercises")).status_code == 200
    assert desk.post(reverse(f"console:{name}")).status_code == 403
    assert not Exercise.objects.exists()


def test_exercises_do_not_exist_for_customers(people: People, client: Client) -> None:
    row = make_exercise(people.dana)
    client.force_login(people.alice)
    for address in (reverse("console:exercises"), reverse("console:exercise", args=[row.pk])):
        assert client.get(address).status_code == 404
