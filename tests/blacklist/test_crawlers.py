"""Search engines' crawlers by forward-confirmed reverse DNS: proofs, claims, silence, and what is remembered."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event

import pytest

from sakimori.blacklist.crawlers import DOMAINS, Crawlers, Proof, claims, is_crawler_name, prove
from sakimori.lib.reverse_dns import NameServer, NamesUnavailable, SystemNames
from tests.blacklist.names import FakeNames
from tests.moments import START

GOOGLE, IMPOSTOR, STRANGER, SILENT = "8.8.4.1", "8.8.4.2", "8.8.4.3", "8.8.4.4"
GOOGLE6 = "2001:4860:4860::8844"


@pytest.fixture
def names() -> FakeNames:
    return FakeNames(
        names={
            GOOGLE: ["crawl-8-8-4-1.googlebot.com"],
            GOOGLE6: ["CRAWL6.Googlebot.com."],
            IMPOSTOR: ["crawl-8-8-4-1.googlebot.com", "host.example.jp"],
            STRANGER: ["host.example.jp"],
            "8.8.4.5": ["lame.search.msn.com"],
        },
        addresses={
            "crawl-8-8-4-1.googlebot.com": [GOOGLE],
            "CRAWL6.Googlebot.com.": ["2001:4860:4860:0:0:0:0:8844", "nonsense"],
            "host.example.jp": [STRANGER, IMPOSTOR],
        },
        silent={SILENT, "lame.search.msn.com"},
    )


@pytest.mark.parametrize(
    ("address", "proof"),
    [
        (GOOGLE, Proof.CRAWLER),
        (GOOGLE6, Proof.CRAWLER),
        (IMPOSTOR, Proof.NOBODY),
        (STRANGER, Proof.NOBODY),
        ("8.8.4.9", Proof.NOBODY),
        (SILENT, Proof.UNKNOWN),
        ("8.8.4.5", Proof.UNKNOWN),
    ],
)
def test_only_a_name_that_leads_back_proves_a_crawler(address: str, proof: Proof, names: FakeNames) -> None:
    assert prove(address, names) is proof


def test_a_name_that_no_crawler_could_have_is_not_asked_about(names: FakeNames) -> None:
    prove(STRANGER, names)
    assert names.asked == [STRANGER]


@pytest.mark.parametrize(
    ("name", "is_it"),
    [
        ("crawl-66-249-66-1.googlebot.com", True),
        ("rate-limited-proxy-66-249-90-1.google.com", True),
        ("msnbot-157-55-39-1.search.msn.com.", True),
        ("17-58-1-1.applebot.apple.com", True),
        ("googlebot.com", False),
        ("evilgooglebot.com", False),
        ("googlebot.com.example.jp", False),
        ("1.1.1.1.bc.googleusercontent.com", False),
        ("", False),
    ],
)
def test_names_of_crawlers(name: str, is_it: bool) -> None:
    assert is_crawler_name(name) is is_it
    assert all(is_crawler_name(f"x.{domain}") for domain in DOMAINS)


@pytest.mark.parametrize(
    ("agent", "claimed"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", True),
        ("mozilla/5.0 YANDEXBOT/3.0", True),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0", False),
        ("", False),
    ],
)
def test_what_a_user_agent_claims(agent: str, claimed: bool) -> None:
    assert claims([agent]) is claimed
    assert claims(["curl/8.0", agent]) is claimed
    assert not claims([])


def test_answers_are_remembered_for_an_hour_and_silence_for_a_minute(names: FakeNames) -> None:
    crawlers = Crawlers(names, seconds=60)
    both = {GOOGLE: Proof.CRAWLER, SILENT: Proof.UNKNOWN}
    assert crawlers.look_up(list(both), claimed=(), now=START) == both
    names.asked.clear()
    assert crawlers.look_up(list(both), claimed=(), now=START + timedelta(seconds=59)) == both
    assert names.asked == []
    names.silent.clear()
    now = START + timedelta(seconds=61)
    assert crawlers.look_up(list(both), claimed=(), now=now) == {GOOGLE: Proof.CRAWLER, SILENT: Proof.NOBODY}
    assert names.asked == [SILENT]
    crawlers.look_up([GOOGLE], claimed=(), now=START + timedelta(minutes=61))
    assert GOOGLE in names.asked


def test_a_name_server_that_is_silent_is_left_alone_for_a_minute(names: FakeNames) -> None:
    crawlers = Crawlers(names, seconds=60)
    assert crawlers.look_up([SILENT], claimed=(), now=START) == {SILENT: Proof.UNKNOWN}
    assert crawlers.look_up([GOOGLE], claimed=(), now=START + timedelta(seconds=30)) == {GOOGLE: Proof.UNKNOWN}
    assert names.asked == [SILENT]
    assert crawlers.look_up([GOOGLE], claimed=(), now=START + timedelta(seconds=61)) == {GOOGLE: Proof.CRAWLER}


def test_who_claims_something_is_asked_about_first(names: FakeNames) -> None:
    addresses = [f"8.8.5.{number}" for number in range(60)]
    claimed = addresses[50:]
    Crawlers(names, seconds=60).look_up(addresses, claimed=claimed, now=START)
    assert set(names.asked[:10]) >= set(claimed[:5])
    assert set(names.asked) == set(addresses)


def test_nobody_waits_longer_than_the_seconds_of_a_round() -> None:
    @dataclass
    class Slow:
        wait: Event = field(default_factory=Event)

        def names_of(self, address: str) -> Collection[str]:
            self.wait.wait(120)
            return ()

        def addresses_of(self, name: str) -> Collection[str]:
            raise AssertionError(name)

    slow = Slow()
    crawlers = Crawlers(slow, seconds=0.05)
    begun = time.monotonic()
    for number in range(100):  # Contracts of one round.
        now = START + timedelta(minutes=2 * number)
        found = crawlers.look_up([f"8.8.4.{number}"], claimed=[GOOGLE], now=now)
        assert set(found.values()) == {Proof.UNKNOWN}
    assert time.monotonic() - begun < 60
    slow.wait.set()
    crawlers.begin_round()
    assert crawlers.look_up([GOOGLE], claimed=(), now=START + timedelta(hours=1)) == {GOOGLE: Proof.NOBODY}


def test_addresses_of_examples_are_asked_of_nobody(names: FakeNames) -> None:
    found = Crawlers(names).look_up(["203.0.113.5", "2001:db8::1", "nonsense"], claimed=(), now=START)
    assert set(found.values()) == {Proof.NOBODY}
    assert names.asked == []


def test_the_memory_is_bounded(names: FakeNames, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sakimori.blacklist.crawlers._MOST", 2)
    crawlers = Crawlers(names, seconds=60)
    for address in ("8.8.6.1", "8.8.6.2", "8.8.6.3"):
        crawlers.look_up([address], claimed=(), now=START)
    names.asked.clear()
    crawlers.look_up(["8.8.6.1", "8.8.6.3"], claimed=(), now=START)
    assert names.asked == ["8.8.6.1"]


def fake() -> NameServer:
    return FakeNames(names={"127.0.0.1": ["localhost"]}, addresses={"localhost": ["127.0.0.1"]}, silent=set())


@pytest.mark.parametrize("server", [fake(), SystemNames()], ids=["fake", "system"])
def test_the_fake_and_the_system_keep_the_same_contract(server: NameServer) -> None:
    """Of this machine itself, which every name server knows."""
    assert "localhost" in {name.partition(".")[0] for name in server.names_of("127.0.0.1")}
    assert "127.0.0.1" in server.addresses_of("localhost")


@pytest.mark.parametrize("asked", ["8.8.4.4", "lame.search.msn.com"])
def test_the_fake_is_silent_as_the_system_is(asked: str, names: FakeNames) -> None:
    with pytest.raises(NamesUnavailable):
        names.addresses_of(asked) if "msn" in asked else names.names_of(asked)
