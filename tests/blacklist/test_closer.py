"""The closer look within the decision: crawlers by DNS, shared addresses, and who is looked at closer at all."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from sakimori.accounts.models import SocRole
from sakimori.blacklist.actions import NotPossible
from sakimori.blacklist.by_hand import add
from sakimori.blacklist.closer import CloserLook
from sakimori.blacklist.crawlers import Crawlers, Proof
from sakimori.blacklist.duties import decide_findings
from sakimori.blacklist.late import LateBlocks, block_late
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from tests.blacklist.names import FakeNames
from tests.moments import START
from tests.people import SAMPLE, make_contract, make_file, make_finding, make_user

pytestmark = pytest.mark.django_db

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36"
ADDRESS = "8.8.4.1"
NAME = "crawl-8-8-4-1.googlebot.com"
PROVEN = FakeNames(names={ADDRESS: [NAME]}, addresses={NAME: [ADDRESS]})
IMPOSTOR = FakeNames(names={ADDRESS: [NAME]}, addresses={NAME: ["8.8.4.2"]})
SILENT = FakeNames(silent={ADDRESS})


class EmptyStore:
    """A log store that holds nothing, and the queries that it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, max_seconds: int = 60
    ) -> list[dict[str, Any]]:
        assert parameters is not None
        self.asked.append(sql)
        return []


@pytest.fixture
def contract() -> Contract:
    return make_contract("株式会社さくら商店", "A")


def find(contract: Contract, address: str = ADDRESS, *, agent: str = GOOGLEBOT, **columns: object) -> Finding:
    values: dict[str, object] = {
        "file": make_file(contract, received_at=START),
        "state": FindingState.NEW,
        "first_at": START - timedelta(minutes=1),
        "last_at": START,
        "samples": [{**SAMPLE, "user_agent": agent}],
        "blocked": 1,
        "passed": 0,
    }
    return make_finding(contract, address, **{**values, **columns})


def decide(finding: Finding, names: FakeNames | None, *, store: EmptyStore | None = None) -> tuple[str, str]:
    crawlers = Crawlers(names, seconds=5) if names else None
    decide_findings(store=store or EmptyStore(), now=START, crawlers=crawlers)  # type: ignore[arg-type]
    finding.refresh_from_db()
    return finding.state, finding.reason


def test_a_crawler_by_hand_is_refused_a_silent_name_server_holds_nobody_up(contract: Contract) -> None:
    dana = make_user("dana", "田中", "真", soc_role=SocRole.ANALYST)

    def put(entry: str, names: FakeNames) -> str:
        store, crawlers = EmptyStore(), Crawlers(names, seconds=5)
        wish = {"note": "依頼", "lasts": None, "store": store, "by": dana, "now": START}
        return add(contract, entry, crawlers=crawlers, **wish).state  # type: ignore[arg-type]

    with pytest.raises(NotPossible, match="検索エンジンのアドレス"):
        put(ADDRESS, PROVEN)
    assert not Block.objects.exists()
    assert put(ADDRESS, SILENT) == BlockState.APPROVED
    assert put("8.8.5.0/24", SILENT) == BlockState.PROPOSED


