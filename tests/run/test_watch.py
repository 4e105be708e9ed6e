"""The watch over the intake: what the SOC is told of, and how often."""

from datetime import timedelta

import pytest

from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import DoorState, LogFileState, MissingFiles, PullState
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, Severity
from sakimori.run.watch import watch_intake
from tests.moments import START
from tests.people import People, make_file, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


def watch(*, minutes: float = 0) -> None:
    assert watch_intake(now=START + timedelta(minutes=minutes)) == 0


def test_nothing_wrong_is_no_alarm(people: People) -> None:
    make_file(people.a)
    make_file(people.a, state=LogFileState.STORING, attempts=2)
    PullState.objects.create(contract=people.a, next_try_at=START, failures=2)
    watch()
    assert not Alarm.objects.exists()


def test_a_pull_that_keeps_failing_is_one_alarm_that_counts(people: People) -> None:
    for contract in (people.a, people.b):
        PullState.objects.create(contract=contract, next_try_at=START, failures=3)
    watch()
    watch(minutes=1)
    alarm = Alarm.objects.get(key=f"pull:{people.a.pk}")
    assert (alarm.count, alarm.severity) == (2, Severity.HIGH)
    assert alarm.sentence == "株式会社さくら商店（契約 K-A-001）のログを取得できていません。"
    assert Alarm.objects.count() == 2


@pytest.mark.parametrize(("hours", "failures", "alarms"), [(11, 1, 0), (13, 0, 0), (13, 1, 1)])
def test_the_soc_hears_long_before_the_vendor_lets_go_of_files(
    people: People, hours: float, failures: int, alarms: int
) -> None:
    last = START - timedelta(hours=hours)
    PullState.objects.create(contract=people.a, next_try_at=START, failures=failures, last_success_at=last)
    watch()
    assert Alarm.objects.filter(key=f"pull-loss:{people.a.pk}", severity=Severity.HIGH).count() == alarms


def test_missing_numbers_are_an_alarm_once_if_they_stay_missing(people: People) -> None:
    MissingFiles.objects.create(contract=people.a, prefix="7", first=5, last=7, noticed_at=START)
    MissingFiles.objects.create(contract=people.a, prefix="7", first=9, last=9, noticed_at=START)
    watch(minutes=9)
    assert not Alarm.objects.exists()
    watch(minutes=10)
    acknowledge(Alarm.objects.earliest("pk"), by=people.dana, now=START)
    watch(minutes=11)
    told = [alarm.sentence for alarm in Alarm.objects.order_by("pk")]
    assert ["（7_5～7_7）" in told[0], "（7_9）" in told[1], len(told)] == [True, True, 2]


def test_a_folder_that_keeps_failing_is_an_alarm_that_names_the_file(people: People) -> None:
    trouble = "ファイルを読み取れないか、移動できません：a.log。"
    for failures, contract in ((3, people.a), (2, people.b)):
        DoorState.objects.create(
            contract=contract, door="drop", next_try_at=START, failures=failures, last_error=trouble + "x" * 260
        )
    watch()
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == (f"door:drop:{people.a.pk}", Severity.HIGH)
    assert "（契約 K-A-001）の受け渡しフォルダからログを取り込めていません。" + trouble in alarm.sentence
    assert len(alarm.sentence) == 300


@pytest.mark.parametrize("state", [LogFileState.RECEIVED, LogFileState.STORING])
def test_files_that_keep_failing_to_be_stored_are_one_alarm_per_contract(people: People, state: LogFileState) -> None:
    for attempts in (3, 9):
        make_file(people.a, state=state, attempts=attempts)
    make_file(people.b, state=LogFileState.STORED, attempts=9)
    watch()
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == (f"storing:{people.a.pk}", Severity.HIGH)
    assert "（契約 K-A-001）のログファイル 2 件を取り込めていません。" in alarm.sentence


def test_a_quarantined_file_is_an_alarm_once_whatever_the_analyst_does(people: People) -> None:
    file = make_file(people.a, state=LogFileState.QUARANTINED, stored_at=START)
    watch()
    watch(minutes=1)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.count, alarm.severity) == (f"quarantine:{file.pk}", 1, Severity.MIDDLE)
    assert file.name in alarm.sentence
    acknowledge(alarm, by=people.dana, now=START)
    watch(minutes=2)
    assert Alarm.objects.count() == 1


def test_an_imported_file_that_is_unreadable_calls_nobody(people: People) -> None:
    make_file(people.a, door=IMPORT_DOOR, state=LogFileState.QUARANTINED, stored_at=START)
    watch()
    assert not Alarm.objects.exists()


def test_a_file_that_waited_long_before_it_was_quarantined_is_still_an_alarm(people: People) -> None:
    """Received in the morning, and the store was down until now."""
    make_file(
        people.a,
        state=LogFileState.QUARANTINED,
        received_at=START - timedelta(hours=5),
        stored_at=START - timedelta(minutes=20),
    )
    watch()
    assert Alarm.objects.count() == 1


def test_a_quarantine_of_last_week_is_history(people: People) -> None:
    make_file(people.a, state=LogFileState.QUARANTINED, stored_at=START - timedelta(days=7))
    watch()
    assert not Alarm.objects.exists()
