"""Asking that files be read again, and that it stop. One at a time."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet, Sum

from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile, Reparse
from sakimori.logs.reparse.choosing import chosen


class IsRunning(Exception):
    """Another one runs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files: of one contract or all, with events of these days of Japan, by older parsers only or (again) all."""

    contract: Contract | None = None
    first_day: date | None = None
    last_day: date | None = None
    again: bool = False

    def files(self, *, now: datetime) -> QuerySet[LogFile]:
        """The files as they stand now."""
        return chosen(
            contract=self.contract, first_day=self.first_day, last_day=self.last_day, again=self.again, now=now
        )


@dataclass(frozen=True, slots=True)
class Extent:
    """What it is about: files and rows; spooled: files that the spool still has as they were received."""

    files: int
    rows: int
    spooled: int


def extent_of(wanted: Wanted, *, now: datetime) -> Extent:
    """Count what would be read again."""
    files = wanted.files(now=now)
    sums = files.order_by().aggregate(files=Count("pk"), rows=Sum("rows"))
    return Extent(sums["files"], sums["rows"] or 0, files.filter(spool_cleared_at=None).count())


def running() -> Reparse | None:
    """What was asked for and has not ended."""
    return Reparse.objects.select_related("contract").filter(is_open=True).first()


def ask(wanted: Wanted, *, by: str, now: datetime) -> Reparse:
    """Ask that files be read again. by: who. Raises IsRunning."""
    extent, contract = extent_of(wanted, now=now), wanted.contract
    try:
        with transaction.atomic():
            order = Reparse.objects.create(
                is_open=True,
                asked_at=now,
                asked_by=by[:150],
                contract=contract,
                first_day=wanted.first_day,
                last_day=wanted.last_day,
                again=wanted.again,
                files=extent.files,
                rows=extent.rows,
            )
            target = f"contract:{contract.pk}" if contract else f"reparse:{order.pk}"
            details = {"files": extent.files, "rows": extent.rows, "from": wanted.first_day, "to": wanted.last_day}
            customer = contract.customer if contract else None
            audit.record(
                "logs.reparse",
                by=by,
                target=target,
                now=now,
                customer=customer,
                details={name: str(value) for name, value in details.items()} if customer else None,
            )
    except IntegrityError as error:
        raise IsRunning from error
    return order


def stop(order: Reparse, *, by: str, now: datetime) -> bool:
    """No further batch is begun. False if that was said before, or it has ended."""
    with transaction.atomic():
        if not Reparse.objects.filter(pk=order.pk, is_open=True, is_stopped=False).update(is_stopped=True):
            return False
        audit.record("logs.reparse.stop", by=by, target=f"reparse:{order.pk}", now=now)
    return True
