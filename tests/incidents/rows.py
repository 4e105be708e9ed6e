"""Rows of incidents for tests of pages."""

from datetime import datetime, timedelta

from sakimori.accounts.models import SocRole, User
from sakimori.customers.models import Contract, Site
from sakimori.incidents.course import Exercise, Turn
from sakimori.incidents.exercise import start_exercise
from sakimori.incidents.mail_tasks import save_pattern, see_mail, waiting
from sakimori.incidents.models import (
    Decision,
    Evidence,
    EvidenceKind,
    Hold,
    Incident,
    IncidentKind,
    LateSignal,
    MailKind,
    MailPattern,
    PlannedStop,
    Probe,
    SiteHour,
    SummedHour,
    Verdict,
)
from sakimori.incidents.opening import record
from sakimori.incidents.patterns import Expressions
from sakimori.incidents.sandbox import Trainee, make_sandbox
from sakimori.incidents.scenario import INVENTED
from sakimori.incidents.vendor_mails import read_vendor_mails
from sakimori.lib.jst import utc_now
from sakimori.notify.actions import write_mail
from sakimori.notify.calling import call_contacts
from tests.incidents.mails import RULES, make_mail, make_patterns
from tests.people import NOW, People

START = Expressions("開始", MailKind.START, "^DDoS attack started", r"^Site: +(?P<site>\S+)")


def make_incident(
    contract: Contract, kind: IncidentKind = IncidentKind.SITE_DOWN, *, probes: int = 1, **columns: object
) -> Incident:
    """An open incident of the contract's site (of none, for the vendor and ourselves), with visits."""
    site = None if kind in (IncidentKind.VENDOR, IncidentKind.OWN) else contract.sites.earliest("pk")
    values: dict[str, object] = {
        "site": site,
        "group": f"site:{site.pk}" if site else "outage:1",
        "opened_at": NOW,
        "last_signal_at": NOW,
        "signals": 3,
        "verdict": Verdict.NOT_DISPLAYED,
        "sentence": "3 回中 2 回、30 秒以内に表示が完了しませんでした。",
        "decision": Decision.NONE if kind == IncidentKind.DDOS else Decision.WAITING,
    }
    incident = Incident.objects.create(contract=contract, kind=kind, **{**values, **columns})
    record(incident, "incident.open", by="sakimori", now=NOW)
    record(incident, "incident.verdict", by="sakimori", now=NOW + timedelta(seconds=5))
    for number in range(probes if site else 0):
        Probe.objects.create(
            site=site,
            incident=incident,
            at=NOW + timedelta(minutes=number),
            url="https://shop-a.example.jp/",
            verdict=Verdict.NOT_DISPLAYED,
            sentence="30 秒以内に表示が完了しませんでした。",
            dns_ms=11,
            connect_ms=22,
            total_ms=30_000,
            trouble="timeout",
        )
    return incident


def make_late_signal(contract: Contract, **columns: object) -> LateSignal:
    """Signals of a DDoS yesterday on the contract's site."""
    site = contract.sites.earliest("pk")
    values: dict[str, object] = {
        "site": site,
        "site_name": site.domain,
        "kind": IncidentKind.DDOS,
        "signals": 5,
        "first_at": NOW - timedelta(days=1),
        "last_at": NOW - timedelta(hours=20),
        "noted_at": NOW,
    }
    return LateSignal.objects.create(contract=contract, **{**values, **columns})


def fill_story(incident: Incident) -> None:
    """What an incident that goes on leaves: turns, a mail with its copy, visits by two paths, evidence."""
    for minutes, verdict in enumerate(("normal", "slow", "not_displayed", "inconclusive")):
        Turn.objects.create(
            incident=incident, at=NOW + timedelta(minutes=minutes), verdict=verdict, sentence="確認しました。"
        )
    site = incident.contract.sites.earliest("pk")
    for path, via in (("visitor", "waf"), ("origin", "bypassed"), ("browser", "unknown")):
        Probe.objects.create(
            site=site,
            incident=incident,
            at=NOW,
            url="https://shop-a.example.jp/",
            verdict=Verdict.SLOW,
            sentence="表示に 15.0 秒かかりました（基準 10 秒）。",
            path=path,
            via=via,
            vantage="大阪" if path == "visitor" else "",
            page="challenge" if path == "browser" else "site",
            address="203.0.113.10",
            total_ms=15_000,
        )
    for kind in EvidenceKind:
        Evidence.objects.create(
            incident=incident,
            kind=kind,
            name="確認結果.png",
            content_type="image/png",
            stored_name="0" * 32,
            size_bytes=2048,
            sha256="ab" * 32,
            at=NOW,
        )
    write_mail(
        key=f"incident:{incident.pk}", customer=incident.contract.customer, subject="第一報", body="本文", now=NOW
    )
    Incident.objects.filter(pk=incident.pk).update(bad_at=NOW, first_probe_at=NOW, verdict=Verdict.SLOW)


def make_exercise(person: User, **columns: object) -> Exercise:
    """An exercise that goes on, of a sandbox customer of its own."""
    trainee = Trainee("訓練 一郎", "kunren@example.jp", "03-0000-0901")
    User.objects.filter(pk=person.pk).update(soc_role=SocRole.MANAGER)
    manager = User.objects.get(pk=person.pk)
    customer = make_sandbox(name="訓練用のお客様", trainees=[trainee], by=manager, now=NOW)
    site = Site.objects.get(contract__customer=customer)
    row = start_exercise(site, INVENTED["down"], speed=30, by=manager, now=NOW)
    User.objects.filter(pk=person.pk).update(soc_role=person.soc_role)
    if columns:
        Exercise.objects.filter(pk=row.pk).update(**columns)
    return row


