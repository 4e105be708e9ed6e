"""`sakimori logs search`: what the page finds, in the shell; and what it says when it cannot."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from sakimori import backends
from sakimori.customers.models import AuditEntry
from sakimori.customers.secrets import open_details
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.filters import By
from sakimori.logs.store.answering import StoreDoor
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.logs.store.socket_path import socket_path
from sakimori.run import logs, logs_search
from tests.fixtures_logstore import engine_folder
from tests.people import People, make_people
from tests.run.test_cli import NEEDED, call

NOON = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)  # 12:00 in Japan.
PERIOD = ("--begins", "2026-11-01T12:00", "--ends", "2026-11-01T13:00")


@pytest.fixture
def people(db: None, log_store: LogStore, monkeypatch: pytest.MonkeyPatch) -> People:
    """Three events of customer A, and one of B."""
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    people = make_people()
    events = [
        Event(
            time=NOON + timedelta(minutes=n),
            request_id=f"r{n}",
            site="shop.example.jp",
            client_ip=f"198.51.100.{n}",
            country=country,
            attack_kind=AttackKind.ACL,
            attack_kinds=(AttackKind.ACL,),
            outcome=Outcome.BLOCKED,
            method="GET",
            url="shop.example.jp/\x1b[2J",
            query="a=1",
            line=f"原文 {n}",
        )
        for n, country in enumerate(("JP", "US", "US"))
    ]
    log_store.append(list(enumerate(events)), contract_id=people.a.pk, file_id=1)
    log_store.append([(0, events[0])], contract_id=people.b.pk, file_id=2)
    return people


@pytest.fixture
def beside(people: People, log_store: LogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The store is open in a running process, which answers."""
    name = log_store.query("SELECT currentDatabase() AS name")[0]["name"]
    monkeypatch.setattr(settings, "LOGSTORE_URL", f"chdb://{engine_folder()}?database={name}")
    door = backends.store_door()
    assert door is not None
    yield door.start()
    door.stop()


@pytest.fixture
def search(people: People, capsys: pytest.CaptureFixture[str]) -> "Search":
    return Search(capsys)


