"""The filter above the list of entries, the same for both faces."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from sakimori.accounts.inputs import ListFilter
from sakimori.accounts.models import User
from sakimori.blacklist.entries import about
from sakimori.blacklist.models import Block, BlockState, Finding
from sakimori.customers.choosing import customer_field
from sakimori.customers.models import Customer
from sakimori.lib.addresses import Network, parse_network
from sakimori.lib.jst import start_of_day
from sakimori.logs.attack_kinds import AttackKind

ON_LIST = (
    BlockState.ACTIVE,
    BlockState.APPROVED,
    BlockState.APPLYING,
    BlockState.RESTORING,
    BlockState.UNKNOWN,
)
_KINDS = [("", "すべて"), *((kind.value, kind.label) for kind in AttackKind if kind is not AttackKind.NONE)]
_STATES = [("", "遮断中・手続き中"), ("all", "すべて")]
_DECIDED = [("", "すべて"), ("auto", "自動"), ("person", "担当者"), ("hand", "手動で追加")]
_EXPIRING = [
    ("", "すべて"),
    ("never", "期限なし"),
    ("some", "期限あり"),
    ("1", "24 時間以内に期限"),
    ("7", "7 日以内に期限"),
]
_ORDERS: Mapping[str, tuple[str, tuple[Any, ...]]] = {
    "": ("新しい順", (F("proposed_at").desc(), F("pk").desc())),
    "old": ("古い順", (F("proposed_at").asc(), F("pk").asc())),
    "expires": ("期限が近い順", (F("expires_at").asc(nulls_last=True), F("pk").asc())),
    "hits": ("登録後の遮断が多い順", (F("hits").desc(), F("pk").desc())),
    "last_hit": ("登録後の遮断が新しい順", (F("last_hit_at").desc(nulls_last=True), F("pk").desc())),
    "silent": ("登録後の遮断が古い順", (F("last_hit_at").asc(nulls_first=True), F("pk").asc())),
}
_IN_SIGHT = ("address", "customer", "state", "order")
Narrow = Callable[[QuerySet[Block], Any], QuerySet[Block]]


class AddressField(forms.CharField):
    """An address or a network; anything else is said to be neither."""

    def clean(self, value: Any) -> Network | None:
        """The network that the text is, one address being the narrowest; None where nothing was typed."""
        text = super().clean(value)
        network = parse_network(text) if text else None
        if text and network is None:
            raise forms.ValidationError("IP アドレスまたはネットワークをご記入ください。")
        return network


class BlockFilter(ListFilter):
    """Empty means all, but for the state: empty means what is on the list. What is not offered narrows nothing.

    customers: those to choose from; None leaves the choice out. states: those to choose from, in the reader's words.
    people: those who can be asked for as the ones that decided.
    """

    address = AddressField(label="IP アドレス・ネットワーク", required=False, max_length=60)
    state = forms.ChoiceField(label="状態", choices=[*_STATES, *BlockState.choices], required=False)
    kind = forms.ChoiceField(label="攻撃種別", choices=_KINDS, required=False)
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label="国コード",
        required=False,
        error_messages={"invalid": "国コードは JP のように 2 文字でご記入ください。"},
    )
    begins = forms.DateField(
        label="登録・判断待ちの日（から）", required=False, widget=forms.DateInput({"type": "date"})
    )
    ends = forms.DateField(label="（まで）", required=False, widget=forms.DateInput({"type": "date"}))
    decided = forms.ChoiceField(label="判断した人", required=False)
    expiring = forms.ChoiceField(label="期限", choices=_EXPIRING, required=False)
    order = forms.ChoiceField(
        label="並べ方", choices=[(code, label) for code, (label, _) in _ORDERS.items()], required=False
    )

    def __init__(
        self,
        data: Any,
        *,
        now: datetime,
        customers: QuerySet[Customer] | None = None,
        states: Sequence[tuple[str, str]] = (),
        people: Iterable[User] = (),
    ) -> None:
        super().__init__(data)
        self.now = now
        named = [(str(person.pk), person.shown_name) for person in people]
        self.fields["decided"] = forms.ChoiceField(label="判断した人", choices=[*_DECIDED, *named], required=False)
        if states:
            self.fields["state"] = forms.ChoiceField(label="状態", choices=[*_STATES, *states], required=False)
        if customers is not None:
            self.fields["customer"] = customer_field(customers)
        self.order_fields(_IN_SIGHT)

    def narrow(self, rows: QuerySet[Block]) -> QuerySet[Block]:
        """The rows that fit, in the wanted order. Nothing where what was typed cannot be understood."""
        if not self.is_valid():
            return rows.none()
        chosen = self.cleaned_data
        if not chosen["state"]:
            rows = rows.filter(state__in=ON_LIST)
        for name, value in chosen.items():
            if value:
                rows = self._narrowed(rows, name, value)
        return rows.order_by(*_ORDERS[chosen["order"]][1])

    def main_fields(self) -> list[forms.BoundField]:
        """Those that are always in sight."""
        return [self[name] for name in self.fields if name in _IN_SIGHT]

    def more_fields(self) -> list[forms.BoundField]:
        """The others."""
        return [self[name] for name in self.fields if name not in _IN_SIGHT]

    def has_more(self) -> bool:
        """Whether one of the others is used."""
        return any(self.data.get(field.name) for field in self.more_fields())

    def is_narrowing(self) -> bool:
        """Whether anything but the order was chosen."""
        return any(self.data.get(name) for name in self.fields if name != "order")

    def _narrowed(self, rows: QuerySet[Block], name: str, value: Any) -> QuerySet[Block]:
        if name == "expiring" and value.isdecimal():
            return rows.filter(expires_at__lte=self.now + timedelta(days=int(value)))
        return _NARROWING[name](rows, value)


def _with_finding(rows: QuerySet[Block], **wanted: object) -> QuerySet[Block]:
    return rows.filter(Exists(Finding.objects.filter(block=OuterRef("pk"), **wanted)))


def _by(rows: QuerySet[Block], who: str) -> QuerySet[Block]:
    if who == "hand":
        return rows.exclude(note="")
    if who.isdecimal():
        return rows.filter(Q(decided_by=who) | Q(second_by=who))
    return rows.filter(decided_by=None, decided_at__isnull=False) if who == "auto" else rows.exclude(decided_by=None)


_NARROWING: Mapping[str, Narrow] = {
    "address": about,
    "customer": lambda rows, value: rows.filter(contract__customer=value),
    "state": lambda rows, value: rows if value == "all" else rows.filter(state=value),
    "kind": lambda rows, value: _with_finding(rows, kind=value),
    "country": lambda rows, value: _with_finding(rows, country=value.upper()),
    "begins": lambda rows, value: rows.filter(proposed_at__gte=start_of_day(value)),
    "ends": lambda rows, value: rows.filter(proposed_at__lt=start_of_day(value + timedelta(days=1))),
    "decided": _by,
    "expiring": lambda rows, value: rows.filter(expires_at__isnull=value == "never"),
    "order": lambda rows, _: rows,
}
