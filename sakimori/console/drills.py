"""連絡先テスト and the printed list of whom to call: what is known of every number, and the last resort on paper."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.customers.queries import contacts_in_full, contacts_of_everybody, without_night_contact
from sakimori.lib.jst import utc_now
from sakimori.notify import drills as tests
from sakimori.notify.actions import NotPossible
from sakimori.notify.callees import numbers_of
from sakimori.notify.queries import known_numbers


class DrillForm(forms.Form):
    """Whether the night may be disturbed."""

    at_night = forms.BooleanField(
        label="夜間（20 時から翌 9 時まで）も実施する（お客様のご希望がある場合のみ）", required=False
    )


@require_GET
@soc_only
def drills(request: PersonRequest) -> HttpResponse:
    """Every customer: when his numbers were tested, and what was found."""
    now = utc_now()
    page, rows = page_of(access.visible(tests.tested_customers(now), request.user, customer="pk"), request)
    context: dict[str, object] = {
        "page": page,
        "rows": rows,
        "due": {customer.pk for customer in tests.due_customers(now)},
        "dark": {customer.pk for customer in without_night_contact(now)},
    }
    return show(request, "console/drills.html", context)


@require_POST
@soc_only
def begin_all(request: PersonRequest) -> HttpResponse:
    """Test everybody's numbers."""
    try:
        count = tests.begin_all(by=request.user, now=utc_now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{count} 社の連絡先テストを開始しました。")
    return HttpResponseRedirect(reverse("console:drills"))


@require_http_methods(["GET", "POST"])
@soc_only
def drill(request: PersonRequest, pk: int) -> HttpResponse:
    """One customer: what the tests have shown of each contact, and a button for the next."""
    now = utc_now()
    customer = access.get(tests.tested_customers(now), request.user, customer="pk", pk=pk)
    form = DrillForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            tests.begin(customer, at_night=form.cleaned_data["at_night"], by=request.user, now=now)
        except NotPossible as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "連絡先テストを開始しました。")
        return HttpResponseRedirect(reverse("console:drill", args=[pk]))
    page, _ = page_of(tests.drills().filter(customer=customer), request)
    context: dict[str, object] = {
        "customer": customer,
        "contacts": list(contacts_in_full().filter(customer=customer, active=True)),
        "page": page,
        "form": form,
        "now": now,
        "calling_numbers": known_numbers(),
        "is_dark": any(row.pk == customer.pk for row in without_night_contact(now)),
    }
    return show(request, "console/drill.html", context)


@require_GET
@soc_only
def call_list(request: PersonRequest) -> HttpResponse:
    """Whom to call of every customer today, for the printer: when nothing else works, somebody dials from paper."""
    now = utc_now()
    customers = list(access.visible(tests.tested_customers(now), request.user, customer="pk"))
    contacts = contacts_of_everybody(customers, now)
    parts = [
        (customer, [callee for contact in contacts[customer.pk] for callee in numbers_of(contact, now)])
        for customer in customers
    ]
    return show(request, "console/call_list.html", {"parts": parts, "now": now})
