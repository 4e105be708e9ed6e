"""The watch over the flow: who is called silent, who is not, once, and that it ends when logs come again."""

from datetime import timedelta

import pytest

from sakimori.customers.models import Contract, LogSender, LogSenderAddress, VendorAccount
from sakimori.lib.jst import day_of
from sakimori.logs.models import DoorFlow, DoorState, LogFile, LogFileState, PullState
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, Severity
from sakimori.run.flow_watch import FlowWatch
from tests.moments import START, Clock
from tests.people import People, make_file, make_people

pytestmark = pytest.mark.django_db
M, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def watch(clock: Clock, *, up: timedelta = 10 * H) -> None:
    assert FlowWatch(clock() - up, silent=H, lag=15 * M).watch(now=clock()) == 0


def door(contract: Contract, *, quiet: timedelta, usual: timedelta = M, door: str = "pull", days: int = 7) -> DoorFlow:
    pauses = {(day_of(START) - number * D).isoformat(): usual.total_seconds() for number in range(days)}
    return DoorFlow.objects.create(
        contract=contract, door=door, files=500, last_received_at=START - quiet, pauses=pauses
    )


def test_a_busy_door_that_falls_silent_is_told_once_and_ends_when_logs_come(people: People, clock: Clock) -> None:
    row = door(people.a, quiet=61 * M)
    watch(clock)
    watch(clock)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity, alarm.count) == (f"silent:pull:{people.a.pk}", Severity.MIDDLE, 1)
    assert alarm.sentence == (
        "株式会社さくら商店（契約 K-A-001）の取得（HTTPS）から、2026年11月23日 10:59:00 を最後にログが届いていません。"
        "普段の間隔を超えています。送信元を確認してください。"
    )
    assert alarm.due_at is not None
    row.last_received_at = clock.pass_time(minutes=20)
    row.save()
    watch(clock)
    alarm.refresh_from_db()
    assert alarm.sentence.endswith("からログが再び届きました（2026年11月23日 12:20:00）。途絶は解消しました。")
    assert (alarm.acknowledged_at, alarm.count) == (None, 1)
    told = alarm.sentence
    row.last_received_at = clock.pass_time(minutes=1)
    row.save()
    watch(clock)
    alarm.refresh_from_db()
    assert alarm.sentence == told, "the bar must not move with every file"


def test_a_silence_behind_a_single_file_is_a_new_one_and_rings_again(people: People, clock: Clock) -> None:
    row = door(people.a, quiet=61 * M)
    watch(clock)
    row.last_received_at = clock.pass_time(minutes=20)
    row.save()
    watch(clock)
    clock.pass_time(minutes=61)
    watch(clock)
    alarm = Alarm.objects.get()
    assert (alarm.count, alarm.due_at is not None) == (2, True)
    assert "を最後にログが届いていません" in alarm.sentence


def test_one_silence_is_not_told_again_after_somebody_took_it(people: People, clock: Clock) -> None:
    door(people.a, quiet=2 * H)
    watch(clock)
    acknowledge(Alarm.objects.get(), by=people.dana, now=clock())
    clock.pass_time(hours=5)
    watch(clock)
    assert Alarm.objects.count() == 1


@pytest.mark.parametrize(
    ("quiet", "usual", "silent"),
    [(59 * M, M, 0), (11 * H, 8 * H, 0), (13 * H, 8 * H, 1), (80 * H, 63 * H, 0), (95 * H, 63 * H, 1)],
)
def test_a_tiny_site_may_be_quiet_as_it_usually_is(
    people: People, clock: Clock, quiet: timedelta, usual: timedelta, silent: int
) -> None:
    door(people.a, quiet=quiet, usual=usual)
    watch(clock)
    assert Alarm.objects.count() == silent


def test_who_was_down_himself_listens_first(people: People, clock: Clock) -> None:
    door(people.a, quiet=2 * H)
    PullState.objects.create(contract=people.a, next_try_at=START - 9 * H)
    watch(clock, up=10 * M)
    assert not Alarm.objects.exists()


def test_doors_that_fail_have_an_alarm_of_their_own_and_waiting_files_are_no_silence(
    people: People, clock: Clock
) -> None:
    for name in ("pull", "bucket", "hec", "syslog"):
        door(people.a, quiet=2 * H, door=name)
    PullState.objects.create(contract=people.a, next_try_at=START, failures=3)
    DoorState.objects.create(contract=people.a, door="bucket", next_try_at=START, failures=3)
    make_file(people.a, door="hec", state=LogFileState.RECEIVED, received_at=START)
    make_file(people.b, door="syslog", state=LogFileState.RECEIVED, received_at=START)
    door(people.b, quiet=2 * H)
    PullState.objects.create(contract=people.b, next_try_at=START, newest={"7": 1}, index_missing_since=START - 2 * H)
    watch(clock)
    assert [alarm.key for alarm in Alarm.objects.all()] == [f"silent:syslog:{people.a.pk}"]


