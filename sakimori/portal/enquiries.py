"""What a customer writes: a new enquiry, a reply in a ticket; and the files in tickets."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.customers import access, files
from sakimori.customers.queries import running_contracts
from sakimori.lib.jst import day_of, utc_now
from sakimori.portal.forms import EnquiryForm
from sakimori.portal.pages import show
from sakimori.tickets import actions
from sakimori.tickets.forms import WordsForm
from sakimori.tickets.models import TicketState
from sakimori.tickets.queries import ATTACHMENT_PATH, CUSTOMER_PATH, attachments, tickets_newest_first


@require_http_methods(["GET", "POST"])
@signed_in
def enquire(request: PersonRequest) -> HttpResponse:
    """A new enquiry about a contract that runs. Every member may ask, readers too."""
    _check_is_customer(request)
    contracts = access.visible(running_contracts(day_of(utc_now())), request.user)
    form = EnquiryForm(request.POST or None, request.FILES or None, contracts=contracts)
    if request.method == "POST" and form.is_valid():
        contract, about = form.cleaned_data["contract"], form.cleaned_data["about"]
        ticket = actions.ask(contract, about=about, words=form.words(), by=request.user, now=utc_now())
        messages.success(request, f"お問い合わせを受け付けました（{ticket.number}）。")
        return HttpResponseRedirect(reverse("portal:ticket", args=[ticket.number]))
    return show(request, "portal/enquiry.html", {"form": form, "contracts": contracts})


@require_http_methods(["GET", "POST"])
@signed_in
def reply(request: PersonRequest, number: str) -> HttpResponse:
    """Write into an open ticket."""
    ticket = access.get(tickets_newest_first(), request.user, customer=CUSTOMER_PATH, number=number)
    _check_is_customer(request)
    back = HttpResponseRedirect(reverse("portal:ticket", args=[number]))
    form = WordsForm(request.POST or None, request.FILES or None)
    if not ticket.contract.runs_on(day_of(utc_now())):
        messages.error(request, "ご契約が終了しているため、返信を受け付けられません。お電話でご連絡ください。")
        return back
    if request.method == "POST" and form.is_valid():
        try:
            actions.reply(ticket, words=form.words(), by=request.user, now=utc_now())
        except actions.NotPossible as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "ご連絡を受け付けました。")
        return back
    closed = ticket.state == TicketState.DONE
    return show(request, "portal/reply.html", {"ticket": ticket, "form": form, "closed": closed})


@require_GET
@signed_in
def download(request: PersonRequest, number: str, pk: int) -> HttpResponse:
    """A file of a ticket, as an attachment that no browser opens as a page of ours."""
    found = access.get(attachments(), request.user, customer=ATTACHMENT_PATH, pk=pk, note__ticket__number=number)
    path = files.path_of(found.note.ticket.contract.customer, found.stored_name)
    if not path.is_file():
        raise Http404("見つかりません")
    headers = {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=found.name) or "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(path.read_bytes(), content_type=found.content_type, headers=headers)


def _check_is_customer(request: PersonRequest) -> None:
    if request.user.is_soc:
        raise PermissionDenied(
            "お客様としての書き込みは、お客様の利用者だけが行えます。回答は SOC コンソールから行ってください。"
        )