@pytest.mark.parametrize(
    ("names", "agent", "expected"),
    [
        (PROVEN, CHROME, LateBlocks(refused=[(ADDRESS, Reason.CRAWLER)])),
        (SILENT, GOOGLEBOT, LateBlocks(asked=[ADDRESS])),
        (IMPOSTOR, GOOGLEBOT, LateBlocks(approved=[ADDRESS])),
    ],
)
def test_a_crawler_whose_finding_came_late(
    names: FakeNames, agent: str, expected: LateBlocks, contract: Contract
) -> None:
    dana = make_user("dana", "田中", "真", soc_role=SocRole.ANALYST)
    row = find(contract, agent=agent, state=FindingState.LATE)
    store, crawlers = EmptyStore(), Crawlers(names, seconds=5)
    assert block_late([row], store=store, crawlers=crawlers, by=dana, now=START) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "agent", "kind", "expected"),
    [
        (PROVEN, GOOGLEBOT, "sql_injection", (FindingState.REFUSED, Reason.CRAWLER)),
        (PROVEN, CHROME, "sql_injection", (FindingState.REFUSED, Reason.CRAWLER)),
        (PROVEN, GOOGLEBOT, "custom_rule", (FindingState.REFUSED, Reason.CRAWLER)),
        (IMPOSTOR, GOOGLEBOT, "sql_injection", (FindingState.BLOCK, Reason.ATTACK_BLOCKED)),
        (IMPOSTOR, GOOGLEBOT, "custom_rule", (FindingState.ASK, Reason.KIND_ASKS)),
        (SILENT, GOOGLEBOT, "sql_injection", (FindingState.ASK, Reason.CRAWLER_UNPROVEN)),
        (SILENT, CHROME, "sql_injection", (FindingState.BLOCK, Reason.ATTACK_BLOCKED)),
        (SILENT, GOOGLEBOT, "custom_rule", (FindingState.ASK, Reason.KIND_ASKS)),
        (None, GOOGLEBOT, "sql_injection", (FindingState.ASK, Reason.CRAWLER_UNPROVEN)),
        (None, CHROME, "sql_injection", (FindingState.BLOCK, Reason.ATTACK_BLOCKED)),
    ],
)
def test_crawlers(
    contract: Contract, names: FakeNames | None, agent: str, kind: str, expected: tuple[str, str]
) -> None:
    assert decide(find(contract, agent=agent, kind=kind), names) == expected
    if expected[0] == FindingState.REFUSED:
        assert not Block.objects.exists()


def test_one_claim_among_the_samples_is_enough(contract: Contract) -> None:
    samples = [{**SAMPLE, "user_agent": agent} for agent in (CHROME, GOOGLEBOT, CHROME)]
    assert decide(find(contract, samples=samples), SILENT)[1] == Reason.CRAWLER_UNPROVEN


@pytest.mark.parametrize(
    "columns",
    [{"kind": "bad_bot"}, {"blocked": 2, "ours": 2}, {"site": None}, {"last_at": START - timedelta(hours=9)}],
)
def test_only_those_are_looked_up_for_whom_it_may_come_to_something(
    contract: Contract, columns: dict[str, object]
) -> None:
    names, store = FakeNames(), EmptyStore()
    decide(find(contract, **columns), names, store=store)
    assert names.asked == []
    assert not [sql for sql in store.asked if "user_agent" in sql]


def test_forbidden_addresses_are_not_looked_up(contract: Contract) -> None:
    names = FakeNames()
    for address in ("10.0.0.1", "66.249.66.1", "45.60.1.1", ""):
        find(contract, address)
    decide(find(contract), names)
    assert names.asked == [ADDRESS]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("49.98.7.1", Reason.SHARED_MOBILE),
        ("106.73.1.2", Reason.SHARED_HOME),
        ("165.225.110.9", Reason.SHARED_GATEWAY),
        ("104.28.34.92", Reason.SHARED_RELAY),
    ],
)
def test_a_shared_address_is_asked_about_without_access_lines(contract: Contract, address: str, reason: Reason) -> None:
    assert decide(find(contract, address, agent=CHROME), FakeNames()) == (FindingState.ASK, reason)
    block = Block.objects.get()
    assert (block.state, block.reason, block.good_requests) == (BlockState.PROPOSED, reason, None)


def test_without_access_lines_another_address_is_blocked(contract: Contract) -> None:
    assert decide(find(contract, agent=CHROME), FakeNames()) == (FindingState.BLOCK, Reason.ATTACK_BLOCKED)
    assert Block.objects.get().good_requests is None


def test_what_was_not_looked_at_is_unknown() -> None:
    look = CloserLook(claimed=frozenset({ADDRESS}), proofs={"8.8.4.2": Proof.NOBODY})
    assert look.may_be_crawler(ADDRESS)
    assert not look.may_be_crawler("8.8.4.2")
    assert not look.may_be_crawler("8.8.4.3")
    assert not look.is_crawler(ADDRESS)
