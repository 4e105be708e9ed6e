"""The chain as a bundle carries it (`chain.json`): every day from the first that gave lines to the newest, and all
links of the days that gave lines; of each link how many lines of its file are in the bundle, and which version of our
parser made their columns (no digest covers that: rows may be made anew).

JSON, a record per line. Who reads it needs no database: `broken` judges it with the rules of the chain.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sakimori.logs.chain.rules import (
    VERSION,
    Day,
    Link,
    Trouble,
    broken_days,
    broken_links,
    day_of_chain,
    link_of,
    members,
)

FORMAT = "sakimori log chain"
GIVEN, PARSER = "exported_lines", "parser_version"


class NoChain(Exception):
    """The text is no chain that this version can read."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a bundle says of the chain. given: lines of each file that are in the bundle, by the file's key.

    unlinked: lines of files that have no link (stored before the chain began, or let go of since). parsers: the parser
    version by which the rows of each file were made; files without one were stored before versions were counted, or the
    bundle was made before.
    """

    contract: str
    facts: Mapping[str, Any]
    days: tuple[Day, ...]
    links: tuple[Link, ...]
    given: Mapping[int, int]
    unlinked: int
    parsers: Mapping[int, int] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """All lines that it accounts for."""
        return sum(self.given.values()) + self.unlinked


def pieces(
    *, contract: str, made_at: datetime, facts: Mapping[str, Any], days: Iterable[Day],
    links: Iterable[tuple[Link, int | None]], given: Mapping[int, int], unlinked: int,
) -> Iterator[bytes]:  # fmt: skip
    """The text of `chain.json`, in pieces. links: given one by one, each with the parser version of its file's rows."""
    head = {"format": FORMAT, "version": VERSION, "contract": contract, "made_at": made_at.isoformat(), "export": facts}
    yield _json({**head, "unlinked_lines": unlinked})[:-1].encode() + b',\n"days":['
    yield from _listed({**members(day), "digest": day.digest} for day in days)
    yield b'],\n"links":['
    yield from _listed({**members(link), GIVEN: given.get(link.file, 0), PARSER: version} for link, version in links)
    yield b"]}\n"


def read(text: bytes) -> Excerpt:
    """Read `chain.json`. Raises NoChain."""
    try:
        whole = json.loads(text)
        if (whole["format"], whole["version"]) != (FORMAT, VERSION):
            raise NoChain("it is of another format or version")
        days = tuple(_day(record) for record in whole["days"])
        links, given, parsers = [], {}, {}
        for record in whole["links"]:
            count, version = int(record.pop(GIVEN)), record.pop(PARSER, None)
            links.append(link_of(record))
            if not isinstance(links[-1].file, int):
                raise NoChain("a link names no file")
            if count:
                given[links[-1].file] = count
            if version is not None:
                parsers[links[-1].file] = int(version)
        unlinked = int(whole["unlinked_lines"])
        return Excerpt(str(whole["contract"]), dict(whole["export"]), days, tuple(links), given, unlinked, parsers)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoChain(f"it cannot be read ({type(error).__name__}: {error})"[:200]) from error


def broken(excerpt: Excerpt) -> Iterator[Trouble | str]:
    """Everything that is wrong with it. What lies before its first day it cannot tell."""
    if excerpt.days:
        yield from broken_days(excerpt.days, before=excerpt.days[0].previous)
    by_day: dict[date, list[Link]] = {}
    for link in excerpt.links:
        by_day.setdefault(link.day, []).append(link)
        if excerpt.given.get(link.file, 0) > link.rows:
            yield f"file {link.file} ({link.name}): more lines than it had"
    known = {day.day: day for day in excerpt.days}
    for day, links in by_day.items():
        if day in known:
            yield from broken_links(known[day], links)
        else:
            yield f"{day}: links of a day that is not in the chain"
    contracts = {day.contract for day in excerpt.days} | {link.contract for link in excerpt.links}
    if contracts - {excerpt.contract}:
        yield "a record of another contract is in the chain"


def _day(record: dict[str, Any]) -> Day:
    digest = record.pop("digest")
    day = day_of_chain(record)
    if day.digest != digest:
        raise NoChain(f"the digest of {day.day} is wrong")
    return day


def _listed(records: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    comma = b"\n"
    for record in records:
        yield comma + _json(record).encode()
        comma = b",\n"


def _json(record: Mapping[str, object]) -> str:
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))
