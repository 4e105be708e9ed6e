"""The form of a blocking policy: a table with a row per kind, and how long, for which sites and how many."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms import BoundField

from sakimori.blacklist.policy import (
    KINDS,
    MOST_CAP,
    MOST_HOURS,
    MOST_MINUTES,
    MOST_REQUESTS,
    NEVER_AUTO,
    KindRule,
    Mode,
    Rules,
    Term,
)
from sakimori.blacklist.policy_text import WrongPolicy, read
from sakimori.blacklist.replay import MOST_DAYS
from sakimori.customers.models import Contract

_FOR_GOOD, _FOR_A_TIME = "good", "time"
_ALL_SITES, _ONE_SITE = "all", "one"


@dataclass(frozen=True, slots=True)
class KindRow:
    """A kind in the table. differs: not as in the default, which `default` tells in words."""

    label: str
    mode: BoundField
    requests: BoundField
    minutes: BoundField
    differs: bool
    default: str


def words_of(rule: KindRule) -> str:
    """A kind's rule for people."""
    if rule.mode is Mode.OBSERVE or rule.requests == 1:
        return rule.mode.label
    return f"{rule.mode.label}（{rule.minutes} 分間に {rule.requests} 件以上）"


def term_words(rules: Rules) -> str:
    """How long, for people."""
    term = rules.term
    if term.hours is None:
        return "恒久"
    grows = "再犯ごとに 2 倍"
    return f"{term.hours} 時間（{grows}、最長 {term.most_hours or MOST_HOURS} 時間）"


def reach_words(rules: Rules) -> str:
    """For which sites, for people."""
    return "攻撃を受けたサイトのみ" if rules.one_site else "契約のすべてのサイト"


class _ContractField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A contract by its number and the customer's name."""

    def label_from_instance(self, obj: Contract) -> str:
        """What the list shows."""
        return f"{obj.number}（{obj.customer.name}）"


