"""How each address of the project is visited: which arguments, which broken forms.

An address that is not named here fails the test: whoever adds a page adds its visit.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import IPv4Network

from django.urls import URLPattern, URLResolver, get_resolver

from sakimori.accounts.models import User
from sakimori.advisories import actions as advisories
from sakimori.advisories.models import Advisory
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, ProxyCase, QuietWindow, Stop
from sakimori.blacklist.policies import save_policy
from sakimori.blacklist.policy import SHIPPED
from sakimori.blacklist.policy_text import read
from sakimori.blacklist.reasons import Reason
from sakimori.closing.models import Closing, DeletionProof
from sakimori.customers.importing import keep_draft
from sakimori.customers.log_keys import register_log_key
from sakimori.customers.log_sender_addresses import register_sender_address
from sakimori.customers.log_senders import read_certificate, register_sender
from sakimori.customers.models import (
    Applicant,
    Contact,
    Contract,
    Customer,
    LogKey,
    LogSender,
    LogSenderAddress,
    Member,
    MemberRole,
    RegisteredNetwork,
    SheetDraft,
    Site,
)
from sakimori.incidents.course import Exercise
from sakimori.incidents.models import (
    Decision,
    Hold,
    Incident,
    IncidentKind,
    LateSignal,
    MailPattern,
    MailReading,
    PlannedStop,
)
from sakimori.lib.calendar import Month
from sakimori.lib.jst import utc_now
from sakimori.logs.following import follow_intake
from sakimori.logs.models import (
    DoorState,
    Export,
    ExportForm,
    ExportState,
    LogFileState,
    MissingFiles,
    PullState,
    QuarantinedLine,
    Refusal,
    RefusedSender,
    Residue,
    RetentionProof,
    RewrittenFile,
    StoreCheck,
)
from sakimori.notify.actions import raise_alarm
from sakimori.notify.calling import call_contacts
from sakimori.notify.models import (
    Alarm,
    Call,
    CallRound,
    CallState,
    Delivery,
    DutyShift,
    ReceivedMail,
    RoundState,
    Severity,
)
from sakimori.reports.figures import to_json
from sakimori.reports.models import Report
from sakimori.run.collector import self_signed
from sakimori.tickets.models import Attachment, Ticket, TicketBlock
from sakimori.usage.models import UpgradeRequest
from tests.blacklist.rows import fill_lists
from tests.closing.test_certificate import proof
from tests.customers.log_keys import log_key_pem
from tests.customers.sheets import filled
from tests.incidents.rows import fill_incidents, fill_sites, fill_story
from tests.notify.mail_rows import fill_mails
from tests.people import NOW, People, make_block, make_file, make_finding, make_proxy_case, make_ticket
from tests.reports.samples import busy
from tests.usage.rows import fill_usage

Arguments = Callable[[], list[object]]


@dataclass(frozen=True, slots=True)
class Visit:
    """One address: its arguments and the forms to post (empty ones and wrong ones)."""

    arguments: Arguments = list
    posts: tuple[Mapping[str, str], ...] = ()


def _round() -> list[object]:
    return [CallRound.objects.get(key="visit").pk]


def _leg() -> list[object]:
    return [Call.objects.earliest("pk").reference]


def _turn() -> list[object]:
    return [*_leg(), 0]


def _rewritten() -> list[object]:
    return [RewrittenFile.objects.get(closed_at=None).pk]


def _missing() -> list[object]:
    return [MissingFiles.objects.get(dismissed_at=None).pk]


def _bad_file() -> list[object]:
    return [QuarantinedLine.objects.earliest("pk").file_id]


def _ticket() -> list[object]:
    return ["T-0001"]


def _block() -> list[object]:
    return [Block.objects.get(address="203.0.113.1").pk]


def _contract_key() -> list[object]:
    return [Contract.objects.earliest("pk").pk]


def _contract_number() -> list[object]:
    return ["K-A-001"]


def _incident() -> list[object]:
    return [Incident.objects.filter(decision=Decision.WAITING).earliest("pk").pk]


def _site() -> list[object]:
    return [Site.objects.get(domain="shop-a.example.jp").pk]


def _planned_stop() -> list[object]:
    return [PlannedStop.objects.filter(site__domain="shop-a.example.jp").latest("ends_at").pk]


def _hold() -> list[object]:
    return [Hold.objects.earliest("pk").pk]


_WRONG_STOP = {"starts_at": "2026-11-23T10:00", "ends_at": "2026-11-22T10:00", "note": "あ" * 201}
_WRONG_SITE = {
    "probe_url": "ftp://other.example.jp/",
    "slow_seconds": "900",
    "slow_factor": "x",
    "origin_address": "10.0.0.1",
    "expected_text": "あ" * 101,
}


def _told_incident() -> list[object]:
    return [Incident.objects.filter(ticket__isnull=False).earliest("pk").pk]


def _exercise() -> list[object]:
    return [Exercise.objects.earliest("pk").pk]


def _report() -> list[object]:
    return [Report.objects.get(month="2026-10").pk]


def _advisory() -> list[object]:
    return [Advisory.objects.get(state="draft").pk]


_RESTORE = Visit(
    lambda: ["T-0001", TicketBlock.objects.earliest("pk").pk], posts=({"reason": "あ" * 201}, {"reason": ""})
)


def _customer() -> list[object]:
    return [Customer.objects.get(number="C-A").pk]


def _contract() -> list[object]:
    return [Contract.objects.get(number="K-A-001").pk]


def _member() -> list[object]:
    return [Member.objects.get(user__username="bob").pk]


_PATTERNS = (
    {},
    {"name": "い\u202eろ", "kind": "x", "subject": "(", "text": "a*"},
    {"name": "x", "kind": "start", "subject": "x", "do": "try"},
    {"name": "x", "kind": "ignore", "subject": "x", "do": "try"},
    {"name": "x", "kind": "ignore", "subject": "x", "do": "save"},
)
_SCAN = {
    "sources": "198.51.100.7",
    "starts_at": "2026-11-25T09:30",
    "ends_at": "2020-01-01T00:00",
    "note": "い\u202eろ",
    "site": "x",
}


def _log_key() -> list[object]:
    return [LogKey.objects.earliest("pk").pk]


def _log_sender() -> list[object]:
    return [LogSender.objects.earliest("pk").pk]


def _log_sender_address() -> list[object]:
    return [LogSenderAddress.objects.earliest("pk").pk]


def _export() -> list[object]:
    """The newest of Alice, or one that is gone."""
    newest = Export.objects.filter(by__username="alice").order_by("pk").last()
    return [newest.pk if newest else 1]


_LOG_KEY = {"public_key_id": "7", "private_key": log_key_pem()}
_CERTIFICATE = self_signed("sender.example.jp", now=utc_now())[0].decode()
_KNOWN = {"name": "田中 文男", "role": "reader"}
_CONNECTION = {
    "api_id": "1001",
    "api_key": "key",
    "cloud_url": "https://my.example.com",
    "api_url": "https://api.example.com",
    "block_list": "auto",
    "log_base_url": "https://logs.example.com/1/",
}
_CODES: tuple[Mapping[str, str], ...] = ({}, {"code": "000000"})

_PERSON = {
    "name": "",
    "kana": "はな",
    "email": "x",
    "phone": "12",
    "second_phone": "+1 202 000 0000",
    "phone_kind": "x",
}
_CONTACT_POSTS: tuple[Mapping[str, str], ...] = (
    {},
    {**_PERSON, "hours": "昼間"},
    {"name": "桜井", "email": "c@example.jp", "phone": "03-0000-1001", "phone_kind": "direct", "hours": "月 9:00-9:00"},
    {"name": "桜井", "email": "c@example.jp", "second_phone": "03-0000-1001", "phone_kind": "direct", "sites": "x"},
    {"name": "桜井", "email": "1@example.jp", "phone_kind": "direct", "hours": "平日 9:00-18:00"},
    {"name": "桜井", "email": "1@example.jp", "phone_kind": "direct", "hours_asked_on": "2100-01-01"},
)
_DEPUTY_POSTS: tuple[Mapping[str, str], ...] = (
    {},
    {"valid_from": "2030-01-02T00:00", "valid_until": "2030-01-01T00:00"},
    {"valid_from": "2020-01-01T00:00", "valid_until": "2020-01-02T00:00"},
    {"valid_from": "2030-01-01T00:00", "valid_until": "2035-01-01T00:00"},
)


def _contact() -> list[object]:
    return [Contact.objects.get(email="1@example.jp").pk]


VISITS: dict[str, Visit] = {
    "portal:contacts": Visit(),
    "console:contacts": Visit(_customer),
    "console:customer-note": Visit(_customer, posts=({"special_note": "あ" * 1001},)),
    "console:drills": Visit(),
    "console:drill-all": Visit(posts=({},)),
    "console:drill": Visit(_customer, posts=({}, {"at_night": "on"})),
    "console:call-list": Visit(),
    **{
        f"{space}:{name}": visit
        for space in ("portal", "console")
        for name, visit in {
            "contact-add": Visit(_customer, posts=_CONTACT_POSTS),
            "contact-change": Visit(_contact, posts=_CONTACT_POSTS),
            "contact-deputy": Visit(_contact, posts=_DEPUTY_POSTS),
            "contact-move": Visit(_contact, posts=({"to": "earlier"},)),
            "contact-start": Visit(_contact, posts=({},)),
            "contact-stop": Visit(_contact),
        }.items()
    },
    "home": Visit(),
    "account_login": Visit(posts=({}, {"login": "nobody", "password": "wrong"}, {"login": "x" * 200})),
    "account_logout": Visit(),
    "account_inactive": Visit(),
    "account_reauthenticate": Visit(posts=({}, {"password": "wrong"})),
    "account_change_password": Visit(
        posts=(
            {},
            {"oldpassword": "wrong", "password1": "alice", "password2": "bob"},
            {"oldpassword": "wrong", "password1": "password", "password2": "password"},
        )
    ),
    "account_reset_password": Visit(posts=({},)),
    "mfa_index": Visit(),
    "mfa_authenticate": Visit(posts=_CODES),
    "mfa_reauthenticate": Visit(posts=_CODES),
    "mfa_activate_totp": Visit(posts=_CODES),
    "mfa_deactivate_totp": Visit(),
    "mfa_view_recovery_codes": Visit(),
    "mfa_generate_recovery_codes": Visit(posts=({},)),
    "account_signup": Visit(posts=({},)),
    "account_email": Visit(posts=({},)),
    "account_email_verification_sent": Visit(),
    "account_set_password": Visit(posts=({},)),
    "portal:usage": Visit(),
    "portal:contract-usage": Visit(_contract_number),
    "portal:usage-chart": Visit(_contract_number),
    "portal:upgrade": Visit(
        _contract_number,
        posts=(
            {},
            {"month": "2020-01", "to_mbps": "0"},
            {"month": str(Month.at(utc_now())), "to_mbps": "2"},
            {"month": str(Month.at(utc_now())), "to_mbps": "9"},
        ),
    ),
    "console:usage": Visit(),
    "console:look": Visit(_contract_number, posts=({},)),
    "console:upgrade": Visit(lambda: [UpgradeRequest.objects.earliest("pk").pk], posts=({},)),
    "portal:tickets": Visit(),
    "portal:account": Visit(),
    "portal:logs": Visit(),
    "portal:log-lists": Visit(),
    "portal:log-event": Visit(lambda: ["K-A-001", 0, 1, 1]),
    "console:logs": Visit(),
    "console:log-lists": Visit(),
    "console:log-event": Visit(lambda: ["K-A-001", 0, 1, 1]),
    **{
        f"{space}:{name}": visit
        for space in ("portal", "console")
        for name, visit in {
            "log-download": Visit(posts=({"contract": "K-X-001", "form": "csv"},)),
            "log-exports": Visit(),
            "log-exports-progress": Visit(),
            "log-export": Visit(_export),
            "log-export-drop": Visit(_export, posts=({},)),
        }.items()
    },
    "portal:ticket": Visit(_ticket),
    "portal:progress": Visit(_ticket),
    "portal:restore": _RESTORE,
    "portal:evidence": Visit(lambda: ["T-0001", 0]),
    "portal:levels": Visit(),
    "console:evidence": Visit(lambda: [Incident.objects.earliest("pk").pk, 0]),
    "console:exercises": Visit(),
    "console:exercise": Visit(_exercise),
    "console:exercise-stop": Visit(_exercise, posts=({},)),
    "console:exercise-start": Visit(posts=({}, {"site": "x", "scenario": "x", "speed": "0"})),
    "console:exercise-sandbox": Visit(posts=({}, {"name": "訓練", "name1": "訓練 一", "mail1": "x"})),
    "console:incident-follow": Visit(_told_incident, posts=({}, {"text": "あ" * 4001}, {"text": "\x07"})),
    "portal:ticket-addresses": Visit(_ticket),
    "portal:enquire": Visit(posts=({}, {"about": "あ" * 101, "text": "x", "token": "x"})),
    "portal:file": Visit(lambda: ["T-0003", 1]),
    "portal:reply": Visit(lambda: ["T-0003"], posts=({}, {"text": "あ" * 5001, "token": "0"})),
    "console:attacks-by-name": Visit(),
    "console:attacks": Visit(),
    "console:blocked": Visit(),
    "console:findings": Visit(),
    "console:finding": Visit(lambda: [Finding.objects.get(kind="other").pk]),
    "console:dismiss": Visit(lambda: [Finding.objects.get(kind="other").pk], posts=({},)),
    "console:late": Visit(),
    "console:log-import": Visit(lambda: [Contract.objects.earliest("pk").pk], posts=({},)),
    "console:late-dismiss": Visit(posts=({}, {"chosen": "x"})),
    "console:late-dismiss-all": Visit(posts=({}, {"newest": "x", "customer": "x"})),
    "console:late-block": Visit(posts=({},)),
    "console:late-signal": Visit(lambda: [LateSignal.objects.get().pk], posts=({},)),
    "console:block": Visit(_block),
    "console:approve": Visit(_block, posts=({},)),
    "console:refuse": Visit(_block, posts=({},)),
    "console:restore": Visit(
        _block,
        posts=(
            {"reason": ""},
            {"reason": "あ" * 201, "channel": "x"},
            {"reason": "理由", "channel": "phone"},
            {"reason": "理由"},
        ),
    ),
    "console:proxy-case": Visit(lambda: [ProxyCase.objects.get().pk]),
    "console:proxy-case-refuse": Visit(lambda: [ProxyCase.objects.get().pk], posts=({},)),
    "console:tickets": Visit(),
    "console:ticket": Visit(_ticket),
    "console:lists": Visit(),
    "console:list": Visit(_contract_key),
    "console:list-compare": Visit(_contract_key, posts=({},)),
    "console:list-limit": Visit(_contract_key, posts=({}, {"limit": "x"}, {"limit": "500"})),
    "console:list-put-all-back": Visit(_contract_key, posts=({},)),
    "console:block-put-back": Visit(_block, posts=({},)),
    "console:block-accept-removal": Visit(_block, posts=({},)),
    "console:answer": Visit(lambda: ["T-0003"], posts=({}, {"text": "x", "state": "x"})),
    "console:vendor-mails": Visit(),
    "console:vendor-mail": Visit(lambda: [MailReading.objects.earliest("pk").pk]),
    "console:vendor-mail-see": Visit(lambda: [MailReading.objects.earliest("pk").pk], posts=({}, {})),
    "console:mail-patterns": Visit(posts=({}, {"mail_subject": "x" * 301, "mail_text": "x"}, {"mail_subject": "x"})),
    "console:mail-pattern-new": Visit(posts=_PATTERNS),
    "console:mail-pattern": Visit(lambda: [MailPattern.objects.earliest("pk").pk], posts=_PATTERNS),
    "console:intake": Visit(),
    "console:unreadable": Visit(_bad_file),
    "console:missing": Visit(_missing, posts=({}, {"dismissal": "x", "reason": "あ" * 301})),
    "console:missing-reopen": Visit(_missing, posts=({},)),
    "console:rewritten": Visit(_rewritten, posts=({}, {"explanation": "x", "reason": "あ" * 301})),
    "console:rewritten-reopen": Visit(_rewritten, posts=({},)),
    "console:closings": Visit(),
    "console:closing": Visit(lambda: ["K-A-001"]),
    "console:closing-enter": Visit(
        lambda: ["K-A-001"], posts=({}, {"ends_on": "x"}, {"ends_on": "2020-01-01"}, {"ends_on": "2999-01-01"})
    ),
    "console:closing-withdraw": Visit(lambda: ["K-A-001"], posts=({},)),
    "console:closing-approve": Visit(lambda: ["K-A-001"], posts=({}, {"typed": "x"}, {"typed": "x" * 99})),
    "console:proof": Visit(lambda: [DeletionProof.objects.get().pk]),
    "console:proof-pdf": Visit(lambda: [0]),  # The certificate itself is read in tests/closing/test_certificate.py.
    "portal:contract": Visit(),
    "console:customers": Visit(),
    "console:customer": Visit(_customer),
    "console:sheet-upload": Visit(posts=({}, {"file": "x"})),
    "console:sheet-template": Visit(),
    "console:sheet-preview": Visit(lambda: [SheetDraft.objects.earliest("pk").pk], posts=({}, {"mark": "x"})),
    "console:user-issue": Visit(_customer, posts=({}, {"name": "い\u202eろ", "role": "x"}, _KNOWN)),
    "console:user-reissue": Visit(_member),
    "console:user-stop": Visit(_member, posts=({},)),
    "console:connection": Visit(_contract, posts=({}, {**_CONNECTION, "api_url": "http://example.jp"}, _CONNECTION)),
    "console:connection-token": Visit(_contract, posts=({},)),
    "console:connection-try": Visit(_contract, posts=({},)),
    "console:log-keys": Visit(_contract, posts=({}, {"public_key_id": "7", "private_key": "x"}, _LOG_KEY)),
    "console:log-key-remove": Visit(_log_key, posts=({},)),
    "console:log-senders": Visit(_contract, posts=({}, {"certificate": "x"}, {"certificate": _CERTIFICATE})),
    "console:log-sender-remove": Visit(_log_sender, posts=({},)),
    "console:log-sender-address": Visit(
        _contract, posts=({}, {"network": "い\u202eろ"}, {"network": "203.0.113.0/24"}, {"network": "203.0.113.9"})
    ),
    "console:log-sender-address-remove": Visit(_log_sender_address, posts=({},)),
    "console:people": Visit(),
    "console:person": Visit(
        lambda: [User.objects.get(username="dana").pk], posts=({"phone": "119", "mail": "x"}, {"phone": "", "mail": ""})
    ),
    "console:incidents": Visit(),
    "console:incident": Visit(_incident),
    "console:incident-visits": Visit(_incident),
    "console:incident-tell": Visit(_incident, posts=({},)),
    "console:incident-keep": Visit(_incident, posts=({},)),
    "console:incident-end": Visit(_incident, posts=({},)),
    "console:sites": Visit(),
    "console:sites-rows": Visit(),
    "console:site": Visit(_site),
    "console:site-chart": Visit(lambda: [*_site(), "time"]),
    "console:site-settings": Visit(_site, posts=({}, _WRONG_SITE)),
    "console:planned-stop": Visit(_site, posts=({}, _WRONG_STOP)),
    "console:planned-stops": Visit(),
    "console:planned-stop-cancel": Visit(_planned_stop, posts=({},)),
    "console:hold": Visit(_hold),
    "console:hold-release": Visit(_hold, posts=({},)),
    "console:hold-keep": Visit(_hold, posts=({},)),
    "portal:sites": Visit(),
    "portal:site": Visit(_site),
    "portal:site-chart": Visit(lambda: [*_site(), "availability"]),
    "portal:stop-new": Visit(_site, posts=({}, _WRONG_STOP)),
    "portal:stops": Visit(),
    "portal:stop-cancel": Visit(_planned_stop, posts=({},)),
    "console:alarms": Visit(),
    "console:alarm-history": Visit(),
    "console:calls": Visit(),
    "console:call-round": Visit(_round),
    "console:call-begin": Visit(_round, posts=({},)),
    "console:call-result": Visit(
        _round, posts=({}, {"result": "confirmed"}, {"result": "confirmed", "spoke_with": "花子"}, {"result": "busy"})
    ),
    "console:call-stop": Visit(
        _round,
        posts=(
            {"reason": ""},
            {"reason": "あ" * 201, "channel": "x"},
            {"reason": "理由", "channel": "phone"},
            {"reason": "理由"},
        ),
    ),
    "console:mails": Visit(),
    "console:mail": Visit(lambda: [Delivery.objects.get(state="bounced").pk]),
    "console:mail-resend": Visit(lambda: [Delivery.objects.get(state="bounced").pk], posts=({}, {"contact": "x"})),
    "console:received": Visit(),
    "console:received-mail": Visit(lambda: [ReceivedMail.objects.earliest("pk").pk]),
    "console:roster": Visit(
        posts=({}, {"starts_at": "x", "ends_at": "2026-02-31T25:00", "on_duty": "999", "manager": "x"})
    ),
    "console:shift-delete": Visit(lambda: [DutyShift.objects.earliest("pk").pk], posts=({},)),
    "console:reports": Visit(),
    "console:report": Visit(_report, posts=({"comment": "あ" * 2001},)),
    "console:report-pdf": Visit(lambda: [Report.objects.get(state="waiting").pk]),
    "console:report-release": Visit(_report, posts=({},)),
    "console:advisories": Visit(),
    "console:advisory-new": Visit(posts=({}, {"title": "あ" * 101, "body": "\x07", "sources": "x"})),
    "console:advisory": Visit(_advisory),
    "console:advisory-edit": Visit(_advisory, posts=({}, {"title": "件名", "body": "本文"})),
    "console:advisory-approve": Visit(_advisory, posts=({},)),
    "console:advisory-withdraw": Visit(_advisory, posts=({},)),
    "portal:advisories": Visit(),
    "portal:advisory": Visit(lambda: [Advisory.objects.get(state="approved").pk]),
    "portal:reports": Visit(),
    "portal:report": Visit(lambda: [Report.objects.get(state="released").pk]),
    "console:widen": Visit(lambda: [Finding.objects.get(kind="other").pk], posts=({},)),
    "console:policies": Visit(),
    "console:policy-default": Visit(posts=({},)),
    "console:policy": Visit(_contract, posts=({}, {"cap": "x", "lasting": "time", "hours": "0", "seen": "0"})),
    "console:scans": Visit(),
    "console:contract-scans": Visit(_contract, posts=({}, _SCAN, {**_SCAN, "sources": "10.0.0.1"})),
    "console:scan-withdraw": Visit(lambda: [QuietWindow.objects.earliest("pk").pk], posts=({},)),
    "portal:scans": Visit(),
    "portal:scan-new": Visit(_contract_number, posts=({}, _SCAN, {**_SCAN, "sources": "x\u202e"})),
    "portal:scan-withdraw": Visit(lambda: [QuietWindow.objects.earliest("pk").pk], posts=({},)),
    "portal:blacklist": Visit(),
    "portal:blacklist-csv": Visit(),
    "console:blocked-csv": Visit(),
    "console:blocked-remove": Visit(posts=({}, {"reason": "x", "typed": "0", "newest": "x"})),
    "console:blocked-add": Visit(
        posts=({}, {"contract": "x", "address": "203.0.113.5/24", "note": "あ" * 201, "lasts": "x"}, {"address": "x"})
    ),
    "console:attacks-news": Visit(),
    "console:decide-chosen": Visit(posts=({}, {"chosen": "x", "wish": "x"})),
    "console:shorten": Visit(_block, posts=({}, {"lasts": "x"})),
    "console:stop": Visit(),
    "console:stop-on": Visit(posts=({}, {"reason": "あ" * 201, "sure": "on"})),
    "console:stop-off": Visit(posts=({},)),
    "console:acknowledge": Visit(lambda: [Alarm.objects.earliest("pk").pk], posts=({},)),
    "phone:answer": Visit(_leg, posts=({}, {"AccountSid": "AC0"})),
    "phone:key": Visit(_turn, posts=({}, {"AccountSid": "AC0"})),
    "phone:bridge": Visit(_turn, posts=({}, {"AccountSid": "AC0"})),
    "phone:operator": Visit(_leg, posts=({}, {"AccountSid": "AC0"})),
    "phone:operator-key": Visit(_leg, posts=({}, {"AccountSid": "AC0"})),
    "phone:status": Visit(_leg, posts=({}, {"AccountSid": "AC0"})),
    "phone:machine": Visit(_leg, posts=({}, {"AccountSid": "AC0"})),
}


def names_of_all_addresses() -> list[str]:
    """The names of all URL patterns of the project, with their namespaces."""
    return sorted(_names(get_resolver().url_patterns, ""))


def _names(patterns: list[URLPattern | URLResolver], space: str) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _names(pattern.url_patterns, inner)
        else:
            yield f"{space}{pattern.name}"


def _fill_reports(people: People) -> None:
    """One report that waits, one draft with every figure, and one that is released (its file is gone)."""
    for month, state in (("2026-08", "released"), ("2026-09", "waiting"), ("2026-10", "draft")):
        made = {} if state == "waiting" else {"as_of": NOW, "drafted_by": people.dana, "figures": to_json(busy())}
        Report.objects.create(
            contract=people.a, month=month, state=state, due_on=NOW.date(), comment="所見です。", opened_at=NOW, **made
        )


def _fill_advisories(people: People) -> None:
    """One advisory in each state."""
    for state in ("draft", "approved", "withdrawn"):
        row = advisories.write(title="件名", body="本文", sources="https://a.example.jp", by=people.dana, now=NOW)
        approval = {"approved_by": people.dana, "approved_at": NOW} if state == "approved" else {}
        Advisory.objects.filter(pk=row.pk).update(state=state, **approval)


def fill(people: People) -> None:
    """Rows in every state, so that every word is on some page."""
    Contract.objects.filter(pk=people.a.pk).update(keeps_logs=True, ends_on=date(2999, 1, 1))
    Closing.objects.create(contract=people.a, entered_at=NOW, entered_by=people.dana)
    blocks = [
        make_block(people.a, f"203.0.113.{number}", state=state, last_error="WafUnavailable: 503")
        for number, state in enumerate(BlockState)
    ]
    make_block(people.a, "203.0.113.99", state=BlockState.PROPOSED, was_there_before=True, good_requests=3)
    case = make_proxy_case(people.a)
    for number, state in enumerate((BlockState.PROPOSED, BlockState.ACTIVE)):
        make_block(people.a, f"126.33.0.{number}", state=state, proxy_case=case, reason=Reason.ATTACK_BY_PROXY)
    network = {"decided_by": people.dana, "note": "社内の指示", "expires_at": NOW + timedelta(days=1)}
    make_block(people.a, "198.51.100.0/28", state=BlockState.PROPOSED, proposed_at=utc_now(), **network)
    ended = {"is_on": False, "ended_at": NOW, "ended_by_name": "高橋 棚子", "ended_reason": "復旧"}
    for columns in (ended, {}):
        Stop.objects.create(since=NOW, by_name="高橋 棚子", reason="誤検知の調査", **columns)
    make_ticket(people.a, blocks=blocks)
    make_ticket(people.b, "T-0002")
    _fill_enquiry(people)
    make_finding(people.a, "198.51.100.1", kind="other", name="SQL Injection")
    for address in ("198.51.100.2", "", "203.0.113.0"):
        make_finding(people.a, address, kind="backdoor", state=FindingState.LATE, reason="late")
    raise_alarm(key="k", severity=Severity.HIGH, sentence="ログが届いていません。", now=NOW)
    _fill_calls(people)
    fill_mails(people.a.customer)
    PullState.objects.create(
        contract=people.a, next_try_at=NOW, last_error="WafRefused: no", failures=2, index_missing_since=NOW
    )
    for door, error in (("drop", "フォルダを開けません。"), ("bucket", "")):
        DoorState.objects.create(contract=people.a, door=door, next_try_at=NOW, last_error=error, failures=len(error))
    DoorState.objects.update(left_out="ファイルが大きすぎます：1.log。", left_out_since=NOW)
    now = utc_now()
    _fill_rewritten(people, now)
    MissingFiles.objects.create(
        contract=people.a, prefix="1", first=5, last=7, noticed_at=now, begins_at=now - timedelta(days=2), ends_at=now
    )
    dismissed = {
        "dismissed_at": now,
        "dismissed_by_name": "高橋 棚子",
        "dismissal": "never",
        "dismissal_reason": "回答済み",
    }
    MissingFiles.objects.create(contract=people.a, prefix="1", first=9, last=9, noticed_at=now, **dismissed)
    for door in ("pull", "hec"):
        make_file(people.a, door=door, received_at=now, stored_at=now, first_at=now, last_at=now, doubles=1)
    for columns in ({"state": LogFileState.RECEIVED, "attempts": 3}, {"state": LogFileState.QUARANTINED}):
        make_file(people.a, received_at=now, **columns)
    StoreCheck.objects.create(contract=people.a, checked_at=now, differences={"1": [10, 9]})
    follow_intake(now=now)
    Residue.objects.create(contract=people.a, day=NOW.date(), cuts=1, lines=1, size_bytes=9, last_at=NOW)
    bad = make_file(people.a, lines=3, rows=2, quarantined_lines=1)
    QuarantinedLine.objects.create(file=bad, line_number=1, reason="bad_json", raw=b"{")
    make_file(people.a, state=LogFileState.QUARANTINED, reason="WafRefused: no", lines=0, rows=0)
    RetentionProof.objects.create(
        contract=people.a, day=NOW.date(), ran_at=NOW, kept_from=NOW.date(), oldest_day=NOW.date(), lines=1
    )
    fill_usage(people)
    proof(pk=None).save()
    fill_customers(people)
    fill_incidents(people)
    fill_sites(people)
    register_sender(people.a, read_certificate(_CERTIFICATE), by=people.dana, now=NOW)
    register_sender_address(people.a, IPv4Network("203.0.113.0/29"), by=people.dana, now=NOW)
    for why in Refusal:
        RefusedSender.objects.create(address="203.0.113.99", why=why, times=3, first_at=NOW, last_at=NOW)
    RefusedSender.objects.create(why=Refusal.NO_TLS, times=3, first_at=NOW, last_at=NOW)
    register_log_key(people.a, 6, _LOG_KEY["private_key"], by=people.dana, now=NOW)
    _fill_reports(people)
    _fill_advisories(people)
    _fill_exports(people)
    fill_lists(people)
    _fill_policies(people)


def _fill_policies(people: People) -> None:
    """A policy with everything changed, a scan in each state, and a block that does not hold for a finding's site."""
    make_block(people.a, "198.51.100.1", only_sites=[1])
    changed = {"kinds": {"acl": {"mode": "ask", "requests": 3}}, "hours": 24, "one_site": True, "cap": 5}
    save_policy(people.a, read(changed, SHIPPED), seen=0, reason="試験", by=people.dana, now=NOW)
    now, day = utc_now(), timedelta(days=1)
    for begins, ends, withdrawn in ((-2, -1, None), (-1, 1, None), (1, 2, None), (1, 2, now)):
        QuietWindow.objects.create(
            contract=people.a,
            networks=["198.51.100.0/28"],
            starts_at=now + begins * day,
            ends_at=now + ends * day,
            note="い\u202eろ",
            by_customer=withdrawn is None,
            registered_at=now,
            registered_by=people.alice if withdrawn is None else people.dana,
            withdrawn_at=withdrawn,
        )


