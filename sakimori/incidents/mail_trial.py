"""Trying patterns on a mail: which fits, what it names, and what would happen. Nothing is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.incidents.models import MailKind
from sakimori.incidents.patterns import Expressions, fit, understand
from sakimori.incidents.vendor_mails import site_named

_WOULD = {
    MailKind.START: "{site} の攻撃の開始として記録し、サイトの表示を確認します。",
    MailKind.END: "{site} の攻撃の終息として記録します。",
    MailKind.IGNORE: "対応不要として記録します。",
}
_IF_PROVEN = "ただし、差出人を DKIM または SPF で確認できたメールに限ります。"


@dataclass(frozen=True, slots=True)
class TriedPattern:
    """A pattern and whether it fits. groups: what its named groups have found."""

    name: str
    kind: MailKind
    fits: bool
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """How a mail is understood. outcome: what would happen with it. site: under whom its site is registered."""

    patterns: Sequence[TriedPattern]
    understood: bool
    outcome: str
    site: str


def try_patterns(patterns: Sequence[Expressions], *, subject: str, text: str, now: datetime) -> Trial:
    """Try them as they would be tried on a mail that has just come in."""
    fits = [(pattern, fit(pattern, subject=subject, text=text)) for pattern in patterns]
    tried = [TriedPattern(p.name, p.kind, found is not None, found.groups if found else {}) for p, found in fits]
    found = understand(patterns, subject=subject, text=text)
    if found.kind is None:
        return Trial(tried, understood=False, outcome=f"{found.reason}SOC の確認待ちになります。", site="")
    outcome, customer = _WOULD[found.kind].format(site=found.site), ""
    if found.kind != MailKind.IGNORE:
        site, trouble = site_named(found.site, now=now)
        customer = site.contract.named if site else ""
        outcome = f"{trouble}SOC の確認待ちになります。" if trouble else outcome + _IF_PROVEN
    return Trial(tried, understood=not (found.kind != MailKind.IGNORE and not customer), outcome=outcome, site=customer)
