"""The watch over lines that cannot be read: a changed format is one alarm per door, an odd line is none."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sakimori.customers.models import Contract
from sakimori.logs import duties as logs
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, Severity
from sakimori.run.duties import all_duties
from sakimori.run.watch_lines import watch_lines
from tests.lines import cef
from tests.moments import START, Clock
from tests.people import People, make_file, make_people

pytestmark = pytest.mark.django_db
M, H = timedelta(minutes=1), timedelta(hours=1)
Take = Callable[..., LogFile]


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def take(log_store: LogStore, tmp_path: Path, people: People) -> Take:
    """Takes a file with these lines in at a door and stores it."""
    spool, clock = Spool(tmp_path / "spool"), Clock()

    def take_in(*lines: bytes, door: str = "drop") -> LogFile:
        row = accept([b"\n".join(lines)], contract=people.a, door=door, name="a.log", spool=spool, now=clock())
        logs.ingest_due(store=log_store, spool=spool, worker="one", clock=clock)
        row.refresh_from_db()
        return row

    return take_in


def hardly_read(contract: Contract, number: int, *, at: datetime = START, door: str = "drop") -> LogFile:
    row = make_file(
        contract,
        door=door,
        lines=number,
        rows=0,
        quarantined_lines=number,
        name="new.log",
        received_at=at,
        stored_at=at,
        sha256=f"{at:%d%H%M%S}",
    )
    QuarantinedLine.objects.create(file=row, line_number=1, reason="unknown_format", raw=b"?")
    return row


def watch(*, minutes: float = 0) -> None:
    assert watch_lines(now=START + minutes * M) == 0


def test_a_file_with_nothing_but_broken_lines_is_an_alarm(take: Take) -> None:
    file = take(b"what is this", b"nobody knows")
    assert (file.state, file.rows, file.quarantined_lines) == (LogFileState.STORED, 0, 2)
    watch()
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.MIDDLE, "/console/intake/#quarantine")
    assert alarm.sentence.startswith(
        "株式会社さくら商店（契約 K-A-001）の受け渡しフォルダから届いたログに、読み取れない行があります"
        "（24 時間以内に 1 ファイル、2 行。最新は a.log）。"
    )


def test_an_odd_line_in_a_good_file_and_what_somebody_imports_are_none(take: Take) -> None:
    assert (
        take(b"what is this", *(cef("SQL Injection", "198.51.100.7", at=START) for _ in range(9))).quarantined_lines
        == 1
    )
    assert take(b"what is this", b"nobody knows", door=IMPORT_DOOR).quarantined_lines == 2
    watch()
    assert not Alarm.objects.exists()


def test_it_is_one_alarm_per_contract_and_door_that_counts_what_comes(people: People) -> None:
    for contract, door in ((people.a, "drop"), (people.a, "pull"), (people.b, "drop")):
        hardly_read(contract, 100, door=door)
    watch()
    watch(minutes=1)
    assert sorted(Alarm.objects.values_list("key", "count")) == sorted(
        (f"unreadable:{door}:{contract.pk}", 1)
        for contract, door in ((people.a, "drop"), (people.a, "pull"), (people.b, "drop"))
    )
    for minute in (2, 3):
        hardly_read(people.a, 100, at=START + minute * M)
    watch(minutes=4)
    alarm = Alarm.objects.get(key=f"unreadable:drop:{people.a.pk}")
    assert (alarm.count, "3 ファイル、300 行" in alarm.sentence) == (2, True)


def test_who_has_taken_it_is_left_alone_for_his_shift(people: People) -> None:
    hardly_read(people.a, 100)
    watch()
    acknowledge(Alarm.objects.get(), by=people.dana, now=START + M)
    hardly_read(people.a, 100, at=START + 2 * M)
    watch(minutes=3)
    assert Alarm.objects.count() == 1
    watch(minutes=8 * 60 + 2)
    assert Alarm.objects.filter(acknowledged_at=None).count() == 1


def test_what_was_told_and_taken_does_not_come_again_by_itself(people: People) -> None:
    hardly_read(people.a, 100)
    watch()
    acknowledge(Alarm.objects.get(), by=people.dana, now=START + M)
    watch(minutes=9 * 60)
    assert Alarm.objects.count() == 1
    watch(minutes=25 * 60)
    assert Alarm.objects.count() == 1


def test_the_watch_is_a_duty() -> None:
    assert "watch lines" in {duty.name for duty in all_duties()}
