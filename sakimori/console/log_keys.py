"""The keys that open a contract's encrypted log files: listed by their fingerprints, registered and removed."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.customers.log_keys import NoLogKey, known_keys, register_log_key, remove_log_key
from sakimori.customers.queries import contracts, log_keys
from sakimori.lib.jst import utc_now
from sakimori.logs.actions import read_again


class LogKeyForm(forms.Form):
    """A number of the vendor's and a private key in PEM. What was typed is never sent back to the page."""

    public_key_id = forms.IntegerField(
        label="公開鍵の番号（publicKeyId）",
        help_text="公開鍵をベンダーの「ログ設定」に登録すると表示される番号です。",
        min_value=1,
        max_value=2**31 - 1,
    )
    private_key = forms.CharField(
        label="秘密鍵（PEM）",
        help_text="ベンダーに登録した公開鍵と対になる、パスワードのない RSA 秘密鍵です。"
        "暗号化して保存し、画面には表示しません。",
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        max_length=20_000,
    )


@sensitive_post_parameters("private_key")
@require_http_methods(["GET", "POST"])
@soc_only
def keys(request: PersonRequest, pk: int) -> HttpResponse:
    """Show a contract's keys, and register another."""
    contract = access.get(contracts(), request.user, pk=pk)
    form = LogKeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        number = form.cleaned_data["public_key_id"]
        try:
            register_log_key(contract, number, form.cleaned_data["private_key"], by=request.user, now=utc_now())
        except NoLogKey as trouble:
            form.add_error("private_key", str(trouble))
        else:
            messages.success(request, f"番号 {number} の秘密鍵を登録しました。次に届くファイルから復号します。")
            if waiting := read_again(contract, by=request.user, now=utc_now()):
                messages.info(request, f"隔離していた暗号化ファイル {waiting} 件を読み直します。")
            return HttpResponseRedirect(reverse("console:log-keys", args=[pk]))
    if form.is_bound:
        form.data = {"public_key_id": form.data.get("public_key_id", "")}
    return show(request, "console/log_keys.html", {"contract": contract, "form": form, "rows": known_keys(contract)})


@require_POST
@soc_only
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Remove a key."""
    key = access.get(log_keys(), request.user, customer="contract__customer", pk=pk)
    remove_log_key(key, by=request.user, now=utc_now())
    messages.success(request, f"番号 {key.public_key_id} の秘密鍵を削除しました。この番号のファイルは復号できません。")
    return HttpResponseRedirect(reverse("console:log-keys", args=[key.contract_id]))