def _fill_exports(people: People) -> None:
    """An export in each state; the file of the one that is ready is gone."""
    for person, contract in ((people.alice, people.a), (people.dana, people.a), (people.charlie, people.b)):
        for state in ExportState:
            Export.objects.create(
                contract=contract,
                by=person,
                query="begins=2026-11-22T00:00&ends=2026-11-23T00:00&kind=sql_injection&not_country=-",
                form=ExportForm.LINES,
                state=state,
                reason="ファイルを作成できませんでした。" if state == ExportState.FAILED else "",
                total=20_000,
                done=5_000,
                stored_name="0" * 32,
                size_bytes=4_000_000,
                asked_at=NOW,
                next_try_at=NOW,
                expires_at=NOW + timedelta(days=7),
            )


def _fill_enquiry(people: People) -> None:
    """A ticket of an incident with a file in it, that waits for an answer, and a call about it."""
    incident = Incident.objects.create(
        contract=people.a, kind=IncidentKind.DDOS, group="x", opened_at=NOW, last_signal_at=NOW, told_at=NOW
    )
    Contact.objects.create(customer=people.a.customer, name="桜井 花子", email="c@example.jp", phone="03", priority=1)
    call_contacts(key=f"incident:{incident.pk}", customer=people.a.customer, subject="件", say="件", now=NOW)
    Call.objects.update(state=CallState.CONFIRMED, intended_at=NOW, ended_at=NOW)
    ticket = make_ticket(people.a, "T-0003")
    Ticket.objects.filter(pk=ticket.pk).update(incident=incident, waits_since=NOW, detected="検知しました。")
    Attachment.objects.create(
        note=ticket.notes.get(),
        name="報告書.pdf",
        stored_name="0" * 32,
        size_bytes=2048,
        content_type="application/pdf",
    )
    fill_story(incident)


