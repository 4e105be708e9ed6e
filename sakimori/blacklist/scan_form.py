"""What is typed to announce a scan, on both faces. Times are Japanese."""

from typing import Any

from django import forms

from sakimori.accounts.inputs import moment_input
from sakimori.blacklist.quiet import FURTHEST, LONGEST, MOST_NETWORKS, Plan, sites_of
from sakimori.customers.models import Contract, Site


class _SiteField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A site by its domain."""

    def label_from_instance(self, obj: Site) -> str:
        """What the list shows."""
        return obj.domain


class ScanForm(forms.Form):
    """Who scans what, from when until when."""

    sources = forms.CharField(
        label="送信元の IP アドレス",
        help_text=(
            "診断を行う側のグローバルアドレスです。1 行に 1 件、または読点・空白で区切って入力してください"
            f"（{MOST_NETWORKS} 件まで）。範囲は 203.0.113.0/28 のように、/24（IPv6 は /48）より狭く指定します。"
        ),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    starts_at = forms.DateTimeField(label="開始（日本時間）", widget=moment_input())
    ends_at = forms.DateTimeField(
        label="終了（日本時間）",
        help_text=f"開始から {LONGEST.days} 日以内。開始は {FURTHEST.days} 日先まで登録できます。",
        widget=moment_input(),
    )
    note = forms.CharField(
        label="内容",
        help_text="例：○○社による脆弱性診断。200 文字までご記入いただけます。",
        max_length=200,
    )
    field_order = ["site", "sources", "starts_at", "ends_at", "note"]

    def __init__(self, data: Any, *, contract: Contract) -> None:
        super().__init__(data)
        self.fields["site"] = _SiteField(
            sites_of(contract), label="対象のサイト", required=False, empty_label="契約のすべてのサイト"
        )
        self.order_fields(self.field_order)

    def plan(self) -> Plan:
        """What was typed."""
        return Plan(**{name: self.cleaned_data[name] for name in self.field_order})
