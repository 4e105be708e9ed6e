"""Writes what else lies behind the demo's customers: a DDoS that was told, an enquiry, security news, released reports.

Everything goes through the ordinary actions with a moment of long ago. Mails of then count as delivered then.
"""

from datetime import datetime, timedelta

from sakimori import backends
from sakimori.accounts.models import User
from sakimori.advisories import actions as advisories
from sakimori.advisories.duties import mail_advisories
from sakimori.customers.models import Contract, Site
from sakimori.incidents.course import Turn
from sakimori.incidents.models import Incident, IncidentKind, Probe, Verdict
from sakimori.incidents.opening import SYSTEM, record
from sakimori.incidents.texts import call_subject, call_words
from sakimori.lib.calendar import Month
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.models import LogFile
from sakimori.notify.actions import acknowledge
from sakimori.notify.calling import call_contacts
from sakimori.notify.models import Alarm, Call, CallRound, CallState, Delivery, DeliveryState, RoundState
from sakimori.reports import actions as reports
from sakimori.reports.duties import ALARM as OVERDUE
from sakimori.reports.duties import warn_of_late_reports
from sakimori.reports.models import Report, ReportState
from sakimori.reports.schedule import due_day
from sakimori.run.demo.cast import ANALYST, MANAGER
from sakimori.run.demo.seed_history import HISTORY
from sakimori.tickets.actions import Words, answer, ask
from sakimori.tickets.incidents import tell_of_end, tell_of_incident
from sakimori.tickets.models import Ticket, TicketState

_LONG_AGO = timedelta(hours=1)
_OFFICE_OPENS = timedelta(hours=10)
_PAST = "past"
_SLOW_MS = 10_000
_CONTRACTS = ("K-2026-0001", "K-2026-0002")
_NEWS = """広く使われているコンテンツ管理システムの拡張機能に、認証なしでファイルを書き込まれる脆弱性が公表されました。
該当の拡張機能をお使いの場合は、提供元の情報をご確認のうえ、最新版への更新をお願いいたします。

WAF では、この脆弱性を狙う通信を「バックドア」または「不正なリソースアクセス」として検知・遮断しています。"""
_COMMENT = """当月は SQL インジェクションなど既知の攻撃を検知し、攻撃元の IP アドレスをブラックリストへ登録しました。
いずれも WAF で遮断しており、お客様のサイトへの影響は確認されていません。引き続き監視を行います。"""


def seed_past(contract: Contract, *, customer: User, analyst: User, manager: User, now: datetime) -> None:
    """The past of one contract beside its attacks, and news to all customers. Call it once."""
    today = start_of_day(day_of(now))
    _ddos(contract, at=today - timedelta(days=38) + timedelta(hours=5, minutes=2))
    _enquiry(contract, customer=customer, analyst=analyst, at=today - timedelta(days=21) + timedelta(hours=1))
    _news(analyst=analyst, manager=manager, at=today - timedelta(days=12) + timedelta(hours=2))
    _deliver_old_mails(now)


def open_past_reports(*, now: datetime) -> None:
    """Open the reports of the months before the last one. What is owed keeps its log: call it before any duty runs, or
    retention may come between storing the invented log and making the first report.

    They are overdue until they are released in a minute, which nobody need be told.
    """
    for contract, month in _owed(now):
        reports.open_report(contract, month, now=month.ends_at)
    warn_of_late_reports(now=now)
    for alarm in Alarm.objects.filter(key__startswith=OVERDUE, acknowledged_at=None):
        acknowledge(alarm, by=User.objects.get(username=MANAGER.login), now=now)


def release_past_reports(*, now: datetime) -> int:
    """Draft and release these reports as soon as the invented log is stored.

    A duty of the demo. Returns how many reports it released.
    """
    if LogFile.objects.filter(name__startswith=HISTORY, stored_at=None).exists():
        return 0
    released = sum(_report(contract, month) for contract, month in _owed(now))
    if released:
        _deliver_old_mails(now)
    return released


def _owed(now: datetime) -> list[tuple[Contract, Month]]:
    contracts = Contract.objects.filter(number__in=_CONTRACTS).select_related("customer").order_by("pk")
    return [(contract, Month.at(now).plus(back)) for contract in contracts for back in (-3, -2)]


