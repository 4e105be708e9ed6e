"""第一報・続報・終報: what is written when, once, to whom, and that nobody hears of what he was not told of."""

import hashlib
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from sakimori.customers import files
from sakimori.customers.models import AuditEntry, Contact, Site
from sakimori.incidents.course import Turn
from sakimori.incidents.models import Evidence, EvidenceKind, Incident, IncidentKind, PlannedStop, Probe, Verdict, Via
from sakimori.incidents.opening import end, tell
from sakimori.incidents.turning import note_look
from sakimori.notify.models import Call, CallRound, CallState, Delivery, Message
from sakimori.tickets.actions import NotPossible
from sakimori.tickets.duties import follow_incidents, tell_ends, tell_news
from sakimori.tickets.follow_ups import draft_of, follow_by_hand
from sakimori.tickets.models import Note, Ticket
from tests.moments import Clock
from tests.people import NOW, People, make_people

MINUTE = timedelta(minutes=1)


@pytest.fixture
def people(db: None) -> People:
    return prepared()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def prepared() -> People:
    people = make_people()
    Contact.objects.create(
        customer=people.a.customer, name="桜井 花子", email="c1@example.jp", phone="03-0000-1001", priority=1
    )
    return people


def make_incident(people: People, **columns: Any) -> Incident:
    values = {"opened_at": NOW, "last_signal_at": NOW, "signals": 7, "site": people.a.sites.earliest("pk"), **columns}
    group = f"site:{values['site'].pk}"
    return Incident.objects.create(contract=people.a, kind=IncidentKind.DDOS, group=group, **values)


def look(incident: Incident, verdict: Verdict, clock: Clock) -> None:
    """As settling does: the turn, the verdict while it was not bad, and the first bad one tells."""
    incident.refresh_from_db()
    if incident.ended_at is not None:
        return
    note_look(incident, verdict, f"{verdict.label}でした。", visited_at=clock(), now=clock())
    if incident.told_at is None:
        incident.verdict, incident.sentence = verdict, f"{verdict.label}でした。"
        incident.save()
    if verdict in (Verdict.NOT_DISPLAYED, Verdict.SLOW):
        tell(incident, now=clock())


def work(clock: Clock) -> int:
    """One round of the duties; a mail server then takes what they have written."""
    written = tell_news(now=clock()) + follow_incidents(now=clock()) + tell_ends(now=clock())
    Delivery.objects.filter(accepted_at=None).update(accepted_at=clock())
    return written


def subjects() -> list[str]:
    return [message.subject for message in Message.objects.order_by("pk")]


