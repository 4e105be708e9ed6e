"""The vendor's alert mails: what a received mail changes.

An authenticated start is a signal like any other; an authenticated end is noted on the incident, and `ending.py`
decides. Whatever is not understood, or not believed, changes nothing but becomes a task of the SOC: a forged mail
neither closes anything nor calls anybody. What follows is written in one transaction with the mail's outcome.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.customers.models import Site
from sakimori.customers.queries import running
from sakimori.incidents.believing import Envelope, envelope_of, is_fresh, why_not_believed
from sakimori.incidents.models import Incident, IncidentKind, MailKind, MailPattern, MailReading, SignalSource
from sakimori.incidents.opening import SYSTEM, record, site_group
from sakimori.incidents.patterns import Expressions, understand
from sakimori.incidents.search import Signal
from sakimori.incidents.waves import Times, goes_on_after_word, note_signal
from sakimori.lib.jst import day_of
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Mailbox, ReceivedMail, Severity
from sakimori.notify.queries import unread

ALARM_KEY = "vendor-mails"
LINK = "/console/vendor-mails/"
_AT_ONCE = 50
_WORDS = {MailKind.START: "攻撃の開始", MailKind.END: "攻撃の終息"}
_RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings: from which domains the vendor writes, and what is late or of one wave."""

    domains: tuple[str, ...]
    times: Times


def read_vendor_mails(*, rules: Rules, now: datetime) -> int:
    """Read every mail that waits, the oldest first. Returns how many."""
    waiting = unread(Mailbox.VENDOR).values_list("pk", flat=True)[:_AT_ONCE]
    patterns = active_patterns()
    return sum(_read(key, patterns, rules, now) for key in list(waiting))


def active_patterns() -> list[Expressions]:
    """The patterns that are in use."""
    return [expressions_of(row) for row in MailPattern.objects.filter(is_active=True)]


def expressions_of(row: MailPattern) -> Expressions:
    """A stored pattern for the rules."""
    return Expressions(row.name, MailKind(row.kind), row.subject, row.text)


def _read(key: int, patterns: list[Expressions], rules: Rules, now: datetime) -> int:
    with transaction.atomic():
        # Whoever writes first has the mail; if he dies, so does his transaction.
        if not ReceivedMail.objects.filter(pk=key, handled_at=None).update(handled_at=now):
            return 0
        mail = ReceivedMail.objects.select_for_update().get(pk=key)
        reading = judge(mail, patterns, rules, now=now)
        outcome = reading.reason or _carry_out(mail, reading, rules, now)
        if reading.reason:
            outcome = f"SOC の確認待ち：{reading.reason}"
        reading.save()
        mail.outcome = outcome[:300]
        mail.customer = reading.site.contract.customer if reading.site else None
        mail.save(update_fields=["outcome", "customer"])
        if reading.reason:
            tell_soc(now=now)
    return 1


def judge(mail: ReceivedMail, patterns: list[Expressions], rules: Rules, *, now: datetime) -> MailReading:
    """What a mail would do (not saved, nothing is changed): a kind and a site, or the reason why a person must look."""
    found, envelope = understand(patterns, subject=mail.subject, text=mail.text), envelope_of(bytes(mail.raw))
    reading = MailReading(
        mail=mail,
        message_id=envelope.message_id,
        kind=found.kind or "",
        pattern=found.pattern,
        site_name=found.site,
        at=now,
        reason=found.reason,
    )
    if found.kind is not None and found.kind != MailKind.IGNORE:
        reading.site, trouble = site_named(found.site, now=now)
        reading.reason = _why_not(mail, envelope, reading, rules) or trouble
    reading.reason = reading.reason[:300]
    return reading


