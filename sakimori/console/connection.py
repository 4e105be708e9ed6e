"""How a contract is connected to the vendor. Keys and tokens are written here and never shown again."""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import show
from sakimori.console.troubles import trouble_of
from sakimori.customers import access
from sakimori.customers.connection import Connection, connect, issue_token
from sakimori.customers.models import BlockList, Contract, VendorAccount
from sakimori.customers.queries import contracts
from sakimori.lib.jst import utc_now
from sakimori.logs.receive.s3 import BucketAddress, BucketError
from sakimori.waf.imperva import ImpervaCredentials, ImpervaLogCredentials
from sakimori.waf.interface import WafError, WafMissing

_BUCKET = ("bucket_url", "bucket_region", "bucket_name", "bucket_prefix", "bucket_key_id")
_COLUMNS = ("account_id", "api_id", "cloud_url", "api_url", "block_list", "log_base_url", "log_api_id", *_BUCKET)
_KEYS = {"api_key": "api_id", "log_api_key": "log_api_id", "bucket_key": "bucket_key_id"}
_KEPT = "登録済みです。変更するときだけ入力してください。"
_STAND_IN = "x"  # For a stored key, when the rest of a credential is looked at.


def _key(label: str) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, required=False, max_length=200, widget=widget)


class ConnectionForm(forms.Form):
    """Addresses and keys. A stored key is never sent to the page; an empty field keeps it."""

    account_id = forms.IntegerField(
        label="アカウントID",
        help_text="親アカウントのキーで接続するときに、お客様のサブアカウントの番号を入力します。",
        min_value=1,
        max_value=10**15,
        required=False,
    )
    api_id = forms.CharField(label="API ID", max_length=64)
    api_key = _key("API キー")
    cloud_url = forms.CharField(label="管理画面の URL", max_length=200, initial="https://my.imperva.com")
    api_url = forms.CharField(label="API の URL", max_length=200, initial="https://api.imperva.com")
    block_list = forms.ChoiceField(
        label="ブラックリストの種類", help_text="通常は「自動判別」のままにします。", choices=BlockList.choices
    )
    log_base_url = forms.CharField(
        label="ログ取得の URL",
        help_text="ベンダーの「ログ設定」に表示される URL です。プッシュで受信する場合は空欄にします。",
        max_length=300,
        required=False,
    )
    log_api_id = forms.CharField(label="ログ取得用 API ID", max_length=64, required=False)
    log_api_key = _key("ログ取得用 API キー")
    bucket_name = forms.CharField(
        label="S3 バケット名",
        help_text="ベンダーがログを S3 互換のバケットに置く場合に入力します。",
        max_length=63,
        required=False,
    )
    bucket_prefix = forms.CharField(label="バケット内のフォルダ", max_length=300, required=False)
    bucket_url = forms.CharField(
        label="バケットの URL",
        help_text="例：https://s3.ap-northeast-1.amazonaws.com",
        max_length=200,
        required=False,
    )
    bucket_region = forms.CharField(label="リージョン", max_length=40, initial="ap-northeast-1", required=False)
    bucket_key_id = forms.CharField(label="アクセスキー ID", max_length=128, required=False)
    bucket_key = _key("シークレットアクセスキー")

    def __init__(self, data: object, *, account: VendorAccount | None) -> None:
        known = {name: getattr(account, name) for name in _COLUMNS} if account else {}
        super().__init__(data, initial=known)  # type: ignore[arg-type]
        self._stored = {name for name in _KEYS if account and getattr(account, f"sealed_{name}")}
        for name in self._stored:
            self.fields[name].help_text = _KEPT

    def clean(self) -> dict[str, object]:
        """What the vendor's client would refuse is refused here, and no key is used with another ID."""
        values = super().clean() or {}
        if not self.errors:
            self._try_api(values, self._usable("api_key"))
            self._try_logs(values, self._usable("log_api_key"))
            self._try_bucket(values, self._usable("bucket_key"))
        return values

    def connection(self) -> Connection:
        """What is to be stored."""
        columns = {name: self.cleaned_data[name] for name in _COLUMNS}
        return Connection(columns, **{name: self.cleaned_data[name] for name in _KEYS})

    def _usable(self, name: str) -> str:
        """The key that was typed, or a stand-in for the stored one, which only goes with the ID it was stored for."""
        same_id = self.initial.get(_KEYS[name]) == self.cleaned_data.get(_KEYS[name])
        stored = _STAND_IN if name in self._stored and same_id else ""
        return str(self.cleaned_data.get(name) or stored)

    def _try_api(self, values: dict[str, object], key: str) -> None:
        if not key:
            self.add_error("api_key", "API ID に対応する API キーを入力してください。")
            return
        try:
            ImpervaCredentials(
                cloud_url=str(values["cloud_url"]),
                api_url=str(values["api_url"]),
                api_id=str(values["api_id"]),
                api_key=key,
            )
        except ValueError as trouble:
            self.add_error(None, str(trouble))

    def _try_logs(self, values: dict[str, object], key: str) -> None:
        if not values["log_base_url"]:
            return
        if not key:
            self.add_error("log_api_key", "ログ取得用 API ID に対応する API キーを入力してください。")
            return
        try:
            ImpervaLogCredentials(str(values["log_base_url"]), api_id=str(values["log_api_id"]), api_key=key)
        except ValueError as trouble:
            self.add_error("log_base_url", str(trouble))

    def _try_bucket(self, values: dict[str, object], key: str) -> None:
        if not values["bucket_name"]:
            return
        if not key:
            self.add_error("bucket_key", "アクセスキー ID に対応するシークレットアクセスキーを入力してください。")
            return
        try:
            BucketAddress(
                url=str(values["bucket_url"]),
                region=str(values["bucket_region"]),
                name=str(values["bucket_name"]),
                prefix=str(values["bucket_prefix"]),
                key_id=str(values["bucket_key_id"]),
                secret=key,
            )
        except ValueError as trouble:
            self.add_error("bucket_name", str(trouble))


