"""ログの取り込み: an analyst brings in one file of a contract; larger ones go by `sakimori logs import`."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import show
from sakimori.console.troubles import trouble_of
from sakimori.customers import access
from sakimori.customers.queries import contracts
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.actions import import_file
from sakimori.logs.queries import imported_files

_SHOWN = 20
_MIB = 1 << 20


class ImportForm(forms.Form):
    """One log file, as the vendor or the customer gave it."""

    file = forms.FileField(
        label="ログファイル",
        help_text="ベンダーのログファイル（平文・圧縮・暗号化）、または CEF・LEEF・W3C・JSON の行だけのファイルです。",
    )

    def clean_file(self) -> "UploadedFile[Any]":
        """Refuse what is larger than an upload may be."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        limit = settings.CONFIG.upload_mib
        if (file.size or 0) > limit * _MIB:
            raise ValidationError(
                f"{limit} MB を超えるファイルは、この画面では取り込めません。運用担当者に取り込みを依頼してください。"
            )
        return file


@require_http_methods(["GET", "POST"])
@soc_only
def import_page(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a file, and show what has become of the last ones."""
    contract = access.get(contracts(), request.user, pk=pk)
    ended = not contract.runs_on(day_of(utc_now()))
    form = ImportForm(*((request.POST, request.FILES) if request.method == "POST" and not ended else ()))
    if form.is_bound and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            is_new = import_file(
                contract, file.chunks(), name=file.name, spool=backends.spool(), by=request.user, now=utc_now()
            )
        except OSError:
            form.add_error("file", "サーバーに保存できませんでした。空き容量を運用担当者に確認してください。")
        else:
            said = "受け付けました。数秒後に取り込みます。" if is_new else "同じ名前と内容で、すでに受け付けています。"
            messages.success(request, f"「{file.name}」を{said}")
            return HttpResponseRedirect(reverse("console:log-import", args=[pk]))
    rows = imported_files(contract)[:_SHOWN]
    context: dict[str, object] = {
        "contract": contract,
        "form": form,
        "ended": ended,
        "limit": settings.CONFIG.upload_mib,
        "files": [(row, trouble_of(row.reason) if row.reason else None) for row in rows],
    }
    return show(request, "console/log_import.html", context)