def site_named(domain: str, *, now: datetime) -> tuple[Site | None, str]:
    """The one site of this domain under a running contract; else None, and a Japanese sentence that says why."""
    sites = list(
        Site.objects.filter(running(day_of(now), contract="contract"), domain__iexact=domain).select_related(
            "contract__customer"
        )[:2]
    )
    if not sites:
        return None, f"登録されていないサイト（{domain[:100]}）の通知です。"
    if len(sites) > 1:
        return None, f"サイト（{domain[:100]}）が複数の契約に登録されているため、特定できません。"
    return sites[0], ""


def _why_not(mail: ReceivedMail, envelope: Envelope, reading: MailReading, rules: Rules) -> str:
    """Why it does not count, as a sentence; empty where it does."""
    what = _WORDS[MailKind(reading.kind)]
    doubt = why_not_believed(sender=mail.sender, authenticated=mail.authenticated, domains=rules.domains)
    if doubt:
        return f"「{what}」の通知ですが、{doubt}自動では扱っていません。"
    if not is_fresh(envelope.sent_at, received_at=mail.received_at, limit=rules.times.late):
        return f"「{what}」の通知ですが、送信日時が受信日時と大きく異なります。自動では扱っていません。"
    return ""


def _carry_out(mail: ReceivedMail, reading: MailReading, rules: Rules, now: datetime) -> str:
    """Do what the mail says. Returns what came of it."""
    if reading.kind == MailKind.IGNORE or reading.site is None:
        return f"対応不要の通知です（パターン：{reading.pattern}）。"
    if reading.message_id and _is_known(reading):
        return "同じ通知を処理済みです。"
    sent_at = envelope_of(bytes(mail.raw)).sent_at
    at = min(sent_at, mail.received_at) if sent_at else mail.received_at
    if reading.kind == MailKind.END:
        return _end(reading, reading.site, at, rules.times.quiet, now)
    signal = Signal(None, reading.site.domain, IncidentKind.DDOS, 1, at, at, SignalSource.MAIL)
    reading.incident = note_signal(reading.site, signal, times=rules.times, now=now)
    if reading.incident is None:
        return "遅れて届いたため、「遅れて届いた検知」に記録しました。"
    return "攻撃の開始として記録しました。"


def _is_known(reading: MailReading) -> bool:
    same = MailReading.objects.filter(message_id=reading.message_id, kind=reading.kind, reason="")
    return same.filter(site_name=reading.site_name).exclude(mail=reading.mail).exists()


def _end(reading: MailReading, site: Site, at: datetime, quiet: timedelta, now: datetime) -> str:
    rows = Incident.objects.filter(
        contract_id=site.contract_id, kind=IncidentKind.DDOS, group=site_group(site), is_exercise=False
    )
    row = rows.select_for_update().filter(ended_at=None).first()
    if row is None:
        if not rows.filter(opened_at__gt=at - _RECENT).exists():
            reading.reason = "攻撃の終息の通知ですが、開始を検知していません。検知の漏れがないかご確認ください。"
        return reading.reason or "攻撃の終息の通知です。インシデントはすでに終了しています。"
    reading.incident = row
    if at < row.last_signal_at:
        return "攻撃の終息の通知ですが、その後も検知が続いているため、終息として扱いません。"
    if goes_on_after_word(row, quiet):
        return "攻撃の終息の通知ですが、先の終息の通知のあとに再開した攻撃のため、検知が止まるまで終了しません。"
    row.vendor_ended_at = max(at, row.vendor_ended_at or at)
    row.save(update_fields=["vendor_ended_at"])
    record(row, "incident.vendor-end", by=SYSTEM, now=now)
    return "攻撃の終息として記録しました。サイトの正常を確認できしだい、インシデントを終了します。"


def tell_soc(*, now: datetime) -> None:
    """One alarm, however many mails wait to be looked at."""
    waiting = MailReading.objects.exclude(reason="").filter(seen_at=None)
    newest = waiting.order_by("-pk").first()
    raise_alarm(
        key=ALARM_KEY,
        severity=Severity.MIDDLE,
        sentence=f"ベンダーの通知メール {waiting.count()} 件が確認を待っています。{newest.reason if newest else ''}",
        link=LINK,
        now=now,
    )