class Search:
    """Calls the command. Returns exit code, what was printed, and what was complained about."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        logs.add_arguments(parser)
        code = logs.run(parser.parse_args(["search", *words]))
        told = self._capsys.readouterr()
        return code, told.out, told.err


def test_events_are_json_lines_the_oldest_first(search: Search, people: People) -> None:
    code, out, err = search(people.a.number, *PERIOD)
    assert (code, err) == (0, "")
    found = [json.loads(line) for line in out.splitlines()]
    assert [each["request_id"] for each in found] == ["r0", "r1", "r2"]
    assert found[0]["time"] == "2026-11-01T03:00:00.000Z"
    assert found[0]["client_ip"] == "198.51.100.0"
    assert found[0]["line"] == "原文 0"
    assert "xff" not in found[0]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((), 3),
        (("--country", "us"), 2),
        (("--not-country", "US"), 1),
        (("--country", "US", "--country", "JP", "--address", "198.51.100.0/31"), 2),
        (("--kind", "acl", "--outcome", "blocked", "--site", "shop.example.jp", "--text", "A=1"), 3),
        (("--not-url", "shop.example.jp/\x1b[2J"), 0),
        (("--rule", "x' OR 1=1"), 0),
        (("--request", "r2"), 1),
    ],
)
def test_filters_count(search: Search, people: People, words: tuple[str, ...], count: int) -> None:
    assert search(people.a.number, *PERIOD, *words, "--format", "count") == (0, f"{count}\n", "")


def test_there_is_an_option_for_each_filter_and_its_opposite() -> None:
    parser = argparse.ArgumentParser()
    logs_search.add_arguments(parser)
    told = parser.format_help()
    assert [by for by in By if f"--{by} " not in told or f"--not-{by} " not in told] == []


def test_a_table_moves_no_cursor(search: Search, people: People) -> None:
    code, out, _ = search(people.a.number, *PERIOD, "--format", "table", "--limit", "2")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("2026-11-01 12:00:00.000  198.51.100.0 ")
    assert lines[0].endswith("GET shop.example.jp/<U+001B>[2J?a=1")
    assert "\x1b" not in out


def test_a_usual_period_counts_back_from_now(search: Search, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_search, "utc_now", lambda: NOON + timedelta(hours=1))
    assert search(people.a.number, "--period", "1h", "--format", "count")[1] == "2\n"
    assert search(people.a.number, "--format", "count")[1] == "3\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--begins", "yesterday"), "--begins: 'yesterday' is no moment"),
        (("--begins", "2026-11-02", "--ends", "2026-11-01"), "--begins must be before --ends."),
        (("--period", "7d", "--ends", "2026-11-01"), "--period goes without"),
        (("--address", "x"), "--address: 'x' cannot be sought."),
        (("--not-kind", "x"), "--not-kind: 'x' cannot be sought."),
    ],
)
def test_a_wrong_call_is_one_sentence(search: Search, people: People, words: tuple[str, ...], sentence: str) -> None:
    code, out, err = search(people.a.number, *words)
    assert (code, out) == (2, "")
    assert err.startswith(sentence)
    assert err.count("\n") == 1
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("words", [("--limit", "-1"), ("--limit", "x"), ("--format", "csv"), ("--period", "1y")])
def test_what_the_parser_refuses_ends_with_code_2(search: Search, people: People, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        search(people.a.number, *words)
    assert ended.value.code == 2


def test_a_contract_that_is_not_there_is_told(search: Search) -> None:
    assert search("K-X", *PERIOD) == (2, "", "There is no contract 'K-X'.\n")


def test_a_reading_is_recorded_with_who_and_what(
    search: Search, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "operator")
    search(people.a.number, *PERIOD, "--country", "JP")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.customer_number) == ("logs.read", "shell:operator", "C-A")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details["filters"] == ["country=JP"]


def test_a_user_without_name_is_recorded_too(search: Search, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr("getpass.getuser", nobody)
    search(people.a.number, *PERIOD)
    assert AuditEntry.objects.get().actor == "shell"


def test_a_store_that_is_down_is_one_sentence_and_nothing_is_recorded(
    search: Search, people: People, log_store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise StoreUnavailable("the network is gone")

    monkeypatch.setattr(log_store, "ping", down)
    assert search(people.a.number, *PERIOD) == (1, "", "Nothing was searched: the network is gone.\n")
    assert not AuditEntry.objects.exists()


def test_beside_a_running_process_that_one_is_asked(
    search: Search, people: People, beside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_here = search(people.a.number, *PERIOD)

    def held() -> LogStore:
        raise AssertionError("the store is not opened")

    monkeypatch.setattr(backends, "log_store", held)
    assert asked_here[0] == 0
    assert search(people.a.number, *PERIOD) == asked_here
    assert search(people.a.number, *PERIOD, "--country", "US", "--format", "count") == (0, "2\n", "")
    assert AuditEntry.objects.count() == 3


def test_another_process_asks_the_one_that_has_the_store_open(log_store: LogStore, tmp_path: Path) -> None:
    url = f"chdb://{engine_folder()}"
    log_store.ping()
    door = StoreDoor(log_store, url=url, path=socket_path(tmp_path / "data" / "store-door", url))
    door.start()
    ended = call(tmp_path, "logs", "search", "K-1", **NEEDED, LOGSTORE_URL=url)
    door.stop()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("The database cannot be used"), "the store could be asked, and is asked first"


def test_an_embedded_store_that_another_process_has_open_and_does_not_answer_is_one_clear_sentence(
    log_store: LogStore, tmp_path: Path
) -> None:
    log_store.ping()
    ended = call(tmp_path, "logs", "search", "K-1", **NEEDED, LOGSTORE_URL=f"chdb://{engine_folder()}")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "Nothing was searched: the embedded log store cannot be opened: another process, such as `sakimori up`, may"
        " have it open.\n"
    )


def test_a_missing_setting_is_one_sentence(tmp_path: Path) -> None:
    ended = call(tmp_path, "logs", "search", "K-1")
    assert ended.returncode == 2
    assert ended.stderr.startswith("The setting ")
    assert ended.stderr.count("\n") == 1
