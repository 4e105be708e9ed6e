"""The form of the log search: a period in Japan Standard Time, and values to meet or to rule out.

A filter that was understood leaves its field and becomes a chip of the page and a hidden field of the form; what was
not understood stays in its field, with a sentence.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django import forms

from sakimori.lib.calendar import written_day
from sakimori.lib.countries import countries
from sakimori.lib.jst import start_of_day
from sakimori.logs import periods
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import EMPTY, LONGEST_VALUE, By, in_order
from sakimori.logs.search_address import NOT, filter_parameter, filters_of, read_moment, written_moment

_ANY = ("", "指定しない")
_CHOICES = {
    By.KIND: [_ANY, *((kind.value, kind.label) for kind in AttackKind)],
    By.OUTCOME: [_ANY, *((outcome.value, outcome.label) for outcome in Outcome)],
}
_HINTS = {
    By.ADDRESS: "例：198.51.100.7、198.51.100.0/24、198.51.100.",
    By.COUNTRY: "国名または国コード。例：日本、JP",
    By.TEXT: "日本語でも検索できます。大文字と小文字は区別しません",
    By.RULE: "名前または番号（完全一致）",
}
# What most people ask for stands beside the period; the rest unfolds.
FIRST = (By.ADDRESS, By.TEXT)
FURTHER = (By.SITE, By.KIND, By.OUTCOME, By.COUNTRY, By.RULE, By.REQUEST)
# Fields with a list of what is often meant (`search.html`).
_OFFERED = {By.SITE: "log-sites", By.COUNTRY: "log-countries"}
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_WRONG_MOMENT = "日付と時刻を正しく入力してください（例：2026/11/25 09:30）。"


class MomentField(forms.CharField):
    """A moment of Japan; its clean value is UTC."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "any"})

    def clean(self, value: object) -> datetime:
        """Read it. ValidationError with a sentence for anything that is no moment."""
        moment = read_moment(str(super().clean(value)))
        if moment is None:
            raise forms.ValidationError(_WRONG_MOMENT)
        return moment


class SearchForm(forms.Form):
    """Fields left empty mean: the last 24 hours, everything."""

    begins = MomentField(label="開始日時（日本時間）")
    ends = MomentField(label="終了日時（日本時間）")

    def __init__(
        self,
        parameters: Iterable[tuple[str, str]],
        *,
        contract_id: int,
        sites: Sequence[str],
        oldest: date,
        now: datetime,
    ) -> None:
        """parameters: those of the page's address. oldest: the first day of Japan whose log is kept."""
        listed = list(parameters)
        self._contract_id, self._oldest, self.sites, self.countries = contract_id, oldest, sites, countries()
        self.filters, self._troubles = filters_of(listed)
        given = {trouble.name: trouble.given for trouble in reversed(self._troubles)}
        super().__init__({**given, **_period(dict(listed), oldest=oldest, now=now)})
        for name, by in _names():
            self.fields[name] = _field(by)

    def clean(self) -> None:
        """The period runs forward and lies within what is kept; every filter is one."""
        for trouble in self._troubles:
            # A name of no field: too many filters, or one that only links carry.
            self.add_error(trouble.name if trouble.name in self.fields else None, trouble.sentence)
        begins, ends = self.cleaned_data.get("begins"), self.cleaned_data.get("ends")
        if begins is None or ends is None:
            return
        if begins >= ends:
            self.add_error("ends", "終了日時は、開始日時より後にしてください。")
        if begins < start_of_day(self._oldest):
            self.add_error("begins", f"保管しているログは {written_day(self._oldest)}以降のものです。")

    def sought(self) -> LogQuery:
        """The question for the store. Only after `is_valid`."""
        return LogQuery(self._contract_id, self.cleaned_data["begins"], self.cleaned_data["ends"], self.filters)

    def hidden(self) -> list[tuple[str, str]]:
        """The filters that are on, as names and values for hidden fields."""
        return [filter_parameter(each) for each in in_order(self.filters)]

    def strange_sites(self) -> list[str]:
        """Sites that are sought and that the contract does not have: mistyped, or long gone."""
        sought = {each.value for each in self.filters if each.by is By.SITE and not each.exclude}
        return sorted(sought - {EMPTY, *self.sites})

    def first_fields(self) -> list[forms.BoundField]:
        """When, and what most people ask for."""
        return [self["begins"], self["ends"], *(self[str(by)] for by in FIRST)]

    def further_fields(self) -> list[forms.BoundField]:
        """What else is to be met."""
        return [self[str(by)] for by in FURTHER]

    def excluding_fields(self) -> list[forms.BoundField]:
        """What is to be ruled out."""
        return [self[f"{NOT}{by}"] for by in (*FIRST, *FURTHER)]

    def further_is_open(self) -> bool:
        """Whether something in these fields was not understood, so that it must be seen."""
        return any(field.errors for field in self.further_fields())

    def excluding_is_open(self) -> bool:
        """As `further_is_open`."""
        return any(field.errors for field in self.excluding_fields())


def _period(given: dict[str, str], *, oldest: date, now: datetime) -> dict[str, str]:
    """What stands in the two fields: what was typed, or the ends of the period that is asked for by name."""
    begins, ends = periods.usual(given.get("period", ""), now=now, oldest=start_of_day(oldest))
    named = {"begins": written_moment(begins), "ends": written_moment(ends)}
    if given.get("period") in periods.USUAL:
        return named
    return {name: given.get(name) or text for name, text in named.items()}


def _names() -> Iterable[tuple[str, By]]:
    return [(f"{prefix}{by}", by) for prefix in ("", NOT) for by in (*FIRST, *FURTHER)]


def _field(by: By) -> forms.Field:
    hint = _HINTS.get(by, "")
    if by in _CHOICES:
        # The value is checked with all others; the field only offers it.
        widget: forms.Widget = forms.Select(choices=_CHOICES[by])
    else:
        further = {"list": _OFFERED[by]} if by in _OFFERED else {}
        widget = forms.TextInput(attrs={**_PLAIN, **further, "maxlength": str(LONGEST_VALUE)})
    # A plain field: what is wrong with a value is said once, by `filter_of`.
    return forms.Field(label=by.label, required=False, help_text=hint, widget=widget)
