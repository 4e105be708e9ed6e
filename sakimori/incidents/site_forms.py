"""What is typed about a site on either face: its settings, a planned stop, what the board shows. Times are Japanese."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet

from sakimori.accounts.inputs import ListFilter, moment_input
from sakimori.customers.models import Site
from sakimori.incidents import site_settings
from sakimori.incidents.board import FILTERS
from sakimori.incidents.planned import Span
from sakimori.incidents.site_settings import Wish

Value = TypeVar("Value")


class StopForm(forms.Form):
    """From when until when a site may be down, and why."""

    starts_at = forms.DateTimeField(label="開始（日本時間）", widget=moment_input())
    ends_at = forms.DateTimeField(label="終了（日本時間）", widget=moment_input())
    note = forms.CharField(
        label="内容（任意）",
        help_text="例：サーバーの更新。200 文字までご記入いただけます。",
        max_length=200,
        required=False,
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["ends_at"].help_text = f"開始から {settings.CONFIG.stop_hours:g} 時間以内で入力してください。"

    def span(self) -> Span:
        """What was typed."""
        return Span(**{name: self.cleaned_data[name] for name in ("starts_at", "ends_at", "note")})


class SettingsForm(forms.Form):
    """All settings of a site."""

    reachable = forms.BooleanField(
        label="インターネットから接続可能",
        help_text="接続できないサイトは確認しません。",
        required=False,
    )
    watched = forms.BooleanField(
        label="平常時の計測にお客様が同意",
        help_text="計測の通信はお客様の使用帯域に含まれます。同意をいただいてから選んでください。",
        required=False,
    )
    probe_url = forms.CharField(
        label="確認する URL",
        help_text="空欄の場合は、サイトの先頭ページを確認します。",
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    expected_text = forms.CharField(
        label="表示されるべき文言",
        help_text="ページにこの文言がないときは「表示できない」と判定します。空欄の場合は文言を確認しません。",
        max_length=100,
        required=False,
    )
    slow_seconds = forms.FloatField(
        label="極端に遅いとみなす秒数", required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    slow_factor = forms.FloatField(
        label="平常時の何倍を極端に遅いとみなすか",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    origin_address = forms.CharField(
        label="オリジンのアドレス",
        help_text="WAF を通さない確認をお客様が許可している場合だけ、IP アドレスまたはホスト名を入力してください。",
        max_length=253,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any, *, site: Site) -> None:
        now_is = site_settings.settings_of(site)
        super().__init__(data, initial={name: getattr(now_is, name) for name in self.base_fields})
        self._site = site
        config = settings.CONFIG
        self.fields["slow_seconds"].help_text = f"空欄の場合は SOC 共通の {config.slow_seconds:g} 秒です。"
        self.fields[
            "slow_factor"
        ].help_text = (
            f"空欄の場合は SOC 共通の {config.slow_factor:g} 倍です。平常時の計測が 2 週間以上あるときに使います。"
        )

    def wish(self) -> Wish:
        """What was typed."""
        return Wish(**{name: self.cleaned_data[name] for name in self.base_fields})

    def clean_probe_url(self) -> str:
        """See `site_settings.check_url`."""
        return _checked(lambda: site_settings.check_url(self.cleaned_data["probe_url"], self._site.domain))

    def clean_origin_address(self) -> str:
        """See `site_settings.check_origin`."""
        return _checked(lambda: site_settings.check_origin(self.cleaned_data["origin_address"]))

    def clean_slow_seconds(self) -> float | None:
        """See `site_settings.check_seconds`."""
        return _checked(lambda: site_settings.check_seconds(self.cleaned_data["slow_seconds"]))

    def clean_slow_factor(self) -> float | None:
        """See `site_settings.check_factor`."""
        return _checked(lambda: site_settings.check_factor(self.cleaned_data["slow_factor"]))


def _checked(check: Callable[[], Value]) -> Value:
    try:
        return check()
    except ValueError as error:
        raise forms.ValidationError(str(error)) from error


class BoardFilter(ListFilter):
    """Words of domain or customer, and a state; empty means all. A value that is not offered narrows nothing."""

    words = forms.CharField(label="サイト・お客様", max_length=100, required=False)
    state = forms.ChoiceField(
        label="状態",
        choices=[("", "すべて"), *((key, label) for key, (label, _) in FILTERS.items())],
        required=False,
    )

    def narrow(self, rows: QuerySet[Site]) -> QuerySet[Site]:
        """The rows (of `board.sites_now`) that fit."""
        self.is_valid()
        words, state = self.cleaned_data.get("words"), self.cleaned_data.get("state")
        if words:
            rows = rows.filter(Q(domain__icontains=words) | Q(contract__customer__name__icontains=words))
        return rows.filter(FILTERS[state][1]) if state else rows
