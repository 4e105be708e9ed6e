"""診断・検査の予定: the customer announces scans, so that the scanner is not taken for an attacker."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.paging import page_of
from sakimori.blacklist import quiet
from sakimori.blacklist.queries import CUSTOMER_PATH
from sakimori.blacklist.scan_form import ScanForm
from sakimori.customers import access
from sakimori.customers.queries import running_contracts
from sakimori.lib.jst import day_of, utc_now
from sakimori.portal.pages import show

_MOST_CONTRACTS = 50


@require_GET
@signed_in
def scans(request: PersonRequest) -> HttpResponse:
    """What is announced, and for which contracts more can be."""
    now = utc_now()
    page, _ = page_of(access.visible(quiet.windows(), request.user, customer=CUSTOMER_PATH), request)
    running = access.visible(running_contracts(day_of(now)), request.user)
    allowed = access.customers_to_act_for(request.user)
    contracts = list(running.filter(customer__in=allowed)[:_MOST_CONTRACTS])
    may_change = set(allowed.values_list("pk", flat=True)) if contracts else set()
    context: dict[str, object] = {"page": page, "now": now, "contracts": contracts, "may_change": may_change}
    return show(request, "portal/scans.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def announce(request: PersonRequest, number: str) -> HttpResponse:
    """Announce a scan; for approvers and admins."""
    now = utc_now()
    contract = access.get(running_contracts(day_of(now)), request.user, number=number)
    access.check_may_restore(request.user, contract.customer)
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
                said = "次のアドレスは遮断中または手続き中です。解除が必要な場合は、チケットからご依頼ください"
                messages.error(request, f"{said}：{words}")
            return HttpResponseRedirect(reverse("portal:scans"))
    return show(request, "portal/scan.html", {"contract": contract, "form": form})


@require_POST
@signed_in
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    """The scan is over, or does not take place."""
    row = access.get(quiet.windows(), request.user, customer=CUSTOMER_PATH, pk=pk)
    access.check_may_restore(request.user, row.contract.customer)
    quiet.withdraw(row, by=request.user, now=utc_now())
    messages.success(request, "診断・検査の予定を取り消しました。")
    return HttpResponseRedirect(reverse("portal:scans"))
