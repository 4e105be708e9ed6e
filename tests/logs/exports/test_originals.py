"""A bundle carries the files that gave lines as they were received: with one of them every line in it is proven."""

from datetime import timedelta
from pathlib import Path

import pytest

from sakimori.logs.duties import clear_spool
from sakimori.logs.exports import originals
from sakimori.logs.exports.bundle import look_through, original_name
from sakimori.logs.filters import By, filter_of
from sakimori.logs.models import ChainLink, LogFile
from sakimori.logs.retention import retain
from tests.logs.exports.conftest import Desk
from tests.logs.exports.test_bundle import command, contents, rewritten

pytestmark = pytest.mark.django_db


@pytest.fixture
def bundle(desk: Desk) -> Path:
    """Two files, of which the first gave a line."""
    desk.with_originals = True
    desk.store_file("198.51.100.7", "198.51.100.8")
    desk.store_file("198.51.100.9")
    export = desk.ask(desk.query(filter_of(By.ADDRESS, "198.51.100.7")))
    assert desk.make() == 1
    return desk.path(export)


def test_the_file_of_a_line_is_in_the_bundle_as_it_was_received(
    desk: Desk, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = LogFile.objects.earliest("pk")
    content = contents(bundle)
    assert [name for name in content if name.startswith("received-")] == [original_name(file.pk)]
    assert content[original_name(file.pk)] == desk.intake.spool.path(file.spool_name).read_bytes()
    assert "（収録：1 / 1 ファイル）" in content["README.txt"].decode()
    assert (look_through(bundle).troubles, look_through(bundle).originals) == ([], 1)
    assert command("verify", str(bundle)) == 0
    assert "1 lines of 1 files (1 as received)" in capsys.readouterr().out


def test_a_forged_file_is_found_though_its_sum_was_computed_anew(bundle: Path) -> None:
    content = contents(bundle)
    name = original_name(LogFile.objects.earliest("pk").pk)
    changed = rewritten(bundle, {**content, name: content[name] + b"one more line\n"}, resum=True)
    assert look_through(changed).troubles == [f"{name} is not the file that was received"]
    stranger = rewritten(bundle, {**content, "received-99.bin": b"never received"}, resum=True)
    assert look_through(stranger).troubles == ["received-99.bin is not the file that was received"]
    gone = rewritten(bundle, {key: text for key, text in content.items() if key != name})
    assert f"{name} is missing" in look_through(gone).troubles


def test_a_file_that_has_left_the_spool_or_has_no_link_is_left_out(desk: Desk) -> None:
    desk.with_originals = True
    for address in ("198.51.100.7", "198.51.100.8", "198.51.100.9"):
        desk.store_file(address)
    first, second, third = LogFile.objects.order_by("pk")
    LogFile.objects.filter(pk=first.pk).update(searched_at=desk.now)
    assert clear_spool(spool=desk.intake.spool, keep=timedelta(hours=-1), now=desk.now) == 1
    desk.intake.spool.remove(second.spool_name)  # Cleared just now: its row does not say so yet.
    export = desk.ask()
    assert desk.make() == 1
    assert [name for name in contents(desk.path(export)) if name.startswith("received-")] == [original_name(third.pk)]
    ChainLink.objects.filter(file=third).delete()
    export = desk.ask()
    assert desk.make() == 1
    assert not [name for name in contents(desk.path(export)) if name.startswith("received-")]


def _with_three_files(desk: Desk) -> list[LogFile]:
    """The first has three lines and is the largest, the second has one, the third two."""
    desk.with_originals = True
    desk.store_file("198.51.100.7", "198.51.100.8", "198.51.100.9")
    desk.store_file("198.51.100.7")
    desk.store_file("198.51.100.7", "198.51.100.8")
    return list(LogFile.objects.order_by("pk"))


def _kept(path: Path) -> set[str]:
    return {name for name in contents(path) if name.startswith("received-")}


def test_one_file_that_is_too_large_leaves_the_others_in_and_the_reason_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = _with_three_files(desk)
    monkeypatch.setattr(originals, "MOST_BYTES", second.size_bytes + third.size_bytes)
    export = desk.ask()
    assert desk.make() == 1
    text = contents(desk.path(export))["README.txt"].decode()
    assert _kept(desk.path(export)) == {original_name(second.pk), original_name(third.pk)}
    assert "（収録：2 / 3 ファイル）" in text
    assert "大きさまたは数の上限（合計 256 MiB、500 ファイル。小さいものから収録）を超えたもの：1 ファイル" in text
    assert "残す期間を過ぎ" not in text
    assert first.size_bytes > third.size_bytes


@pytest.mark.parametrize("limit", [1, 2])
def test_the_smallest_files_go_along_up_to_a_number(limit: int, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, second, third = _with_three_files(desk)
    monkeypatch.setattr(originals, "MOST_FILES", limit)
    export = desk.ask()
    assert desk.make() == 1
    assert _kept(desk.path(export)) == {original_name(file.pk) for file in (second, third)[:limit]}
    assert f"を超えたもの：{3 - limit} ファイル" in contents(desk.path(export))["README.txt"].decode()


def test_every_reason_for_which_a_file_is_left_out_is_told_with_its_count(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = _with_three_files(desk)
    LogFile.objects.filter(pk=first.pk).update(spool_cleared_at=desk.now)
    ChainLink.objects.filter(file=second).delete()
    monkeypatch.setattr(originals, "MOST_BYTES", third.size_bytes - 1)
    export = desk.ask()
    assert desk.make() == 1
    text = contents(desk.path(export))["README.txt"].decode()
    assert "（収録：0 / 3 ファイル）" in text
    assert "を超えたもの：1 ファイル" in text
    assert "SOC が受信ファイルを残す期間を過ぎ、すでに削除したもの：1 ファイル" in text
    assert "改ざん検知の記録がないもの：1 ファイル" in text


def test_a_file_that_is_cleared_while_the_bundle_is_made_counts_as_no_longer_kept(desk: Desk) -> None:
    *_, third = _with_three_files(desk)
    desk.intake.spool.remove(third.spool_name)
    export = desk.ask()
    assert desk.make() == 1
    text = contents(desk.path(export))["README.txt"].decode()
    assert "残す期間を過ぎ、すでに削除したもの：1 ファイル" in text
    assert "上限" not in text


def test_the_spool_keeps_no_file_longer_than_its_log_is_kept(desk: Desk) -> None:
    """SAKIMORI_SPOOL_HOURS may be as long as retention, for whoever wants every line provable for as long."""
    desk.store_file("198.51.100.7")
    LogFile.objects.update(searched_at=desk.now)
    file = LogFile.objects.get()
    for days, is_there in ((80, True), (100, False)):
        now = desk.now + timedelta(days=days)
        clear_spool(spool=desk.intake.spool, keep=timedelta(days=4000), now=now)
        retain(store=desk.intake.store, spool=desk.intake.spool, log_days=75, now=now)
        assert desk.intake.spool.path(file.spool_name).exists() is is_there
