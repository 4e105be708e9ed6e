"""What a reader seeks in the log: a period in Japan Standard Time, and an address or a network."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms

from sakimori.customers.models import Contract
from sakimori.lib.addresses import Network, parse_network
from sakimori.lib.calendar import first_kept_day, written_day
from sakimori.lib.jst import JST, day_of, start_of_day
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import By, Filter, network_text

_DAY = timedelta(hours=24)
_FORMAT = "%Y-%m-%dT%H:%M"


class LogForm(forms.Form):
    """Fields left empty mean: the last 24 hours, every address."""

    begins = forms.DateTimeField(
        label="開始日時（日本時間）", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_FORMAT)
    )
    ends = forms.DateTimeField(
        label="終了日時（日本時間）", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_FORMAT)
    )
    address = forms.CharField(
        label="接続元 IP アドレス",
        required=False,
        max_length=64,
        help_text="例：198.51.100.7、198.51.100.0/24、2001:db8::/64",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )

    def __init__(self, data: Mapping[str, Any], *, contract: Contract, now: datetime) -> None:
        self._contract, self._now = contract, now
        next_minute = now.astimezone(JST).replace(second=0, microsecond=0) + timedelta(minutes=1)
        given = {name: data.get(name, "") for name in ("begins", "ends", "address")}
        given["ends"] = given["ends"] or next_minute.strftime(_FORMAT)
        given["begins"] = given["begins"] or (next_minute - _DAY).strftime(_FORMAT)
        super().__init__(given)
        for name in ("begins", "ends"):
            self.fields[name].error_messages["invalid"] = "日時を正しく入力してください（例：2026-11-25T09:30）。"

    def clean_address(self) -> Network | None:
        """The network that was typed; one address is a network too."""
        text = self.cleaned_data["address"].strip()
        if not text:
            return None
        network = parse_network(text)
        if network is None:
            raise forms.ValidationError(
                "IP アドレスまたはネットワークとして読み取れません。例のように入力してください。"
            )
        return network

    def clean(self) -> None:
        """The period runs forward and lies within what is kept."""
        begins, ends = self.cleaned_data.get("begins"), self.cleaned_data.get("ends")
        if begins is None or ends is None:
            return
        if begins >= ends:
            self.add_error("ends", "終了日時は、開始日時より後にしてください。")
        oldest = first_kept_day(day_of(self._now))
        if begins < start_of_day(oldest):
            self.add_error("begins", f"保管しているログは {written_day(oldest)}以降のものです。")

    def sought(self) -> LogQuery:
        """The question for the store. Only after `is_valid`."""
        cleaned = self.cleaned_data
        network = cleaned["address"]
        filters = frozenset() if network is None else frozenset({Filter(By.ADDRESS, network_text(network))})
        return LogQuery(self._contract.pk, cleaned["begins"], cleaned["ends"], filters)

    def query_string(self) -> str:
        """The search as part of an address, for further pages and for whoever is sent the link."""
        return urlencode({"contract": self._contract.number, **{name: self[name].value() for name in self.fields}})
