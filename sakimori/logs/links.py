"""Links from one search to the next: the same with one more filter, without one, or of another period. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sakimori.lib.countries import country_with_code
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import EMPTY, LONGEST_VALUE, By, Filter, in_order
from sakimori.logs.search_address import query_string
from sakimori.logs.timeline import Split

_WORDS = {
    By.KIND: {kind.value: kind.label for kind in AttackKind},
    By.OUTCOME: {outcome.value: outcome.label for outcome in Outcome},
}
_LACKING = {By.COUNTRY: "不明"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A value in words, and the searches that meet it or rule it out ("" where it cannot be sought)."""

    label: str
    text: str
    include: str = ""
    exclude: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on: its words, the search without it, and the one with its opposite."""

    text: str
    remove: str
    turn: str
    exclude: bool


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the links of one search. Each begins with `?` and keeps the contract and what the bars are split by."""

    query: LogQuery
    contract: str
    split: Split = Split.OUTCOME

    def to(self, query: LogQuery, *, split: Split | None = None) -> str:
        """To another search of the same contract."""
        return f"?{self.parameters(query, split=split)}"

    def parameters(self, query: LogQuery, *, split: Split | None = None) -> str:
        """The same without the question mark."""
        chosen = split or self.split
        further = {} if chosen is Split.OUTCOME else {"bars": chosen.value}
        return query_string(query, contract=self.contract, **further)

    def choice(self, by: By, value: str) -> Choice:
        """A value that an event has (`EMPTY`: it has none) with its two links."""
        text = words_of(by, value)
        if len(value) > LONGEST_VALUE:
            return Choice(by.label, text)
        met = Filter(by, value)
        return Choice(by.label, text, self.to(self.query.plus(met)), self.to(self.query.plus(met.opposite)))

    def chips(self) -> Sequence[Chip]:
        """All filters that are on, in the usual order."""
        return [
            Chip(
                text=f"{each.by.label}：{words_of(each.by, each.value)}",
                remove=self.to(self.query.minus(each)),
                turn=self.to(self.query.minus(each).plus(each.opposite)),
                exclude=each.exclude,
            )
            for each in in_order(self.query.filters)
        ]


def words_of(by: By, value: str) -> str:
    """A value as a reader knows it."""
    if value == EMPTY and by is not By.TEXT:
        return _LACKING.get(by, "（なし）")
    if by is By.COUNTRY:
        return country_with_code(value)
    return _WORDS.get(by, {}).get(value, value)