def test_a_follow_up_comes_every_hour_once_and_says_what_is_so(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    look(incident, Verdict.NOT_DISPLAYED, clock)
    work(clock)
    clock.pass_time(minutes=59)
    assert work(clock) == 0
    clock.pass_time(minutes=1)
    assert work(clock) == 1
    assert work(clock) == 0
    mail = Message.objects.latest("pk")
    assert mail.subject.startswith("【Webサイトプロテクションサービス】【続報】DDoS 攻撃の検知とサイト表示の異常")
    for words in (
        "まだご連絡が取れておりません",
        "表示できない状態が続いています",
        "これまでに 7 件",
        "新たな変化はありません",
        "次の続報は 2026年11月24日 00:05:07 頃",
    ):
        assert words in mail.body, words
    assert [copy.address for copy in mail.deliveries.all()] == ["c1@example.jp"]
    assert "続報" in Note.objects.latest("pk").text
    clock.pass_time(minutes=61)
    work(clock)
    assert len(subjects()) == 3


def test_a_change_is_told_at_once_and_names_it(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    look(incident, Verdict.SLOW, clock)
    work(clock)
    clock.pass_time(minutes=7)
    look(incident, Verdict.NOT_DISPLAYED, clock)
    assert work(clock) == 1
    assert "【続報】サイトを表示できない状態になりました" in subjects()[-1]
    clock.pass_time(minutes=1)
    look(incident, Verdict.NORMAL, clock)
    assert work(clock) == 0, "a page that comes and goes is told of at a measured pace"
    clock.pass_time(minutes=4)
    assert work(clock) == 1
    assert "【続報】サイトが再び表示されるようになりました" in subjects()[-1]
    assert "確認結果: 正常" in Message.objects.latest("pk").body


def test_what_our_own_side_could_not_see_is_no_news(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    look(incident, Verdict.SLOW, clock)
    work(clock)
    clock.pass_time(minutes=1)
    look(incident, Verdict.INCONCLUSIVE, clock)
    assert work(clock) == 0
    clock.pass_time(minutes=60)
    work(clock)
    assert "自動の確認では判定できていません" in Message.objects.latest("pk").body


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_planned_stop_is_silent_unless_it_was_taken_back(cancelled: bool, people: People, clock: Clock) -> None:
    incident = make_incident(people)
    look(incident, Verdict.SLOW, clock)
    work(clock)
    PlannedStop.objects.create(
        site=people.a.sites.get(),
        starts_at=NOW + 30 * MINUTE,
        ends_at=NOW + 90 * MINUTE,
        entered_by=people.dana,
        entered_at=NOW,
        cancelled_at=NOW if cancelled else None,
    )
    clock.pass_time(minutes=61)
    assert work(clock) == (1 if cancelled else 0)
    clock.pass_time(minutes=30)
    assert work(clock) == (0 if cancelled else 1)


def test_from_the_day_of_cancellation_on_no_follow_up_is_written(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    look(incident, Verdict.SLOW, clock)
    work(clock)
    people.a.ends_on = NOW.date()
    people.a.save()
    clock.pass_time(minutes=61)
    assert work(clock) == 0
    with pytest.raises(NotPossible, match="ご契約が終了"):
        follow_by_hand(Ticket.objects.get(), text="状況です。", token="1", by=people.dana, now=clock())


def test_the_end_report_holds_the_whole_timeline(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    clock.pass_time(seconds=3)
    look(incident, Verdict.NOT_DISPLAYED, clock)
    work(clock)
    call = Call.objects.get()
    Call.objects.filter(pk=call.pk).update(
        state=CallState.CONFIRMED, intended_at=clock(), rang_at=clock(), ended_at=clock.pass_time(minutes=2)
    )
    CallRound.objects.update(state="reached", ended_at=clock())
    clock.pass_time(minutes=60)
    work(clock)
    clock.pass_time(seconds=30)
    look(incident, Verdict.NORMAL, clock)
    incident.refresh_from_db()
    incident.vendor_ended_at = clock()
    incident.save()
    end(incident, now=clock.pass_time(minutes=3))
    assert work(clock) == 1
    assert work(clock) == 0
    mail = Message.objects.latest("pk")
    assert "【終報】DDoS 攻撃の終息を確認しました" in mail.subject
    _, _, told = mail.body.partition("■ 経過（日本時間）")
    lines = [line for line in told.splitlines() if line.startswith("2026年")]
    assert lines == [
        "2026年11月23日 22:05:07 DDoS 攻撃を検知しました。",
        "2026年11月23日 22:05:10 サイトの表示の確認を始めました。",
        "2026年11月23日 22:05:10 確認結果: 表示できない。表示できないでした。",
        "2026年11月23日 22:05:10 メール（第一報）を、連絡先 1 件へお送りしました。",
        "2026年11月23日 22:05:10 桜井 花子 様へお電話しました。",
        "2026年11月23日 22:07:10 桜井 花子 様へのお電話: 確認済み",
        "2026年11月23日 23:07:10 メール（続報）を、連絡先 1 件へお送りしました。",
        "2026年11月23日 23:07:40 確認結果: 正常。正常でした。",
        "2026年11月23日 23:07:40 WAF ベンダーから攻撃の終息の通知を受けました。",
        "2026年11月23日 23:10:40 対応を終了しました。",
    ]


def test_an_analysts_own_follow_up_reaches_everybody_once_and_is_recorded(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    look(incident, Verdict.SLOW, clock)
    work(clock)
    ticket = Ticket.objects.get()
    assert "極端に遅い状態が続いています" in draft_of(ticket, now=clock())
    for _ in range(2):
        follow_by_hand(
            ticket,
            text=" 復旧の見込みは http://a.example.jp/ をご覧ください。 ",
            token="x",
            by=people.dana,
            now=clock(),
        )
    assert [subject for subject in subjects() if "【続報】状況のお知らせ" in subject] == subjects()[1:]
    assert "hxxp" in Message.objects.latest("pk").body
    assert AuditEntry.objects.filter(action="ticket.follow", actor="dana").count() == 1
    for text in ("", " ", "あ" * 4001):
        with pytest.raises(NotPossible, match="続報の本文"):
            follow_by_hand(ticket, text=text, token="y", by=people.dana, now=clock())
    end(Incident.objects.get(), now=clock())
    with pytest.raises(NotPossible, match="終了している"):
        follow_by_hand(ticket, text="x", token="z", by=people.dana, now=clock())


def test_the_first_mail_says_by_which_path_and_carries_small_proof(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    site = people.a.sites.get()
    for path, via in (("visitor", Via.BYPASSED), ("origin", Via.BYPASSED)):
        Probe.objects.create(
            site=site,
            incident=incident,
            at=NOW,
            url="https://a.example.jp/",
            verdict="slow",
            sentence="",
            path=path,
            via=via,
        )
    keep(people, incident, EvidenceKind.SCREENSHOT, b"\x89PNG" + b"x" * 10)
    keep(people, incident, EvidenceKind.RECORD, b"{}", name="record.json")
    keep(people, incident, EvidenceKind.BODY, b"<html>", name="body.txt")
    look(incident, Verdict.SLOW, clock)
    work(clock)
    mail = Message.objects.get()
    assert {file.name for file in mail.attachments.all()} == {"screen.png", "record.json"}
    for row in Evidence.objects.all():
        assert f"SHA-256: {row.sha256}" in mail.body
    assert "body.txt（応答の先頭部分、チケットに保存）" in mail.body
    assert "訪問者と同じ経路（WAF を経由していない）: 極端に遅い" in mail.body
    assert "オリジン直接" in mail.body
    assert "お客様の Web サーバーへ直接届いている" in mail.body
    assert "重要度: 高（メール 5 分以内、電話 15 分以内）" in mail.body


def test_proof_that_is_large_or_gone_is_named_and_not_attached(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    keep(people, incident, EvidenceKind.SCREENSHOT, b"x" * ((1 << 20) + 1))
    row = keep(people, incident, EvidenceKind.RECORD, b"{}", name="record.json")
    files.remove(people.a.customer, row.stored_name)
    look(incident, Verdict.SLOW, clock)
    work(clock)
    mail = Message.objects.get()
    assert not mail.attachments.exists()
    assert mail.body.count("チケットに保存") == 2


def keep(people: People, incident: Incident, kind: EvidenceKind, content: bytes, name: str = "screen.png") -> Evidence:
    return Evidence.objects.create(
        incident=incident,
        kind=kind,
        name=name,
        content_type="image/png" if kind == EvidenceKind.SCREENSHOT else "application/json",
        stored_name=files.keep(people.a.customer, content),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        at=NOW,
    )


class AnyCourse(TestCase):
    """Verdicts, signals, time and the end in any order."""

    @settings(max_examples=25)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["look", "wait", "end", "signal"]),
                st.sampled_from([Verdict.NOT_DISPLAYED, Verdict.SLOW, Verdict.NORMAL, Verdict.INCONCLUSIVE]),
                st.integers(0, 100),
            ),
            max_size=12,
        )
    )
    def test_one_first_report_one_word_per_slot_one_end_and_silence_for_whom_nothing_was_told(
        self, course: list[tuple[str, Verdict, int]]
    ) -> None:
        people, clock = prepared(), Clock(NOW)
        incident = make_incident(people)
        for what, verdict, minutes in course:
            clock.pass_time(minutes=minutes)
            incident.refresh_from_db()
            if what == "look":
                look(incident, verdict, clock)
            elif what == "signal" and incident.ended_at is None:
                Incident.objects.filter(pk=incident.pk).update(last_signal_at=clock(), signals=incident.signals + 1)
            elif what == "end" and incident.ended_at is None:
                end(incident, now=clock())
            work(clock)
            work(clock)
        incident.refresh_from_db()
        keys = list(Message.objects.values_list("key", flat=True))
        kinds = Counter(key.partition(":")[0] for key in keys)
        told = int(incident.told_at is not None)
        assert len(keys) == len(set(keys))
        assert kinds["incident"] + kinds["incident-whole"] == told
        assert kinds["incident-end"] == int(bool(incident.ended_at) and kinds["incident"] == 1)
        if not told:
            assert keys == []
        slots = [key for key in keys if key.startswith("incident-follow:") and key.rpartition(":")[2].isdecimal()]
        lasted = (incident.ended_at or clock()) - incident.told_at if incident.told_at else 0 * MINUTE
        assert len(slots) <= max(0, lasted // (60 * MINUTE))
        turns = Turn.objects.filter(incident=incident).count()
        assert kinds["incident-follow"] - len(slots) <= max(0, turns - 1)
        if kinds["incident-end"]:
            assert keys[-1].startswith("incident-end:") or Message.objects.latest("pk").key.startswith("incident-end:")


def test_a_quiet_round_asks_no_more_however_many_incidents_go_on(people: People, clock: Clock) -> None:
    """One is followed every two seconds for hours: each further one must cost nothing while nothing is due."""
    asked = []
    for number in range(3):
        site = Site.objects.create(contract=people.a, domain=f"many-{number}.example.jp", vendor_site_id=950 + number)
        look(make_incident(people, site=site), Verdict.SLOW, clock)
        work(clock)
        with CaptureQueriesContext(connection) as found:
            assert follow_incidents(now=clock()) == 0
        asked.append(len(found))
    assert asked[0] == asked[1] == asked[2] <= 10, asked
