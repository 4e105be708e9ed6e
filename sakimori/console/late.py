"""遅れて届いた検知: the one list of what came late or was imported, and what an analyst does about it, one or many."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.inputs import ListFilter
from sakimori.accounts.models import User
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.blacklist.crawlers import crawlers_by
from sakimori.blacklist.explanations import KindText, explain
from sakimori.blacklist.late import LateBlocks, block_late, dismiss_all_late, dismiss_late, late_findings
from sakimori.blacklist.models import Finding
from sakimori.blacklist.queries import CUSTOMER_PATH, LateGroup, late_groups, newest_late_findings
from sakimori.console.pages import back, show
from sakimori.customers import access
from sakimori.customers.choosing import customer_field
from sakimori.incidents.late import every_late_signal, late_signals, see_late
from sakimori.lib.jst import utc_now
from sakimori.logs.store.interface import StoreError

_NOTHING = "対象の検知がありません。選択されていないか、すでに処理されています。"
_TOLD = 5  # Addresses that a message names; the list shows the others.


class CustomerFilter(ListFilter):
    """Whose late findings are shown; empty means all."""

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.fields["customer"] = customer_field(access.customers_of(user))

    def narrow(self, rows: QuerySet[Finding]) -> QuerySet[Finding]:
        """The rows of the chosen customer."""
        customer = self.cleaned_data.get("customer") if self.is_valid() else None
        return rows.filter(contract__customer=customer) if customer else rows


@dataclass(frozen=True, slots=True)
class LateRow:
    """A group as the list shows it."""

    group: LateGroup
    kind: KindText


@require_GET
@soc_only
def late(request: PersonRequest) -> HttpResponse:
    """What waits, the newest first."""
    form = CustomerFilter(request.GET, user=request.user)
    page, shown = page_of(form.narrow(_visible(request)), request)
    signals = access.visible(late_signals(), request.user, customer=CUSTOMER_PATH)
    context: dict[str, object] = {
        "signals": list(signals[:PER_PAGE]),
        "signal_count": signals.count(),
        "page": page,
        "rows": [LateRow(group, explain(group.newest.kind)) for group in late_groups(shown)],
        "form": form,
        "query": form.query(),
        "newest": max((row.pk for row in page.paginator.object_list[:1]), default=0),
        "limit": timedelta(minutes=settings.CONFIG.late_minutes),
    }
    return show(request, "console/late.html", context)


@require_POST
@soc_only
def dismiss(request: PersonRequest) -> HttpResponse:
    """The chosen groups need nothing more."""
    return _act(request, _chosen(request), lambda rows: _dismiss(request, rows))


@require_POST
@soc_only
def dismiss_all(request: PersonRequest) -> HttpResponse:
    """So with all that the filter shows, as far as they had come when the page was made."""
    form = CustomerFilter(request.POST, user=request.user)
    newest = request.POST.get("newest", "")
    rows = form.narrow(access.visible(late_findings(), request.user, customer=CUSTOMER_PATH))
    limit = int(newest) if newest.isascii() and newest.isdecimal() else 0
    _tell_dismissed(request, dismiss_all_late(rows, newest=limit, by=request.user, now=utc_now()))
    return back(request, otherwise="console:late")


@require_POST
@soc_only
def block(request: PersonRequest) -> HttpResponse:
    """The addresses of the chosen groups are to be blocked after all."""
    return _act(request, _chosen(request), lambda rows: _block(request, rows))


@require_POST
@soc_only
def see_signal(request: PersonRequest, pk: int) -> HttpResponse:
    """Signals of one site that came late need nothing more."""
    row = access.get(every_late_signal(), request.user, customer=CUSTOMER_PATH, pk=pk)
    see_late([row], by=request.user, now=utc_now())
    messages.success(request, f"{row.site_name} の遅れて届いた検知を確認済みにしました。")
    return back(request, otherwise="console:late")


def _visible(request: PersonRequest) -> QuerySet[Finding]:
    return access.visible(newest_late_findings(), request.user, customer=CUSTOMER_PATH)


def _chosen(request: PersonRequest) -> QuerySet[Finding]:
    """Groups by the finding that stood for them when the page was made; newer findings have come since, perhaps."""
    keys = [int(key) for key in request.POST.getlist("chosen") if key.isascii() and key.isdecimal()]
    return access.visible(late_findings(), request.user, customer=CUSTOMER_PATH).filter(pk__in=keys)


def _act(request: PersonRequest, rows: QuerySet[Finding], action: Callable[[Sequence[Finding]], None]) -> HttpResponse:
    found = list(rows.select_related("contract__customer"))
    if found:
        action(found)
    else:
        messages.error(request, _NOTHING)
    return back(request, otherwise="console:late")


def _dismiss(request: PersonRequest, rows: Sequence[Finding]) -> None:
    _tell_dismissed(request, dismiss_late(rows, by=request.user, now=utc_now()))


def _tell_dismissed(request: PersonRequest, number: int) -> None:
    if number:
        messages.success(request, f"遅れて届いた検知 {number} 件を確認済みにしました。")
    else:
        messages.error(request, _NOTHING)


def _block(request: PersonRequest, rows: Sequence[Finding]) -> None:
    try:
        store, crawlers = backends.log_store(), crawlers_by(backends.name_server())
        outcome = block_late(rows, store=store, crawlers=crawlers, by=request.user, now=utc_now())
    except StoreError:
        messages.error(
            request, "ログ保管庫に接続できないため、正常な通信を確認できません。時間をおいてお試しください。"
        )
    else:
        _tell(request, outcome)


def _tell(request: PersonRequest, outcome: LateBlocks) -> None:
    for addresses, said in (
        (outcome.approved, "登録を承認しました"),
        (outcome.asked, "確認事項があるため「要判断」に加えました"),
        (outcome.there, "すでに登録または解除の手続き中のため、その記録に加えました"),
    ):
        if addresses:
            messages.success(request, f"{_named(addresses)}：{said}。")
    for address, reason in outcome.refused:
        messages.error(request, f"{address or '（アドレスなし）'}：{reason.sentence}")


def _named(addresses: Sequence[str]) -> str:
    more = len(addresses) - _TOLD
    return "、".join(addresses[:_TOLD]) + (f" ほか {more} 件" if more > 0 else "")