def _fill_rewritten(people: People, now: datetime) -> None:
    """One case that is open, with both of its files, and one that is closed."""
    first, last = (
        make_file(people.a, door="drop", name="1001_901.log", received_at=now, stored_at=now) for _ in range(2)
    )
    contents = {
        "first_sha256": first.sha256,
        "first_at": now,
        "last_sha256": last.sha256,
        "last_at": now,
        "last_file": last.pk,
    }
    RewrittenFile.objects.create(contract=people.a, door="drop", name="1001_901.log", **contents)
    closed = {"closed_at": now, "closed_by_name": "高橋 棚子", "explanation": "replaced", "reason": "回答済み"}
    RewrittenFile.objects.create(contract=people.a, door="bucket", name="1001_902.log", **contents, **closed)


def _fill_calls(people: People) -> None:
    """A round that an operator dials, one in each state with every result, and shifts with and without a deputy."""
    for state in RoundState:
        ended = CallRound.objects.create(
            key=state,
            customer=people.a.customer,
            subject="サイト停止のご連絡",
            say="サイトが表示できません。",
            state=state,
            started_at=NOW,
            next_try_at=NOW,
            stop_reason="理由" if state == RoundState.STOPPED else "",
        )
        for place, result in enumerate(CallState, start=1):
            Call.objects.create(
                round=ended, place=place, name="花子", number="03-0000-1001", reference=f"{state}{place}", state=result
            )
    waiting = CallRound.objects.create(
        key="visit", subject="アラーム", say="アラームがあります。", started_at=NOW, next_try_at=NOW, by_hand=True
    )
    for place in (1, 2):
        Call.objects.create(round=waiting, place=place, name="当番", number="03-0000-0101", reference=f"visit{place}")
    for deputy, hours in ((None, 0), (people.dana, 24)):
        begins = utc_now() + timedelta(hours=hours)
        DutyShift.objects.create(
            starts_at=begins,
            ends_at=begins + timedelta(hours=8),
            on_duty=people.dana,
            deputy=deputy,
            manager=people.dana,
        )


