"""What people do with downloads: ask for a bundle, take it back, fetch one, fetch a small one at once. All of it is
written into the customer's record.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q

from sakimori.accounts.models import User
from sakimori.customers import audit, files
from sakimori.customers.models import Contract, Customer
from sakimori.lib.jst import day_of
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports.asked import KEPT
from sakimori.logs.exports.queries import exports_of_side
from sakimori.logs.models import Export, ExportForm, ExportState
from sakimori.logs.search_address import query_string

AT_ONCE = 10_000
MOST_LINES = 2_000_000
MOST_WAITING, MOST_KEPT = 2, 10
UNFINISHED = (ExportState.WAITING, ExportState.RUNNING)


class NotPossible(Exception):
    """What was asked cannot be done; the text is a Japanese sentence for the person who asked."""


def check_may_download(contract: Contract, *, now: datetime) -> None:
    """From the day of cancellation on nothing is handed over (specification 3-1). Raises NotPossible."""
    if not contract.runs_on(day_of(now)):
        raise NotPossible("ご契約が終了しているため、ログをダウンロードできません。")


def ask(contract: Contract, query: LogQuery, *, form: ExportForm, total: int, by: User, now: datetime) -> Export:
    """Ask for a bundle of what a search finds, which is `total` lines now. Raises NotPossible."""
    check_may_download(contract, now=now)
    if total > MOST_LINES:
        raise NotPossible(
            f"該当するログが {total:,} 件あります。一度にダウンロードできるのは {MOST_LINES:,} 件までです。"
            "期間を短くするか、条件を追加してください。"
        )
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=contract.customer_id)
        _check_room(contract, by)
        export = Export.objects.create(
            contract=contract,
            by=by,
            query=query_string(query),
            form=form,
            total=total,
            asked_at=now,
            next_try_at=now,
            expires_at=now + KEPT,
        )
        _note("logs.export", export, by=by, now=now)
    return export


def drop(export: Export, *, by: User, now: datetime) -> None:
    """Take an export back: one that is not finished is not made; any other one goes with its file at once."""
    with transaction.atomic():
        found = Export.objects.select_for_update().filter(pk=export.pk).first()
        if found is None:
            return
        _note("logs.export.drop", found, by=by, now=now)
        if found.state in UNFINISHED:
            Export.objects.filter(pk=found.pk).update(state=ExportState.CANCELLED)
            return
        found.delete()
    remove_file(found)


def note_fetching(export: Export, *, by: User, now: datetime) -> None:
    """Somebody fetches a bundle. Raises NotPossible."""
    check_may_download(export.contract, now=now)
    _note("logs.download", export, by=by, now=now)


def note_download(
    contract: Contract, query: LogQuery, *, form: ExportForm, total: int, by: User, now: datetime
) -> None:
    """Somebody downloads what a search finds at once. Raises NotPossible."""
    check_may_download(contract, now=now)
    audit.record_of(
        contract,
        "logs.download",
        by=by.username,
        now=now,
        details={"query": query_string(query), "form": str(form), "lines": total},
    )


def remove_file(export: Export) -> None:
    """Remove what was written of an export, finished or not. Done twice it does nothing."""
    if export.stored_name:
        files.remove(export.contract.customer, export.stored_name)


def _check_room(contract: Contract, by: User) -> None:
    """Only what the side that asks has asked for counts: nobody could delete the other's."""
    mine = exports_of_side(by).filter(contract__customer=contract.customer_id).order_by()
    room = mine.aggregate(
        waiting=Count("pk", filter=Q(state__in=UNFINISHED)), kept=Count("pk", filter=Q(state=ExportState.READY))
    )
    whose = "SOC が作成したこのお客様のダウンロード" if by.is_soc else "作成済みのダウンロード"
    if room["waiting"] >= MOST_WAITING:
        raise NotPossible(f"作成中のダウンロードが {MOST_WAITING} 件あります。完了してから、もう一度お試しください。")
    if room["kept"] >= MOST_KEPT:
        raise NotPossible(f"{whose}が {MOST_KEPT} 件あります。不要なものを削除してから、もう一度お試しください。")


def _note(action: str, export: Export, *, by: User, now: datetime) -> None:
    audit.record(
        action,
        by=by.username,
        target=f"export:{export.pk}",
        now=now,
        customer=export.contract.customer,
        details={"contract": export.contract.number, "query": export.query, "form": export.form, "lines": export.total}
        | ({"sha256": export.sha256} if export.sha256 else {}),
    )
