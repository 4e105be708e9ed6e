"""利用者 of a customer: issued, issued anew and stopped. A letter is the answer to its POST and is kept nowhere."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import show
from sakimori.customers import access, users
from sakimori.customers.models import Member, MemberRole
from sakimori.customers.queries import customers_with_reach, members
from sakimori.customers.sheet.cells import BadCell, name
from sakimori.lib.jst import utc_now


class IssueForm(forms.Form):
    """For whom a login ID is made."""

    name = forms.CharField(
        label="氏名", help_text="姓と名の間に空白を入れてください。書面の宛名になります。", max_length=100
    )
    role = forms.ChoiceField(
        label="権限", help_text="承認者と管理者は、遮断の解除を依頼できます。", choices=MemberRole.choices
    )

    def clean_name(self) -> str:
        """As the hearing sheet writes names."""
        try:
            return str(name(100)(self.cleaned_data["name"]))
        except BadCell as trouble:
            raise forms.ValidationError(str(trouble)) from trouble


class ReissueForm(forms.Form):
    """What is lifted besides the password."""

    forget_second_factor = forms.BooleanField(
        label="2 段階認証の設定も解除する",
        help_text="認証アプリの入ったスマートフォンを失くされたときに選びます。",
        required=False,
    )


@require_http_methods(["GET", "POST"])
@soc_only
def issue(request: PersonRequest, pk: int) -> HttpResponse:
    """Make a user; the answer is the letter."""
    customer = access.get(customers_with_reach(), request.user, customer="pk", pk=pk)
    initial = {"name": request.GET.get("name", ""), "role": request.GET.get("role", MemberRole.READER)}
    form = IssueForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            issued = users.issue(
                customer, name=wanted["name"], role=MemberRole(wanted["role"]), by=request.user, now=utc_now()
            )
        except users.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            return _letter(issued)
    return show(request, "console/user_issue.html", {"customer": customer, "form": form})


@require_http_methods(["GET", "POST"])
@soc_only
def reissue(request: PersonRequest, pk: int) -> HttpResponse:
    """A new first password; the answer is the letter."""
    member = _member(request, pk)
    form = ReissueForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        forget = form.cleaned_data["forget_second_factor"]
        try:
            issued = users.reissue(member, forget_second_factor=forget, by=request.user, now=utc_now())
        except users.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            return _letter(issued)
    return show(request, "console/user_reissue.html", {"member": member, "form": form})


@require_http_methods(["GET", "POST"])
@soc_only
def stop(request: PersonRequest, pk: int) -> HttpResponse:
    """Let a user sign in no more."""
    member = _member(request, pk)
    if request.method == "POST":
        try:
            users.stop(member, by=request.user, now=utc_now())
        except users.NotPossible as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"ログインID {member.user.username} を停止しました。")
        return HttpResponseRedirect(reverse("console:customer", args=[member.customer_id]))
    return show(request, "console/user_stop.html", {"member": member})


def _member(request: PersonRequest, pk: int) -> Member:
    return access.get(members(), request.user, pk=pk)


def _letter(issued: users.Issued) -> HttpResponse:
    answer = HttpResponse(issued.letter, content_type="application/pdf")
    login = issued.member.user.username
    answer.headers["Content-Disposition"] = f'attachment; filename="mss-portal-{login}.pdf"'
    answer.headers["Cache-Control"] = "no-store, private"
    return answer