def fill_customers(people: People) -> None:
    """A customer with everything, one who has nothing, and a hearing sheet that waits."""
    customer = people.a.customer
    for priority, active in ((1, True), (2, False)):
        Contact.objects.create(
            customer=customer, name="佐藤 愛", email=f"{priority}@example.jp", priority=priority, active=active
        )
    _fill_contacts(customer)
    Applicant.objects.create(customer=customer, name="港 直美", role=MemberRole.ADMIN)
    RegisteredNetwork.objects.create(customer=customer, network="192.0.2.0/28", note="本社")
    Contract.objects.filter(pk=people.b.pk).update(ends_on=NOW.date(), plan_mbps=20)
    keep_draft(filled(), file_name="みなと.xlsx", by=people.dana, now=NOW)


def _fill_contacts(customer: Customer) -> None:
    """A contact with everything that can be said of one, his deputy, a special note, and a test of the numbers."""
    Customer.objects.filter(pk=customer.pk).update(special_note="夜間は守衛室へ。\n合言葉は\u202eさくら")
    first = Contact.objects.get(customer=customer, email="1@example.jp")
    site = Contract.objects.filter(customer=customer).earliest("pk").sites.earliest("pk")
    first.sites.set([site])
    Contact.objects.filter(pk=first.pk).update(
        kana="サトウ アイ",
        phone="03-0000-1005",
        phone_kind="person",
        phone_note="代表で内線 12",
        second_phone="090-0000-0001",
        hours="月-金 09:00-18:00",
        on_holidays=False,
        hours_asked_on=NOW.date(),
        hours_received_by="高橋",
        hours_note="メール",
        failed_at=NOW,
    )
    Contact.objects.create(
        customer=customer,
        name="代理 四郎",
        email="deputy@example.jp",
        phone="03-0000-1006",
        priority=1,
        stands_for=first,
        valid_from=NOW,
        valid_until=utc_now() + timedelta(days=9),
        proven_at=NOW,
    )
    CallRound.objects.create(
        key="drill",
        customer=customer,
        subject="連絡先テスト",
        say="テストです。",
        started_at=NOW,
        next_try_at=NOW,
        is_drill=True,
        state=RoundState.DONE,
        ended_at=NOW,
    )