@require_http_methods(["GET", "POST"])
@soc_only
def connection(request: PersonRequest, pk: int) -> HttpResponse:
    """Show and change a contract's connection."""
    contract = _contract(request, pk)
    form = ConnectionForm(request.POST if request.method == "POST" else None, account=_account(contract))
    if request.method == "POST" and form.is_valid():
        connect(contract, form.connection(), by=request.user, now=utc_now())
        messages.success(request, "接続情報を保存しました。")
        return HttpResponseRedirect(reverse("console:connection", args=[pk]))
    return _page(request, contract, form)


@require_POST
@soc_only
def token(request: PersonRequest, pk: int) -> HttpResponse:
    """Issue a token for the push door. It stands on this one page only."""
    account = _account(_contract(request, pk))
    if account is None:
        messages.error(request, "先に接続情報を保存してください。")
        return HttpResponseRedirect(reverse("console:connection", args=[pk]))
    made = issue_token(account, by=request.user, now=utc_now())
    afresh = _contract(request, pk)
    return _page(request, afresh, ConnectionForm(None, account=_account(afresh)), token=made)


@require_POST
@soc_only
def try_connection(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask the vendor once with what is stored, and say what came of it."""
    account = _account(_contract(request, pk))
    if account is None:
        messages.error(request, "先に接続情報を保存してください。")
    else:
        _say(request, "API", lambda: backends.waf_vendor(account).account())
        if account.log_base_url:
            _say(request, "ログ取得", lambda: backends.waf_logs(account).log_index())
        if account.bucket_name:
            _say(request, "S3 バケット", lambda: list(backends.bucket(account).listed(after="", pages=1)))
    return HttpResponseRedirect(reverse("console:connection", args=[pk]))


def _say(request: PersonRequest, what: str, ask: Callable[[], object]) -> None:
    try:
        ask()
    except WafMissing:
        messages.success(request, f"{what}：接続できました。ログファイルはまだありません。")
    except (WafError, BucketError) as error:
        own_words = trouble_of(str(error))
        kind = trouble_of(f"{type(error).__name__}: {error}")
        messages.error(request, f"{what}：{(kind if own_words.original else own_words).sentence}")
    else:
        messages.success(request, f"{what}：接続できました。")


def _page(request: PersonRequest, contract: Contract, form: ConnectionForm, *, token: str = "") -> HttpResponse:
    context: dict[str, object] = {
        "contract": contract,
        "account": _account(contract),
        "form": form,
        "token": token,
        "collector": settings.CONFIG.hec_listen,
    }
    return show(request, "console/connection.html", context)


def _contract(request: PersonRequest, pk: int) -> Contract:
    return access.get(contracts(), request.user, pk=pk)


def _account(contract: Contract) -> VendorAccount | None:
    try:
        return contract.vendor_account
    except ObjectDoesNotExist:
        return None