class PolicyForm(forms.Form):
    """A whole policy. base: what stands in the form at first. default: what it is compared with."""

    lasting = forms.ChoiceField(
        label="遮断する期間", choices=[(_FOR_GOOD, "恒久（解除するまで）"), (_FOR_A_TIME, "期限を設ける")]
    )
    hours = forms.IntegerField(
        label="初回の遮断時間（時間）",
        help_text="期限を設ける場合に入力します。期限で解除したアドレスを再び遮断すると、回数ごとに 2 倍になります。",
        min_value=1,
        max_value=MOST_HOURS,
        required=False,
    )
    most_hours = forms.IntegerField(
        label="最長の遮断時間（時間）",
        help_text=f"空欄の場合は {MOST_HOURS} 時間（366 日）です。",
        min_value=1,
        max_value=MOST_HOURS,
        required=False,
    )
    reach = forms.ChoiceField(
        label="遮断するサイト",
        help_text="「攻撃を受けたサイトのみ」では、別のサイトも攻撃された時にそのサイトを加えます。",
        choices=[(_ALL_SITES, "契約のすべてのサイト"), (_ONE_SITE, "攻撃を受けたサイトのみ")],
    )
    cap = forms.IntegerField(
        label="1 時間あたりの自動登録の上限（件）",
        help_text="お客様ごとに数えます。上限を超えた分はアナリストが判断します。",
        min_value=0,
        max_value=MOST_CAP,
    )
    why = forms.CharField(
        label="変更の理由",
        help_text="保存する時に必要です。変更履歴に残ります。200 文字までご記入ください。",
        max_length=200,
        required=False,
    )
    days = forms.IntegerField(
        label="試す期間（直近の日数）",
        help_text=f"1～{MOST_DAYS} 日。日数が多いほど時間がかかります。",
        min_value=1,
        max_value=MOST_DAYS,
        initial=7,
        required=False,
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any,
        *,
        base: Rules,
        default: Rules,
        version: int,
        may_change: bool,
        contracts: QuerySet[Contract] | None = None,
    ) -> None:
        """contracts: among which one is chosen to try the policy on; None where it is a contract's own."""
        super().__init__(data, initial=_initial(base, version))
        if contracts is not None:
            self.fields["contract"] = _ContractField(
                contracts, label="試す契約", required=False, empty_label="選択してください"
            )
        self._base, self._default = base, default
        self.rules = base
        for kind in KINDS:
            self._add_kind(kind.value, kind.label)
        if not may_change:
            for field in self.fields.values():
                field.disabled = True

    def _add_kind(self, kind: str, label: str) -> None:
        rule = self._base.of(kind)
        modes = [(mode.value, mode.label) for mode in Mode if mode is not Mode.AUTO or kind not in NEVER_AUTO]
        self.fields[f"mode_{kind}"] = forms.ChoiceField(
            label=f"{label}：対応",
            choices=modes,
            initial=rule.mode.value,
            widget=forms.Select(attrs={"aria-label": f"{label}の対応"}),
        )
        for name, value, most, what in (
            ("requests", rule.requests, MOST_REQUESTS, "件数"),
            ("minutes", rule.minutes, MOST_MINUTES, "時間（分）"),
        ):
            self.fields[f"{name}_{kind}"] = forms.IntegerField(
                label=f"{label}：{what}",
                initial=value,
                min_value=1,
                max_value=most,
                widget=forms.NumberInput(attrs={"aria-label": f"{label}の{what}"}),
            )

    def kind_rows(self) -> Iterator[KindRow]:
        """The table."""
        for kind in KINDS:
            default = self._default.of(kind.value)
            yield KindRow(
                kind.label,
                self[f"mode_{kind.value}"],
                self[f"requests_{kind.value}"],
                self[f"minutes_{kind.value}"],
                differs=self._base.of(kind.value) != default,
                default=words_of(default),
            )

    def other_fields(self) -> list[BoundField]:
        """What stands below the table."""
        return [self[name] for name in ("lasting", "hours", "most_hours", "reach", "cap")]

    def trial_fields(self) -> list[BoundField]:
        """What is asked for to try the policy."""
        return [self[name] for name in ("contract", "days") if name in self.fields]

    def clean(self) -> dict[str, Any]:
        """Make the policy of it; see `rules`."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        if cleaned["lasting"] == _FOR_A_TIME and cleaned["hours"] is None:
            self.add_error("hours", "期限を設ける場合は、初回の遮断時間を入力してください。")
        elif cleaned["lasting"] == _FOR_A_TIME and (cleaned["most_hours"] or MOST_HOURS) < cleaned["hours"]:
            self.add_error("most_hours", "最長の遮断時間は、初回の遮断時間以上にしてください。")
        else:
            self._read(cleaned)
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> None:
        timed = cleaned["lasting"] == _FOR_A_TIME
        kinds = {
            kind.value: {name: cleaned[f"{name}_{kind.value}"] for name in ("mode", "requests", "minutes")}
            for kind in KINDS
        }
        data = {
            "kinds": kinds,
            "hours": cleaned["hours"] if timed else None,
            "most_hours": cleaned["most_hours"] if timed else None,
            "one_site": cleaned["reach"] == _ONE_SITE,
            "cap": cleaned["cap"],
        }
        try:
            self.rules = read(data, self._base)
        except WrongPolicy:
            self.add_error(None, "入力内容を読み取れません。画面を開き直して、もう一度入力してください。")


def _initial(rules: Rules, version: int) -> dict[str, object]:
    term: Term = rules.term
    return {
        "lasting": _FOR_GOOD if term.hours is None else _FOR_A_TIME,
        "hours": term.hours,
        "most_hours": term.most_hours,
        "reach": _ONE_SITE if rules.one_site else _ALL_SITES,
        "cap": rules.cap,
        "days": 7,
        "seen": version,
    }
