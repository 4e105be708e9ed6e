"""A bundle holds what was found, with the chain; whatever is done to it afterwards is found without any database."""

import argparse
import hashlib
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from sakimori.logs.chain.rules import Link, members, sealed
from sakimori.logs.chain.writing import let_go
from sakimori.logs.exports import actions, duties, excerpt, packing
from sakimori.logs.exports.bundle import look_through
from sakimori.logs.exports.duties import forget_expired
from sakimori.logs.filters import By, filter_of
from sakimori.logs.models import ChainDay, ChainLink, Export, ExportForm, ExportState, LogFile
from sakimori.run import logs
from tests.logs.exports.conftest import Desk

pytestmark = pytest.mark.django_db

Contents = dict[str, bytes]


@pytest.fixture
def bundle(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files on two days; six lines in parts of four."""
    monkeypatch.setattr(packing, "PART_LINES", 4)
    desk.store_file("198.51.100.7", "198.51.100.8")
    desk.store_file("198.51.100.9")
    desk.intake.clock.pass_time(days=1)
    desk.store_file("198.51.100.7", "203.0.113.1", "203.0.113.2")
    export = desk.ask()
    assert desk.make() == 1
    return desk.path(export)


def contents(path: Path) -> Contents:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def command(*arguments: str) -> int:
    """Run `sakimori logs`, without what the process does before."""
    parser = argparse.ArgumentParser()
    logs.add_arguments(parser)
    return logs.run(parser.parse_args(arguments))


def rewritten(path: Path, content: Contents, *, resum: bool = False) -> Path:
    """The bundle with other contents; with resum by somebody who computes the sums anew."""
    if resum:
        names = [name for name in content if name != "SHA256SUMS"]
        sums = "".join(f"{hashlib.sha256(content[name]).hexdigest()}  {name}\n" for name in names)
        content["SHA256SUMS"] = sums.encode()
    changed = path.with_name("changed.zip")
    with zipfile.ZipFile(changed, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return changed


def test_a_bundle_has_parts_chain_readme_and_sums(desk: Desk, bundle: Path) -> None:
    content = contents(bundle)
    assert list(content) == ["logs-0001.csv", "logs-0002.csv", "chain.json", "README.txt", "SHA256SUMS"]
    assert [content[name].count(b"\r\n") for name in list(content)[:2]] == [5, 3]
    found = look_through(bundle)
    assert found.troubles == []
    assert found.excerpt is not None
    assert (found.excerpt.contract, found.excerpt.lines, found.excerpt.unlinked) == ("K-A-001", 6, 0)
    assert sorted(found.excerpt.given.values()) == [1, 2, 3]
    assert [day.links for day in found.excerpt.days] == [2, 1]
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_the_readme_tells_everything_in_japanese(desk: Desk) -> None:
    desk.store_file("198.51.100.7", "198.51.100.8")
    sought = [filter_of(By.KIND, "sql_injection"), filter_of(By.ADDRESS, "198.51.100.8", exclude=True)]
    export = desk.ask(desk.query(*sought), form=ExportForm.LINES)
    desk.make()
    content = contents(desk.path(export))
    text = content["README.txt"].decode("utf-8-sig")
    assert "契約番号　　　：K-A-001\r\n" in text
    assert "検索条件　　　：接続元 IP アドレス：198.51.100.8（を除く）、攻撃種別：SQLインジェクション" in text
    assert "logs-0001.log　1 件" in text
    assert "2026年11月23日 12:00:00（日本時間）" in text
    found = look_through(desk.path(export)).excerpt
    assert found is not None
    assert found.days[-1].digest in text
    assert content["logs-0001.log"].startswith(b"CEF:0|Incapsula|")
    assert content["logs-0001.log"].count(b"\n") == 1


def test_nothing_found_is_a_bundle_too(desk: Desk) -> None:
    export = desk.ask()
    desk.make()
    content = contents(desk.path(export))
    assert list(content) == ["chain.json", "README.txt", "SHA256SUMS"]
    assert "（該当するログはありません）" in content["README.txt"].decode("utf-8-sig")
    assert look_through(desk.path(export)).troubles == []


def test_lines_of_files_without_a_link_are_counted_apart(desk: Desk) -> None:
    desk.store_file("198.51.100.7", "198.51.100.8")
    desk.intake.clock.pass_time(days=1)
    desk.store_file("198.51.100.9")
    with transaction.atomic():
        let_go(desk.contract, kept_from=ChainDay.objects.latest("day").day, today=date(2027, 3, 1))
    export = desk.ask()
    desk.make()
    found = look_through(desk.path(export))
    assert found.troubles == []
    assert found.excerpt is not None
    assert (found.excerpt.lines, found.excerpt.unlinked, len(found.excerpt.days)) == (3, 2, 1)


def test_only_days_that_gave_lines_bring_their_links(desk: Desk) -> None:
    desk.store_file("198.51.100.7")
    desk.intake.clock.pass_time(days=1)
    desk.store_file("203.0.113.1")
    desk.intake.clock.pass_time(days=1)
    desk.store_file("203.0.113.1")
    export = desk.ask(desk.query(filter_of(By.ADDRESS, "198.51.100.7")))
    desk.make()
    found = look_through(desk.path(export))
    assert found.troubles == []
    assert found.excerpt is not None
    assert (len(found.excerpt.days), len(found.excerpt.links)) == (3, 1)


@pytest.mark.parametrize("name", ["logs-0001.csv", "chain.json", "README.txt", "SHA256SUMS"])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_any_file_that_is_changed_or_missing_is_found(bundle: Path, name: str, how: str) -> None:
    content = contents(bundle)
    if how == "changed":
        content[name] = content[name][:-5] + b"other"
    else:
        del content[name]
    assert look_through(rewritten(bundle, content)).troubles


def test_a_file_that_was_added_is_found(bundle: Path) -> None:
    content = {**contents(bundle), "logs-0003.csv": b"x"}
    assert "logs-0003.csv is not named in SHA256SUMS" in look_through(rewritten(bundle, content)).troubles


def _links(whole: dict[str, Any]) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = whole["links"]
    return links


def _reseal(record: dict[str, Any], **columns: object) -> None:
    beside = {name: record.pop(name) for name in (excerpt.GIVEN, excerpt.PARSER)}
    link: Link = sealed(excerpt.link_of({**record, **columns}))
    record.update(members(link), **beside)


FORGERIES: list[Callable[[dict[str, Any]], object]] = [
    lambda whole: _links(whole)[0].update(sha256="0" * 64),
    lambda whole: _reseal(_links(whole)[0], sha256="0" * 64),
    lambda whole: _links(whole).pop(0),
    lambda whole: _links(whole).reverse(),
    lambda whole: whole["days"].pop(0),
    lambda whole: whole["days"][0].update(last="0" * 64),
    lambda whole: whole["days"][1].update(previous="0" * 64),
    lambda whole: whole.update(contract="K-B-001"),
    lambda whole: whole.update(unlinked_lines=5),
    lambda whole: whole.update(version=2),
    lambda whole: whole.update(export=5),
    lambda whole: whole["export"].update(parts="none"),
    lambda whole: whole["export"]["parts"].pop(),
    lambda whole: _links(whole)[0].update(exported_lines=99),
    lambda whole: whole.pop("days"),
    lambda whole: _links(whole)[0].update(file="1"),
    lambda whole: whole["export"]["parts"][0].update(lines=float("inf")),
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_chain_is_found_though_the_sums_were_made_anew(
    forge: Callable[[dict[str, Any]], object], bundle: Path
) -> None:
    content = contents(bundle)
    whole = json.loads(content["chain.json"])
    forge(whole)
    content["chain.json"] = json.dumps(whole).encode()
    assert look_through(rewritten(bundle, content, resum=True)).troubles


def test_what_is_no_bundle_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK nothing")
    assert look_through(path).troubles[0].startswith("it is no bundle, or damaged")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", "2")
    assert look_through(path).troubles == ["two files in it have the same name"]


def test_the_command_tells_of_bundles_and_of_folders(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    assert command("verify", str(bundle), str(folder)) == 3
    said = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in said] == ["??", "??"]
    assert "contract K-A-001, 6 lines of 3 files, 0 proven by received files, 6 NOT PROVABLE FROM THIS" in said[0]
    assert said[0].partition("), ")[2].startswith("2026-11-24 is ")
    (folder / "logs-0001.csv").write_bytes(b"other")
    assert command("verify", str(folder), str(tmp_path / "missing.zip")) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("NG  ")
    assert said[1] == "    logs-0001.csv was changed"
    assert "No such file" in said[-1]


class TestMaking:
    """The duty that makes bundles may be killed at any moment, and begins anew."""

    def test_it_is_ready_with_its_sum_and_its_end(self, desk: Desk, bundle: Path) -> None:
        export = Export.objects.get()
        assert (export.state, export.done, export.total) == (ExportState.READY, 6, 6)
        assert export.sha256 == hashlib.sha256(bundle.read_bytes()).hexdigest()
        assert (export.size_bytes, export.claimed_until) == (bundle.stat().st_size, None)
        assert (export.expires_at - desk.now).days == 7
        assert desk.make() == 0

    def test_killed_in_the_middle_it_begins_anew(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        desk.store_file("198.51.100.7", "198.51.100.8")
        export = desk.ask()
        for place in ("write_chain", "write_rest"):
            with monkeypatch.context() as patch:
                patch.setattr(packing._Bundle, place, killed)
                with pytest.raises(KeyboardInterrupt):
                    desk.make()
            export.refresh_from_db()
            assert (export.state, desk.files()) == (ExportState.RUNNING, 1)
            assert desk.make(worker="two") == 0, "the lease of the dead worker still runs"
            desk.intake.clock.pass_time(minutes=6)
        assert desk.make(worker="two") == 1
        assert (desk.files(), look_through(desk.path(export)).troubles) == (1, [])

    def test_progress_is_told_and_holds_the_claim(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(packing, "TELL_EVERY", 1)
        seen: list[tuple[int, float]] = []
        real = packing._Bundle.write_chain

        def look(bundle: Any) -> str:
            export = Export.objects.get()
            assert export.claimed_until is not None
            seen.append((export.done, (export.claimed_until - desk.now).total_seconds()))
            return real(bundle)

        monkeypatch.setattr(packing._Bundle, "write_chain", look)
        desk.store_file("198.51.100.7", "198.51.100.8")
        desk.ask()
        desk.make()
        assert seen == [(2, 300)]

    @pytest.mark.parametrize("moment", ["at once", "in the middle", "at the end"])
    def test_one_that_is_taken_back_is_not_made(self, moment: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        def take_back(*_: object) -> str:
            actions.drop(export, by=desk.alice, now=desk.now)
            return ""

        desk.store_file("198.51.100.7", "198.51.100.8")
        export = desk.ask()
        if moment == "at once":
            take_back()
        elif moment == "in the middle":
            monkeypatch.setattr(packing, "TELL_EVERY", 1)
            monkeypatch.setattr(packing, "walk", lambda *_: iter([take_back() or {"file_id": 1, "time": desk.now}]))
        else:
            monkeypatch.setattr(packing._Bundle, "write_chain", take_back)
        assert desk.make() == (0 if moment == "at once" else 1)
        export.refresh_from_db()
        assert (export.state, desk.files()) == (ExportState.CANCELLED, 0)
        desk.intake.clock.pass_time(minutes=6)
        forget_expired(now=desk.now)
        assert (desk.make(), desk.files()) == (0, 0)

    def test_a_worker_that_was_slow_leaves_the_others_file_alone(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.store_file("198.51.100.7")
        export = desk.ask()
        real = packing._Bundle.write_chain

        def slow(bundle: Any) -> str:
            monkeypatch.setattr(packing._Bundle, "write_chain", real)
            desk.intake.clock.pass_time(minutes=6)
            assert desk.make(worker="two") == 1
            return real(bundle)

        monkeypatch.setattr(packing._Bundle, "write_chain", slow)
        assert desk.make() == 1
        export.refresh_from_db()
        assert (export.state, desk.files()) == (ExportState.READY, 1)
        assert hashlib.sha256(desk.path(export).read_bytes()).hexdigest() == export.sha256

    def test_trouble_is_tried_again_and_in_the_end_told(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError("disk full")

        monkeypatch.setattr(packing._Bundle, "write_rest", full)
        export = desk.ask()
        for attempt in range(1, 5):
            assert (desk.make(), desk.make()) == (1, 0)
            export.refresh_from_db()
            assert (export.state, export.attempts, desk.files()) == (ExportState.WAITING, attempt, 0)
            desk.intake.clock.pass_time(minutes=1)
        assert desk.make() == 1
        export.refresh_from_db()
        assert (export.state, desk.files(), export.reason[-1:]) == (ExportState.FAILED, 0, "。")
        assert desk.make() == 0

    @pytest.mark.parametrize("asked", [1, 2])
    def test_it_leaves_room_for_the_logs_to_come(self, asked: int, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """The disk runs short before the beginning, or in the middle."""
        room = iter([duties.SPARE_BYTES] * (asked - 1) + [duties.SPARE_BYTES - 1] * 9)
        monkeypatch.setattr(duties.shutil, "disk_usage", lambda _: SimpleNamespace(free=next(room)))
        monkeypatch.setattr(packing, "TELL_EVERY", 1)
        desk.store_file("198.51.100.7")
        export = desk.ask()
        desk.make()
        export.refresh_from_db()
        assert (export.state, desk.files()) == (ExportState.WAITING, 0)

    def test_a_chain_that_changes_meanwhile_is_read_again(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        real = packing._links

        def links(*args: Any) -> Any:
            monkeypatch.setattr(packing, "_links", real)
            ChainLink.objects.all().delete()
            ChainDay.objects.all().delete()
            return iter(())

        desk.store_file("198.51.100.7")
        export = desk.ask()
        monkeypatch.setattr(packing, "_links", links)
        desk.make()
        export.refresh_from_db()
        assert export.state == ExportState.WAITING

    def test_days_that_are_no_longer_kept_are_not_reached(self, desk: Desk) -> None:
        desk.store_file("198.51.100.7")
        asked = desk.query(days=80)
        desk.intake.clock.pass_time(days=100)
        desk.store_file("198.51.100.8")
        export = desk.ask(asked.within(asked.begins, desk.now))
        old = desk.ask(asked)
        assert (desk.make(), desk.make()) == (1, 1)
        export.refresh_from_db()
        assert (export.state, export.total, LogFile.objects.count()) == (ExportState.READY, 1, 2)
        old.refresh_from_db()
        assert (old.state, old.attempts) == (ExportState.WAITING, 1)

    def test_when_its_time_is_over_row_and_file_go(self, desk: Desk, bundle: Path) -> None:
        desk.intake.clock.pass_time(days=7, seconds=-1)
        assert (forget_expired(now=desk.now), bundle.exists()) == (0, True)
        desk.intake.clock.pass_time(seconds=1)
        assert (forget_expired(now=desk.now), bundle.exists(), Export.objects.count()) == (1, False, 0)
