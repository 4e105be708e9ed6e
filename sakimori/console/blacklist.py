"""ブラックリスト: every customer's entries, sought and narrowed; as CSV; added by hand; taken off, one or many."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.models import User
from sakimori.accounts.paging import page_of
from sakimori.blacklist import bulk, table
from sakimori.blacklist.actions import NotPossible
from sakimori.blacklist.by_hand import NotAnAddress, add, read_entry
from sakimori.blacklist.crawlers import crawlers_by
from sakimori.blacklist.filters import BlockFilter
from sakimori.blacklist.lasting import Lasting
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.queries import CUSTOMER_PATH, blocks, deciders
from sakimori.console.block_rows import block_rows
from sakimori.console.pages import show, ticked
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.customers.queries import running_contracts
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.store.interface import StoreError

_STORE_AWAY = "ログ保管庫に接続できないため、正常な通信を確認できません。時間をおいてお試しください。"


class AddForm(forms.Form):
    """What is put on whose list, why, and for how long."""

    address = forms.CharField(
        label="IP アドレス・ネットワーク",
        max_length=60,
        help_text="例：203.0.113.5、203.0.113.0/24、2001:db8::/64",
    )
    note = forms.CharField(
        label="追加の理由",
        max_length=200,
        help_text="監査記録に残ります。200 文字までご記入ください。",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    lasts = forms.ChoiceField(label="期間", choices=[("", "期限なし"), *Lasting.choices], required=False)
    field_order = ["contract", "address", "note", "lasts"]

    def __init__(self, data: Any, *, user: User, initial: dict[str, object]) -> None:
        super().__init__(data, initial=initial)
        rows = access.visible(running_contracts(day_of(utc_now())), user).order_by("customer__name", "number")
        self.contracts = {str(row.pk): row for row in rows}
        names = [(key, f"{row.customer.name}（{row.number}）") for key, row in self.contracts.items()]
        self.fields["contract"] = forms.ChoiceField(label="お客様（契約）", choices=[("", "選んでください"), *names])
        self.order_fields(self.field_order)

    def clean_contract(self) -> Contract:
        """The contract that was chosen among those that run."""
        return self.contracts[self.cleaned_data["contract"]]

    def clean_address(self) -> str:
        """The canonical text."""
        try:
            return read_entry(self.cleaned_data["address"])
        except NotAnAddress as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class RemoveForm(forms.Form):
    """One reason for all, and the number typed as a proof that it was read."""

    reason = forms.CharField(
        label="解除の理由",
        help_text="監査記録に残ります。200 文字までご記入ください。",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    typed = forms.CharField(label="解除する件数", max_length=9, widget=forms.TextInput({"inputmode": "numeric"}))

    def __init__(self, data: Any, *, count: int) -> None:
        super().__init__(data)
        self.count = count
        self.fields["typed"].help_text = f"確認のため「{count}」とご記入ください。"

    def clean_typed(self) -> str:
        """The number that the page has shown."""
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != str(self.count):
            raise forms.ValidationError(f"件数が一致しません。いま対象は {self.count} 件です。")
        return typed


@require_GET
@soc_only
def blocked(request: PersonRequest) -> HttpResponse:
    """The list itself: what is on it unless the filter says otherwise."""
    form = _filter(request)
    page, shown = page_of(form.narrow(_visible(request)), request)
    context: dict[str, object] = {
        "page": page,
        "rows": block_rows(shown, now=utc_now()),
        "form": form,
        "query": form.query(),
        "lastings": Lasting.choices,
    }
    return show(request, "console/blocked.html", context)


@require_GET
@soc_only
def as_csv(request: PersonRequest) -> StreamingHttpResponse:
    """What the filter finds, as a file for a spreadsheet program."""
    pieces = table.as_csv(_filter(request).narrow(_visible(request)), table.DESK_COLUMNS)
    name = f"blacklist_{day_of(utc_now()):%Y%m%d}.csv"
    headers = {**table.HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type=table.CONTENT_TYPE, headers=headers)


@require_http_methods(["GET", "POST"])
@soc_only
def remove(request: PersonRequest) -> HttpResponse:
    """Take the chosen entries, or all that the filter finds, off the list: first what it would be, then the deed.

    The page's address says what is meant; `newest` in the form keeps out what has come since it was shown.
    """
    rows = bulk.removable(_meant(request))
    newest = request.POST.get("newest", "")
    if newest.isascii() and newest.isdecimal() and len(newest) < 19:
        rows = rows.filter(pk__lte=int(newest))
    count = rows.count()
    form = RemoveForm(request.POST or None, count=count)
    if request.method == "POST" and count and form.is_valid():
        return _removed(request, bulk.restore_all(rows, by=request.user, reason=_reason(form), now=utc_now()))
    first = list(rows.order_by("-pk")[:20])
    context: dict[str, object] = {
        "form": form,
        "count": count,
        "first": first,
        "customers": rows.order_by().values("contract__customer").distinct().count(),
        "newest": newest or (first[0].pk if first else 0),
        "at_most": bulk.AT_MOST if count > bulk.AT_MOST else 0,
        "ask_days": settings.CONFIG.ask_days,
    }
    return show(request, "console/remove.html", context)


@require_http_methods(["GET", "POST"])
@soc_only
def by_hand(request: PersonRequest) -> HttpResponse:
    """Put an address or a network on a customer's list."""
    initial: dict[str, object] = {name: request.GET.get(name, "") for name in ("address", "contract")}
    form = AddForm(request.POST or None, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        block = _add(request, form)
        if block is not None:
            return HttpResponseRedirect(reverse("console:block", args=[block.pk]))
    return show(request, "console/add.html", {"form": form})


def _add(request: PersonRequest, form: AddForm) -> Block | None:
    chosen_ = form.cleaned_data
    lasts = Lasting(chosen_["lasts"]).span if chosen_["lasts"] else None
    try:
        block = add(
            chosen_["contract"],
            chosen_["address"],
            note=chosen_["note"],
            lasts=lasts,
            store=backends.log_store(),
            crawlers=crawlers_by(backends.name_server()),
            by=request.user,
            now=utc_now(),
        )
    except NotPossible as refusal:
        form.add_error("address", str(refusal))
        return None
    except StoreError:
        form.add_error(None, _STORE_AWAY)
        return None
    messages.success(request, _said(block))
    return block


def _said(block: Block) -> str:
    if block.state != BlockState.PROPOSED:
        return f"{block.address} を追加しました。"
    if block.decided_by_id is not None:
        return f"{block.address} は広い範囲のため、別の担当者の承認を待ちます。"
    return f"{block.address} には確認事項があります。理由を確認して、承認または却下してください。"


def _removed(request: PersonRequest, removed: bulk.Removed) -> HttpResponse:
    messages.success(request, f"{removed.asked} 件の解除を受け付けました。")
    if removed.left:
        messages.error(request, f"残り {removed.left} 件は、もう一度操作してください。")
    return HttpResponseRedirect(reverse("console:blocked"))


def _reason(form: RemoveForm) -> str:
    reason: str = form.cleaned_data["reason"]
    return reason


def _meant(request: PersonRequest) -> QuerySet[Block]:
    if request.GET.get("all"):
        return _filter(request).narrow(_visible(request))
    return _visible(request).filter(pk__in=ticked(request.GET))


def _visible(request: PersonRequest) -> QuerySet[Block]:
    return access.visible(blocks(), request.user, customer=CUSTOMER_PATH)


def _filter(request: PersonRequest) -> BlockFilter:
    customers = access.customers_of(request.user).order_by("name")
    return BlockFilter(request.GET, now=utc_now(), customers=customers, people=deciders())
