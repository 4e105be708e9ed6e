"""The vendor's alert mails: an authenticated one counts, and whatever is not believed or understood is a task."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.customers.models import AuditEntry, Site
from sakimori.incidents.believing import envelope_of, is_fresh, why_not_believed
from sakimori.incidents.mail_tasks import see_mail, waiting
from sakimori.incidents.models import (
    Incident,
    IncidentKind,
    LateSignal,
    MailKind,
    MailPattern,
    MailReading,
    SignalSource,
    SourceCount,
)
from sakimori.incidents.vendor_mails import read_vendor_mails
from sakimori.notify.models import Alarm, CallRound, Mailbox, ReceivedMail
from tests.incidents.mails import ENDED, RULES, STARTED, make_mail, make_patterns
from tests.incidents.post import only
from tests.incidents.rows import make_incident
from tests.moments import START, Clock
from tests.people import People, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    make_patterns()
    return make_people()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def read(clock: Clock) -> int:
    return read_vendor_mails(rules=RULES, now=clock())


def outcome() -> str:
    return ReceivedMail.objects.order_by("-pk")[0].outcome


def open_incident(people: People, **columns: object) -> Incident:
    site = people.a.sites.get()
    values = {"opened_at": START - timedelta(minutes=20), "last_signal_at": START - timedelta(minutes=10)}
    return make_incident(people.a, IncidentKind.DDOS, group=f"site:{site.pk}", **{**values, **columns})


def test_an_authenticated_start_opens_an_incident_and_the_site_is_visited(people: People, clock: Clock) -> None:
    mail = make_mail(STARTED, clock() - timedelta(minutes=1))
    assert read(clock) == 1
    row = only()
    assert (row.kind, row.site, row.next_probe_at) == (IncidentKind.DDOS, people.a.sites.get(), clock())
    assert row.last_signal_at == clock() - timedelta(minutes=1)
    assert dict(SourceCount.objects.values_list("source", "signals")) == {SignalSource.MAIL: 1}
    mail.refresh_from_db()
    assert (mail.customer, mail.handled_at) == (people.a.customer, clock())
    assert mail.outcome == "攻撃の開始として記録しました。"
    reading = MailReading.objects.get()
    assert (reading.incident, reading.kind, reading.pattern, reading.reason) == (row, MailKind.START, "開始", "")
    assert not Alarm.objects.exists()


def test_a_mail_is_read_once(people: People, clock: Clock) -> None:
    make_mail(STARTED, clock())
    assert [read(clock), read(clock)] == [1, 0]
    assert only().signals == 1


def test_a_mail_delivered_again_in_another_wrapping_counts_once(people: People, clock: Clock) -> None:
    for _ in range(2):
        make_mail(STARTED, clock(), message_id="<same@waf-vendor.example.com>")
        read(clock)
    assert (only().signals, outcome()) == (1, "同じ通知を処理済みです。")


def test_a_forged_start_calls_nobody_but_becomes_a_task(people: People, clock: Clock) -> None:
    mail = make_mail(STARTED, clock(), authenticated=False)
    read(clock)
    assert not Incident.objects.exists()
    assert not CallRound.objects.exists()
    alarm = Alarm.objects.get()
    assert alarm.link == "/console/vendor-mails/"
    assert "「攻撃の開始」の通知ですが、DKIM・SPF で差出人を確認できません。" in alarm.sentence
    mail.refresh_from_db()
    assert mail.outcome.startswith("SOC の確認待ち：「攻撃の開始」")
    assert mail.customer == people.a.customer


def test_a_forged_end_closes_nothing(people: People, clock: Clock) -> None:
    row = open_incident(people)
    make_mail(ENDED, clock(), authenticated=False)
    read(clock)
    row.refresh_from_db()
    assert row.vendor_ended_at is None
    assert "偽の通知の可能性があります" in waiting().get().reason


@pytest.mark.parametrize(
    "sender",
    ["alerts@attacker.example.net", "waf-vendor.example.com@attacker.example.net", "x@xwaf-vendor.example.com", ""],
)
def test_a_signature_of_somebody_else_proves_nothing(people: People, clock: Clock, sender: str) -> None:
    row = open_incident(people)
    make_mail(ENDED, clock(), sender=sender, authenticated=True)
    read(clock)
    row.refresh_from_db()
    assert row.vendor_ended_at is None
    assert "差出人のドメインがベンダーのものではありません" in waiting().get().reason


def test_an_authenticated_end_is_noted_on_the_incident(people: People, clock: Clock) -> None:
    row = open_incident(people)
    make_mail(ENDED, clock() - timedelta(minutes=2))
    read(clock)
    row.refresh_from_db()
    assert row.vendor_ended_at == clock() - timedelta(minutes=2)
    assert row.ended_at is None, "it ends when the site is well, too"
    assert MailReading.objects.get().incident == row
    assert AuditEntry.objects.filter(action="incident.vendor-end").count() == 1
    assert "終息として記録しました" in outcome()


def test_an_old_end_sent_again_closes_nothing(people: People, clock: Clock) -> None:
    """Its signature is valid for ever, so whoever has kept it can send it during the next attack."""
    row = open_incident(people)
    make_mail(ENDED, clock() - timedelta(days=30), delay=timedelta(days=30))
    make_mail(ENDED, clock(), date="yesterday")
    read(clock)
    row.refresh_from_db()
    assert row.vendor_ended_at is None
    assert {reading.reason for reading in waiting()} == {
        "「攻撃の終息」の通知ですが、送信日時が受信日時と大きく異なります。自動では扱っていません。"
    }


def test_an_end_that_is_older_than_the_last_signal_ends_nothing(people: People, clock: Clock) -> None:
    row = open_incident(people, last_signal_at=clock() - timedelta(minutes=1))
    make_mail(ENDED, clock() - timedelta(minutes=2))
    read(clock)
    row.refresh_from_db()
    assert row.vendor_ended_at is None
    assert "その後も検知が続いている" in outcome()
    assert not waiting().exists()


def test_a_newer_signal_takes_the_vendors_end_back_and_an_older_one_does_not(people: People, clock: Clock) -> None:
    row = open_incident(people)
    make_mail(ENDED, clock() - timedelta(minutes=2))
    read(clock)
    make_mail(STARTED, clock() - timedelta(minutes=3))
    read(clock)
    row.refresh_from_db()
    assert row.vendor_ended_at is not None
    make_mail(STARTED, clock() - timedelta(minutes=1))
    read(clock)
    row.refresh_from_db()
    assert (row.vendor_ended_at, row.last_signal_at) == (None, clock() - timedelta(minutes=1))


def test_an_end_without_any_start_is_looked_at(people: People, clock: Clock) -> None:
    make_mail(ENDED, clock())
    read(clock)
    assert "開始を検知していません" in waiting().get().reason


def test_an_end_after_we_have_ended_it_needs_nobody(people: People, clock: Clock) -> None:
    open_incident(people, ended_at=clock() - timedelta(minutes=1))
    make_mail(ENDED, clock())
    read(clock)
    assert not waiting().exists()
    assert "すでに終了しています" in outcome()


def test_an_exercise_is_not_ended_by_the_vendor(people: People, clock: Clock) -> None:
    row = open_incident(people, is_exercise=True)
    make_mail(ENDED, clock())
    read(clock)
    row.refresh_from_db()
    assert row.vendor_ended_at is None


def test_a_start_that_waited_too_long_calls_nobody(people: People, clock: Clock) -> None:
    make_mail(STARTED, clock() - timedelta(minutes=90))
    read(clock)
    assert not Incident.objects.exists()
    assert LateSignal.objects.get().kind == IncidentKind.DDOS
    assert "遅れて届いた検知" in outcome()


def test_a_report_that_needs_nothing_is_put_away(people: People, clock: Clock) -> None:
    make_mail("Weekly report", clock(), authenticated=False)
    read(clock)
    assert (outcome(), waiting().count(), Alarm.objects.count()) == ("対応不要の通知です（パターン：週報）。", 0, 0)


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("other.example.jp", "登録されていないサイト（other.example.jp）"),
        ("both.example.jp", "複数の契約に登録されている"),
        ("shop-b.example.jp", "登録されていないサイト"),
    ],
)
def test_a_site_that_is_not_exactly_one_is_a_task(people: People, clock: Clock, site: str, words: str) -> None:
    people.b.ends_on = START.date()
    people.b.save()
    third = people.a.customer.contracts.create(number="K-A-002", starts_on=START.date())
    for contract, number in ((people.a, 901), (third, 902)):
        Site.objects.create(contract=contract, domain="both.example.jp", vendor_site_id=number)
    make_mail(STARTED, clock(), site=site)
    read(clock)
    assert words in waiting().get().reason
    assert not Incident.objects.exists()
    assert ReceivedMail.objects.get().customer is None


def test_mails_that_nobody_understands_are_one_alarm_and_each_a_task(people: People, clock: Clock) -> None:
    for number in range(3):
        make_mail(f"Something new {number}", clock())
    read(clock)
    assert waiting().count() == 3
    assert "ベンダーの通知メール 3 件が確認を待っています" in Alarm.objects.get().sentence


def test_seeing_a_mail_is_recorded_once_and_the_last_one_takes_the_alarm_along(people: People, clock: Clock) -> None:
    for number in range(2):
        make_mail(f"Something new {number}", clock())
    read(clock)
    first, second = waiting()
    assert [see_mail(first, by=people.dana, now=clock()) for _ in range(2)] == [True, False]
    assert Alarm.objects.get().acknowledged_at is None
    assert see_mail(second, by=people.dana, now=clock())
    assert Alarm.objects.get().acknowledged_by == people.dana
    assert AuditEntry.objects.filter(action="mail.vendor.seen", actor="dana").count() == 2


def test_other_boxes_and_patterns_that_are_off_are_not_read(people: People, clock: Clock) -> None:
    make_mail(STARTED, clock(), box=Mailbox.BOUNCES)
    MailPattern.objects.filter(kind=MailKind.START).update(is_active=False)
    make_mail(STARTED, clock())
    assert read(clock) == 1
    assert "どのパターンにも当てはまらない" in waiting().get().reason


def test_who_dies_in_between_leaves_the_mail_unread(
    people: People, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mail(STARTED, clock())

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("sakimori.incidents.vendor_mails.note_signal", die)
        with pytest.raises(SystemExit):
            read(clock)
    assert ReceivedMail.objects.get().handled_at is None
    assert read(clock) == 1
    assert only().signals == 1


@pytest.mark.parametrize(
    ("sender", "authenticated", "believed"),
    [
        ("a@waf.example.com", True, True),
        ("Alerts <a@mail.WAF.example.com>", True, True),
        ("a@waf.example.com.", True, True),
        ("a@waf.example.com", False, False),
        ("a@evilwaf.example.com", True, False),
        ("a@example.com", True, False),
        ("nobody", True, False),
    ],
)
def test_only_the_vendors_own_proven_word_is_believed(sender: str, authenticated: bool, believed: bool) -> None:
    why = why_not_believed(sender=sender, authenticated=authenticated, domains=("waf.example.com",))
    assert (why == "") is believed


@given(st.binary(max_size=300))
def test_the_envelope_of_anything_is_read(raw: bytes) -> None:
    envelope = envelope_of(raw)
    assert is_fresh(envelope.sent_at, received_at=START, limit=timedelta(hours=1)) in (True, False)
    assert len(envelope.message_id) <= 300


@given(st.text(max_size=60))
def test_a_date_of_any_kind_is_read_or_not(date: str) -> None:
    envelope_of(f"Date: {date}\r\nMessage-ID: <x>\r\n\r\nbody".encode("utf-8", "replace"))


def test_dates_are_read_with_their_zones() -> None:
    head = b"Date: Mon, 23 Nov 2026 12:00:00 +0900\r\nMessage-ID:\r\n <long@example.com>\r\n\r\nDate: x"
    envelope = envelope_of(head)
    assert (envelope.sent_at, envelope.message_id) == (START, "<long@example.com>")
    assert envelope_of(b"Date: Mon, 23 Nov 2026 03:00:00\n\n").sent_at == START
