"""Attack by proxy through the real store and duties: one case, nobody blocked unasked, whoever was is told of."""

from datetime import timedelta
from pathlib import Path

import pytest

from sakimori.blacklist import actions
from sakimori.blacklist.duties import apply_blocks, decide_findings, find_attacks
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, ProxyCase
from sakimori.blacklist.policies import save_policy
from sakimori.blacklist.policy import SHIPPED
from sakimori.blacklist.policy_text import with_kind
from sakimori.blacklist.proxy import Case, Target
from sakimori.blacklist.proxy_cases import attach, known_targets, note, taking_part, waiting_cases
from sakimori.blacklist.reasons import Reason
from sakimori.logs import duties as logs
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.receive.accept import accept
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm, Severity
from tests.chain import Chain, make_chain
from tests.lines import cef, log_file
from tests.moments import START
from tests.people import NOW, People, make_block, make_people, make_proxy_case

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def chain(log_store: LogStore, tmp_path: Path, people: People) -> Chain:
    return make_chain(log_store, tmp_path, people.a)


def attacks(
    chain: Chain, numbers: range, *, agent: str = CHROME, query: str = "q=%27 OR 1=1", name: str = "SQL Injection"
) -> list[bytes]:
    """One attack of each of these visitors."""
    old = b"requestClientApplication=Mozilla/5.0 (X11; Linux x86_64)"
    return [
        cef(name, f"198.51.100.{number}", at=chain.clock())
        .replace(old, f"requestClientApplication={agent}".encode())
        .replace(rb"qstr=q\=%27%20OR%201\=1", ("qstr=" + query.replace("=", r"\=")).encode())
        for number in numbers
    ]


def visitors(
    chain: Chain, numbers: range, *, agent: str = CHROME, query: str = "q=%27 OR 1=1", name: str = "SQL Injection"
) -> None:
    """A file with one attack of each of these visitors."""
    chain.deliver(attacks(chain, numbers, agent=agent, query=query, name=name))


def decide(chain: Chain) -> None:
    """Everything up to the decision; nothing is written to the vendor."""
    for duty in chain.duties()[:4]:
        duty()
    chain.clock.pass_time(seconds=2)


def write(chain: Chain) -> None:
    """What is decided is carried to the vendor."""
    for _ in range(2):
        apply_blocks(open_vendor=lambda _: chain.vendor, worker="two", clock=chain.clock)
        chain.clock.pass_time(seconds=3)


def states() -> list[str]:
    return list(Block.objects.order_by("pk").values_list("state", flat=True))


def test_eleven_visitors_are_one_case_and_none_is_blocked(chain: Chain, people: People) -> None:
    visitors(chain, range(1, 12))
    decide(chain)
    write(chain)
    assert states() == [BlockState.PROPOSED] * 11
    assert set(Block.objects.values_list("reason", flat=True)) == {Reason.ATTACK_BY_PROXY}
    assert set(Finding.objects.values_list("state", flat=True)) == {FindingState.ASK}
    case = ProxyCase.objects.get()
    assert (case.url, case.parameters, case.sources) == ("shop-a.example.jp/search", "q", 11)
    assert case.blocks.count() == 11
    assert [row.pk for row in waiting_cases()] == [case.pk]
    assert chain.vendor.writes == []
    assert not Alarm.objects.filter(key__startswith="proxy:").exists()


def test_a_kind_that_the_contract_blocks_makes_a_case_too_though_others_only_write_it_down(
    chain: Chain, people: People
) -> None:
    save_policy(people.a, with_kind(SHIPPED, "bad_bot=auto"), seen=0, reason="試験", by=people.dana, now=START)
    visitors(chain, range(1, 12), name="Bad Bot")
    decide(chain)
    write(chain)
    assert states() == [BlockState.PROPOSED] * 11
    assert ProxyCase.objects.get().sources == 11


def test_ten_are_blocked_as_ever(chain: Chain) -> None:
    visitors(chain, range(1, 11))
    decide(chain)
    write(chain)
    assert states() == [BlockState.ACTIVE] * 10
    assert not ProxyCase.objects.exists()


@pytest.mark.parametrize(
    ("agent", "query"),
    [
        ("sqlmap/1.8", "q=%27 OR 1=1"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "q=%27 OR 1=1"),
    ],
)
def test_tools_are_blocked_however_many(chain: Chain, agent: str, query: str) -> None:
    visitors(chain, range(1, 13), agent=agent, query=query)
    decide(chain)
    write(chain)
    assert states() == [BlockState.ACTIVE] * 12


