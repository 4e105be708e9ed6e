"""`sakimori logs verify` on an installation: every chain in a line, what is broken, and the exit code."""

import argparse
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction

from sakimori import backends
from sakimori.logs.chain.writing import let_go
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports.packing import Wanted, pack
from sakimori.logs.models import ChainDay, ChainHead, ChainLink, ExportForm, LogFile
from sakimori.logs.store.interface import StoreUnavailable
from sakimori.run import logs, logs_verify
from tests.logs.chain.conftest import Fill, fill
from tests.logs.test_ingest import Intake, intake
from tests.people import make_contract

__all__ = ["fill", "intake"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def verify(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command over the stores of the test. Django is set up already."""
    monkeypatch.setattr(backends, "log_store", lambda: intake.store)
    monkeypatch.setattr(backends, "spool", lambda: intake.spool)
    monkeypatch.setattr(logs_verify, "set_up_django", lambda: None)

    def run(*arguments: str) -> int:
        parser = argparse.ArgumentParser()
        logs.add_arguments(parser)
        return logs.run(parser.parse_args(["verify", *arguments]))

    return run


def test_a_chain_that_holds_is_one_line(
    verify: Callable[..., int], intake: Intake, fill: Fill, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(days=2, files=2)
    assert verify() == 0
    said = capsys.readouterr().out
    assert said.startswith("ok  contract K-A-001: 2 days, 4 files, 2026-11-24 is ")
    assert len(said.split()[-1]) == 64


def test_what_is_broken_is_named_and_the_code_is_1(
    verify: Callable[..., int], intake: Intake, fill: Fill, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *_ = fill(days=2)
    LogFile.objects.filter(pk=first.pk).update(sha256="0" * 64)
    intake.spool.path(first.spool_name).write_bytes(b"other")
    intake.store.drop_day(contract_id=intake.contract.pk, day=date(2026, 11, 24))
    assert verify() == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("NG  contract K-A-001")
    assert said[1:] == [
        "    2026-11-23 #1: the link or the file's row in the ledger was changed (1.log)",
        "    2026-11-23 #1: the file in the spool is not the one that was received (1.log)",
        "    2026-11-24 #1: the store does not hold as many rows as the ledger counted (2.log: 0 of 1)",
    ]
    assert verify("--day", "2026-11-24", "--without-rows") == 0
    assert capsys.readouterr().out.startswith("ok  contract K-A-001: 1 days, 1 files")


def test_one_contract_alone(
    verify: Callable[..., int], intake: Intake, fill: Fill, capsys: pytest.CaptureFixture[str]
) -> None:
    fill()
    other = make_contract("有限会社もみじ堂", "B")
    ChainHead.objects.create(
        contract=other, contract_number="K-B-001", began_at=intake.clock(), newest_day=date(2026, 11, 23), anchor="x"
    )
    assert verify("--contract", "K-A-001") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert verify() == 1
    assert "2026-11-23: the newest day is not the one it should be" in capsys.readouterr().out
    assert verify("--contract", "K-X") == 2
    assert capsys.readouterr().err == "There is no contract K-X.\n"


def test_a_store_that_cannot_be_asked_is_said_and_the_rest_is_looked_at(
    verify: Callable[..., int],
    intake: Intake,
    fill: Fill,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("it is taken")

    fill()
    with monkeypatch.context() as patch:
        patch.setattr(intake.store, "query", down)
        patch.setattr(intake.store, "ping", lambda: None)
        assert verify() == 1
    assert "2026-11-23: the log store cannot be asked (it is taken)" in capsys.readouterr().out
    monkeypatch.setattr(intake.store, "ping", down)
    assert verify() == 1
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [
        "NG  log store",
        "    rows were not counted: it is taken (leave them out with --without-rows)",
    ]
    assert said[2].startswith("ok  contract K-A-001")


def test_a_database_that_cannot_be_read_is_one_sentence(
    verify: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise DatabaseError("no such table")

    own = import_module("sakimori.run.own_chains")
    monkeypatch.setattr(own.ChainHead.objects, "exists", missing)
    assert verify() == 2
    assert capsys.readouterr().err == "The database cannot be read: no such table\n"


def test_without_settings_it_says_which_is_missing(
    verify: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAKIMORI_BASE_URL")
    assert verify() == 2
    assert capsys.readouterr().err.startswith("The setting SAKIMORI_BASE_URL is missing: ")
    assert not ChainDay.objects.exists()


class TestWhetherABundleIsOurs:
    """`--own`: a bundle may hold together and still be somebody else's invention."""

    @pytest.fixture
    def bundle(self, intake: Intake, fill: Fill, tmp_path: Path) -> Path:
        fill(days=2)
        query = LogQuery(intake.contract.pk, intake.clock() - timedelta(days=9), intake.clock())
        wanted = Wanted(intake.contract, query, ExportForm.LINES, intake.clock(), "見本")
        pack(tmp_path / "x.zip", wanted, store=intake.store, tell=lambda _: None)
        return tmp_path / "x.zip"

    def test_our_own_is(self, verify: Callable[..., int], bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert verify("--own", str(bundle)) == 0
        assert capsys.readouterr().out.startswith(f"ok  {bundle}: contract K-A-001, 2 lines of 2 files")

    def test_another_is_not(self, verify: Callable[..., int], bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ChainLink.objects.filter(day__day=date(2026, 11, 24)).update(digest="0" * 64)
        assert verify("--own", str(bundle)) == 1
        assert "    2026-11-24 #1 is no link of this installation" in capsys.readouterr().out
        ChainHead.objects.update(contract_number="K-X")
        assert verify("--own", str(bundle)) == 1
        assert "this installation has no chain of contract K-A-001" in capsys.readouterr().out

    def test_of_what_was_let_go_of_nobody_can_tell(
        self, verify: Callable[..., int], intake: Intake, bundle: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with transaction.atomic():
            let_go(intake.contract, kept_from=date(2026, 11, 24))
        assert verify("--own", str(bundle)) == 1
        assert "    1 links were let go of meanwhile and cannot be compared" in capsys.readouterr().out
