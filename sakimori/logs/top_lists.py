"""The lists of the most frequent values among the events of a search.

Values are bound parameters; only names of columns and constants are put into the SQL. Every function raises StoreError;
StoreUnavailable when an answer takes longer than MAX_SECONDS.
"""

# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass

from sakimori.logs.condition import LogQuery, Values, condition_of
from sakimori.logs.filters import EMPTY, By
from sakimori.logs.search import MAX_SECONDS
from sakimori.logs.store.clickhouse import ADDRESS_TEXT, EVENTS
from sakimori.logs.store.interface import LogStore
from sakimori.logs.whole_days import Days, by_days, whole_days

TOP_LISTS = (By.ADDRESS, By.COUNTRY, By.KIND, By.SITE, By.URL, By.RULE)

# What a list counts, and how a value of it is written. An event with several kinds or rules counts for each.
_ONE_VALUE = {
    By.SITE: ("site", "toString({key})"),
    By.ADDRESS: (
        "client_ip",
        f"ifNull({ADDRESS_TEXT.replace('{', '{{').replace('}', '}}').replace('client_ip', '{key}')}, '')",
    ),
    By.OUTCOME: ("outcome", "toString({key})"),
    By.COUNTRY: ("country", "toString({key})"),
    By.URL: ("url", "{key}"),
}
_NAMED = "rule -> rule != ''"
_SEVERAL_VALUES = {
    By.KIND: "attack_kinds",
    By.RULE: f"arrayDistinct(arrayFilter({_NAMED}, if(arrayExists({_NAMED}, rule_names), rule_names, rule_ids)))",
}


@dataclass(frozen=True, slots=True)
class Top:
    """A value and how many of the found events have it. value: `EMPTY` where an event has none."""

    value: str
    count: int


def top(store: LogStore, query: LogQuery, by: By, *, limit: int = 20) -> list[Top]:
    """The values that most of the found events have, the most first."""
    return tops(store, query, (by,), limit=limit)[by]


def tops(store: LogStore, query: LogQuery, lists: Sequence[By] = TOP_LISTS, *, limit: int = 20) -> dict[By, list[Top]]:
    """Several such lists at once, in one question that looks for the events twice at most, however many lists; the
    addresses of whole days are counted already (`whole_days.py`).

    Where several values are equally frequent at the end of a list, any of them is in it.
    """
    condition, values = condition_of(query)
    days = whole_days(query) if By.ADDRESS in lists else None
    one = [by for by in lists if by in _ONE_VALUE and not (days and by is By.ADDRESS)]
    several = [by for by in lists if by in _SEVERAL_VALUES]
    asked = [_count_one(one, condition)] if one else []
    asked += [_count_several(several, condition)] if several else []
    if days:
        counted, of_days = _count_addresses(query, days)
        asked.append(counted)
        values = {**values, **of_days} if len(asked) > 1 else of_days
    sql = "\nUNION ALL\n".join(asked)
    found: dict[str, list[Top]] = {str(by): [] for by in lists}
    for row in store.query(
        f"SELECT * FROM ({sql}) ORDER BY total DESC, value", {**values, "limit": limit}, max_seconds=MAX_SECONDS
    ):
        found[row["list"]].append(Top(row["value"] or EMPTY, int(row["total"])))
    return {by: found[by] for by in lists}


def _count_addresses(query: LogQuery, days: Days) -> tuple[str, Values]:
    """The list of addresses, from the counts of whole days and the rows of the rest."""
    counted, values = by_days(query, days, "client_ip, count() AS total", "client_ip")
    few = "GROUP BY client_ip ORDER BY total DESC LIMIT {limit:UInt32}"
    most = f"SELECT client_ip, sum(total) AS total FROM ({counted}) {few}"
    value = _ONE_VALUE[By.ADDRESS][1].format(key="client_ip")
    return f"SELECT '{By.ADDRESS}' AS list, {value} AS value, total FROM ({most})", values


def _count_one(lists: Sequence[By], condition: str) -> str:
    """Lists of columns with one value per event. Values are written for those few that are given."""
    columns = ", ".join(f"{_ONE_VALUE[by][0]} AS key_{by}" for by in lists)
    written = ", ".join(f"list = '{by}', {_ONE_VALUE[by][1].format(key=f'key_{by}')}" for by in lists)
    counted = f"{_grouped(lists, columns, condition)} ORDER BY total DESC LIMIT {{limit:UInt32}} BY list"
    return f"SELECT list, multiIf({written}, '') AS value, total FROM ({counted})"


def _count_several(lists: Sequence[By], condition: str) -> str:
    """Lists of columns with several values per event: sets of values are counted first, there are few of them."""
    columns = ", ".join(f"{_SEVERAL_VALUES[by]} AS key_{by}" for by in lists)
    keys = ", ".join(f"list = '{by}', key_{by}" for by in lists)
    none = "emptyArrayString()"
    each = (
        f"SELECT list, arrayJoin(multiIf({keys}, {none})) AS value, total FROM ({_grouped(lists, columns, condition)})"
    )
    return (
        f"SELECT list, toString(value) AS value, sum(total) AS total FROM ({each}) GROUP BY list, value"
        " ORDER BY total DESC, value LIMIT {limit:UInt32} BY list"
    )


def _grouped(lists: Sequence[By], columns: str, condition: str) -> str:
    """Count by each key alone, in one pass: `list` says which key a row counts."""
    sets = ", ".join(f"(key_{by})" for by in lists)
    names = ", ".join(f"grouping(key_{by}) = 0, '{by}'" for by in lists)
    keys = ", ".join(f"key_{by}" for by in lists)
    return (
        f"SELECT multiIf({names}, '') AS list, {keys}, count() AS total"
        f" FROM (SELECT {columns} FROM {EVENTS} WHERE {condition}) GROUP BY GROUPING SETS ({sets})"
    )
