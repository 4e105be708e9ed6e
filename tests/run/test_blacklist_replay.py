"""`sakimori blacklist replay`: what is printed, and what it says when it cannot."""

import argparse
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sakimori import backends
from sakimori.blacklist.models import Block, Policy
from sakimori.customers.models import AuditEntry
from sakimori.lib.jst import utc_now
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.run import blacklist
from tests.people import People, make_people

Replay = Callable[..., tuple[int, str, str]]


@pytest.fixture
def people(db: None, log_store: LogStore, monkeypatch: pytest.MonkeyPatch) -> People:
    """An SQL injection from two addresses an hour ago, and one ten days ago."""
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    people = make_people()
    events = [
        Event(
            time=utc_now() - ago,
            name="SQL Injection",
            attack_kind="sql_injection",
            outcome="blocked",
            site_id=ord("A"),
            client_ip=f"198.51.100.{last}",
            line="x",
        )
        for last, ago in ((1, timedelta(hours=1)), (2, timedelta(hours=1)), (3, timedelta(days=10)))
    ]
    log_store.append(list(enumerate(events)), contract_id=people.a.pk, file_id=1)
    return people


@pytest.fixture
def replay(people: People, capsys: pytest.CaptureFixture[str]) -> Replay:
    def run(*words: str, contract: str = "K-A-001") -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        blacklist.add_arguments(parser)
        code = blacklist.run(parser.parse_args(["replay", "--contract", contract, *words]))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_it_lists_who_would_have_been_blocked(replay: Replay) -> None:
    code, out, err = replay("--kind", "sql_injection=ask")
    assert (code, err) == (0, "")
    assert "current policy: 2 blocked, 0 asked, 0 refused" in out
    assert "changed policy: 0 blocked, 2 asked, 0 refused" in out
    assert "198.51.100.1 " in out
    assert "block -> ask" in out
    assert "good: unknown" in out
    assert "2 addresses, 2 of them different" in out
    assert "Not known: whom the DNS would have shown to be a crawler" in out
    assert not Block.objects.exists()
    assert not Policy.objects.exists()
    assert AuditEntry.objects.get().action == "policy.try"


def test_json_has_everything(replay: Replay, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"kinds": {"sql_injection": {"requests": 2}}, "cap": 1}))
    code, out, _ = replay("--days", "31", "--policy", str(file), "--json")
    told = json.loads(out)
    assert code == 0
    assert told["current"] == {"blocked": 3, "asked": 0, "refused": 0}
    assert told["changed"]["blocked"] == 0
    assert told["policy"]["cap"] == 1
    assert {row["address"][-1]: row["changed"] for row in told["addresses"]} == {"1": None, "2": None, "3": None}
    assert told["addresses"][0]["current"]["outcome"] == "block"


def test_without_a_change_it_tells_what_the_policy_does(replay: Replay) -> None:
    assert "2 addresses, 0 of them different" in replay()[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "sql=ask"), "kinds knows no 'sql'"),
        (("--kind", "other=auto"), "no known name"),
        (("--policy", "missing.json"), "The policy cannot be read"),
    ],
)
def test_a_wrong_policy_is_one_sentence(replay: Replay, words: tuple[str, ...], said: str) -> None:
    code, out, err = replay(*words)
    assert (code, out) == (2, "")
    assert said in err


def test_a_file_that_is_no_policy_is_one_sentence(replay: Replay, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    for content, said in ((b"{", "cannot be read"), (b"[]", "no object"), (b"\xff", "cannot be read")):
        file.write_bytes(content)
        code, _, err = replay("--policy", str(file))
        assert code == 2
        assert said in err


def test_an_unknown_contract_is_one_sentence(replay: Replay) -> None:
    assert replay(contract="K-X")[::2] == (2, "There is no contract with the number 'K-X'.\n")


@pytest.mark.parametrize("days", ["0", "32", "x", "-1", "9" * 30])
def test_days_are_bounded(replay: Replay, days: str) -> None:
    with pytest.raises(SystemExit) as ended:
        replay("--days", days)
    assert ended.value.code == 2


def test_a_store_that_cannot_be_asked_is_one_sentence(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> LogStore:
        raise StoreUnavailable("held by another process")

    monkeypatch.setattr(backends, "log_store", closed)
    assert replay() == (1, "", "Nothing was replayed: held by another process.\n")
