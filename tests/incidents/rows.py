"""Rows of incidents for tests of pages."""

from datetime import timedelta

from sakimori.customers.models import Contract
from sakimori.incidents.mail_tasks import save_pattern, see_mail, waiting
from sakimori.incidents.models import (
    Decision,
    Incident,
    IncidentKind,
    LateSignal,
    MailKind,
    MailPattern,
    Probe,
    Verdict,
)
from sakimori.incidents.opening import record
from sakimori.incidents.patterns import Expressions
from sakimori.incidents.vendor_mails import read_vendor_mails
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
    told = make_incident(people.a, IncidentKind.DDOS, told_at=NOW)
    record(told, "incident.told", by="sakimori", now=NOW)
    people.a.customer.contacts.create(name="桜井 花子", email="a@example.jp", phone="03-0000-1001", priority=1)
    call_contacts(
        key=f"incident:{told.pk}", customer=people.a.customer, subject="DDoS 攻撃（サイト）", say="確認。", now=NOW
    )
    fill_mails(people)


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