def fill_incidents(people: People) -> None:
    """Every kind, verdict and decision; one that was told, with a call."""
    for kind in IncidentKind:
        make_incident(people.b, kind)
    for number, verdict in enumerate(Verdict):
        ended_at = NOW + timedelta(minutes=number)
        make_incident(people.b, IncidentKind.DDOS, verdict=verdict, ended_at=ended_at)
    for decision in Decision:
        make_incident(people.b, ended_at=NOW, decision=decision)
    make_late_signal(people.a)
    make_exercise(people.dana)
    told = make_incident(people.a, IncidentKind.DDOS, told_at=NOW)
    record(told, "incident.told", by="sakimori", now=NOW)
    people.a.customer.contacts.create(name="桜井 花子", email="a@example.jp", phone="03-0000-1001", priority=1)
    call_contacts(
        key=f"incident:{told.pk}", customer=people.a.customer, subject="DDoS 攻撃（サイト）", say="確認。", now=NOW
    )
    fill_mails(people)


def make_history(site: Site, *, now: datetime, hours: int = 30) -> None:
    """Sums of the latest hours, one of them bad and one stopped as planned, and a visit each five minutes since."""
    begins_at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    for number in range(hours):
        hour = begins_at + timedelta(hours=number)
        seconds = {1: "down_seconds", 2: "stopped_seconds", 3: "unknown_seconds"}.get(number, "up_seconds")
        SiteHour.objects.create(
            site=site,
            begins_at=hour,
            visits=12,
            median_ms=400 + number,
            highest_ms=900,
            times=[400] * 12,
            **{seconds: 3600},
        )
        SummedHour.objects.get_or_create(begins_at=hour, defaults={"at": now})
    for minutes in range(0, 60, 5):
        at = now - timedelta(minutes=minutes)
        Probe.objects.create(
            site=site,
            at=at,
            url=site.page_url,
            verdict=Verdict.NORMAL,
            sentence="0.4 秒で正常に表示されました。",
            status=200,
            total_ms=400,
        )


def make_stop(site: Site, by: User, *, begins: float, ends: float, **columns: object) -> PlannedStop:
    """A planned stop, in hours from the real present."""
    now = utc_now()
    values: dict[str, object] = {
        "starts_at": now + timedelta(hours=begins),
        "ends_at": now + timedelta(hours=ends),
        "note": "サーバーの\u202e更新",
        "entered_by": by,
        "entered_at": now,
    }
    return PlannedStop.objects.create(site=site, **{**values, **columns})


def fill_sites(people: People) -> None:
    """A site with history, usual times and a stop in each state; one that cannot be reached; a hold that waits."""
    now, site = utc_now(), people.a.sites.earliest("pk")
    make_history(site, now=now)
    week = now.replace(minute=0, second=0, microsecond=0) - timedelta(weeks=1)
    SiteHour.objects.update_or_create(site=site, begins_at=week, defaults={"usual_ms": 800})
    for begins, ends, columns in (
        (-9, -8, {}),
        (-1, 1, {"cancelled_at": now}),
        (-1, 2, {}),
        (5, 6, {"entered_by": people.dana, "note": ""}),
    ):
        make_stop(site, people.alice, begins=begins, ends=ends, **columns)
    Site.objects.create(contract=people.a, domain="inner.example.jp", vendor_site_id=901, reachable=False)
    Site.objects.create(contract=people.a, domain="new.example.jp", vendor_site_id=902, watched=True)
    for why, columns in (
        (Hold.Why.WAF, {"ended_at": NOW, "is_open": None, "released_at": NOW, "released_by": people.dana}),
        (Hold.Why.MANY, {}),
    ):
        hold = Hold.objects.create(why=why, opened_at=NOW, proved_at=NOW, **columns)
        for decision in (Decision.WAITING, Decision.KEEP, Decision.TELL):
            make_incident(
                people.a,
                IncidentKind.DDOS,
                hold=hold,
                decision=decision,
                ended_at=NOW + timedelta(hours=1),
                told_at=NOW if decision == Decision.TELL else None,
                in_planned_stop=decision == Decision.KEEP,
            )


def fill_mails(people: People) -> None:
    """Mails of the vendor of every kind and outcome; one of them was seen. A pattern that was changed, and is off."""
    for subject, more in (
        ("DDoS attack started", {"site": "SHOP-A.example.jp"}),
        ("DDoS attack ended", {}),
        ("DDoS attack ended", {"authenticated": False}),
        ("Weekly report", {}),
        ("\u202eSomething new", {"text": "\u202e" + "x" * 30_000, "sender": ""}),
        ("", {"site": "unknown.example.jp"}),
    ):
        make_mail(subject, NOW, **more)  # type: ignore[arg-type]
    make_patterns()
    read_vendor_mails(rules=RULES, now=NOW)
    see_mail(waiting()[0], by=people.dana, now=NOW)
    wanted = Expressions("\u202e休止", MailKind.IGNORE, "newsletter", "")
    save_pattern(None, wanted, is_active=False, by=people.dana, now=NOW)
    save_pattern(MailPattern.objects.earliest("pk"), START, is_active=True, by=people.dana, now=NOW)
