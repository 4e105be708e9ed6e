"""`sakimori logs status`: what the operator reads, what a script reads, and the exit codes."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from sakimori.customers.models import Contract
from sakimori.lib.jst import JST, day_of, utc_now
from sakimori.logs.following import follow_intake, look_up_missing
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import DoorState, LogFile, LogFileState, MissingFiles, PullState, StoreCheck
from sakimori.run import logs_status
from sakimori.run.intake_status import statuses
from tests.people import People, make_contract, make_file, make_people
from tests.run.test_cli import NEEDED, call

pytestmark = pytest.mark.django_db
S, M = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> People:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return make_people()


def status(*arguments: str) -> int:
    parser = ArgumentParser()
    logs_status.add_arguments(parser)
    return logs_status.run(parser.parse_args(arguments))


def fill(people: People) -> None:
    """Contract A: pull with a hole, a file that waits and one in quarantine; a folder that cannot be read."""
    now = utc_now().replace(microsecond=0)
    for number, minutes in ((1, 30), (3, 20)):
        last = now - minutes * M
        make_file(
            people.a,
            name=f"7_{number}.log",
            first_at=last - M,
            last_at=last,
            received_at=last + 3 * M,
            stored_at=last + 3 * M + 2 * S,
            doubles=2,
        )
    make_file(people.a, door="drop", state=LogFileState.RECEIVED, received_at=now - 5 * M, lines=0, rows=0)
    make_file(people.a, state=LogFileState.QUARANTINED, received_at=now - 4 * M, lines=0, rows=0)
    MissingFiles.objects.create(contract=people.a, prefix="7", first=2, last=2, noticed_at=now)
    PullState.objects.create(contract=people.a, next_try_at=now, last_success_at=now)
    trouble = {"failures": 3, "last_error": "フォルダを開けません。"}
    DoorState.objects.create(contract=people.a, door="drop", next_try_at=now + M, **trouble)
    StoreCheck.objects.create(contract=people.a, checked_at=now)
    look_up_missing(now=now)
    follow_intake(now=now)


def test_what_an_operator_reads(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    fill(people)
    assert status("--contract", "K-A-001") == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("K-A-001 株式会社さくら商店: complete until 20")
    assert [line.split(": ")[-1] for line in said if line.startswith("  gap")] == ["skipped (1)", "quarantined (1)"]
    assert "drop: 0 files, last -; 3 failures, next try 20" in "\n".join(said)
    pull = next(line for line in said if line.startswith("  pull"))
    assert pull.endswith("source lag 3 min 0 s (p95 3 min 0 s), our lag 2 s (p95 2 s)")
    assert any(line.startswith("  files: 2 stored, 1 waiting (oldest 20") for line in said)
    assert any(
        "lines: 20 = 20 rows + 0 quarantined + 0 not kept; 4 of the rows are doubles; compared" in line for line in said
    )
    assert status() == 1
    assert "K-B-001 有限会社もみじ堂: complete until -" in capsys.readouterr().out


def test_what_a_script_reads(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    fill(people)
    assert status("--json", "--contract", "K-A-001") == 1
    (found,) = json.loads(capsys.readouterr().out)["contracts"]
    assert (found["contract"], found["runs"], found["troubled"]) == ("K-A-001", True, True)
    assert [gap["why"] for gap in found["gaps"]] == ["skipped", "quarantined"]
    assert found["gaps"][0]["begins"] < found["gaps"][0]["ends"] <= found["complete_until"]
    doors = {door["door"]: door for door in found["doors"]}
    assert doors["pull"]["source_lag"] == {"last": 180.0, "p95": 180.0}
    assert (doors["drop"]["failures"], doors["drop"]["our_lag"]) == (3, None)
    assert found["sums"]["doubles"] == 4
    assert found["oldest_waiting"] is not None


def test_files_that_an_older_parser_has_read_are_counted_and_are_no_trouble(
    people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in (None, PARSER_VERSION - 1, PARSER_VERSION):
        make_file(people.a, parser_version=version)
    make_file(people.a, parser_version=None, rows=0, lines=0)
    assert status("--contract", "K-A-001") == 0
    told = f"  parser version {PARSER_VERSION}: 2 files were read by an older one (sakimori logs reparse)"
    assert capsys.readouterr().out.splitlines()[-1] == told
    Contract.objects.filter(pk=people.a.pk).update(ends_on=day_of(utc_now()))
    status("--contract", "K-A-001")
    assert capsys.readouterr().out.splitlines()[-1] == told.removesuffix(" (sakimori logs reparse)")
    Contract.objects.filter(pk=people.a.pk).update(ends_on=None)
    LogFile.objects.update(parser_version=PARSER_VERSION)
    status("--contract", "K-A-001")
    assert capsys.readouterr().out.splitlines()[-1] == f"  parser version {PARSER_VERSION}: all files were read by it"


def test_all_well_is_0_and_a_difference_is_1(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    make_file(people.a, last_at=utc_now(), first_at=utc_now(), received_at=utc_now(), stored_at=utc_now())
    follow_intake(now=utc_now())
    check = StoreCheck.objects.create(contract=people.a, checked_at=utc_now())
    assert status() == 0
    check.differences = {"7": [10, 9]}
    check.save()
    assert status() == 1
    assert "1 files differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("numbers", "was_listed", "code", "why"),
    [(1, False, 0, "skipped"), (9, False, 0, "skipped"), (10, False, 1, "many_skipped"), (1, True, 1, "missing")],
)
def test_a_number_that_the_vendor_skips_is_told_and_no_trouble(
    people: People, capsys: pytest.CaptureFixture[str], numbers: int, was_listed: bool, code: int, why: str
) -> None:
    MissingFiles.objects.create(
        contract=people.a, prefix="7", first=1, last=numbers, noticed_at=utc_now(), was_listed=was_listed
    )
    assert status() == code
    assert f"  gap - .. -: {why} ({numbers})" in capsys.readouterr().out.splitlines()


def test_a_lost_index_and_files_that_cannot_be_taken_are_told(
    people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    since = utc_now() - 180 * M
    pull = PullState.objects.create(contract=people.a, next_try_at=utc_now(), index_missing_since=since)
    assert status() == 0, "of a new account nothing is wrong"
    pull.newest = {"7": 1}
    pull.save()
    assert status() == 1
    assert f"; no index since {since.astimezone(JST):%Y-%m-%d %H:%M:%S} JST" in capsys.readouterr().out
    pull.delete()
    DoorState.objects.create(
        contract=people.a, door="drop", next_try_at=utc_now(), left_out="ファイルが大きすぎます：a。"
    )
    assert status("--json") == 1
    found = {each["contract"]: each for each in json.loads(capsys.readouterr().out)["contracts"]}
    assert [door["left_out"] for door in found["K-A-001"]["doors"]] == ["ファイルが大きすぎます：a。"]
    assert not found["K-B-001"]["troubled"]


def test_a_contract_that_ended_is_said_to_have_and_not_silent(people: People) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=day_of(utc_now()))
    found = {each["contract"]: each for each in statuses(contract="", now=utc_now())}
    assert (found["K-A-001"]["runs"], found["K-B-001"]["runs"]) == (False, True)
    assert "ended" in logs_status.lines_of(found["K-A-001"])[0]


def test_an_unknown_contract_is_code_2(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--contract", "K-X") == 2
    assert capsys.readouterr().err == "There is no contract K-X.\n"


def test_a_database_that_cannot_be_read_is_one_sentence_and_code_2(tmp_path: Path) -> None:
    ended = call(tmp_path, "logs", "status", **NEEDED)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("The database cannot be read: ")
    assert ended.stderr.count("\n") == 1


def test_however_many_contracts_there_are_it_is_the_same_number_of_questions(
    people: People, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    for letter in "CDEF":
        make_file(make_contract("株式会社", letter))
    with django_assert_max_num_queries(14):
        assert len(statuses(contract="", now=utc_now())) == 6


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (7325, "2 h 2 min")])
def test_how_spans_are_written(seconds: float, said: str) -> None:
    assert logs_status._span(seconds) == said


def test_a_missing_setting_is_one_sentence_and_code_2(tmp_path: Path) -> None:
    ended = call(tmp_path, "logs", "status")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("The setting SAKIMORI_BASE_URL is missing: ")
