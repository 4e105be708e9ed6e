"""ご連絡先: whom the SOC calls now, from which number, and the customer's own changes (approvers and admins)."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.paging import page_of
from sakimori.customers import access
from sakimori.customers.contacts import NotPossible
from sakimori.customers.models import Contact
from sakimori.customers.queries import contacts_in_full, customers_in_full
from sakimori.lib.jst import day_of, utc_now
from sakimori.notify import contact_changes
from sakimori.notify.callees import callees
from sakimori.notify.contact_form import ContactForm, DeputyForm, PersonForm
from sakimori.notify.contact_pages import is_taken
from sakimori.notify.queries import known_numbers
from sakimori.portal.pages import show

_SPACE = "portal"


@require_GET
@signed_in
def contacts(request: PersonRequest) -> HttpResponse:
    """The contacts of the person's own customers, and the order in which we would call now."""
    now = utc_now()
    page, rows = page_of(access.visible(customers_in_full(), request.user, customer="pk"), request)
    shown = list(rows)
    every = list(access.visible(contacts_in_full(), request.user).filter(customer__in=shown))
    allowed = set(access.customers_to_act_for(request.user).values_list("pk", flat=True))
    parts = [
        {
            "customer": customer,
            "contacts": [contact for contact in every if contact.customer_id == customer.pk],
            "order": callees(customer, None, now),
            "may_change": customer.pk in allowed,
        }
        for customer in shown
    ]
    context: dict[str, object] = {
        "page": page,
        "parts": parts,
        "now": now,
        "calling_numbers": known_numbers(),
        "space": _SPACE,
    }
    return show(request, "portal/contacts.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def add(request: PersonRequest, pk: int) -> HttpResponse:
    """A new contact of the customer."""
    customer = access.get(customers_in_full(), request.user, customer="pk", pk=pk)
    access.check_may_restore(request.user, customer)
    now = utc_now()
    form = ContactForm(request.POST or None, customer=customer, on_portal=True, today=day_of(now))
    return _filled(
        request,
        form,
        "連絡先の追加",
        lambda: contact_changes.add(customer, form.cleaned_data, by=request.user, now=now),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """Everything about one contact."""
    row, now = _contact(request, pk), utc_now()
    form = ContactForm(request.POST or None, customer=row.customer, contact=row, on_portal=True, today=day_of(now))
    return _filled(
        request,
        form,
        f"{row.name} 様の変更",
        lambda: contact_changes.change(row, form.cleaned_data, by=request.user, now=now),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def deputy(request: PersonRequest, pk: int) -> HttpResponse:
    """Somebody in a contact's place for a time."""
    row, now = _contact(request, pk), utc_now()
    form = DeputyForm(request.POST or None, contact=row, now=now)
    return _filled(
        request,
        form,
        f"{row.name} 様の代理",
        lambda: contact_changes.add(row.customer, form.cleaned_data, by=request.user, now=now),
    )


@require_POST
@signed_in
def move(request: PersonRequest, pk: int) -> HttpResponse:
    """One place earlier or later."""
    row = _contact(request, pk)
    earlier = request.POST.get("to") == "earlier"
    return _done(request, lambda: contact_changes.move(row, earlier=earlier, by=request.user, now=utc_now()))


@require_http_methods(["GET", "POST"])
@signed_in
def stop(request: PersonRequest, pk: int) -> HttpResponse:
    """Deactivate a contact, after asking."""
    row = _contact(request, pk)
    if request.method == "POST":
        done = f"{row.name} 様を無効にしました。"
        return _done(request, lambda: contact_changes.deactivate(row, by=request.user, now=utc_now()), done)
    return show(request, "portal/contact_stop.html", {"contact": row, "space": _SPACE})


@require_POST
@signed_in
def start(request: PersonRequest, pk: int) -> HttpResponse:
    """Make a contact active again."""
    row = _contact(request, pk)
    done = f"{row.name} 様を有効にしました。"
    return _done(request, lambda: contact_changes.reactivate(row, by=request.user, now=utc_now()), done)


def _done(request: PersonRequest, action: Callable[[], object], words: str = "") -> HttpResponse:
    """Back to the list, with what was done or why it could not be."""
    try:
        action()
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        if words:
            messages.success(request, words)
    return HttpResponseRedirect(reverse("portal:contacts"))


def _filled(request: PersonRequest, form: PersonForm, title: str, action: Callable[[], object]) -> HttpResponse:
    """The form until it is right and the action has taken it."""
    if is_taken(request, form, action):
        return HttpResponseRedirect(reverse("portal:contacts"))
    return show(request, "portal/contact_form.html", {"form": form, "title": title, "space": _SPACE})


def _contact(request: PersonRequest, pk: int) -> Contact:
    """One of the person's own, which he may change."""
    row = access.get(contacts_in_full(), request.user, pk=pk)
    access.check_may_restore(request.user, row.customer)
    return row
