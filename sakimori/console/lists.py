"""WAF との照合: how each contract's list at the vendor compares with our rows, and what an analyst decides about it."""

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.blacklist import missing
from sakimori.blacklist.actions import NotPossible
from sakimori.blacklist.capacity import Room, limit_of
from sakimori.blacklist.list_queries import contracts_with_lists, missing_blocks
from sakimori.blacklist.models import Block, ListCheck
from sakimori.blacklist.queries import CUSTOMER_PATH, blocks
from sakimori.console.pages import attempt, back, show
from sakimori.console.troubles import Trouble, trouble_of
from sakimori.customers import access
from sakimori.customers.models import BlockList, Contract
from sakimori.lib.jst import day_of, utc_now

_NEARLY_FULL = 80


class LimitForm(forms.Form):
    """How many entries the list can hold."""

    limit = forms.IntegerField(
        label="登録上限（件）",
        help_text="WAF のリストに登録できる件数です。空欄にすると、全体の設定値を使用します。",
        required=False,
        min_value=1,
        max_value=1_000_000,
    )


@dataclass(frozen=True, slots=True)
class ListRow:
    """One contract. trouble: why it could not be compared; told: the gravest difference, in a sentence."""

    contract: Contract
    check: ListCheck | None
    room: Room
    trouble: Trouble | None
    nearly_full: bool
    runs: bool

    @property
    def fine(self) -> bool:
        """Compared, and nothing differs."""
        return bool(self.check and self.check.checked_at and not self.trouble and not self.check.told)


@require_GET
@soc_only
def overview(request: PersonRequest) -> HttpResponse:
    """All contracts."""
    page, shown = page_of(access.visible(contracts_with_lists(), request.user), request)
    return show(request, "console/lists.html", {"page": page, "rows": [_row(contract) for contract in shown]})


@require_GET
@soc_only
def of_contract(request: PersonRequest, pk: int) -> HttpResponse:
    """One contract's list in full."""
    contract = _contract(request, pk)
    row = _row(contract)
    gone = access.visible(missing_blocks(), request.user, customer=CUSTOMER_PATH).filter(contract=contract)
    page, shown = page_of(gone, request)
    entered = row.check.limit if row.check else None
    context: dict[str, object] = {
        "row": row,
        "missing": shown,
        "page": page,
        "form": LimitForm(initial={"limit": entered}),
        "default_limit": settings.CONFIG.list_limit,
        "compare_minutes": settings.CONFIG.compare_minutes,
        "lost": contract.sites.filter(vendor_site_id__in=row.check.gone_sites if row.check else []),
        "kind": _kind(contract),
    }
    return show(request, "console/list.html", context)


@require_POST
@soc_only
def compare(request: PersonRequest, pk: int) -> HttpResponse:
    """いま照合する."""
    contract = _contract(request, pk)
    missing.compare_now(contract, by=request.user, now=utc_now())
    messages.success(request, f"契約 {contract.number} の照合を始めました。数秒後に画面を更新してください。")
    return _to(contract)


@require_POST
@soc_only
def limit(request: PersonRequest, pk: int) -> HttpResponse:
    """Enter how many entries the list can hold."""
    contract = _contract(request, pk)
    form = LimitForm(request.POST)
    if form.is_valid():
        missing.enter_limit(contract, form.cleaned_data["limit"], by=request.user, now=utc_now())
        messages.success(request, f"契約 {contract.number} の登録上限を保存しました。")
    else:
        messages.error(request, "登録上限は 1 以上 1,000,000 以下の整数でご記入ください。")
    return _to(contract)


@require_POST
@soc_only
def put_all_back(request: PersonRequest, pk: int) -> HttpResponse:
    """すべて登録し直す."""
    contract = _contract(request, pk)
    gone = access.visible(missing_blocks(), request.user, customer=CUSTOMER_PATH).filter(contract=contract)
    attempt(
        request,
        lambda: missing.put_all_back(list(gone), by=request.user, now=utc_now()),
        f"契約 {contract.number} の登録し直しを始めました。",
        refusal=NotPossible,
    )
    return _to(contract)


@require_POST
@soc_only
def put_back(request: PersonRequest, pk: int) -> HttpResponse:
    """登録し直す."""
    row = _block(request, pk)
    attempt(
        request,
        lambda: missing.put_back(row, by=request.user, now=utc_now()),
        f"{row.address} の登録し直しを始めました。",
        refusal=NotPossible,
    )
    return back(request, otherwise="console:lists")


@require_POST
@soc_only
def accept_removal(request: PersonRequest, pk: int) -> HttpResponse:
    """解除済みにする."""
    row = _block(request, pk)
    missing.accept_removal(row, by=request.user, now=utc_now())
    messages.success(request, f"{row.address} を解除済みにします。")
    return back(request, otherwise="console:lists")


def _row(contract: Contract) -> ListRow:
    check: ListCheck | None = getattr(contract, "list_check", None)
    now = utc_now()
    room = Room(entries=check.entries if check else 0, limit=limit_of(check, now))
    return ListRow(
        contract=contract,
        check=check,
        room=room,
        trouble=trouble_of(check.last_error) if check and check.last_error else None,
        nearly_full=room.percent >= _NEARLY_FULL,
        runs=contract.runs_on(day_of(now)),
    )


def _contract(request: PersonRequest, pk: int) -> Contract:
    return access.get(contracts_with_lists(), request.user, pk=pk)


def _block(request: PersonRequest, pk: int) -> Block:
    return access.get(blocks(), request.user, customer=CUSTOMER_PATH, pk=pk)


def _kind(contract: Contract) -> str:
    account = getattr(contract, "vendor_account", None)
    return str(BlockList(account.block_list).label) if account else "接続情報が未登録です"


def _to(contract: Contract) -> HttpResponse:
    return HttpResponseRedirect(reverse("console:list", args=[contract.pk]))
