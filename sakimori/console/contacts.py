"""連絡先 of a customer on the desk: who would be called now, and each contact added, changed, moved or deactivated."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import attempt, show
from sakimori.customers import access
from sakimori.customers.contacts import NotPossible, set_special_note
from sakimori.customers.models import Contact, Customer
from sakimori.customers.queries import contacts_in_full, customers_in_full
from sakimori.lib.jst import day_of, utc_now
from sakimori.notify import contact_changes
from sakimori.notify.callees import callees
from sakimori.notify.contact_form import ContactForm, DeputyForm, PersonForm, SpecialNoteForm
from sakimori.notify.contact_pages import is_taken
from sakimori.notify.queries import known_numbers

_SPACE = "console"


@require_GET
@soc_only
def contacts(request: PersonRequest, pk: int) -> HttpResponse:
    """All contacts of a customer, and whom we would call now."""
    customer, now = _customer(request, pk), utc_now()
    context: dict[str, object] = {
        "customer": customer,
        "contacts": list(contacts_in_full().filter(customer=customer)),
        "order": callees(customer, None, now),
        "now": now,
        "calling_numbers": known_numbers(),
        "may_change": True,
        "space": _SPACE,
    }
    return show(request, "console/contacts.html", context)


@require_http_methods(["GET", "POST"])
@soc_only
def add(request: PersonRequest, pk: int) -> HttpResponse:
    """A new contact."""
    customer, now = _customer(request, pk), utc_now()
    form = ContactForm(request.POST or None, customer=customer, on_portal=False, today=day_of(now))
    return _filled(
        request,
        customer,
        form,
        "連絡先の追加",
        lambda: contact_changes.add(customer, form.cleaned_data, by=request.user, now=now),
    )


@require_http_methods(["GET", "POST"])
@soc_only
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """Everything about one contact."""
    row, now = _contact(request, pk), utc_now()
    form = ContactForm(request.POST or None, customer=row.customer, contact=row, on_portal=False, today=day_of(now))
    return _filled(
        request,
        row.customer,
        form,
        f"{row.name} 様の変更",
        lambda: contact_changes.change(row, form.cleaned_data, by=request.user, now=now),
    )


@require_http_methods(["GET", "POST"])
@soc_only
def deputy(request: PersonRequest, pk: int) -> HttpResponse:
    """Somebody in a contact's place for a time."""
    row, now = _contact(request, pk), utc_now()
    form = DeputyForm(request.POST or None, contact=row, now=now)
    return _filled(
        request,
        row.customer,
        form,
        f"{row.name} 様の代理",
        lambda: contact_changes.add(row.customer, form.cleaned_data, by=request.user, now=now),
    )


@require_POST
@soc_only
def move(request: PersonRequest, pk: int) -> HttpResponse:
    """One place earlier or later."""
    row = _contact(request, pk)
    earlier = request.POST.get("to") == "earlier"
    attempt(
        request,
        lambda: contact_changes.move(row, earlier=earlier, by=request.user, now=utc_now()),
        "",
        refusal=NotPossible,
    )
    return _back(row.customer)


@require_http_methods(["GET", "POST"])
@soc_only
def stop(request: PersonRequest, pk: int) -> HttpResponse:
    """Deactivate a contact, after asking."""
    row = _contact(request, pk)
    if request.method == "POST":
        attempt(
            request,
            lambda: contact_changes.deactivate(row, by=request.user, now=utc_now()),
            f"{row.name} 様を無効にしました。",
            refusal=NotPossible,
        )
        return _back(row.customer)
    context: dict[str, object] = {"contact": row, "customer": row.customer, "space": _SPACE}
    return show(request, "console/contact_stop.html", context)


@require_POST
@soc_only
def start(request: PersonRequest, pk: int) -> HttpResponse:
    """Make a contact active again."""
    row = _contact(request, pk)
    attempt(
        request,
        lambda: contact_changes.reactivate(row, by=request.user, now=utc_now()),
        f"{row.name} 様を有効にしました。",
        refusal=NotPossible,
    )
    return _back(row.customer)


@require_http_methods(["GET", "POST"])
@soc_only
def note(request: PersonRequest, pk: int) -> HttpResponse:
    """特記事項 of a customer."""
    customer = _customer(request, pk)
    form = SpecialNoteForm(request.POST or None, initial={"special_note": customer.special_note})
    if request.method == "POST" and form.is_valid():
        set_special_note(customer, form.cleaned_data["special_note"].strip(), by=request.user, now=utc_now())
        messages.success(request, "特記事項を登録しました。")
        return _back(customer)
    context: dict[str, object] = {"customer": customer, "form": form, "title": "特記事項", "space": _SPACE}
    return show(request, "console/contact_form.html", context)


def _filled(
    request: PersonRequest, customer: Customer, form: PersonForm, title: str, action: Callable[[], object]
) -> HttpResponse:
    """The form until it is right and the action has taken it."""
    if is_taken(request, form, action):
        return _back(customer)
    context: dict[str, object] = {"customer": customer, "form": form, "title": title, "space": _SPACE}
    return show(request, "console/contact_form.html", context)


def _back(customer: Customer) -> HttpResponse:
    return HttpResponseRedirect(reverse("console:contacts", args=[customer.pk]))


def _customer(request: PersonRequest, pk: int) -> Customer:
    return access.get(customers_in_full(), request.user, customer="pk", pk=pk)


def _contact(request: PersonRequest, pk: int) -> Contact:
    return access.get(contacts_in_full(), request.user, pk=pk)
