"""Tickets from the rows of other rooms: incidents, deviations, larger plans; told once, ended once, described."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sakimori.customers.models import Contact
from sakimori.incidents.models import Incident, IncidentKind, Verdict
from sakimori.notify.calling import call_contacts
from sakimori.notify.models import Alarm, Call, CallRound, CallState, Message, RoundState, Severity
from sakimori.tickets import incidents
from sakimori.tickets.actions import Words, answer, reply
from sakimori.tickets.duties import follow_incidents, tell_ends, tell_news
from sakimori.tickets.models import Note, Ticket, TicketKind, TicketState
from sakimori.usage.models import Deviation, DeviationKind, Sample, UpgradeRequest
from tests.moments import Clock
from tests.people import NOW, People, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    people = make_people()
    for priority, name in enumerate(("桜井 花子", "吉野 太郎"), start=1):
        Contact.objects.create(
            customer=people.a.customer, name=name, email=f"c{priority}@example.jp", phone="03", priority=priority
        )
    return people


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def work(clock: Clock) -> int:
    return tell_news(now=clock()) + follow_incidents(now=clock()) + tell_ends(now=clock())


def make_incident(people: People, kind: IncidentKind = IncidentKind.DDOS, **columns: Any) -> Incident:
    values: dict[str, Any] = {
        "site": people.a.sites.get(),
        "opened_at": NOW - timedelta(minutes=2),
        "last_signal_at": NOW,
        "signals": 7,
        "verdict": Verdict.NOT_DISPLAYED,
        "sentence": "3 回の確認のすべてで、応答がありませんでした。",
        "told_at": NOW,
    }
    return Incident.objects.create(**{"contract": people.a, "kind": kind, "group": kind, **values, **columns})


def make_deviation(people: People, kind: DeviationKind, **columns: Any) -> Deviation:
    values = {"site": people.a.sites.get(), "sentence": "設定が異なります。", "found_at": NOW, **columns}
    return Deviation.objects.create(contract=people.a, kind=kind, **values)


def test_what_cannot_be_told_keeps_no_other_customer_waiting(
    people: People, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = make_incident(people), make_incident(people, contract=people.b, site=people.b.sites.get())
    real = incidents.tell_of_incident

    def tell(row: Incident, *, now: datetime) -> int:
        if row.pk == broken.pk:
            raise ValueError("a row that nobody can tell of")
        return real(row, now=now)

    monkeypatch.setattr(incidents, "tell_of_incident", tell)
    make_deviation(people, DeviationKind.BYPASS)
    with pytest.raises(ValueError, match="nobody can tell"):
        tell_news(now=clock())
    assert Ticket.objects.filter(incident=other).exists()
    assert Ticket.objects.filter(kind=TicketKind.BYPASS).exists()


def load(people: People, mbps: int, *, minutes_ago: int = 5) -> None:
    people.a.plan_mbps = 3
    people.a.save()
    moment = NOW - timedelta(minutes=minutes_ago)
    Sample.objects.create(contract=people.a, at=moment, bits_per_second=mbps * 1_000_000)


def end(incident: Incident, clock: Clock) -> None:
    Incident.objects.filter(pk=incident.pk).update(ended_at=clock(), verdict=Verdict.NORMAL)


def test_an_incident_is_told_once_to_all_contacts_with_what_was_seen(people: People, clock: Clock) -> None:
    make_incident(people)
    assert work(clock) == 1
    assert work(clock) == 0
    ticket, message = Ticket.objects.get(), Message.objects.get()
    assert (ticket.kind, ticket.state, ticket.number) == (TicketKind.DDOS, TicketState.OPEN, f"WSP-{ticket.pk:06d}")
    assert "【第一報】DDoS 攻撃" in message.subject
    for part in (
        "shop-a[.]example[.]jp",
        "表示できない",
        "応答がありませんでした",
        "22:03:07",
        ticket.number,
        "K-A-001",
    ):
        assert part in message.body, part
    assert "契約帯域の超過" not in message.body
    assert {copy.address for copy in message.deliveries.all()} == {"c1@example.jp", "c2@example.jp"}
    assert "確認結果: 表示できない" in ticket.detected
    assert "メールでお知らせしました" in ticket.handled
    assert ticket.result == ""


@pytest.mark.parametrize("kind", [kind for kind in IncidentKind if kind is not IncidentKind.DDOS])
def test_every_other_kind_is_an_outage(kind: IncidentKind, people: People, clock: Clock) -> None:
    load(people, 9)
    make_incident(people, kind, site=None, verdict=Verdict.PENDING, sentence="")
    assert work(clock) == 1
    assert Ticket.objects.get().kind == TicketKind.OUTAGE
    assert "ご契約のすべてのサイト" in Message.objects.get().body
    assert "確認結果" not in Message.objects.get().body
    assert "Mbps" not in Message.objects.get().body


def test_nobody_is_told_before_it_is_decided(people: People, clock: Clock) -> None:
    make_incident(people, IncidentKind.VENDOR, told_at=None)
    assert work(clock) == 0
    assert not Ticket.objects.exists()


def test_traffic_above_the_plan_is_said_in_ticket_mail_and_note(people: People, clock: Clock) -> None:
    load(people, 12)
    make_incident(people)
    work(clock)
    ticket = Ticket.objects.get()
    for text in (ticket.detected, Message.objects.get().body, Note.objects.get(key__startswith="over-plan").text):
        assert "契約帯域 3 Mbps を上回る 12.0 Mbps" in text
        assert "バイパスされる可能性" in text


def test_traffic_that_rises_later_is_told_once_in_a_mail_of_its_own(people: People, clock: Clock) -> None:
    make_incident(people)
    work(clock)
    load(people, 2, minutes_ago=4)
    assert work(clock) == 0
    load(people, 12, minutes_ago=0)
    assert work(clock) == 1
    assert work(clock) == 0
    assert "【続報】" in Message.objects.latest("pk").subject
    assert "12.0 Mbps" in Ticket.objects.get().detected
    assert "表示できない" in Ticket.objects.get().detected


def test_the_end_is_told_once_and_ends_the_ticket(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    work(clock)
    clock.pass_time(minutes=40)
    end(incident, clock)
    assert work(clock) == 1
    assert work(clock) == 0
    ticket = Ticket.objects.get()
    assert ticket.state == TicketState.DONE
    assert "【終報】DDoS 攻撃の終息" in Message.objects.latest("pk").subject
    assert "対象サイト: shop-a[.]example[.]jp" in Message.objects.latest("pk").body
    assert "22:45:07" in ticket.result
    assert "確認結果: 表示できない" in ticket.detected
    assert Note.objects.filter(ticket=ticket).count() == 2


def test_an_incident_that_was_over_before_anybody_was_told_gets_one_mail(people: People, clock: Clock) -> None:
    load(people, 12)
    make_incident(people, IncidentKind.OWN, site=None, ended_at=NOW)
    make_incident(people, ended_at=NOW)
    assert work(clock) == 2
    assert work(clock) == 0
    assert {ticket.state for ticket in Ticket.objects.all()} == {TicketState.DONE}
    first, second = Message.objects.order_by("pk")
    assert "【発生・復旧】当サービスの障害" in first.subject
    assert "復旧しました" in first.body
    assert "表示できない" in second.body
    assert "shop-a.example.jp" not in second.body
    assert "12.0 Mbps" in second.body
    assert "12.0 Mbps" in Ticket.objects.latest("pk").detected


def test_a_kill_between_ticket_and_end_says_nothing_twice(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    work(clock)
    end(incident, clock)
    tell_ends(now=clock())
    Ticket.objects.update(result="", state=TicketState.OPEN)
    assert tell_ends(now=clock()) == 1
    assert (Message.objects.count(), Note.objects.count()) == (2, 2)


def test_the_ticket_says_whom_the_calls_reached(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    work(clock)
    call_contacts(
        key=f"incident:{incident.pk}", customer=people.a.customer, subject="DDoS", say="こんにちは", now=clock()
    )
    assert work(clock) == 0
    call = Call.objects.get(place=2)
    Call.objects.filter(place=1).update(state=CallState.BUSY)
    Call.objects.filter(pk=call.pk).update(state=CallState.CONFIRMED, ended_at=NOW, spoke_with="吉野 次郎")
    assert work(clock) == 1
    assert "吉野 太郎 様（お話しした方: 吉野 次郎 様）へご連絡しました" in Ticket.objects.get().handled
    assert work(clock) == 0


@pytest.mark.parametrize("told_after_its_end", [False, True])
def test_calls_that_end_after_the_incident_are_still_said(
    told_after_its_end: bool, people: People, clock: Clock
) -> None:
    incident = make_incident(people, IncidentKind.SITE_DOWN, ended_at=NOW if told_after_its_end else None)
    round_ = call_contacts(
        key=f"incident:{incident.pk}", customer=people.a.customer, subject="障害", say="こんにちは", now=clock()
    )
    work(clock)
    if not told_after_its_end:
        end(incident, clock)
        work(clock)
    clock.pass_time(minutes=3)
    assert Ticket.objects.get().state == TicketState.DONE
    assert "へご連絡しました" not in Ticket.objects.get().handled
    Call.objects.filter(place=1).update(state=CallState.CONFIRMED, ended_at=clock())
    CallRound.objects.filter(pk=round_.pk).update(state=RoundState.REACHED, ended_at=clock())
    clock.pass_time(seconds=1)
    assert work(clock) == 1
    assert "桜井 花子 様へご連絡しました" in Ticket.objects.get().handled
    assert work(clock) == 0


def test_the_last_words_claim_nothing_that_nobody_has_seen(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    unseen = make_incident(people, IncidentKind.ORIGIN_DOWN, verdict=Verdict.NOT_PROBED, sentence="確認対象外です。")
    work(clock)
    Incident.objects.filter(pk=unseen.pk).update(ended_at=clock())
    work(clock)
    assert "【終報】新たな検知がなくなったことを確認しました" in Message.objects.latest("pk").subject
    people.a.ends_on = NOW.date()
    people.a.save()
    end(incident, clock)
    work(clock)
    message = Message.objects.latest("pk")
    assert "【終報】ご契約の終了に伴い、監視と対応を終了しました" in message.subject
    assert "終息" not in message.subject + message.body + incident.ticket.notes.latest("pk").text


def test_what_tells_of_our_own_side_or_of_others_stays_inside(people: People, clock: Clock) -> None:
    sentence = "多くのお客様のサイトで同時に同じ結果となったため、SOC 側の問題の可能性があります。"
    make_incident(people, IncidentKind.SITE_DOWN, verdict=Verdict.INCONCLUSIVE, sentence=sentence)
    work(clock)
    ticket = Ticket.objects.get()
    assert "確認結果: 判定不能" in ticket.detected
    assert "多くのお客様" not in ticket.detected + Message.objects.get().body
    make_incident(people, verdict=Verdict.INCONCLUSIVE, sentence=sentence)
    work(clock)
    body = Message.objects.latest("pk").body
    assert "自動の確認では\n判定できておりません" in body
    assert "異常が見られました" not in body


def test_a_ticket_in_which_somebody_waits_for_an_answer_is_not_ended_by_itself(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    work(clock)
    reply(Ticket.objects.get(), words=Words("復旧の見込みは", "t1"), by=people.alice, now=clock())
    end(incident, clock)
    work(clock)
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.waits_since) == (TicketState.OPEN, NOW)
    assert "終息" in ticket.result
    answer(ticket, words=Words("終息しました", "t2"), state=TicketState.DONE, by=people.dana, now=clock())
    assert Ticket.objects.get().state == TicketState.DONE


def test_the_ticket_says_that_nobody_was_reached(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    work(clock)
    call_contacts(
        key=f"incident:{incident.pk}", customer=people.a.customer, subject="DDoS", say="こんにちは", now=clock()
    )
    Call.objects.update(state=CallState.NO_ANSWER)
    CallRound.objects.update(state=RoundState.EXHAUSTED)
    work(clock)
    assert "ご連絡が取れませんでした" in Ticket.objects.get().handled


@pytest.mark.parametrize(
    ("kind", "ticket_kind", "state", "words"),
    [
        (DeviationKind.BALANCING, TicketKind.BALANCING, TicketState.WAITING, "Least Pending Requests"),
        (DeviationKind.BYPASS, TicketKind.BYPASS, TicketState.OPEN, "検査を受けずに"),
        (DeviationKind.CERTIFICATE, TicketKind.CERTIFICATE, TicketState.WAITING, "更新手続きをお願いいたします"),
    ],
)
def test_a_deviation_is_told_once_and_so_is_its_end(
    kind: DeviationKind, ticket_kind: TicketKind, state: TicketState, words: str, people: People, clock: Clock
) -> None:
    row = make_deviation(people, kind, mark="2026-12-20")
    assert work(clock) == 1
    assert work(clock) == 0
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.state) == (ticket_kind, state)
    assert words in Message.objects.get().body
    assert ("2026年12月20日（日）" in Message.objects.get().body) is (kind is DeviationKind.CERTIFICATE)
    assert "shop-a.example.jp" in ticket.detected
    clock.pass_time(hours=1)
    Deviation.objects.filter(pk=row.pk).update(ended_at=clock())
    assert work(clock) == 1
    assert work(clock) == 0
    ticket.refresh_from_db()
    assert ticket.state == TicketState.DONE
    assert "確認しました" in ticket.result
    assert (Message.objects.count(), Note.objects.count()) == (2, 2)


def test_a_certificate_whose_last_day_is_not_known_is_still_told(people: People, clock: Clock) -> None:
    make_deviation(people, DeviationKind.CERTIFICATE, mark="?")
    work(clock)
    assert "有効期限: " not in Message.objects.get().body


def test_what_was_mended_before_anybody_was_told_is_not_told(people: People, clock: Clock) -> None:
    make_deviation(people, DeviationKind.BALANCING, ended_at=NOW)
    assert work(clock) == 0


def test_a_larger_plan_is_told_when_asked_for_and_when_settled(people: People, clock: Clock) -> None:
    wish = UpgradeRequest.objects.create(
        contract=people.a, month=date(2026, 11, 1), from_mbps=3, to_mbps=10, asked_at=NOW, asked_by=people.alice
    )
    assert work(clock) == 1
    assert work(clock) == 0
    assert Ticket.objects.get().kind == TicketKind.BANDWIDTH
    assert "受け付けました" in Message.objects.get().subject
    assert "佐藤 愛 様" in Message.objects.get().body
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.LOW, "/console/usage/")
    assert Ticket.objects.get().number in alarm.sentence
    UpgradeRequest.objects.filter(pk=wish.pk).update(confirmed_at=NOW, confirmed_by=people.dana)
    assert work(clock) == 1
    assert work(clock) == 0
    assert Ticket.objects.get().state == TicketState.DONE
    assert "2026年11月分の超過料金は発生いたしません" in Message.objects.latest("pk").body
    assert Alarm.objects.get().acknowledged_by == people.dana


def test_from_the_day_of_cancellation_on_ends_are_told_but_nothing_new(people: People, clock: Clock) -> None:
    incident = make_incident(people)
    work(clock)
    people.a.ends_on = NOW.date()
    people.a.save()
    make_deviation(people, DeviationKind.BYPASS)
    make_incident(people, IncidentKind.SITE_DOWN)
    end(incident, clock)
    assert work(clock) == 1
    assert Ticket.objects.count() == 1
    assert Ticket.objects.get().state == TicketState.DONE


def test_customers_are_told_of_their_own_only(people: People, clock: Clock) -> None:
    make_incident(people)
    work(clock)
    assert Message.objects.get().customer == people.a.customer
