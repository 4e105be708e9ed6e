"""診断・検査の予定 on the console: all announced scans, and those of one contract, registered and withdrawn."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.blacklist import quiet
from sakimori.blacklist.queries import CUSTOMER_PATH
from sakimori.blacklist.scan_form import ScanForm
from sakimori.console.pages import back, show
from sakimori.customers import access
from sakimori.customers.queries import contracts
from sakimori.lib.jst import day_of, utc_now


@require_GET
@soc_only
def scans(request: PersonRequest) -> HttpResponse:
    """Every announced scan, the one that ends last first."""
    page, _ = page_of(access.visible(quiet.windows(), request.user, customer=CUSTOMER_PATH), request)
    may_change = {row.contract.customer_id for row in page}
    return show(request, "console/scans.html", {"page": page, "now": utc_now(), "may_change": may_change})


@require_http_methods(["GET", "POST"])
@soc_only
def contract_scans(request: PersonRequest, pk: int) -> HttpResponse:
    """One contract's scans, and the form for another."""
    contract, now = access.get(contracts(), request.user, pk=pk), utc_now()
    form = ScanForm(request.POST if request.method == "POST" else None, contract=contract)
    if request.method == "POST" and form.is_valid():
        try:
            row = quiet.register(contract, form.plan(), by=request.user, now=now)
        except quiet.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "診断・検査の予定を登録しました。")
            if blocked := quiet.blocked_within(row):
                words = "、".join(block.address for block in blocked[:10])
                messages.error(
                    request, f"次のアドレスは遮断中または手続き中です。必要に応じて解除してください：{words}"
                )
            return HttpResponseRedirect(reverse("console:contract-scans", args=[pk]))
    page, _ = page_of(quiet.windows().filter(contract=contract), request)
    context = {
        "contract": contract,
        "page": page,
        "now": now,
        "form": form,
        "may_change": {contract.customer_id},
        "runs": contract.runs_on(day_of(now)),
    }
    return show(request, "console/contract_scans.html", context)


@require_POST
@soc_only
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    """The scan is over, or does not take place."""
    row = access.get(quiet.windows(), request.user, customer=CUSTOMER_PATH, pk=pk)
    quiet.withdraw(row, by=request.user, now=utc_now())
    messages.success(request, "診断・検査の予定を取り消しました。")
    return back(request, otherwise="console:scans")
