"""診断・検査の予定: scans that are announced beforehand, so that the scanner is not taken for an attacker.

An end is required and is never far; the addresses are few. Each change is atomic and recorded.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet, Sum

from sakimori.accounts.models import User
from sakimori.blacklist.announced import Announced
from sakimori.blacklist.models import CLOSED_STATES, Block, QuietWindow
from sakimori.blacklist.reasons import Reason
from sakimori.customers import audit
from sakimori.customers.models import Contract, Site
from sakimori.lib.addresses import Network, covers, is_public, parse_address, parse_network, short
from sakimori.lib.jst import day_of

LONGEST = timedelta(days=31)
FURTHEST = timedelta(days=366)
MOST_NETWORKS = 20
MOST_OPEN = 50
_WIDEST = {4: 24, 6: 48}
_SEPARATORS = re.compile(r"[\s,、，]+")


class NotPossible(Exception):
    """The scan cannot be registered so. The text is a Japanese sentence for the person."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody wants to announce. sources: as he typed them."""

    site: Site | None
    sources: str
    starts_at: datetime
    ends_at: datetime
    note: str


def announced(contract: Contract, *, since: datetime) -> tuple[Announced, ...]:
    """All scans of a contract that end after `since`, as pure data. One query."""
    rows = QuietWindow.objects.filter(contract=contract, ends_at__gte=since)
    return tuple(_announced(row) for row in rows if row.withdrawn_at is None or row.withdrawn_at > row.starts_at)


def _announced(row: QuietWindow) -> Announced:
    networks = tuple(network for text in row.networks if (network := parse_network(text)) is not None)
    ends_at = min(row.ends_at, row.withdrawn_at) if row.withdrawn_at else row.ends_at
    return Announced(row.site_id, networks, row.starts_at, ends_at)


def windows() -> QuerySet[QuietWindow]:
    """Every announced scan with what its row shows, the one that ends last first."""
    rows = QuietWindow.objects.select_related("contract__customer", "site", "registered_by", "withdrawn_by")
    return rows.order_by("-ends_at", "-pk")


def scans_between(contract: Contract, begins: datetime, ends: datetime) -> list[Announced]:
    """Announced scans of which some part lies in the time, the first first; those withdrawn before they began not."""
    found = [scan for scan in announced(contract, since=begins) if scan.starts_at < ends and scan.ends_at >= begins]
    return sorted(found, key=lambda scan: (scan.starts_at, scan.ends_at))


def requests_of_scans(contract: Contract, begins: datetime, ends: datetime) -> int:
    """How many requests of that time were only written down because they belonged to an announced scan."""
    rows = contract.findings.filter(reason=Reason.ANNOUNCED_SCAN, first_at__gte=begins, first_at__lt=ends)
    total = rows.aggregate(total=Sum(F("blocked") + F("passed") + F("challenged") + F("other")))["total"]
    return int(total or 0)


def register(contract: Contract, plan: Plan, *, by: User, now: datetime) -> QuietWindow:
    """Announce a scan. The same one once more changes nothing."""
    networks = read_sources(plan.sources)
    _check_times(contract, plan, now)
    with transaction.atomic():
        mine = QuietWindow.objects.filter(contract=contract, withdrawn_at=None, ends_at__gt=now)
        same = mine.filter(site=plan.site, starts_at=plan.starts_at, ends_at=plan.ends_at)
        known = next((row for row in same if row.networks == networks), None)
        if known is not None:
            return known
        if mine.count() >= MOST_OPEN:
            raise NotPossible(f"有効な予定は 1 契約につき {MOST_OPEN} 件までです。不要な予定を取り消してください。")
        row = QuietWindow.objects.create(
            contract=contract,
            site=plan.site,
            networks=networks,
            starts_at=plan.starts_at,
            ends_at=plan.ends_at,
            note=plan.note[:200],
            by_customer=not by.is_soc,
            registered_at=now,
            registered_by=by,
        )
        _record(row, "scan.announce", by, now)
    return row


def withdraw(row: QuietWindow, *, by: User, now: datetime) -> None:
    """It is over, or does not take place. A second time changes nothing."""
    with transaction.atomic():
        if QuietWindow.objects.filter(pk=row.pk, withdrawn_at=None).update(withdrawn_at=now, withdrawn_by=by):
            _record(row, "scan.withdraw", by, now)


def blocked_within(row: QuietWindow) -> list[Block]:
    """Open blocks of the scan's addresses: announcing a scan takes nobody off the list."""
    networks = _announced(row).networks
    blocks = Block.objects.filter(contract=row.contract).exclude(state__in=CLOSED_STATES)
    return [block for block in blocks if (found := parse_address(block.address)) and covers(networks, found)]


def read_sources(text: str) -> list[str]:
    """Canonical texts of what was typed, each once. Raises NotPossible with the one that is wrong."""
    words = [word for word in _SEPARATORS.split(text.strip()) if word]
    if not words:
        raise NotPossible("送信元の IP アドレスを入力してください。")
    if len(words) > MOST_NETWORKS:
        raise NotPossible(f"送信元は {MOST_NETWORKS} 件までです。")
    return list(dict.fromkeys(_source(word) for word in words))


def _source(word: str) -> str:
    shown = word[:50]
    network = parse_network(word)
    if network is None:
        raise NotPossible(f"「{shown}」は IP アドレスとして読み取れません。例：203.0.113.7、203.0.113.0/28")
    least = _WIDEST[network.version]
    if network.prefixlen < least:
        raise NotPossible(f"「{shown}」は範囲が広すぎます。/{least} より狭い範囲で入力してください。")
    if not _is_public(network):
        raise NotPossible(
            f"「{shown}」はインターネット上のアドレスではありません。接続元のグローバルアドレスを入力してください。"
        )
    return short(network)


def _is_public(network: Network) -> bool:
    counts = settings.CONFIG.training
    return all(is_public(end, documentation_counts=counts) for end in (network[0], network[-1]))


def _check_times(contract: Contract, plan: Plan, now: datetime) -> None:
    if not contract.runs_on(day_of(now)):
        raise NotPossible("契約が解約日を迎えているため、登録できません。")
    if plan.site is not None and plan.site.contract_id != contract.pk:
        raise NotPossible("この契約のサイトではありません。")
    if plan.ends_at <= plan.starts_at:
        raise NotPossible("終了は開始より後の日時を入力してください。")
    if plan.ends_at <= now:
        raise NotPossible("終了がすでに過ぎています。これからの日時を入力してください。")
    if plan.ends_at - plan.starts_at > LONGEST:
        raise NotPossible(f"期間は {LONGEST.days} 日以内で入力してください。")
    if plan.starts_at - now > FURTHEST:
        raise NotPossible("開始は 1 年以内の日時を入力してください。")


def _record(row: QuietWindow, action: str, by: User, now: datetime) -> None:
    details = {
        "networks": " ".join(row.networks),
        "site": row.site.domain if row.site else "",
        "from": row.starts_at.isoformat(),
        "until": row.ends_at.isoformat(),
    }
    target = f"scan:{row.pk}"
    audit.record(action, by=by.username, target=target, now=now, customer=row.contract.customer, details=details)


def sites_of(contract: Contract) -> QuerySet[Site]:
    """The sites that a scan may be about."""
    return contract.sites.order_by("domain", "pk")
