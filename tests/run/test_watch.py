"""The watch over the intake: what the SOC is told of, and how often."""

from datetime import timedelta

import pytest

from sakimori.lib.jst import day_of
from sakimori.logs.gaps import MANY_IN_A_ROW
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import DoorState, LogFile, LogFileState, MissingFiles, PullState
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


def test_what_lasts_does_not_nag_whoever_has_taken_it_and_its_end_is_told(people: People) -> None:
    failing = {"contract": people.a, "next_try_at": START, "failures": 3}
    pull = PullState.objects.create(**failing)
    door = DoorState.objects.create(**failing, door="drop", last_error="読み取れません。")
    file = make_file(people.a, state=LogFileState.RECEIVED, attempts=3, received_at=START - timedelta(hours=1))
    watch()
    for alarm in Alarm.objects.all():
        acknowledge(alarm, by=people.dana, now=START)
    watch(minutes=59)
    assert Alarm.objects.count() == 3
    watch(minutes=61)
    assert Alarm.objects.count() == 6, "whoever comes after him hears of it anew"
    for row in (pull, door):
        type(row).objects.update(failures=0)
    LogFile.objects.filter(pk=file.pk).update(state=LogFileState.STORED)
    for minutes in (62, 63):
        watch(minutes=minutes)
    over = Alarm.objects.filter(acknowledged_at=None)
    name = "株式会社さくら商店（契約 K-A-001）の"
    assert {alarm.key.split(":")[0]: alarm.sentence for alarm in over} == {
        "pull": f"{name}ログを再び取得できています。",
        "door": f"{name}ログを再び取り込めています。",
        "storing": f"{name}待っていたログファイルを取り込めました。",
    }


def test_what_fails_anew_is_told_although_somebody_took_the_alarm_of_before(people: People) -> None:
    failing = {"contract": people.a, "next_try_at": START, "failures": 3, "last_success_at": START - timedelta(hours=1)}
    rows = [PullState.objects.create(**failing), DoorState.objects.create(**failing, door="drop")]
    stuck = {"state": LogFileState.RECEIVED, "attempts": 3}
    file = make_file(people.a, **stuck, received_at=START - timedelta(hours=1))
    watch()
    for alarm in Alarm.objects.all():
        acknowledge(alarm, by=people.dana, now=START)
    watch(minutes=1)
    assert Alarm.objects.count() == 3, "it is the same trouble"
    well = START + timedelta(minutes=10)
    for row in rows:
        type(row).objects.update(last_success_at=well)
    LogFile.objects.filter(pk=file.pk).update(state=LogFileState.STORED)
    make_file(people.a, **stuck, received_at=well)
    watch(minutes=12)
    assert Alarm.objects.filter(acknowledged_at=None).count() == 3


def test_of_a_contract_that_has_ended_nobody_says_that_its_log_comes_again(people: People) -> None:
    PullState.objects.create(contract=people.a, next_try_at=START, failures=3)
    watch()
    type(people.a).objects.filter(pk=people.a.pk).update(ends_on=day_of(START) - timedelta(days=1))
    watch(minutes=1)
    assert Alarm.objects.get().sentence.endswith("ログを取得できていません。")


@pytest.mark.parametrize(("hours", "failures", "alarms"), [(11, 1, 0), (13, 0, 0), (13, 1, 1)])
def test_the_soc_hears_long_before_the_vendor_lets_go_of_files(
    people: People, hours: float, failures: int, alarms: int
) -> None:
    last = START - timedelta(hours=hours)
    PullState.objects.create(contract=people.a, next_try_at=START, failures=failures, last_success_at=last)
    watch()
    assert Alarm.objects.filter(key=f"pull-loss:{people.a.pk}", severity=Severity.HIGH).count() == alarms


def hole(people: People, first: int, last: int, *, minute: float = 0, **columns: object) -> None:
    noticed = START + timedelta(minutes=minute)
    MissingFiles.objects.create(
        contract=people.a, prefix="7", first=first, last=last, noticed_at=noticed, **{"was_listed": False, **columns}
    )


def test_listed_files_that_cannot_be_had_are_an_alarm_once_if_they_stay_missing(people: People) -> None:
    hole(people, 5, 7, was_listed=True)
    hole(people, 9, 9, was_listed=True)
    hole(people, 11, 11, was_listed=True, dismissed_at=START)
    watch(minutes=9)
    assert not Alarm.objects.exists()
    watch(minutes=10)
    acknowledge(Alarm.objects.earliest("pk"), by=people.dana, now=START)
    watch(minutes=11)
    told = [alarm.sentence for alarm in Alarm.objects.order_by("pk")]
    assert ["（7_5～7_7）" in told[0], "（7_9）" in told[1], len(told)] == [True, True, 2]


def test_numbers_that_the_vendor_merely_skips_are_no_alarm(people: People) -> None:
    for first in range(1, 100, 20):
        hole(people, first, first + MANY_IN_A_ROW - 2)
    hole(people, 200, 300, dismissed_at=START)
    watch(minutes=10)
    assert not Alarm.objects.exists()


def test_many_skipped_in_a_row_are_one_alarm_of_all_of_them_and_again_when_there_are_more(people: People) -> None:
    hole(people, 1, MANY_IN_A_ROW)
    hole(people, 101, 145)
    watch(minutes=9)
    assert not Alarm.objects.exists()
    for minutes in (10, 11):
        watch(minutes=minutes)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity, alarm.count) == (f"skipped:{people.a.pk}", Severity.MIDDLE, 1)
    assert (
        "（契約 K-A-001）のログファイルの番号が、続けて 10 以上飛んでいます（7_101～7_145 ほか、計 55）。"
        in alarm.sentence
    )
    acknowledge(alarm, by=people.dana, now=START)
    watch(minutes=12)
    assert Alarm.objects.count() == 1
    hole(people, 201, 210, minute=20)
    for minutes in (30, 31):
        watch(minutes=minutes)
    assert list(Alarm.objects.order_by("pk").values_list("count", flat=True)) == [1, 1]
    assert "（7_201～7_210 ほか、計 65）" in Alarm.objects.latest("pk").sentence


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
