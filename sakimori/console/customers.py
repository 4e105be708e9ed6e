"""お客様: the list, one customer in full, and the hearing sheet from upload over preview to import (chapter 1-3)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.pages import show
from sakimori.customers import access, importing, sheet
from sakimori.customers.models import SheetDraft
from sakimori.customers.queries import customers_in_full, customers_with_reach, drafts_of, without_night_contact
from sakimori.customers.sheet_plan import plan
from sakimori.lib.jst import day_of, utc_now

_MOST_ERRORS = 100
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SheetForm(forms.Form):
    """The workbook that a customer sent back."""

    file = forms.FileField(
        label="記入済みのヒアリングシート",
        help_text=f"Excel ブック（.xlsx、{sheet.LARGEST_BYTES // 1024 // 1024} MB まで）",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
    )


@require_GET
@soc_only
def customers(request: PersonRequest) -> HttpResponse:
    """All customers; who could not be told stands out."""
    page, rows = page_of(access.visible(customers_with_reach(), request.user, customer="pk"), request)
    return show(request, "console/customers.html", {"page": page, "rows": rows, "dark": _dark()})


@require_GET
@soc_only
def customer(request: PersonRequest, pk: int) -> HttpResponse:
    """One customer with everything that is registered."""
    found = access.get(customers_in_full(), request.user, customer="pk", pk=pk)
    return show(request, "console/customer.html", {"customer": found, "today": day_of(utc_now()), "dark": _dark()})


@require_GET
@soc_only
def template(request: PersonRequest) -> HttpResponse:  # noqa: ARG001
    """The blank hearing sheet."""
    answer = HttpResponse(sheet.blank_template(), content_type=_WORKBOOK)
    answer.headers["Content-Disposition"] = 'attachment; filename="hearing-sheet.xlsx"'
    return answer


@require_http_methods(["GET", "POST"])
@soc_only
def upload(request: PersonRequest) -> HttpResponse:
    """Take a workbook. With a wrong cell it is shown what is wrong, and nothing is kept."""
    form = SheetForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    errors: tuple[sheet.CellError, ...] = ()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        content = file.read(sheet.LARGEST_BYTES + 1)
        errors = sheet.read(content).errors
        if not errors:
            draft = importing.keep_draft(content, file_name=file.name or "", by=request.user, now=utc_now())
            return HttpResponseRedirect(reverse("console:sheet-preview", args=[draft.pk]))
    context = {"form": form, "errors": errors[:_MOST_ERRORS], "error_count": len(errors)}
    return show(request, "console/sheet_upload.html", context)


@require_http_methods(["GET", "POST"])
@soc_only
def preview(request: PersonRequest, pk: int) -> HttpResponse:
    """What the import will do; done when it is confirmed."""
    draft = get_object_or_404(drafts_of(request.user), pk=pk)
    if request.method == "POST":
        return _confirm(request, draft)
    if draft.imported_into:
        return HttpResponseRedirect(reverse("console:customer", args=[draft.imported_into.pk]))
    found = sheet.read(bytes(draft.content)).sheet
    if found is None:
        messages.error(request, "このシートは取り込めません。もう一度アップロードしてください。")
        return HttpResponseRedirect(reverse("console:sheet-upload"))
    context = {"draft": draft, "sheet": found, "plan": plan(found, today=day_of(utc_now()))}
    return show(request, "console/sheet_preview.html", context)


def _dark() -> set[int]:
    """Whom nobody could phone at night."""
    return {customer.pk for customer in without_night_contact(utc_now())}


def _confirm(request: PersonRequest, draft: SheetDraft) -> HttpResponse:
    try:
        done = importing.import_draft(draft, mark=request.POST.get("mark", ""), by=request.user, now=utc_now())
    except importing.NotPossible as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("console:sheet-preview", args=[draft.pk]))
    messages.success(request, f"{done.name} のヒアリングシートを取り込みました。")
    return HttpResponseRedirect(reverse("console:customer", args=[done.pk]))
