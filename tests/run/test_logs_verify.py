"""`sakimori logs verify` on an installation: every chain in a line, what is broken, and the exit code."""

import argparse
import hashlib
import json
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import DatabaseError, transaction

from sakimori import backends
from sakimori.customers import audit
from sakimori.customers.models import AuditEntry
from sakimori.customers.secrets import add_log_key
from sakimori.logs.chain.writing import let_go
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports.duties import MADE
from sakimori.logs.exports.packing import Wanted, pack
from sakimori.logs.models import ChainDay, ChainHead, ChainLink, ExportForm, LogFile
from sakimori.logs.store.interface import StoreUnavailable
from sakimori.run import logs, logs_verify
from tests.lines import cef, log_file
from tests.logs.chain.conftest import Fill, fill
from tests.logs.exports.test_bundle import contents, rewritten
from tests.logs.test_ingest import Intake, encrypted, intake, key, pem
from tests.people import make_contract

__all__ = ["fill", "intake", "key"]

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
        return self.packed(intake, tmp_path)

    def packed(self, intake: Intake, tmp_path: Path) -> Path:
        """A bundle of all there is, with what the duty writes into the record when it has made one."""
        query = LogQuery(intake.contract.pk, intake.clock() - timedelta(days=9), intake.clock())
        wanted = Wanted(intake.contract, query, ExportForm.LINES, intake.clock(), "見本")
        path = tmp_path / "x.zip"
        packed = pack(path, wanted, store=intake.store, tell=lambda _: None, spool=intake.spool)
        self.note(intake, {"sums": packed.sums, "sha256": packed.sha256})
        return path

    def note(self, intake: Intake, details: dict[str, object]) -> None:
        audit.record(
            MADE, by="sakimori", target="export:1", now=intake.clock(), customer=intake.contract.customer,
            details=details,
        )  # fmt: skip

    def test_our_own_is(
        self, verify: Callable[..., int], bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(tmp_path / "unpacked")
        for path in (bundle, tmp_path / "unpacked"):
            assert verify("--own", str(path)) == 0
            assert capsys.readouterr().out.startswith(f"ok  {path}: contract K-A-001, 2 lines of 2 files (2 as")

    def test_one_of_which_rows_and_accounts_were_taken_out_alike_is_not(
        self, verify: Callable[..., int], bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By itself nothing tells that something is missing: nothing in a bundle is signed."""
        content = contents(bundle)
        for name in ("logs-0001.log", "places-0001.csv"):
            content[name] = content[name][: content[name].rindex(b"\n", 0, -1) + 1]
        whole = json.loads(content["chain.json"])
        whole["export"]["parts"][0]["lines"] = 1
        whole["links"][-1]["exported_lines"] = 0
        content["chain.json"] = json.dumps(whole).encode()
        changed = rewritten(bundle, content, resum=True)
        with zipfile.ZipFile(changed) as archive:
            archive.extractall(tmp_path / "unpacked")
        assert verify(str(changed)) == 0
        assert verify("--own", str(changed), str(tmp_path / "unpacked")) == 1
        said = capsys.readouterr().out
        assert said.count("    this installation has no record of having made a bundle with this content\n") == 2

    def test_of_an_older_record_only_the_zip_is_known(
        self, verify: Callable[..., int], intake: Intake, bundle: Path, tmp_path: Path
    ) -> None:
        AuditEntry.objects.filter(action=MADE).delete()
        self.note(intake, {"sha256": hashlib.sha256(bundle.read_bytes()).hexdigest()})
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(tmp_path / "unpacked")
        assert (verify("--own", str(bundle)), verify("--own", str(tmp_path / "unpacked"))) == (0, 1)

    def test_a_record_whose_key_was_destroyed_knows_nothing(self, verify: Callable[..., int], bundle: Path) -> None:
        AuditEntry.objects.filter(action=MADE).update(sealed_details="x")
        assert verify("--own", str(bundle)) == 1

    def test_its_encrypted_files_are_opened_with_the_contracts_keys(
        self,
        verify: Callable[..., int],
        intake: Intake,
        key: rsa.RSAPrivateKey,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        add_log_key(intake.contract, 7, pem(key))
        intake.take(encrypted(log_file([cef("SQL Injection", "198.51.100.7", at=intake.clock())]), key, key_id=7))
        intake.run()
        intake.clock.pass_time(seconds=1)
        path = self.packed(intake, tmp_path)
        assert (verify(str(path)), verify("--own", str(path))) == (3, 0)
        assert "1: the received file is encrypted" in capsys.readouterr().out

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
            let_go(intake.contract, kept_from=date(2026, 11, 24), today=date(2027, 3, 1))
        assert verify("--own", str(bundle)) == 1
        assert "    1 links were let go of meanwhile and cannot be compared" in capsys.readouterr().out
