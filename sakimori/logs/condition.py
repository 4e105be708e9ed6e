"""What is sought, and the SQL that says so. Values are bound parameters; only parts of this file are put together."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby

from sakimori.lib.addresses import Network, parse_network
from sakimori.lib.jst import day_of, milliseconds
from sakimori.logs.filters import EMPTY, By, Filter, in_order
from sakimori.logs.percent import sent_forms

Values = dict[str, object]

_IN = {
    By.SITE: "site IN {{{name}:Array(String)}}",
    By.KIND: "hasAny(attack_kinds, {{{name}:Array(String)}})",
    By.OUTCOME: "outcome IN {{{name}:Array(String)}}",
    By.COUNTRY: "country IN {{{name}:Array(String)}}",
    By.URL: "url IN {{{name}:Array(String)}}",
    By.TEXT: "multiSearchAnyCaseInsensitive(concat(url, if(query = '', '', '?'), query), {{{name}:Array(String)}})",
    By.RULE: "(hasAny(rule_names, {{{name}:Array(String)}}) OR hasAny(rule_ids, {{{name}:Array(String)}}))",
    By.REQUEST: "request_id IN {{{name}:Array(String)}}",
}
# Typed by hand, and kept as typed: a rule's name may really be wide. What is wide also means the narrow form.
_TYPED = frozenset({By.SITE, By.RULE, By.REQUEST})
_LACKS = {
    By.SITE: "site = ''",
    By.ADDRESS: "client_ip IS NULL",
    By.COUNTRY: "country = ''",
    By.URL: "url = ''",
    By.RULE: "NOT arrayExists(rule -> rule != '', arrayConcat(rule_names, rule_ids))",
}


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is sought: from `begins` (with it) to `ends` (without it), aware moments; milliseconds count.

    filters: values of one kind that are to be met are alternatives; different kinds must be met together; what is
    excluded never comes.
    """

    contract_id: int
    begins: datetime
    ends: datetime
    filters: frozenset[Filter] = frozenset()

    def plus(self, added: Filter) -> "LogQuery":
        """With one more filter; its opposite goes."""
        return replace(self, filters=(self.filters - {added.opposite}) | {added})

    def minus(self, removed: Filter) -> "LogQuery":
        """Without a filter."""
        return replace(self, filters=self.filters - {removed})

    def within(self, begins: datetime, ends: datetime) -> "LogQuery":
        """The same filters, another period."""
        return replace(self, begins=begins, ends=ends)


def condition_of(query: LogQuery) -> tuple[str, Values]:
    """The condition for WHERE, and the values of its parameters.

    Contract and days stand first: they let the store leave all other partitions alone.
    """
    days, values = on_days(query, day_of(query.begins), day_of(query.ends - timedelta(milliseconds=1)))
    begins, ends = (f"fromUnixTimestamp64Milli({{{name}:Int64}}, 'UTC')" for name in ("begins", "ends"))
    return f"{days} AND time >= {begins} AND time < {ends}", {
        **values,
        "begins": milliseconds(query.begins),
        "ends": milliseconds(query.ends),
    }


def on_days(query: LogQuery, first: date, last: date, *, called: str = "day") -> tuple[str, Values]:
    """The same condition, but for whole days of Japan, both included, instead of the query's period.

    called: how the values of these days end, so that one question may have both conditions.
    """
    parts = [
        "contract_id = {contract_id:UInt32}",
        f"day >= {{first_{called}:Date}} AND day <= {{last_{called}:Date}}",
    ]
    values: Values = {"contract_id": query.contract_id, f"first_{called}": first, f"last_{called}": last}
    for (by, exclude), filters in groupby(in_order(query.filters), key=lambda each: (each.by, each.exclude)):
        name = f"not_{by}" if exclude else str(by)
        sql, bound = _any_of(by, name, [each.value for each in filters])
        # An event without an address meets no condition about one, neither yes nor no: it is not what is left out.
        parts.append(f"NOT ifNull({sql}, 0)" if exclude else sql)
        values |= bound
    return " AND ".join(parts), values


def _any_of(by: By, name: str, sought: Iterable[str]) -> tuple[str, Values]:
    listed = list(sought)
    alternatives: list[str] = []
    values: Values = {}
    if by in _LACKS and EMPTY in listed:
        listed.remove(EMPTY)
        alternatives.append(_LACKS[by])
    if listed and by is By.ADDRESS:
        sql, values = _in_networks(name, [network for text in listed if (network := parse_network(text)) is not None])
        alternatives.append(sql)
    elif listed:
        alternatives.append(_IN[by].format(name=name))
        values = {name: list(dict.fromkeys(form for text in listed for form in _forms(by, text)))}
    return f"({' OR '.join(alternatives)})", values


def _forms(by: By, value: str) -> list[str]:
    """The writings of a value that meet it, itself first. `filters.MOST_FILTERS` texts must not have more than 255,
    which one question takes: a test says so."""
    if by is By.TEXT:
        return sent_forms(value)
    return [value, unicodedata.normalize("NFKC", value)] if by in _TYPED else [value]


def _in_networks(name: str, networks: Iterable[Network]) -> tuple[str, Values]:
    """Single addresses as a set, which the index of the column can be asked for; networks as spans."""
    values: Values = {}
    spans: list[str] = []
    singles: list[str] = []
    for place, network in enumerate(networks):
        if network.num_addresses == 1:
            key = f"{name}_{place}"
            singles.append(f"toIPv6({{{key}:String}})")
            values[key] = str(network.network_address)
        else:
            low, high = f"{name}_{place}_low", f"{name}_{place}_high"
            spans.append(f"client_ip BETWEEN toIPv6({{{low}:String}}) AND toIPv6({{{high}:String}})")
            values |= {low: str(network[0]), high: str(network[-1])}
    found = [f"client_ip IN ({', '.join(singles)})"] if singles else []
    return " OR ".join([*found, *spans]), values
