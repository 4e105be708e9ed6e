"""What happened from an address, told for people: kinds, sites, counts, times and the requests that prove it.

Made from findings; many blocks cost as many queries as one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import Max, Min, QuerySet, Sum

from sakimori.blacklist.explanations import KindText, explain
from sakimori.blacklist.models import Block, Finding
from sakimori.blacklist.queries import last_findings
from sakimori.blacklist.reasons import Reason
from sakimori.lib.jst import written
from sakimori.logs.attack_kinds import AttackKind, Outcome

Value = TypeVar("Value")
_SAMPLES = 5
_REQUEST_IDS = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One request as evidence: text as the log has it, never markup."""

    time: str
    method: str
    url: str
    query: str
    user_agent: str
    act: str
    outcome: str
    rule_names: str
    request_id: str


@dataclass(slots=True)
class Story:
    """All findings of one address put together."""

    kinds: list[KindText] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    blocked: int = 0
    passed: int = 0
    other: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    samples: list[Sample] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)


def stories(blocks: Sequence[Block], *, evidence: bool = False) -> dict[int, Story]:
    """The story of every block, by its key. evidence: with sample requests and request ids (one query more)."""
    told: dict[int, Story] = defaultdict(Story)
    for row in _totals(Finding.objects.filter(block__in=blocks), "block_id"):
        _add(told[row["block_id"]], row)
    for story in told.values():
        _gravest_first(story)
    if evidence:
        for finding in last_findings(blocks):
            _add_evidence(told[finding.block_id or 0], finding)
    return {block.pk: told[block.pk] for block in blocks}


def whole_story(findings: QuerySet[Finding]) -> Story:
    """One story of all these findings together, without evidence."""
    story = Story()
    for row in _totals(findings):
        _add(story, row)
    _gravest_first(story)
    return story


def stories_by_address(findings: QuerySet[Finding]) -> dict[str, Story]:
    """The story of every address among these findings, without evidence; in the order of the addresses."""
    told: dict[str, Story] = defaultdict(Story)
    for row in _totals(findings, "address"):
        _add(told[row["address"]], row)
    for story in told.values():
        _gravest_first(story)
    return dict(told)


def story_of(finding: Finding) -> Story:
    """The story of one finding alone, with its evidence."""
    story = Story()
    _add(
        story,
        {
            "kind": finding.kind,
            "name": finding.name,
            "site_name": finding.site_name,
            "country": finding.country,
            "blocked": finding.blocked,
            "passed": finding.passed,
            "rest": finding.challenged + finding.other,
            "first": finding.first_at,
            "last": finding.last_at,
        },
    )
    _add_evidence(story, finding)
    return story


def sentence_of(reason: str) -> str:
    """The sentence of a stored reason code. A code that is not known (any more) is shown as it is."""
    try:
        return Reason(reason).sentence
    except ValueError:
        return f"理由コード {reason}" if reason else ""


def _totals(findings: QuerySet[Finding], *keys: str) -> Iterable[dict[str, Any]]:
    """Sums per kind, name, site and country, and per `keys`."""
    groups = (*keys, "kind", "name", "site_name", "country")
    sums: Iterable[dict[str, Any]] = (
        findings.values(*groups)
        .annotate(
            blocked=Sum("blocked"),
            passed=Sum("passed"),
            rest=Sum("challenged") + Sum("other"),
            first=Min("first_at"),
            last=Max("last_at"),
        )
        .order_by(*groups)
    )
    return sums


def _gravest_first(story: Story) -> None:
    story.kinds.sort(key=lambda kind: _GRAVITY[kind.code])


_OUTCOMES = {outcome.value: outcome.label for outcome in Outcome}
_GRAVITY = {kind.value: place for place, kind in enumerate(AttackKind)}


def _add(story: Story, row: Mapping[str, object]) -> None:
    kind = explain(str(row["kind"]))
    _once(story.kinds, [kind])
    _once(story.names, [str(row["name"])])
    _once(story.sites, [str(row["site_name"])])
    _once(story.countries, [str(row["country"])])
    story.blocked += _number(row["blocked"])
    story.passed += _number(row["passed"])
    story.other += _number(row["rest"])
    first, last = row["first"], row["last"]
    if isinstance(first, datetime):
        story.first_at = min(story.first_at or first, first)
    if isinstance(last, datetime):
        story.last_at = max(story.last_at or last, last)


def _add_evidence(story: Story, finding: Finding) -> None:
    room = _SAMPLES - len(story.samples)
    story.samples += [_sample(raw) for raw in finding.samples[:room]]
    _once(story.request_ids, finding.request_ids)
    del story.request_ids[_REQUEST_IDS:]


def _sample(raw: Mapping[str, object]) -> Sample:
    rules = raw.get("rule_names") or ""
    return Sample(
        time=_time(str(raw.get("time", ""))),
        method=str(raw.get("method", "")),
        url=str(raw.get("url", "")),
        query=str(raw.get("query", "")),
        user_agent=str(raw.get("user_agent", "")),
        act=str(raw.get("act", "")),
        outcome=_outcome(str(raw.get("outcome", ""))),
        rule_names=rules if isinstance(rules, str) else ", ".join(map(str, _listed(rules))),
        request_id=str(raw.get("request_id", "")),
    )


def _time(text: str) -> str:
    """The log store writes moments in UTC, without saying so. What cannot be read is shown as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return written(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _outcome(code: str) -> str:
    return _OUTCOMES.get(code, code)


def _once(into: list[Value], values: Iterable[Value]) -> None:
    into += [value for value in values if value and value not in into]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else []
