"""The generator's proportions, and the lines that it makes."""

import ipaddress
import random
import re
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from sakimori.simulators.attack_kinds import ATTACKS, AttackKind
from sakimori.simulators.attacker import Life
from sakimori.simulators.edge import Outcome
from sakimori.simulators.imperva.bandwidth import Span, series
from sakimori.simulators.imperva.blacklist import ConsoleEdit, edit_by_hand
from sakimori.simulators.spec import LogLevel, SiteSpec
from sakimori.simulators.switches import Switches, set_switches
from sakimori.simulators.traffic import crowd, mixed_traffic
from tests.simulators.stage import LEGACY_ACCOUNT, POLICY_ACCOUNT, V2, Stage, block_policy

SITES = POLICY_ACCOUNT.sites
NETS = [ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
SAMPLES = Path(__file__).parents[3] / "shared" / "imperva" / "samples" / "sekoia"
HEADER = re.compile(r"CEF:0\|Incapsula\|SIEMintegration\|1\|1\|([^|]+)\|(-?\d+)\| \S")


def value(line: str, key: str) -> str | None:
    found = re.search(rf"(?i)(?: |\|){key}=(.*?)(?= [A-Za-z0-9_.-]+=|$)", line)
    return found.group(1) if found else None


def test_the_same_seed_makes_the_same_traffic() -> None:
    first = list(mixed_traffic(5, SITES, hostile=10, start_ms=0))
    assert first == list(mixed_traffic(5, SITES, hostile=10, start_ms=0))
    assert first != list(mixed_traffic(6, SITES, hostile=10, start_ms=0))


def test_two_hundred_clients_live_in_the_documentation_ranges() -> None:
    people = crowd(1)
    addresses = [client.address for client in people.good]
    assert len(set(addresses)) == 200
    everybody = addresses + [client.address for client in people.attackers]
    assert all(any(ipaddress.ip_address(a) in net for net in NETS) for a in everybody)
    assert any(":" in address for address in addresses)


def test_one_attacker_in_ten_shares_its_address_with_a_customer() -> None:
    people = crowd(1)
    good = {client.address for client in people.good}
    shared = [client for client in people.attackers if client.address in good]
    assert len(shared) * 10 == len(people.attackers)


def test_good_requests_outnumber_hostile_ones_twenty_to_one_on_each_site() -> None:
    requests = list(mixed_traffic(1, SITES, hostile=200, start_ms=0))
    hostile = Counter(r.site.site_id for r in requests if r.attack)
    good = Counter(r.site.site_id for r in requests if not r.attack)
    assert sum(hostile.values()) == 200
    assert sum(good.values()) >= 20 * 200
    assert {r.attack for r in requests if r.attack} == set(AttackKind)
    assert len({r.client.address for r in requests if not r.attack}) == 200
    assert [r.at_ms for r in requests] == sorted(r.at_ms for r in requests)


@pytest.mark.parametrize("kind", list(AttackKind))
def test_every_kind_makes_blocked_and_passed_lines(stage: Stage, kind: AttackKind) -> None:
    attack = ATTACKS[kind]
    for outcome in (Outcome.BLOCKED, Outcome.PASSED):
        launch = stage.attacker.launch(kind, site_id=9001, source="203.0.113.99", count=6, outcome=outcome)
        for line in launch.served.lines:
            header = HEADER.match(line)
            assert header is not None
            assert header.groups() == (attack.name, str(attack.severity))
            assert value(line, "src") == "203.0.113.99"
            assert value(line, "siteid") == "9001"
            is_answered = value(line, "act") == "REQ_PASSED"
            assert is_answered is (outcome is Outcome.PASSED or attack.blocked_act == "REQ_PASSED")
            absent = [key for key in ("cn1", "in", "sip", "spt", "xff") if value(line, key) is None]
            assert len(absent) == (0 if is_answered else 5)
            assert re.fullmatch(r"\d{18,19}", value(line, "deviceExternalId") or "")


def test_payloads_are_encoded_and_equals_signs_escaped(stage: Stage) -> None:
    lines = stage.attacker.launch(AttackKind.SQL_INJECTION, site_id=9001, count=30).served.lines
    queries = [query for line in lines if (query := value(line, "qstr")) is not None]
    assert any("%27" in query for query in queries)
    assert all(re.search(r"(?<!\\)=", query) is None for query in queries)
    assert any(value(line, "postbody") for line in lines)


def test_rules_run_parallel_with_empty_slots(stage: Stage) -> None:
    line = stage.attacker.launch(AttackKind.MULTI_RULE, site_id=9001, count=1).served.lines[0]
    assert value(line, "fileType") == "30037,1001,30037,50044,"
    assert value(line, "filePermission") == "2,1,20,37,"
    assert value(line, "cs9") == ",High Risk SQL Expressions,,SQL SELECT Expression,"
    assert (value(line, "cs11") or "").startswith(",,[{")


def test_lines_have_the_oddities_of_live_lines(stage: Stage) -> None:
    served = stage.edge.serve(POLICY_ACCOUNT, list(mixed_traffic(2, SITES, hostile=100, start_ms=0)), Outcome.MIXED)
    text = "\n".join(served.lines)
    oddities = (
        "fileid=",
        "requestmethod=",
        "deviceExternalID=",
        "clappsigdproc=",
        "ver= TLS",
        " cs10=",
        "act=REQ_CACHED",
    )
    assert [oddity for oddity in oddities if oddity not in text] == []
    assert any(line.count(" ccode=") == 2 for line in served.lines)
    assert any("fileid=" not in line.lower() for line in served.lines)
    assert " | SakimoriApp" in text
    assert "Al 'Ayyat" in text
    assert "%E3%81" in text  # Japanese in addresses of pages, percent-encoded.


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the vendor's samples are not beside this repository")
def test_keys_are_spelled_as_in_the_samples(stage: Stage) -> None:
    samples = "".join(file.read_text() for file in SAMPLES.glob("access*.json"))
    known = set(re.findall(r" ([A-Za-z0-9]+)=", samples)) | {"postbody", "fileType", "filePermission"}
    served = stage.edge.serve(POLICY_ACCOUNT, list(mixed_traffic(2, SITES, hostile=30, start_ms=0)), Outcome.MIXED)
    used = {key for line in served.lines for key in re.findall(r" ([A-Za-z0-9]+)=", line)}
    assert used - known == set()
    assert len(used) > 40


def test_ids_do_not_repeat(stage: Stage) -> None:
    requests = list(mixed_traffic(2, SITES, hostile=50, start_ms=0))
    lines = stage.edge.serve(POLICY_ACCOUNT, requests, Outcome.MIXED).lines
    assert len({value(line, "deviceExternalId") for line in lines}) == len(requests) == len(lines)


def test_only_security_lines_are_delivered_at_that_level(stage: Stage) -> None:
    account = replace(POLICY_ACCOUNT, log_level=LogLevel.SECURITY)
    requests = list(mixed_traffic(2, SITES, hostile=15, start_ms=0))
    served = stage.edge.serve(account, requests, Outcome.MIXED)
    assert len(served.lines) == 15
    assert not any("|Normal|" in line for line in served.lines)
    good = [request for request in requests if not request.attack]
    assert stage.edge.serve(account, good, Outcome.MIXED).file_name == ""


def test_a_blacklisted_address_is_kept_out_after_the_delay(stage: Stage) -> None:
    set_switches(stage.state, propagation_seconds=60)
    policy_id = stage.client().post(f"{V2}/policies", json=block_policy("203.0.113.99")).json()["value"]["id"]
    stage.client().post(f"{V2}/assets/WEBSITE/9001/policies/{policy_id}")
    assert acts(stage, 9001) == {"REQ_PASSED"}
    stage.clock.forward(60)
    launch = stage.attacker.launch(
        AttackKind.SQL_INJECTION, site_id=9001, source="203.0.113.99", count=2, outcome=Outcome.PASSED
    )
    assert all(line.startswith("CEF:0|Incapsula|SIEMintegration|1|1|Blocked IP|-1| ") for line in launch.served.lines)
    assert all("act=REQ_BLOCKED_ACL" in line for line in launch.served.lines)
    assert acts(stage, 9002) == {"REQ_PASSED"}  # The policy is applied to the other site only.
    stage.client().delete(f"{V2}/assets/WEBSITE/9001/policies/{policy_id}")
    stage.clock.forward(60)
    assert acts(stage, 9001) == {"REQ_PASSED"}


def test_a_net_on_an_old_list_keeps_out_all_its_addresses(stage: Stage) -> None:
    edit = ConsoleEdit(9100, add=("203.0.113.96-203.0.113.100", "2001:db8:9::/48"))
    edit_by_hand(stage.state, LEGACY_ACCOUNT, edit, stage.clock.now_ms)
    assert acts(stage, 9100) == {"REQ_BLOCKED_ACL"}
    assert acts(stage, 9100, "2001:db8:9::5") == {"REQ_BLOCKED_ACL"}
    assert acts(stage, 9100, "203.0.113.101") == {"REQ_PASSED"}


def test_good_requests_go_between(stage: Stage) -> None:
    launch = stage.attacker.launch(AttackKind.BAD_BOT, site_id=9001, count=2, good_per_hostile=20)
    assert len(launch.served.lines) == 42
    assert sum("|Normal|" in line for line in launch.served.lines) == 40


@pytest.mark.parametrize(("source", "count"), [("somewhere", 1), ("192.0.2.1", 0)])
def test_an_impossible_attack_is_refused(stage: Stage, source: str, count: int) -> None:
    with pytest.raises(ValueError):
        stage.attacker.launch(AttackKind.DDOS, site_id=9001, source=source, count=count)


def test_everyday_life_keeps_its_pace(stage: Stage) -> None:
    life = Life(stage.spec, stage.edge, clock=stage.clock, chance=random.Random(1))
    total = sum(life.live(Switches(life_per_minute=600, attacks_per_hour=3600), 5) for _ in range(4))
    assert total == 4 * (50 + 5)
    assert life.live(Switches(), 5) == 0
    assert stage.read_log("logs.index").status_code == 200


def test_what_passed_is_counted_and_what_was_blocked_is_not_bandwidth(stage: Stage) -> None:
    stage.attacker.launch(AttackKind.SQL_INJECTION, site_id=9001, count=3, outcome=Outcome.BLOCKED)
    span = Span(stage.clock.now_ms - 3_600_000, stage.clock.now_ms + 1)
    tallies = defaultdict(int)
    for what in ("blocked", "bytes", "api.threats.sql_injection", "human", "bot"):
        tallies[what] = sum(series(stage.state, SiteSpec(9001, ""), what, span).values())
    assert dict(tallies) == {"blocked": 3, "bytes": 0, "api.threats.sql_injection": 3, "human": 0, "bot": 0}


def acts(stage: Stage, site_id: int, source: str = "203.0.113.99") -> set[str]:
    launch = stage.attacker.launch(
        AttackKind.SQL_INJECTION, site_id=site_id, source=source, count=2, outcome=Outcome.PASSED
    )
    return {verdict.act for verdict in launch.served.verdicts}
