"""Writes the chain: a link with every stored file, and letting go of old days. Call both inside a transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Q

from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.logs.chain.rows import day_record, link_record
from sakimori.logs.chain.rules import BEGINNING, digest_of
from sakimori.logs.models import ChainDay, ChainHead, ChainLink, LogFile

SEALED = "logs.day"


@dataclass(frozen=True, slots=True)
class Span:
    """The Japanese days of a file's events, the first and the last; None where it has no event."""

    oldest: date | None = None
    newest: date | None = None

    @property
    def days(self) -> tuple[date, date] | None:
        """Both of them."""
        return (self.oldest, self.newest) if self.oldest and self.newest else None


def add_link(file: LogFile, span: Span, *, now: datetime) -> ChainLink:
    """Write the link of a file that is being stored, once; a file that has one keeps it.

    The day is that of storing, not of receiving: a file that was received yesterday and stored today must not be put
    into a day that others may have read as complete. Days never run backwards, even if the clock does.
    """
    head = _locked_head(file.contract, now)
    known = ChainLink.objects.filter(file=file).first()
    if known is not None:
        return known
    day = _day(head, now)
    link = _link(file, span, day, head, now)
    link.save(force_insert=True)
    ChainDay.objects.filter(pk=day.pk).update(links=F("links") + 1, last=link.digest)
    return link


def add_links(files: Sequence[tuple[LogFile, Span]], *, now: datetime) -> None:
    """Write the links of several files, of whatever contracts, as `add_link` does for one."""
    heads = _locked_heads({file.contract_id: file.contract for file, _ in files}, now)
    known = set(ChainLink.objects.filter(file__in=[file.pk for file, _ in files]).values_list("file", flat=True))
    new = sorted((pair for pair in files if pair[0].pk not in known), key=lambda pair: pair[0].pk)
    days = _days({contract: heads[contract] for contract in {file.contract_id for file, _ in new}}, now)
    links = []
    for file, span in new:
        link = _link(file, span, days[file.contract_id], heads[file.contract_id], now)
        link.day.links, link.day.last = link.sequence, link.digest
        links.append(link)
    ChainLink.objects.bulk_create(links)
    ChainDay.objects.bulk_update(days.values(), ["links", "last"])


def let_go(contract: Contract, *, kept_from: date, today: date) -> int:
    """Let go of the days before `kept_from`, the oldest first, and keep the digest of the last of them.

    A day stays while one of its files has events that are kept (its sender's clock was ahead), and so do those after
    it. Events of times that are still to come keep it for no more than a day, see `retention.py`.

    Returns how many days went.
    """
    head = ChainHead.objects.select_for_update().filter(contract=contract).first()
    if head is None:
        return 0
    days = ChainDay.objects.filter(contract=contract)
    day = timedelta(days=1)
    not_ahead = Q(chain_links__newest_day__lte=today + day) | Q(day__gte=kept_from - day)
    kept = days.filter(not_ahead, chain_links__newest_day__gte=kept_from)
    needed = kept.order_by("day").values_list("day", flat=True).first()
    old = list(days.filter(day__lt=min(kept_from, needed or kept_from)).order_by("day"))
    if not old:
        return 0
    last = old[-1]
    head.anchor, head.anchor_day = day_record(last, head).digest, last.day
    head.save(update_fields=["anchor", "anchor_day"])
    ChainLink.objects.filter(day__in=[day.pk for day in old]).delete()
    return days.filter(pk__in=[day.pk for day in old]).delete()[0]


def _link(file: LogFile, span: Span, day: ChainDay, head: ChainHead, now: datetime) -> ChainLink:
    """The link that follows the last one of a day. Does not save."""
    link = ChainLink(
        day=day,
        file=file,
        sequence=day.links + 1,
        linked_at=now,
        oldest_day=span.oldest,
        newest_day=span.newest,
        previous=day.last or day.previous,
    )
    link.digest = digest_of(link_record(link, head))
    return link


def _locked_heads(contracts: Mapping[int, Contract], now: datetime) -> dict[int, ChainHead]:
    """Always in one order: two workers must not wait for each other."""
    rows = ChainHead.objects.select_for_update().filter(contract__in=contracts.keys()).order_by("contract")
    heads = {head.contract_id: head for head in rows}
    for number in sorted(contracts.keys() - heads.keys()):
        heads[number] = _locked_head(contracts[number], now)
    return heads


def _days(heads: Mapping[int, ChainHead], now: datetime) -> dict[int, ChainDay]:
    """The day of each contract to which links are added now."""
    rows = ChainDay.objects.filter(contract__in=heads.keys(), day__gte=day_of(now)).order_by("day")
    days = {day.contract_id: day for day in rows}
    return {number: days[number] if number in days else _day(head, now) for number, head in heads.items()}


def _locked_head(contract: Contract, now: datetime) -> ChainHead:
    head, _ = ChainHead.objects.get_or_create(
        contract=contract, defaults={"contract_number": contract.number, "began_at": now, "anchor": BEGINNING}
    )
    return ChainHead.objects.select_for_update().get(pk=head.pk)


def _day(head: ChainHead, now: datetime) -> ChainDay:
    """The day to which a link is added now. When a new one begins, the one before goes into the record."""
    today = day_of(now)
    newest = ChainDay.objects.filter(contract=head.contract_id).order_by("-day").first()
    if newest is not None and newest.day >= today:
        return newest
    previous = head.anchor
    if newest is not None:
        previous = day_record(newest, head).digest
        _record(newest, previous, head, now)
    day = max(today, head.anchor_day or today)
    ChainHead.objects.filter(pk=head.pk).update(newest_day=day)
    return ChainDay.objects.create(contract_id=head.contract_id, day=day, previous=previous, check_at=now)


def _record(day: ChainDay, digest: str, head: ChainHead, now: datetime) -> None:
    """The record is chained by itself: whoever forges the chain of the logs must forge the record as well."""
    audit.record_of(
        head.contract, SEALED, by="sakimori", now=now, details={"day": day.day, "links": day.links, "digest": digest}
    )
