"""How each address of the project is visited: which arguments, which broken forms.

An address that is not named here fails the test: whoever adds a page adds its visit.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from sakimori.advisories import actions as advisories
from sakimori.advisories.models import Advisory
from sakimori.blacklist.models import Block, BlockState, Finding
from sakimori.logs.models import LogFileState, PullState, QuarantinedLine
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity
from sakimori.reports.figures import to_json
from sakimori.reports.models import Report
from sakimori.tickets.models import TicketBlock
from tests.people import NOW, People, make_block, make_file, make_finding, make_ticket
from tests.reports.samples import busy

Arguments = Callable[[], list[object]]


@dataclass(frozen=True, slots=True)
class Visit:
    """One address: its arguments and the forms to post (empty ones and wrong ones)."""

    arguments: Arguments = list
    posts: tuple[Mapping[str, str], ...] = ()


def _ticket() -> list[object]:
    return ["T-0001"]


def _block() -> list[object]:
    return [Block.objects.get(address="203.0.113.1").pk]


def _report() -> list[object]:
    return [Report.objects.get(month="2026-10").pk]


def _advisory() -> list[object]:
    return [Advisory.objects.get(state="draft").pk]


_RESTORE = Visit(
    lambda: ["T-0001", TicketBlock.objects.earliest("pk").pk], posts=({"reason": "あ" * 201}, {"reason": ""})
)
_CODES: tuple[Mapping[str, str], ...] = ({}, {"code": "000000"})

VISITS: dict[str, Visit] = {
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
    "portal:tickets": Visit(),
    "portal:account": Visit(),
    "portal:ticket": Visit(_ticket),
    "portal:progress": Visit(_ticket),
    "portal:restore": _RESTORE,
    "console:attacks-by-name": Visit(),
    "console:attacks": Visit(),
    "console:blocked": Visit(),
    "console:findings": Visit(),
    "console:finding": Visit(lambda: [Finding.objects.get(kind="other").pk]),
    "console:dismiss": Visit(lambda: [Finding.objects.get(kind="other").pk], posts=({},)),
    "console:block": Visit(_block),
    "console:approve": Visit(_block, posts=({},)),
    "console:refuse": Visit(_block, posts=({},)),
    "console:restore": Visit(_block, posts=({"reason": ""}, {"reason": "あ" * 201}, {"reason": "理由"})),
    "console:tickets": Visit(),
    "console:ticket": Visit(_ticket),
    "console:intake": Visit(),
    "console:alarms": Visit(),
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
    "console:acknowledge": Visit(lambda: [Alarm.objects.earliest("pk").pk], posts=({},)),
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
    blocks = [
        make_block(people.a, f"203.0.113.{number}", state=state, last_error="WafUnavailable: 503")
        for number, state in enumerate(BlockState)
    ]
    make_block(people.a, "203.0.113.99", state=BlockState.PROPOSED, was_there_before=True, good_requests=3)
    make_ticket(people.a, blocks=blocks)
    make_ticket(people.b, "T-0002")
    make_finding(people.a, "198.51.100.1", kind="other", name="SQL Injection")
    raise_alarm(key="k", severity=Severity.HIGH, sentence="ログが届いていません。", now=NOW)
    PullState.objects.create(contract=people.a, next_try_at=NOW, last_error="WafRefused: no", failures=2)
    bad = make_file(people.a, lines=3, rows=2, quarantined_lines=1)
    QuarantinedLine.objects.create(file=bad, line_number=1, reason="bad_json", raw=b"{")
    make_file(people.a, state=LogFileState.QUARANTINED, reason="WafRefused: no", lines=0, rows=0)
    _fill_reports(people)
    _fill_advisories(people)
