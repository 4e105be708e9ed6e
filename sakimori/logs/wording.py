"""Events of the log in words, as lists and single events show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sakimori.lib.jst import milliseconds, written
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import FIELDS, Field
from sakimori.logs.filters import EMPTY, By
from sakimori.logs.links import Choice, Links, words_of
from sakimori.logs.original import original_line
from sakimori.logs.percent import decoded

_LONGEST_TEXT = 20_000
_KINDS = {kind.value: kind.label for kind in AttackKind}
_OUTCOMES = {outcome.value: outcome.label for outcome in Outcome}
_TONES = {
    Outcome.BLOCKED.value: "stop",
    Outcome.DENIED.value: "stop",
    Outcome.CHALLENGED.value: "wait",
    Outcome.ALLOWED.value: "done",
}
_ENCODED = frozenset({"url", "query", "referrer"})
_SINGLE = {"site": By.SITE, "outcome": By.OUTCOME, "country": By.COUNTRY, "url": By.URL, "request_id": By.REQUEST}


@dataclass(frozen=True, slots=True)
class LogRow:
    """One event as the list shows it. place: where it lies (milliseconds, file, line), for the link to all of it.

    request: as it was sent. decoded: its URL and query as people read them, empty where that is the same.
    """

    time: datetime
    place: str
    site: Choice
    address: Choice
    country: Choice
    kinds: Sequence[Choice]
    outcome: Choice
    tone: str
    request: str
    decoded: str
    url: Choice
    rules: Sequence[Choice]
    status: int | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One column of an event: label, text, and the values in it by which a search can be narrowed."""

    label: str
    text: str
    choices: Sequence[Choice]


def log_row(row: Mapping[str, Any], links: Links) -> LogRow:
    """A listed row of the store in words."""
    return LogRow(
        time=row["time"],
        place=f"{milliseconds(row['time'])}-{row['file_id']}-{row['line_no']}",
        site=links.choice(By.SITE, row["site"] or EMPTY),
        address=address_choice(row, links),
        country=links.choice(By.COUNTRY, row["country"] or EMPTY),
        kinds=[links.choice(By.KIND, kind) for kind in row["attack_kinds"]],
        outcome=links.choice(By.OUTCOME, row["outcome"]),
        tone=_TONES.get(row["outcome"], ""),
        request=f"{row['method']} {_with_query(row['url'], row['query'])}".strip(),
        decoded=_read_request(row["url"], row["query"]),
        url=links.choice(By.URL, row["url"] or EMPTY),
        rules=_rules(row, links),
        status=row["status"],
    )


def address_choice(row: Mapping[str, Any], links: Links) -> Choice:
    """The address; where it could not be read, what the line had in its place."""
    if row["address"]:
        return links.choice(By.ADDRESS, row["address"])
    lacking = links.choice(By.ADDRESS, EMPTY)
    return Choice(lacking.label, row["client_ip_text"] or lacking.text, lacking.include, lacking.exclude)


def details_of(row: Mapping[str, Any], links: Links) -> list[Detail]:
    """Every column that says something. `row` holds all columns of `fields.py`."""
    whole = {**row, "line": original_line(row)}
    choices = _choices(row, links)
    return [
        detail
        for field in FIELDS
        if (text := _text(field.name, whole[field.name]))
        for detail in (Detail(field.on_pages, text, choices.get(field.name, ())), *_as_read(field, text))
    ]


def _as_read(field: Field, text: str) -> Sequence[Detail]:
    """What was sent percent-encoded once more as people read it, in a line of its own."""
    if field.name not in _ENCODED:
        return ()
    read = decoded(text, is_query=field.name == "query")
    return () if read == text else (Detail(f"{field.on_pages}（デコード後）", read, ()),)


def _read_request(url: str, query: str) -> str:
    read = _with_query(decoded(url), decoded(query, is_query=True))
    return "" if read == _with_query(url, query) else read


def _with_query(url: str, query: str) -> str:
    return f"{url}?{query}" if query else url


def _choices(row: Mapping[str, Any], links: Links) -> dict[str, Sequence[Choice]]:
    """What a search can be narrowed by, at the columns that say it."""
    single = {name: [links.choice(by, row[name])] for name, by in _SINGLE.items() if row[name]}
    return {
        **single,
        "client_ip": [address_choice(row, links)],
        "attack_kinds": [links.choice(By.KIND, kind) for kind in row["attack_kinds"]],
        "rule_names" if any(row["rule_names"]) else "rule_ids": _rules(row, links),
    }


def _rules(row: Mapping[str, Any], links: Links) -> list[Choice]:
    """By their names, or their numbers where none has a name; those that are sought come first, as they are sought."""
    sought = {each.value for each in links.query.filters if each.by is By.RULE}
    met = [rule for rule in (*row["rule_names"], *row["rule_ids"]) if rule in sought]
    named = [rule for rule in row["rule_names"] if rule] or [rule for rule in row["rule_ids"] if rule]
    return [links.choice(By.RULE, rule) for rule in dict.fromkeys([*met, *named])]


def _text(name: str, value: object) -> str:
    if name == "attack_kinds" and isinstance(value, list | tuple):
        return "、".join(_KINDS.get(str(kind), str(kind)) for kind in value)
    if name == "attack_kind":
        return _KINDS.get(str(value), str(value))
    if name == "outcome":
        return _OUTCOMES.get(str(value), str(value))
    if name == "country" and value:
        return words_of(By.COUNTRY, _cut(str(value)))
    return _cut(_plain(value))


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{written(value)}.{value.microsecond // 1000:03}"
    if isinstance(value, Mapping):
        return "、".join(f"{key}={text}" for key, text in value.items())
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …（以下省略）"