def test_from_the_day_of_cancellation_on_silence_is_right(people: People, clock: Clock) -> None:
    door(people.a, quiet=2 * H)
    PullState.objects.create(contract=people.a, next_try_at=START - 9 * H)
    VendorAccount.objects.create(contract=people.a, api_id="1", sealed_api_key="x", log_base_url="https://logs.example")
    Contract.objects.filter(pk=people.a.pk).update(ends_on=day_of(START))
    watch(clock)
    assert not Alarm.objects.exists()


def test_a_source_that_nobody_looks_at_is_told_long_before_the_vendor_lets_go(people: People, clock: Clock) -> None:
    for contract, minutes in ((people.a, 16), (people.b, 14)):
        VendorAccount.objects.create(
            contract=contract, api_id="1", sealed_api_key="x", log_base_url="https://logs.example", bucket_name="b"
        )
        make_file(contract)
        PullState.objects.create(contract=contract, next_try_at=START - minutes * M)
        DoorState.objects.create(contract=contract, door="bucket", next_try_at=START - minutes * M)
        DoorState.objects.create(contract=contract, door="drop", next_try_at=START - minutes * M)
    watch(clock)
    watch(clock)
    told = {alarm.key: (alarm.severity, alarm.count) for alarm in Alarm.objects.all()}
    assert told == {f"unlooked:{name}:{people.a.pk}": (Severity.HIGH, 1) for name in ("pull", "bucket")}


@pytest.mark.parametrize(
    ("columns", "told"),
    [({}, 0), ({"log_base_url": "https://x"}, 1), ({"collector_token_digest": "x"}, 1), ({"bucket_name": "b"}, 1)],
)
def test_a_contract_of_which_nothing_ever_came_is_told_once(
    people: People, clock: Clock, columns: dict[str, str], told: int
) -> None:
    Contract.objects.update(starts_on=day_of(START) - D)
    Contract.objects.filter(pk=people.b.pk).update(starts_on=day_of(START))
    for contract in (people.a, people.b):
        VendorAccount.objects.create(contract=contract, api_id="1", sealed_api_key="x", **columns)
    watch(clock)
    for alarm in Alarm.objects.all():
        acknowledge(alarm, by=people.dana, now=clock())
    watch(clock)
    keys = [(alarm.key, alarm.severity) for alarm in Alarm.objects.all()]
    assert keys == [(f"unheard:{people.a.pk}", Severity.LOW)] * told


def test_a_contract_with_a_sender_of_which_something_came_is_heard(people: People, clock: Clock) -> None:
    Contract.objects.update(starts_on=day_of(START) - D)
    for number, contract in enumerate((people.a, people.b, people.b)):
        LogSender.objects.create(contract=contract, fingerprint=f"{number:064}", certificate="x", added_at=START)
    make_file(people.a)
    watch(clock)
    assert [alarm.key for alarm in Alarm.objects.all()] == [f"unheard:{people.b.pk}"]


def test_a_contract_whose_sender_has_an_address_and_of_which_nothing_came_is_told(people: People, clock: Clock) -> None:
    Contract.objects.update(starts_on=day_of(START) - D)
    LogSenderAddress.objects.create(contract=people.b, network="203.0.113.9", added_at=START)
    watch(clock)
    assert [alarm.key for alarm in Alarm.objects.all()] == [f"unheard:{people.b.pk}"]


def test_files_that_wait_too_long_are_one_alarm_that_ends(people: People, clock: Clock) -> None:
    for minutes in (16, 40, 5):
        make_file(people.a, state=LogFileState.RECEIVED, received_at=START - minutes * M)
    make_file(people.b, state=LogFileState.STORING, received_at=START - 20 * M, attempts=1)
    make_file(people.b, state=LogFileState.STORING, received_at=START - 90 * M, attempts=3)
    make_file(people.b, state=LogFileState.RECEIVED, received_at=START - 90 * M, door="import")
    watch(clock, up=M)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == ("intake-lag", Severity.HIGH)
    assert "15 分以上遅れています（待ち 3 件、最も古いものは 2026年11月23日 11:20:00 受信）" in alarm.sentence
    acknowledge(alarm, by=people.dana, now=clock())
    clock.pass_time(minutes=30)
    watch(clock, up=M)
    assert Alarm.objects.count() == 1
    clock.pass_time(minutes=31)
    watch(clock, up=M)
    assert Alarm.objects.count() == 2
    LogFile.objects.update(state=LogFileState.STORED)
    watch(clock, up=M)
    last = Alarm.objects.latest("pk")
    assert (last.sentence, last.acknowledged_at) == ("ログの取込の遅れは解消しました。", None)
