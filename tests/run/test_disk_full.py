"""A disk that fills and a store that is down: every door holds back, nothing is lost, and all goes on by itself."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.secrets import issue_collector_token
from sakimori.lib.disk import MIB, Floor
from sakimori.logs.balance import compare_new
from sakimori.logs.duties import ingest_due
from sakimori.logs.models import LogFile, LogFileState, PullState, StoreCheck
from sakimori.logs.receive.drop import DropFolders
from sakimori.logs.receive.hec import HecDoor, collector
from sakimori.logs.receive.pull import pull_due
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, Severity
from sakimori.run.duties import ingest_with_room
from sakimori.run.rooms import Disk, disks, reserve
from sakimori.run.store_watch import watch_store
from sakimori.run.watch import watch_intake
from sakimori.waf.memory import MemoryVendor
from tests.lines import cef, log_file
from tests.moments import START, Clock
from tests.people import People, make_people

pytestmark = pytest.mark.django_db(transaction=True)
EVENT = "/services/collector/event"
FLOOR = 100 * MIB


@dataclass
class House:
    """One contract with three doors, on a disk of which the test says how much is free."""

    folder: Path
    store: LogStore
    people: People
    clock: Clock = field(default_factory=Clock)
    free: int = 10 * FLOOR
    token: str = ""
    vendor: MemoryVendor = field(default_factory=lambda: MemoryVendor(logs={}))

    def __post_init__(self) -> None:
        self.spool = Spool(self.folder / "spool", floor_bytes=FLOOR)
        self.spool.floor = self.floor(FLOOR)
        account = VendorAccount(
            contract=self.contract, api_id="1", sealed_api_key="x", log_base_url="https://logs.example.jp/1_1/"
        )
        self.token = issue_collector_token(account)
        account.save()
        self.dropped = self.folder / "drop" / self.contract.number
        self.dropped.mkdir(parents=True)
        self.drop = DropFolders(self.folder / "drop", self.spool, clock=self.clock, quiet=timedelta(seconds=2))

    @property
    def contract(self) -> Contract:
        return self.people.a

    def floor(self, size: int) -> Floor:
        return Floor(self.folder, size, lambda _: self.free)

    def disk(self) -> Disk:
        return Disk("データフォルダ", self.floor(5 * FLOOR), self.floor(FLOOR))

    def hec(self, path: str = EVENT) -> int:
        async def ask() -> httpx.Response:
            application = collector(HecDoor(self.folder / "hec", self.spool, self.clock), clock=self.clock)
            transport = httpx.ASGITransport(application)
            async with (
                application.router.lifespan_context(application),
                httpx.AsyncClient(transport=transport, base_url="https://collector") as client,
            ):
                if path.endswith("health"):
                    return await client.get(path)
                event = json.dumps(
                    {"event": f"one line of {self.clock()}"}
                ).encode()  # The same again would be a repeat.
                return await client.post(path, content=event, headers={"authorization": f"Splunk {self.token}"})

        return asyncio.run(ask()).status_code

    def pull(self) -> int:
        self.clock.pass_time(minutes=6)
        pause = timedelta(seconds=10)
        return pull_due(open_logs=lambda _: self.vendor, spool=self.spool, clock=self.clock, pause=pause)

    def take_dropped(self) -> int:
        before = self.drop.take()
        self.clock.pass_time(seconds=3)
        return before + self.drop.take()

    def watch(self) -> None:
        watch_store(disks=[self.disk()], now=self.clock())
        watch_intake(now=self.clock())

    def names(self) -> list[str]:
        return sorted(LogFile.objects.values_list("door", flat=True))


@pytest.fixture
def house(tmp_path: Path, log_store: LogStore) -> House:
    return House(tmp_path, log_store, make_people())


def test_below_the_floor_every_door_holds_back_and_goes_on_by_itself(house: House) -> None:
    house.vendor.put_log("7_1.log", log_file([cef("SQL Injection", "198.51.100.7", at=START)]))
    (house.dropped / "a.log").write_bytes(b"a line\n")
    house.free = FLOOR - 1
    assert (house.hec(), house.hec("/services/collector/health")) == (503, 503)
    for _ in range(3):
        assert (house.pull(), house.take_dropped()) == (0, 0)
    assert not LogFile.objects.exists()
    assert len(list(house.dropped.iterdir())) == 1, "the dropped file lies there still"
    state = PullState.objects.get()
    assert (state.failures, state.newest) == (3, {"7": 0})
    house.watch()
    assert Alarm.objects.filter(key__startswith="disk-full:", severity=Severity.HIGH).count() == 1
    assert Alarm.objects.filter(key=f"pull:{house.contract.pk}").count() == 1

    house.free = 10 * FLOOR
    assert (house.hec(), house.hec("/services/collector/health")) == (200, 200)
    assert (house.pull(), house.take_dropped()) == (1, 1)
    assert house.names() == ["drop", "hec", "pull"]
    assert not list(house.dropped.iterdir())
    assert PullState.objects.get().newest == {"7": 1}


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (10 * FLOOR, None),
        (5 * FLOOR - 1, "500 MiB を下回りました。100 MiB を下回るとログを受け付けられなくなります。"),
        (FLOOR - 1, "100 MiB を下回ったため、ログの受け付けを停止しています。"),
    ],
)
def test_the_soc_hears_before_the_disk_is_full(house: House, free: int, words: str | None) -> None:
    house.free = free
    house.watch()
    told = [alarm.sentence for alarm in Alarm.objects.all()]
    assert (told == []) if words is None else (words in told[0] and len(told) == 1)


def open_alarms() -> list[str]:
    return [alarm.key.partition(":")[0] for alarm in Alarm.objects.filter(acknowledged_at=None).order_by("pk")]


def take_all(house: House) -> None:
    for alarm in Alarm.objects.filter(acknowledged_at=None):
        acknowledge(alarm, by=house.people.dana, now=house.clock())


def test_an_alarm_about_the_disk_ends_when_there_is_room_and_does_not_nag(house: House) -> None:
    house.free = 2 * FLOOR
    house.watch()
    house.watch()
    alarm = Alarm.objects.get()
    assert (alarm.count, "を下回るとログを受け付けられなくなります" in alarm.sentence) == (2, True)
    take_all(house)
    house.watch()
    assert open_alarms() == []
    house.clock.pass_time(minutes=61)
    house.watch()
    house.free = 10 * FLOOR
    house.watch()
    again = Alarm.objects.latest("pk")
    assert (again.sentence, again.acknowledged_at) == ("データフォルダのディスクの空き不足は解消しました。", None)


def test_who_knows_that_the_disk_is_short_of_room_is_told_that_it_is_full(house: House) -> None:
    house.free = 2 * FLOOR
    house.watch()
    take_all(house)
    house.free = FLOOR - 1
    house.watch()
    full = Alarm.objects.get(acknowledged_at=None)
    assert "ログの受け付けを停止しています" in full.sentence
    house.free = 2 * FLOOR
    house.watch()
    full.refresh_from_db()
    assert full.sentence == "データフォルダのディスクに空きができ、ログの受け付けを再開しました。"
    assert open_alarms() == ["disk-full"], "that it is short of room he has taken"


def test_what_comes_back_is_told_anew_although_somebody_took_it_within_the_hour(house: House) -> None:
    check = StoreCheck.objects.create(contract=house.contract, checked_at=START)

    def go(*, free: int, differences: dict[str, list[int]]) -> list[str]:
        house.free = free
        StoreCheck.objects.filter(pk=check.pk).update(differences=differences)
        house.clock.pass_time(minutes=1)
        house.watch()
        return open_alarms()

    wrong = {"free": FLOOR - 1, "differences": {"7": [10, 9]}}
    assert go(**wrong) == ["disk-full", "balance"]
    take_all(house)
    assert go(**wrong) == [], "it lasts, and he knows"
    assert go(free=10 * FLOOR, differences={}) == []
    assert go(**wrong) == ["disk-full", "balance"]
    assert go(free=10 * FLOOR, differences={}) == ["disk-full", "balance"]
    assert go(**wrong) == ["disk-full", "balance"]
    assert {alarm.count for alarm in Alarm.objects.filter(acknowledged_at=None)} == {2}


def test_the_ingest_leaves_the_last_room_to_the_database(house: House) -> None:
    assert house.hec() == 200
    house.free = FLOOR // 2 - 1
    assert ingest_with_room(house.store, house.spool, "one", house.floor(FLOOR // 2)) == 0
    house.free = FLOOR // 2
    LogFile.objects.update(next_try_at=START - timedelta(days=300))
    assert ingest_with_room(house.store, house.spool, "one", house.floor(FLOOR // 2)) == 1


@pytest.mark.parametrize(
    ("url", "reserved", "labels"),
    [
        ("chdb:///nowhere/else", 512 * MIB, ["データフォルダ", "ログ保管庫"]),
        ("clickhouse://store.example.jp/db", 0, ["データフォルダ"]),
    ],
)
def test_a_store_on_another_machine_takes_no_room(
    monkeypatch: pytest.MonkeyPatch, url: str, reserved: int, labels: list[str]
) -> None:
    monkeypatch.setattr(settings, "LOGSTORE_URL", url)
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, disk_floor_mib=1024, disk_alarm_mib=5120))
    assert reserve().bytes == reserved
    assert [disk.label for disk in disks()] == labels
    assert [(disk.warning.bytes, disk.floor.bytes) for disk in disks()] == [(5120 * MIB, 1024 * MIB)] * len(labels)


class Down:
    """A store that cannot be reached."""

    def append(self, *_: object, **__: object) -> None:
        raise StoreUnavailable("down")

    def append_together(self, *_: object) -> None:
        raise StoreUnavailable("down")

    def discard(self, *_: object, **__: object) -> None:
        raise StoreUnavailable("down")


def test_while_the_store_is_down_doors_take_on_and_nothing_is_lost(house: House) -> None:
    lines = [cef("SQL Injection", "198.51.100.7", at=START) for _ in range(5)]
    house.vendor.put_log("7_1.log", log_file(lines))
    assert (house.hec(), house.pull()) == (200, 1)
    for _ in range(3):
        house.clock.pass_time(minutes=6)
        ingest_due(store=Down(), spool=house.spool, worker="one", clock=house.clock)  # type: ignore[arg-type]
    assert house.hec() == 200, "a door does not need the store"
    house.watch()
    assert Alarm.objects.get().key == f"storing:{house.contract.pk}"
    house.clock.pass_time(minutes=6)
    assert ingest_due(store=house.store, spool=house.spool, worker="one", clock=house.clock) == 3
    assert compare_new(store=house.store, now=house.clock()) == 3
    assert StoreCheck.objects.get().differences == {}
    states = set(LogFile.objects.values_list("state", flat=True))
    assert (states, house.store.count_contract(house.contract.pk)) == ({LogFileState.STORED}, 5)


def test_sums_that_differ_are_an_alarm_until_they_agree(house: House) -> None:
    check = StoreCheck.objects.create(
        contract=house.contract, checked_at=START, differences={"7": [10, 9], "8": [1, 0], "9": [2, 1], "11": [1, 2]}
    )
    StoreCheck.objects.create(contract=house.people.b, checked_at=START)
    house.watch()
    house.watch()
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity, alarm.count) == (f"balance:{house.contract.pk}", Severity.HIGH, 2)
    assert (
        "ログ 4 ファイルで、保管庫の行数が台帳と一致しません（ファイル 7：台帳 10 行・保管庫 9 行、" in alarm.sentence
    )
    assert "ファイル 11" not in alarm.sentence
    check.differences = {}
    check.save()
    house.watch()
    alarm.refresh_from_db()
    over = "株式会社さくら商店（契約 K-A-001）の保管庫と台帳の行数の不一致は解消しました。"
    assert (alarm.sentence, alarm.acknowledged_at) == (over, None)
