"""Nobody changes what becomes of a line without raising the parser's version."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.logs import actions, ingest
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.formats.unreadable import UnreadableLine
from sakimori.logs.formats.version import OUTCOME, PARSER_VERSION
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.printing import event_as_json
from sakimori.logs.store.interface import StoreUnavailable
from sakimori.logs.unpack import FileReason
from tests.lines import log_file
from tests.logs.conftest import log_store
from tests.logs.test_ingest import Intake, attacks, breaking, intake, way
from tests.people import People, make_file, make_people

__all__ = ["intake", "log_store", "way"]


@pytest.fixture
def people() -> People:
    return make_people()


SAMPLES = Path(__file__).parent / "samples"
# Before the version stands what has to be done, so that a failing test says it.
TO_DO = (
    "What becomes of sample lines is not what it was. If that is meant: raise PARSER_VERSION in "
    "sakimori/logs/formats/version.py, set OUTCOME there to the value below, and say in CHANGELOG.md what is read "
    "otherwise now, and that `sakimori logs reparse` makes older rows anew. Only new sample lines: set OUTCOME alone."
)


def lines_of(path: Path) -> Iterator[bytes]:
    """A sample's lines, and each cut off at two places: much of what a parser decides is about odd lines."""
    for line in path.read_bytes().splitlines():
        yield line
        yield from (line[: len(line) * part // 3] for part in (1, 2))


def outcome() -> str:
    """What becomes of all sample lines of every format."""
    digest = hashlib.sha256()
    for path in sorted(SAMPLES.glob("*.log")):
        parser = LineParser()
        for line in lines_of(path):
            digest.update(became(parser, line).encode() + b"\n")
    return digest.hexdigest()


def became(parser: LineParser, line: bytes) -> str:
    if parser.is_no_event(line):
        return "no event"
    try:
        return event_as_json(parser.parse(line))
    except UnreadableLine as error:
        return error.reason.value


def test_what_becomes_of_lines_does_not_change_without_a_new_version() -> None:
    assert outcome() == OUTCOME, f"{TO_DO} OUTCOME: {outcome()}. The version is {PARSER_VERSION}."


def test_the_samples_have_every_format_and_lines_that_cannot_be_read() -> None:
    names = {path.name.split(".")[1] for path in SAMPLES.glob("*.log")}
    assert {"cef", "leef", "w3c", "json"} <= names
    outcomes = {became(LineParser(), line)[:1] for path in SAMPLES.glob("*.log") for line in lines_of(path)}
    assert "{" in outcomes
    assert len(outcomes) > 1


@pytest.mark.django_db
@pytest.mark.usefixtures("way")
def test_the_ledger_says_by_which_version_the_rows_of_a_file_were_made(intake: Intake) -> None:
    file = intake.take(log_file(attacks(3)))
    assert intake.run() == 1
    file.refresh_from_db()
    assert (file.state, file.parser_version) == (LogFileState.STORED, PARSER_VERSION)


@pytest.mark.django_db
@pytest.mark.usefixtures("way")
def test_a_file_that_an_older_version_began_is_one_of_that_version(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The days that it had stored before an upgrade stay, so the file may be of both."""
    file = intake.take(log_file(attacks(3)))
    intake.run(breaking(intake.store, append=StoreUnavailable("gone")))
    monkeypatch.setattr(ingest, "PARSER_VERSION", PARSER_VERSION + 1)
    intake.clock.pass_time(minutes=5)
    assert intake.run() == 1
    file.refresh_from_db()
    assert (file.state, file.parser_version) == (LogFileState.STORED, PARSER_VERSION)


@pytest.mark.django_db
def test_a_file_that_is_read_again_after_quarantine_is_one_of_the_version_that_could(people: People) -> None:
    reason = FileReason.WRONG_KEY.sentence
    file = make_file(people.a, state=LogFileState.QUARANTINED, reason=reason, parser_version=PARSER_VERSION - 1)
    assert actions.read_again(people.a, by=people.dana, now=file.received_at) == 1
    file.refresh_from_db()
    assert (file.state, file.parser_version) == (LogFileState.RECEIVED, None)


@pytest.mark.django_db
@pytest.mark.parametrize(("version", "shown"), [(3, "解析バージョン 3"), (None, "解析バージョン （記録なし）")])
def test_the_console_shows_it_beside_a_file(people: People, client: Client, version: int | None, shown: str) -> None:
    make_file(people.a, door="import", parser_version=version, quarantined_lines=1)
    client.force_login(people.dana)
    for page in (reverse("console:intake"), reverse("console:log-import", args=[people.a.pk])):
        assert shown in client.get(page).content.decode()
    LogFile.objects.update(rows=0)
    assert shown not in client.get(reverse("console:intake")).content.decode()