def test_other_parameters_are_another_target(chain: Chain) -> None:
    visitors(chain, range(1, 7))
    visitors(chain, range(11, 17), query="id=%27 OR 1=1")
    decide(chain)
    write(chain)
    assert states() == [BlockState.ACTIVE] * 12


def test_the_values_may_differ_and_the_order_of_the_parameters(chain: Chain) -> None:
    visitors(chain, range(1, 7), query="a=1&q=%27")
    visitors(chain, range(11, 17), query="q=%27 OR 2=2&a=3")
    decide(chain)
    write(chain)
    assert states() == [BlockState.PROPOSED] * 12
    assert ProxyCase.objects.get().parameters == "a&q"


def test_the_first_ten_go_back_when_the_eleventh_comes_before_they_are_written(chain: Chain) -> None:
    visitors(chain, range(1, 11))
    decide(chain)
    assert states() == [BlockState.APPROVED] * 10
    visitors(chain, range(11, 12))
    decide(chain)
    write(chain)
    assert states() == [BlockState.PROPOSED] * 11
    assert set(Block.objects.values_list("reason", "decided_at")) == {(Reason.ATTACK_BY_PROXY, None)}
    assert set(Finding.objects.values_list("state", flat=True)) == {FindingState.ASK}
    assert ProxyCase.objects.get().sources == 11
    assert chain.vendor.writes == []


def test_those_on_the_list_stay_there_and_one_alarm_names_them(chain: Chain, people: People) -> None:
    visitors(chain, range(1, 11))
    decide(chain)
    write(chain)
    visitors(chain, range(11, 12))
    decide(chain)
    write(chain)
    assert states() == [BlockState.ACTIVE] * 10 + [BlockState.PROPOSED]
    case = ProxyCase.objects.get()
    alarm = Alarm.objects.get(key=f"proxy:{case.pk}")
    assert (alarm.severity, alarm.count, alarm.link) == (Severity.HIGH, 1, f"/console/cases/{case.pk}/")
    assert "198.51.100.1、" in alarm.sentence
    assert "ほか 2 件" in alarm.sentence
    assert case.blocks.count() == 11


def test_a_visitor_who_comes_back_later_is_asked_about_still(chain: Chain) -> None:
    visitors(chain, range(1, 12))
    decide(chain)
    write(chain)
    chain.clock.pass_time(minutes=30)
    visitors(chain, range(3, 5))
    visitors(chain, range(20, 21))
    visitors(chain, range(30, 31), agent="sqlmap/1.8")
    decide(chain)
    write(chain)
    found = dict(Block.objects.values_list("address", "state"))
    assert (found["198.51.100.3"], found["198.51.100.20"]) == (BlockState.PROPOSED, BlockState.PROPOSED)
    assert found["198.51.100.30"] == BlockState.ACTIVE
    assert ProxyCase.objects.get().sources == 12


def test_an_analyst_may_block_one_of_them_all_the_same(chain: Chain, people: People) -> None:
    visitors(chain, range(1, 12))
    decide(chain)
    actions.approve(Block.objects.earliest("pk"), by=people.dana, now=chain.clock())
    visitors(chain, range(12, 13))
    decide(chain)
    write(chain)
    assert states() == [BlockState.ACTIVE] + [BlockState.PROPOSED] * 11
    assert not Alarm.objects.filter(key__startswith="proxy:").exists()


