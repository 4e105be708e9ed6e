"""Files with dated groups of networks: those that ship with the project, and those that an organisation adds.

    # a comment
    [mobile] 2026-02-23 Example Mobile: its ranges for smartphones
    198.51.100.0/24

A group may be empty: then it says of whom nothing is known. Pure but for `read_file`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path

from sakimori.lib.addresses import Network

_HEAD = re.compile(r"\[(?P<kind>\w+)\] (?P<day>\d{4}-\d\d-\d\d) (?P<source>\S.*)")


class NetworkKind(StrEnum):
    """What the networks of a group are."""

    VENDOR = "vendor"
    CRAWLER = "crawler"
    MOBILE = "mobile"
    HOME = "home"
    GOVERNMENT = "government"
    GATEWAY = "gateway"
    RELAY = "relay"
    OTHER = "other"


SHARED_KINDS = frozenset(NetworkKind) - {NetworkKind.VENDOR, NetworkKind.CRAWLER}


@dataclass(frozen=True, slots=True)
class Group:
    """Networks of one kind from one source, as they were known on `day`."""

    kind: NetworkKind
    day: date
    source: str
    networks: tuple[Network, ...]


def read_file(path: Path, *, kinds: Collection[NetworkKind]) -> tuple[Group, ...]:
    """The groups of a file. Raises ValueError with one sentence that names the file and the line."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as UTF-8 text") from error
    return read_groups(text, name=str(path), kinds=kinds)


def read_groups(text: str, *, name: str, kinds: Collection[NetworkKind]) -> tuple[Group, ...]:
    """The groups of a text; `name` is what errors call it. Raises ValueError."""
    groups: list[Group] = []
    networks: list[Network] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip().removeprefix("\ufeff")
        if not line or line.startswith("#"):
            continue
        try:
            if line.startswith("["):
                networks = []
                groups.append(_group(line, kinds))
            else:
                networks.append(_network(line, groups))
                groups[-1] = Group(groups[-1].kind, groups[-1].day, groups[-1].source, tuple(networks))
        except ValueError as error:
            raise ValueError(f"{name}, line {number}: {error}") from error
    return tuple(groups)


def _group(line: str, kinds: Collection[NetworkKind]) -> Group:
    head = _HEAD.fullmatch(line)
    if head is None:
        raise ValueError(f"{line!r} is not of the form [kind] YYYY-MM-DD source")
    if head["kind"] not in kinds:
        raise ValueError(f"{head['kind']!r} is none of the kinds {', '.join(sorted(kinds))}")
    try:
        day = date.fromisoformat(head["day"])
    except ValueError:
        raise ValueError(f"{head['day']!r} is not a date") from None
    return Group(NetworkKind(head["kind"]), day, head["source"], ())


def _network(line: str, groups: list[Group]) -> Network:
    if not groups:
        raise ValueError(f"{line!r} stands before the first [kind] line")
    try:
        network = ip_network(line)
    except ValueError as error:
        raise ValueError(f"{line!r} is not a network ({error})") from None
    if not network.prefixlen:
        raise ValueError(f"{line!r} is the whole internet")
    return network
