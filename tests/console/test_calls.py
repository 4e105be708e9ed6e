"""Calls, alarms and the roster on the desk: what is shown, and what an operator or a manager does there."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.accounts.models import SocRole
from sakimori.lib.jst import JST, utc_now
from sakimori.notify.actions import acknowledge, raise_alarm
from sakimori.notify.models import Alarm, Call, CallMatter, CallRound, CallState, DutyShift, RoundState, Severity
from tests.people import NOW, People, make_round, make_shift, make_user


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


@pytest.fixture
def chief(people: People) -> Client:
    client = Client()
    client.force_login(make_user("boss", "黒田", "誠", soc_role=SocRole.MANAGER))
    return client


def read(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(f"console:{name}", args=args)).content.decode()


def post(client: Client, name: str, *args: object, **form: str) -> str:
    return client.post(reverse(f"console:{name}", args=args), form, follow=True).content.decode()


def test_the_list_begins_with_the_customers_and_those_to_dial_stand_first(people: People, desk: Client) -> None:
    make_round(people.a.customer, key="a")
    make_round(None, key="b", by_hand=False, subject="アラームのご連絡")
    text = read(desk, "calls")
    assert "架電票を開く" in text
    assert "手動架電待ち" in text
    assert text.count("サイト停止のご連絡") == 3, "once to dial, with its spoken name, and once in the list"
    assert "アラームのご連絡" not in text, "rounds about the SOC's own alarms do not bury those to customers"


def test_the_list_is_narrowed_by_who_is_called_customer_and_state(people: People, desk: Client) -> None:
    make_round(people.a.customer, key="a", by_hand=False, subject="一つめ")
    make_round(people.b.customer, key="b", by_hand=False, subject="二つめ", state=RoundState.REACHED)
    make_round(None, key="c", by_hand=False, subject="三つめ")
    make_round(people.a.customer, key="d", by_hand=False, subject="四つめ", is_drill=True)
    cases = [
        ({}, {"一つめ", "二つめ"}),
        ({"called": "soc"}, {"三つめ"}),
        ({"called": "drills"}, {"四つめ"}),
        ({"called": "all"}, {"一つめ", "二つめ", "三つめ", "四つめ"}),
        ({"customer": people.b.customer.pk}, {"二つめ"}),
        ({"called": "all", "state": "running"}, {"一つめ", "三つめ", "四つめ"}),
        ({"called": "nobody", "state": "odd"}, {"一つめ", "二つめ"}),
    ]
    for asked, shown in cases:
        text = desk.get(reverse("console:calls"), asked).content.decode()
        assert {word for word in ("一つめ", "二つめ", "三つめ", "四つめ") if word in text} == shown, asked
    assert "条件に合う架電はありません。" in desk.get(reverse("console:calls"), {"state": "done"}).content.decode()


def test_a_long_list_asks_the_database_a_fixed_number_of_times(
    people: People, desk: Client, django_assert_max_num_queries: object
) -> None:
    for number in range(12):
        make_round(people.a.customer, key=f"r{number}")
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        read(desk, "calls")


def test_the_sheet_tells_whom_to_dial_and_what_to_say(people: People, desk: Client) -> None:
    round_ = make_round(people.a.customer, link="/console/tickets/T-0001/")
    text = read(desk, "call-round", round_.pk)
    for part in (
        "桜井 花子 様",
        "03-0000-1001",
        "の SOC です。",
        "サイトが表示できません。",
        "この方に架電する",
        'href="/console/tickets/T-0001/"',
    ):
        assert part in text, part
    assert "お話しできた" not in text


def test_an_operator_dials_and_enters_the_result(people: People, desk: Client) -> None:
    round_ = make_round(people.a.customer)
    text = post(desk, "call-begin", round_.pk)
    for word in ("お話しできた", "話し中", "応答なし", "留守番電話", "対応不可", "高橋 棚子 が架電中です"):
        assert word in text, word
    assert "お名前を入力してください" in post(desk, "call-result", round_.pk, result="confirmed", spoke_with="")
    text = post(desk, "call-result", round_.pk, result="confirmed", spoke_with="桜井 花子")
    assert "結果「お話しできた」を記録しました" in text
    assert "お話しした方：桜井 花子" in text
    assert "連絡済み" in text
    assert (Call.objects.get().state, Call.objects.get().entered_by) == (CallState.CONFIRMED, people.dana)
    assert "既に終了しています" in post(desk, "call-result", round_.pk, result="busy")


def test_a_result_that_is_not_offered_is_refused(people: People, desk: Client) -> None:
    round_ = make_round(people.a.customer)
    post(desk, "call-begin", round_.pk)
    assert "結果を選んでください" in post(desk, "call-result", round_.pk, result="ringing")
    assert Call.objects.get().state == CallState.INTENDED


def test_another_operator_sees_who_is_dialling(people: People, desk: Client, chief: Client) -> None:
    round_ = make_round(people.a.customer)
    post(desk, "call-begin", round_.pk)
    assert "高橋 棚子が行っています" in post(chief, "call-begin", round_.pk)


def test_what_the_machine_left_open_is_told(people: People, desk: Client) -> None:
    round_ = make_round(people.a.customer)
    Call.objects.update(state=CallState.RINGING, intended_at=NOW)
    assert "自動架電の結果が分かりません" in read(desk, "call-round", round_.pk)


def test_a_round_is_stopped_with_a_reason(people: People, desk: Client) -> None:
    round_ = make_round(people.a.customer, by_hand=False)
    assert "架電を中止する" in read(desk, "call-round", round_.pk)
    assert 'aria-invalid="true"' in post(desk, "call-stop", round_.pk, reason="")
    text = post(desk, "call-stop", round_.pk, reason="メールで連絡済み")
    assert "架電を中止しました" in text
    assert "メールで連絡済み（高橋 棚子）" in text
    assert "発信せず" in text
    assert CallRound.objects.get().state == RoundState.STOPPED
    assert "既に終了" in post(desk, "call-stop", round_.pk, reason="もう一度")


def test_a_round_that_does_not_exist_is_404(desk: Client) -> None:
    assert desk.get(reverse("console:call-round", args=[999])).status_code == 404


def test_a_hostile_name_stays_text_and_a_link_leads_nowhere_else(people: People, desk: Client) -> None:
    round_ = make_round(people.a.customer, link="//evil.example/", say="<script>alert(1)</script>\u202e")
    Call.objects.update(name="<b>花子</b>")
    text = read(desk, "call-round", round_.pk)
    assert "<script>alert" not in text
    assert "<b>花子" not in text
    assert "evil.example" not in text
    assert "\u202e" not in text


def test_the_history_tells_who_acknowledged_and_which_calls_there_were(people: People, desk: Client) -> None:
    taken = raise_alarm(key="a", severity=Severity.HIGH, sentence="一つ目。", now=NOW)
    round_ = make_round(None, state=RoundState.REACHED)
    Alarm.objects.update(call_round=round_)
    acknowledge(taken, by=people.dana, now=NOW)
    raise_alarm(key="b", severity=Severity.MIDDLE, sentence="二つ目。", now=NOW + timedelta(minutes=1))
    raise_alarm(key="c", severity=Severity.LOW, sentence="三つ目。", now=NOW + timedelta(minutes=2))
    text = read(desk, "alarm-history")
    table = text[text.index("アラームの履歴") :]
    assert table.index("三つ目。") < table.index("二つ目。") < table.index("一つ目。")
    assert reverse("console:call-round", args=[round_.pk]) in table
    assert "高橋 棚子" in table
    assert table.count("未確認の場合") == 1, "low alarms are not phoned"


def test_who_is_on_duty_stands_on_every_page_and_a_change_refreshes_it(people: People, desk: Client) -> None:
    first = desk.get(reverse("console:attacks"))
    assert "当番者が登録されていません" in first.content.decode()
    seen = {"seen": first.context["alarm_mark"]}
    assert desk.get(reverse("console:alarms"), seen).status_code == 204
    make_shift(people.dana)
    answer = desk.get(reverse("console:alarms"), seen)
    assert answer.status_code == 200
    assert "現在の当番：<strong>高橋 棚子</strong>" in answer.content.decode()


def test_the_sound_knows_the_newest_alarm(people: People, desk: Client) -> None:
    assert 'data-newest="0"' in read(desk, "calls")
    alarm = raise_alarm(key="a", severity=Severity.HIGH, sentence="一つ目。", now=NOW)
    text = read(desk, "calls")
    assert f'data-newest="{alarm.pk}"' in text
    assert "console/alarm.js" in text
    assert "data-sound-on" in text


def test_gaps_of_the_next_two_weeks_are_told(people: People, desk: Client) -> None:
    assert "当番のいない時間帯があります" in read(desk, "roster")
    assert "当番が登録されていません" in read(desk, "roster")
    make_shift(people.dana, end=24 * 15)
    text = read(desk, "roster")
    assert "当番のいない時間帯はありません" in text
    assert "電話番号なし" in text
    assert "当番を登録する" not in text


def test_a_manager_adds_a_shift_in_japanese_time_and_deletes_it(people: People, chief: Client) -> None:
    begin = (utc_now() + timedelta(days=1)).astimezone(JST).replace(hour=9, minute=0, second=0, microsecond=0)
    form = {
        "starts_at": begin.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (begin + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M"),
        "on_duty": str(people.dana.pk),
        "deputy": "",
        "manager": str(people.dana.pk),
    }
    assert "当番を登録しました" in post(chief, "roster", **form)
    shift = DutyShift.objects.get()
    assert (shift.starts_at, shift.on_duty) == (begin, people.dana)
    assert "既に登録されています" in post(chief, "roster", **form)
    wrong = {**form, "ends_at": form["starts_at"]}
    assert "終了は、開始より後の日時にしてください" in post(chief, "roster", **wrong)
    assert DutyShift.objects.count() == 1
    assert "当番を削除しました" in post(chief, "shift-delete", shift.pk)
    assert not DutyShift.objects.exists()


def test_customers_people_cannot_be_put_on_duty(people: People, chief: Client) -> None:
    assert people.alice.username not in read(chief, "roster")
    form = {"starts_at": "2030-01-01T09:00", "ends_at": "2030-01-02T09:00", "manager": str(people.dana.pk)}
    post(chief, "roster", **form, on_duty=str(people.alice.pk))
    assert not DutyShift.objects.exists()


def test_an_analyst_is_told_that_he_may_not(people: People, desk: Client) -> None:
    shift = make_shift(people.dana)
    assert "SOC 責任者のみ" in post(desk, "shift-delete", shift.pk)
    form = {"starts_at": "2030-01-01T09:00", "ends_at": "2030-01-02T09:00", "manager": str(people.dana.pk)}
    post(desk, "roster", **form, on_duty=str(people.dana.pk))
    assert DutyShift.objects.count() == 1


def test_the_sheet_shows_how_to_get_through_and_takes_the_result_in_two_keys(people: People, desk: Client) -> None:
    people.a.customer.special_note = "夜間は守衛室へ"
    people.a.customer.save()
    round_ = make_round(people.a.customer)
    Call.objects.update(kana="サクライ ハナコ", how_to="代表で内線 12", in_place_of="山田")
    text = read(desk, "call-round", round_.pk)
    for part in (
        "夜間は守衛室へ",
        "サクライ ハナコ",
        "代表で内線 12",
        "山田 様の代理",
        'data-key="d"',
        "call_sheet.js",
    ):
        assert part in text, part
    post(desk, "call-begin", round_.pk)
    text = read(desk, "call-round", round_.pk)
    for number, value in enumerate(("confirmed", "busy", "no_answer", "machine", "declined", "failed"), start=1):
        assert f'name="result" value="{value}" accesskey="{number}" data-digit="{number}"' in text
    assert "「番号が使われていない」を記録しました" in post(desk, "call-result", round_.pk, result="failed")


def test_a_round_says_what_it_tells_of_and_why_somebody_was_passed_over(people: People, desk: Client) -> None:
    round_ = make_round(people.a.customer, by_hand=False, lap=2, resumes_at=NOW, state=RoundState.RUNNING)
    Call.objects.update(state=CallState.SKIPPED, skip_reason="お電話できる時間帯の外", lap=2)
    for number in (1, 2):
        CallMatter.objects.create(
            round=round_, key=f"m{number}", subject=f"用件{number}", say="x", added_at=NOW, link="/console/incidents/1/"
        )
    text = read(desk, "call-round", round_.pk)
    for part in ("お電話できる時間帯の外", "2 巡目", "次の巡の開始", "用件1", "用件2", "対象外"):
        assert part in text, part