def _ddos(contract: Contract, *, at: datetime) -> None:
    told_at, ended_at = at + timedelta(seconds=40), at + timedelta(minutes=47)
    incident = Incident.objects.create(
        contract=contract,
        site=contract.sites.earliest("pk"),
        kind=IncidentKind.DDOS,
        group=_PAST,
        opened_at=at,
        last_signal_at=at + timedelta(minutes=15),
        signals=4812,
        verdict=Verdict.SLOW,
        sentence="3 回中 3 回、表示に 10 秒より長くかかりました（最長 24.1 秒）。",
        verdict_at=told_at,
        told_at=told_at,
        first_probe_at=at + timedelta(seconds=2),
        bad_at=told_at,
    )
    for turned_at, verdict in ((told_at, Verdict.SLOW), (at + timedelta(minutes=15), Verdict.NORMAL)):
        sentence = incident.sentence if verdict == Verdict.SLOW else "正常に表示されました。"
        Turn.objects.create(incident=incident, at=turned_at, verdict=verdict, sentence=sentence)
    _visits(incident, incident.contract.sites.earliest("pk"))
    for action, seconds in (("incident.open", 0), ("incident.verdict", 40), ("incident.told", 40)):
        record(incident, action, by=SYSTEM, now=at + timedelta(seconds=seconds))
    _call(incident, told_at)
    tell_of_incident(incident, now=told_at)
    incident.ended_at = ended_at
    incident.save()
    record(incident, "incident.end", by=SYSTEM, now=ended_at)
    tell_of_end(Ticket.objects.select_related("incident", "contract__customer").get(incident=incident), now=ended_at)


def _visits(incident: Incident, site: Site) -> None:
    """Three visits at once, which made the verdict, and three later ones when the site was well again."""
    for number, total_ms in enumerate((24_100, 21_700, 18_300, 420, 390, 410)):
        slow = total_ms > _SLOW_MS
        Probe.objects.create(
            site=site,
            incident=incident,
            at=incident.opened_at + timedelta(seconds=9 * number, minutes=0 if slow else 15 + 10 * (number - 3)),
            url=site.page_url,
            verdict=Verdict.SLOW if slow else Verdict.NORMAL,
            sentence="表示に 10 秒より長くかかりました。" if slow else "正常に表示されました。",
            status=200,
            size_bytes=48_210,
            dns_ms=11,
            connect_ms=24,
            tls_ms=61,
            first_byte_ms=total_ms - 130,
            total_ms=total_ms,
        )


def _call(incident: Incident, at: datetime) -> None:
    """The first contact was busy, the second pressed the key."""
    key = f"incident:{incident.pk}"
    round_ = call_contacts(
        key=key, customer=incident.contract.customer, subject=call_subject(incident), say=call_words(incident), now=at
    )
    ends_at = at
    for call, state in zip(round_.calls.order_by("place"), (CallState.BUSY, CallState.CONFIRMED), strict=False):
        ends_at += timedelta(seconds=22)
        Call.objects.filter(pk=call.pk).update(
            state=state, intended_at=ends_at - timedelta(seconds=20), ended_at=ends_at
        )
    CallRound.objects.filter(pk=round_.pk).update(state=RoundState.REACHED, ended_at=ends_at)


def _enquiry(contract: Contract, *, customer: User, analyst: User, at: datetime) -> None:
    asked = Words("来週の社内診断で、検査用のアドレスから通信を行います。事前の登録は必要でしょうか。", _PAST)
    ticket = ask(contract, about="社内の脆弱性診断について", words=asked, by=customer, now=at)
    said = Words("はい。診断に使う IP アドレスと日時をお知らせください。登録のうえ、遮断の対象から外します。", _PAST)
    answer(ticket, words=said, state=TicketState.DONE, by=analyst, now=at + timedelta(minutes=26))


def _news(*, analyst: User, manager: User, at: datetime) -> None:
    advisory = advisories.write(
        title="コンテンツ管理システムの拡張機能の脆弱性について",
        body=_NEWS,
        sources="https://www.example.jp/security/2026-11",
        by=analyst,
        now=at,
    )
    approved_at = at + timedelta(minutes=35)
    advisories.approve(advisory, seen=advisories.seen_mark(advisory), by=manager, now=approved_at)
    mail_advisories(now=approved_at)


def _report(contract: Contract, month: Month) -> bool:
    analyst, manager = (User.objects.get(username=person.login) for person in (ANALYST, MANAGER))
    at = start_of_day(due_day(month)) + _OFFICE_OPENS
    report = Report.objects.select_related("contract__customer").get(contract=contract, month=str(month))
    if report.state == ReportState.RELEASED:
        return False
    reports.draft(report, comment=_COMMENT, store=backends.log_store(), by=analyst, now=at - timedelta(hours=3))
    report.refresh_from_db()
    reports.release(report, seen=reports.seen_mark(report), by=manager, now=at)
    return True


def _deliver_old_mails(now: datetime) -> None:
    old = Delivery.objects.filter(state=DeliveryState.QUEUED, message__written_at__lt=now - _LONG_AGO)
    for delivery in old.select_related("message"):
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.ACCEPTED,
            accepted_at=delivery.message.written_at + timedelta(seconds=1),
            attempts=1,
        )
