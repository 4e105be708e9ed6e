"""担当者: the people of the SOC's desk, and how the duty roster reaches them. For managers."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from sakimori.accounts.gates import PersonRequest, manager_only
from sakimori.console.pages import show
from sakimori.customers import desk
from sakimori.customers.queries import people_of_the_desk
from sakimori.customers.sheet import cells
from sakimori.lib.jst import utc_now


class ReachForm(forms.Form):
    """Phone and mail of somebody at the desk."""

    phone = forms.CharField(
        label="電話番号", help_text="アラームに気づかれないとき、この番号へ電話します。", max_length=32, required=False
    )
    mail = forms.EmailField(label="メールアドレス", help_text="アラームをこの宛先へ送ります。", required=False)

    def clean_phone(self) -> str:
        """As the hearing sheet takes phone numbers."""
        text: str = self.cleaned_data["phone"]
        try:
            return str(cells.phone(text)) if text else ""
        except cells.BadCell as trouble:
            raise forms.ValidationError(str(trouble)) from trouble


@require_GET
@manager_only
def people(request: PersonRequest) -> HttpResponse:
    """Everybody of the desk."""
    return show(request, "console/people.html", {"people": people_of_the_desk()})


@require_http_methods(["GET", "POST"])
@manager_only
def person(request: PersonRequest, pk: int) -> HttpResponse:
    """Change phone and mail of one."""
    found = get_object_or_404(people_of_the_desk(), pk=pk)
    form = ReachForm(
        request.POST if request.method == "POST" else None, initial={"phone": found.phone, "mail": found.email}
    )
    if request.method == "POST" and form.is_valid():
        desk.set_reach(found, **form.cleaned_data, by=request.user, now=utc_now())
        messages.success(request, f"{found.shown_name} の連絡方法を保存しました。")
        return HttpResponseRedirect(reverse("console:people"))
    return show(request, "console/person.html", {"person": found, "form": form})
