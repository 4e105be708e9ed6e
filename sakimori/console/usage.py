"""帯域・構成: bandwidth of each contract against its plan, upgrades to confirm, and how the sites are set up."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.pages import back, show
from sakimori.console.troubles import Trouble, trouble_of
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month
from sakimori.lib.jst import day_of, utc_now
from sakimori.usage import actions
from sakimori.usage.models import UsageState
from sakimori.usage.queries import (
    MonthRow,
    contracts_with_usage,
    first_month,
    months_of,
    open_upgrades,
    upgrade_requests,
)
from sakimori.usage.words import SiteRow, site_rows

_MONTHS = 2


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract. differs: what the vendor says is purchased is not what our contract has."""

    contract: Contract
    runs: bool
    months: list[MonthRow]
    sites: list[SiteRow]
    state: UsageState | None
    troubles: list[Trouble]
    differs: list[str]


@require_GET
@soc_only
def usage(request: PersonRequest) -> HttpResponse:
    """All contracts."""
    now = utc_now()
    contracts = access.visible(contracts_with_usage(since=first_month(now, _MONTHS)), request.user)
    page, shown = page_of(contracts, request)
    waiting = access.visible(open_upgrades(), request.user, customer="contract__customer")
    context: dict[str, object] = {
        "page": page,
        "rows": [_row(contract, now) for contract in shown],
        "waiting": list(waiting),
    }
    return show(request, "console/usage.html", context)


@require_POST
@soc_only
def look(request: PersonRequest, number: str) -> HttpResponse:
    """いま確認する: read this contract at once."""
    contract = access.get(contracts_with_usage(since=first_month(utc_now(), 1)), request.user, number=number)
    try:
        actions.look_now(contract, by=request.user, now=utc_now())
    except actions.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"契約 {contract.number} の確認を始めました。数秒後に画面を更新してください。")
    return back(request, otherwise="console:usage")


@require_http_methods(["GET", "POST"])
@soc_only
def confirm(request: PersonRequest, pk: int) -> HttpResponse:
    """Say what a confirmation does, then do it."""
    row = access.get(upgrade_requests(), request.user, customer="contract__customer", pk=pk)
    if request.method == "POST":
        try:
            actions.confirm_upgrade(row, by=request.user, now=utc_now())
        except actions.NotPossible as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"契約 {row.contract.number} の帯域アップグレードを確認しました。")
        return HttpResponseRedirect(reverse("console:usage"))
    context = {"upgrade": row, "contract": row.contract, "month": Month.of(row.month)}
    return show(request, "console/upgrade.html", context)


def _row(contract: Contract, now: datetime) -> ContractRow:
    state: UsageState | None = getattr(contract, "usage_state", None)
    errors = (state.last_error, state.setup_error) if state else ()
    return ContractRow(
        contract=contract,
        runs=contract.runs_on(day_of(now)),
        months=list(months_of(contract, _MONTHS, now=now)),
        sites=site_rows(contract),
        state=state,
        troubles=[trouble_of(error) for error in errors if error],
        differs=_differences(contract, state) if state else [],
    )


def _differences(contract: Contract, state: UsageState) -> list[str]:
    found = []
    if state.purchased_mbps is not None and state.purchased_mbps != contract.plan_mbps:
        found.append(f"WAF ベンダー側の契約帯域は {state.purchased_mbps} Mbps です。")
    licence = state.purchased_load_balancing
    if licence is not None and licence != contract.has_load_balancing:
        found.append(f"WAF ベンダー側の Load Balancing ライセンスは「{'あり' if licence else 'なし'}」です。")
    return found