def test_one_look_into_the_store_for_each_contract_and_round(
    chain: Chain, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors(chain, range(1, 30))
    for duty in chain.duties()[:3]:
        duty()
    asked: list[str] = []
    real = type(chain.store).query

    def query(self: LogStore, sql: str, *args: object, **named: object) -> object:
        asked.append(sql)
        return real(self, sql, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(type(chain.store), "query", query)
    decide_findings(store=chain.store, now=chain.clock())
    assert len([sql for sql in asked if "uniqExact(client_ip)" in sql]) == 1
    assert len(asked) <= 3


def test_imported_visitors_alone_make_no_case_and_call_nobody(chain: Chain, people: People) -> None:
    """Somebody else attacks at their time: what was imported must not be told of on the occasion."""
    visitors(chain, range(1, 2))
    decide(chain)
    write(chain)
    assert states() == [BlockState.ACTIVE]
    lines = attacks(chain, range(1, 13))
    accept([log_file(lines)], contract=people.a, door=IMPORT_DOOR, name="x.log", spool=chain.spool, now=chain.clock())
    decide(chain)
    visitors(chain, range(200, 201), query="page=%27 OR 1=1")
    decide(chain)
    assert not ProxyCase.objects.exists()
    assert not Alarm.objects.filter(key__startswith="proxy:").exists()
    assert states() == [BlockState.ACTIVE, BlockState.APPROVED]


def case_of(*addresses: str) -> Case:
    target = Target("shop-a.example.jp", "shop-a.example.jp/search", "q")
    return Case(target, frozenset(addresses), len(addresses), START, START + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("state", "columns", "after", "told"),
    [
        (BlockState.APPROVED, {}, BlockState.PROPOSED, False),
        (BlockState.APPROVED, {"written_at": START}, BlockState.APPROVED, True),
        (BlockState.APPLYING, {}, BlockState.APPLYING, True),
        (BlockState.ACTIVE, {}, BlockState.ACTIVE, True),
        (BlockState.UNKNOWN, {}, BlockState.UNKNOWN, True),
        (BlockState.UNKNOWN, {"wanted_on_list": False}, BlockState.UNKNOWN, False),
        (BlockState.RESTORING, {"wanted_on_list": False}, BlockState.RESTORING, False),
        (BlockState.PROPOSED, {}, BlockState.PROPOSED, False),
        (BlockState.FAILED, {}, BlockState.FAILED, False),
        (BlockState.RESTORED, {}, BlockState.RESTORED, False),
        (BlockState.REFUSED, {}, BlockState.REFUSED, False),
        (BlockState.APPROVED, {"proposed_at": START - timedelta(minutes=9)}, BlockState.PROPOSED, False),
        (BlockState.ACTIVE, {"proposed_at": START - timedelta(minutes=10, seconds=1)}, BlockState.ACTIVE, False),
        (BlockState.APPROVED, {"proposed_at": START - timedelta(minutes=10, seconds=1)}, BlockState.APPROVED, False),
    ],
)
def test_what_becomes_of_a_block_in_each_state(
    people: People, state: BlockState, columns: dict[str, object], after: BlockState, told: bool
) -> None:
    make_block(people.a, "198.51.100.1", state=state, **{"proposed_at": START, **columns})
    make_block(people.b, "198.51.100.1", state=BlockState.APPROVED, proposed_at=START)
    make_block(people.a, "198.51.100.2", state=BlockState.APPROVED, proposed_at=START)
    for _ in range(2):
        note(people.a, [case_of("198.51.100.1")], now=START + timedelta(minutes=2))
        attach(people.a, [case_of("198.51.100.1")], now=START + timedelta(minutes=2))
    block = Block.objects.get(contract=people.a, address="198.51.100.1")
    assert block.state == after
    assert Alarm.objects.filter(count=1).count() == told
    others = Block.objects.exclude(pk=block.pk)
    assert {(other.state, other.proxy_case) for other in others} == {(BlockState.APPROVED, None)}
    assert ProxyCase.objects.count() == 1


def test_what_an_analyst_approved_is_his(people: People) -> None:
    make_block(people.a, "198.51.100.1", state=BlockState.APPROVED, proposed_at=START, decided_by=people.dana)
    make_block(people.a, "198.51.100.2", state=BlockState.ACTIVE, proposed_at=START, decided_by=people.dana)
    note(people.a, [case_of("198.51.100.1", "198.51.100.2")], now=START)
    assert states() == [BlockState.APPROVED, BlockState.ACTIVE]
    assert not Alarm.objects.exists()


def test_a_case_is_live_for_a_day_and_only_for_its_contract(people: People) -> None:
    case = make_proxy_case(people.a)
    make_block(people.a, "198.51.100.1", state=BlockState.PROPOSED, proxy_case=case)
    target = Target(case.site_name, case.url, case.parameters)
    for hours, live in ((23.9, True), (24, False)):
        now = NOW + timedelta(hours=hours)
        assert known_targets(people.a, now=now) == ({target: NOW} if live else {})
        assert taking_part(people.a, ["198.51.100.1"], now=now) == ({"198.51.100.1"} if live else set())
        assert known_targets(people.b, now=now) == {}
        assert taking_part(people.b, ["198.51.100.1"], now=now) == set()


def test_the_worker_that_writes_meanwhile_wins_and_is_told_of(chain: Chain) -> None:
    """The first ten were read as approved, and written before they could be taken back."""
    visitors(chain, range(1, 11))
    decide(chain)
    visitors(chain, range(11, 12))
    logs.ingest_due(store=chain.store, spool=chain.spool, worker="one", clock=chain.clock)
    find_attacks(store=chain.store, clock=chain.clock)
    apply_blocks(open_vendor=lambda _: chain.vendor, worker="two", clock=chain.clock)
    decide(chain)
    write(chain)
    assert states() == [BlockState.ACTIVE] * 10 + [BlockState.PROPOSED]
    assert Alarm.objects.filter(key__startswith="proxy:", count=1).count() == 1
