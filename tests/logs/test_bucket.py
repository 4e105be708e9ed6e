"""The bucket door against a small S3 server: every object once, whatever the store does meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from sakimori import backends
from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.secrets import seal_vendor_key
from sakimori.lib.http import GuardedClient, HttpLimits
from sakimori.lib.jst import day_of
from sakimori.logs.models import DoorState, LogFile, RetentionProof
from sakimori.logs.receive import accept as accepting
from sakimori.logs.receive.accept import ledger_name
from sakimori.logs.receive.bucket import Buckets, moment_of
from sakimori.logs.receive.s3 import BucketAddress
from sakimori.logs.spool import Spool
from tests.logs.s3_server import BUCKET, KEY_ID, REGION, SECRET, Store, s3_server
from tests.moments import START, Clock
from tests.people import make_contract

pytestmark = pytest.mark.django_db
PAUSE = timedelta(seconds=10)


@dataclass
class Door:
    """A contract with a bucket."""

    store: Store
    spool: Spool
    contract: Contract
    clock: Clock = field(default_factory=Clock)
    buckets: Buckets = field(init=False)

    def __post_init__(self) -> None:
        account = VendorAccount(
            contract=self.contract,
            api_id="1",
            sealed_api_key="x",
            bucket_url=self.store.url,
            bucket_name=BUCKET,
            bucket_region=REGION,
            bucket_prefix="waf/",
            bucket_key_id=KEY_ID,
        )
        seal_vendor_key(account, "bucket_key", SECRET)
        account.save()
        self.restart()

    def restart(self) -> None:
        self.buckets = Buckets(backends.bucket, self.spool, self.clock, PAUSE)

    def look(self, **passed: float) -> int:
        self.clock.pass_time(**passed or {"minutes": 6})
        return sum(look() for _, look in self.buckets.due_looks())

    def change(self, **columns: object) -> None:
        VendorAccount.objects.filter(contract=self.contract).update(**columns)

    def names(self) -> list[str]:
        return sorted(LogFile.objects.values_list("name", flat=True))

    @property
    def state(self) -> DoorState:
        return DoorState.objects.get(door="bucket")


@pytest.fixture
def store() -> Iterator[Store]:
    with s3_server() as made:
        yield made


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[GuardedClient]:
    with GuardedClient(limits=HttpLimits(read_seconds=60, total_seconds=60)) as made:
        monkeypatch.setattr(backends, "http_client", lambda: made)
        yield made


@pytest.fixture
def door(store: Store, client: GuardedClient, tmp_path: Path) -> Door:
    return Door(store, Spool(tmp_path / "spool"), make_contract("株式会社さくら商店", "A"))


def test_every_object_below_the_prefix_is_taken_once(door: Door, store: Store) -> None:
    store.objects = {"waf/1_1.log": bytes(range(256)) * 999, "waf/1_2.log": b"two", "other/1_3.log": b"no", "waf/": b""}
    assert door.look() == 2
    assert door.names() == ["waf/1_1.log", "waf/1_2.log"]
    file = LogFile.objects.get(name="waf/1_1.log")
    assert (file.contract, file.door) == (door.contract, "bucket")
    assert door.spool.path(file.spool_name).read_bytes() == store.objects["waf/1_1.log"]
    assert door.look() == door.look(hours=1) == 0
    assert (door.state.failures, door.state.last_error, door.state.position) == (0, "", "waf/1_2.log")


def test_the_ledger_is_the_memory_of_a_new_process(door: Door, store: Store) -> None:
    store.objects = {"waf/1.log": b"one"}
    door.look()
    door.restart()
    assert door.look() == 0
    assert LogFile.objects.count() == 1


def test_all_pages_are_read(door: Door, store: Store) -> None:
    store.page = 7
    store.objects = {f"waf/{number:03d}.log": b"%d" % number for number in range(50)}
    assert door.look() == 50


def test_between_whole_looks_only_what_follows_the_newest_is_listed(door: Door, store: Store) -> None:
    store.objects = {f"waf/1_{number}.log": b"%d" % number for number in (8, 9)}
    door.look()
    store.asked.clear()
    store.objects["waf/1_91.log"] = b"new"
    assert door.look(seconds=10) == 1
    assert "start-after=waf%2F1_9.log" in store.asked[0]


def test_a_key_that_sorts_before_the_newest_is_found_by_the_whole_look(door: Door, store: Store) -> None:
    store.objects = {"waf/1_9.log": b"nine"}
    door.look()
    store.objects["waf/1_10.log"] = b"ten"
    assert door.look(minutes=1) == 0
    assert door.look(minutes=15) == 1
    store.objects["waf/1_11.log"] = b"eleven"
    assert door.look(seconds=10) == 1


def test_long_keys_that_differ_at_the_end_are_two_names() -> None:
    names = {ledger_name("k" * 300 + end) for end in "ab"}
    assert len(names) == 2
    assert max(map(len, names)) <= 200
    assert ledger_name("k" * 200) == "k" * 200


def test_an_object_that_is_deleted_between_listing_and_reading_is_nothing_wrong(door: Door, store: Store) -> None:
    store.objects = {"waf/1.log": b"one", "waf/2.log": b"two"}
    store.gone = {"waf/1.log"}
    assert door.look() == 1
    assert door.state.failures == 0


def test_a_body_that_is_cut_leaves_nothing_and_is_read_again(door: Door, store: Store) -> None:
    store.objects = {"waf/1.log": b"one", "waf/2.log": b"two"}
    store.truncated = {"waf/1.log"}
    assert door.look() == 1
    assert (door.names(), door.state.failures) == (["waf/2.log"], 0)
    assert door.state.left_out == "バケットから受信できません。自動で再試行します：waf/1.log。"
    store.truncated = set()
    assert door.look() == 1
    assert (door.names(), door.state.left_out) == (["waf/1.log", "waf/2.log"], "")


def test_after_three_failures_in_a_row_the_look_is_given_up(door: Door, store: Store) -> None:
    store.objects = {f"waf/{number}.log": b"x" for number in range(9)}
    store.truncated = set(store.objects)
    assert door.look() == 0
    assert len(store.asked) == 1 + 3
    assert (door.state.failures, "受信できません" in door.state.last_error) == (1, True)


def test_an_object_that_is_too_large_is_told_and_keeps_none_behind_it_out(
    door: Door, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "LIMIT_BYTES", 100)
    store.objects = {"waf/1.log": bytes(101), "waf/2.log": bytes(101), "waf/3.log": bytes(100)}
    store.sizes = {"waf/2.log": 5}
    assert door.look() == 1
    assert door.names() == ["waf/3.log"]
    assert (door.state.failures, door.state.left_out) == (0, "ファイルが大きすぎます：waf/1.log、waf/2.log。")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (403, "権限がありません"),
        (404, "バケットが見つかりません"),
        (301, "リージョン"),
        (500, "HTTP 500"),
        (503, "HTTP 503"),
    ],
)
def test_a_store_that_refuses_is_told(door: Door, store: Store, status: int, sentence: str) -> None:
    store.objects = {"waf/1.log": b"one"}
    store.status = status
    assert door.look() == 0
    assert sentence in door.state.last_error
    assert (door.state.failures, door.state.next_try_at) == (1, door.clock() + PAUSE * 2)
    store.status = 0
    assert door.look() == 1
    assert door.state.failures == 0


def test_retry_after_is_honoured(door: Door, store: Store) -> None:
    store.status, store.headers = 503, {"retry-after": "600"}
    door.look()
    assert door.state.next_try_at == door.clock() + timedelta(seconds=600)


@pytest.mark.parametrize(
    "listing",
    [
        b"not xml",
        b"<html></html>",
        b"<!DOCTYPE a [<!ENTITY b 'bb'>]><ListBucketResult>&b;</ListBucketResult>",
        b"<ListBucketResult>",
    ],
)
def test_a_listing_that_cannot_be_read_is_told(door: Door, store: Store, listing: bytes) -> None:
    store.listing = listing
    assert door.look() == 0
    assert door.state.last_error == "バケットの一覧を読み取れません。"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bucket_key_id": "OTHER"}, "権限がありません"),
        ({"bucket_name": "no.such.bucket"}, "バケットが見つかりません"),
        ({"sealed_bucket_key": "broken"}, "入力し直してください"),
        ({"bucket_url": "http://s3.example.com"}, "https://"),
        ({"bucket_url": "https://127.0.0.1:1"}, "受信できません"),
    ],
)
def test_a_wrong_connection_is_that_contracts_trouble(
    door: Door, store: Store, change: dict[str, object], sentence: str
) -> None:
    store.objects = {"waf/1.log": b"one"}
    door.change(**change)
    assert door.look() == 0
    assert sentence in door.state.last_error


def test_nothing_is_fetched_from_the_day_of_cancellation_on(door: Door, store: Store) -> None:
    store.objects = {"waf/1.log": b"one"}
    Contract.objects.update(ends_on=day_of(START))
    assert door.look() == 0
    assert store.asked == []


def test_a_contract_without_a_bucket_is_left_alone(door: Door) -> None:
    door.change(bucket_name="")
    assert door.look() == 0
    assert not DoorState.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://s3.example.com"},
        {"url": "https://user:pass@s3.example.com"},
        {"url": "https://s3.example.com/path"},
        {"url": "https://"},
        {"name": "A"},
        {"name": "a/b"},
        {"region": "日本"},
        {"region": ""},
        {"key_id": ""},
        {"secret": "two words"},
        {"secret": "a\nb"},
    ],
)
def test_an_address_that_cannot_be_right_is_refused(change: dict[str, str]) -> None:
    good = {
        "url": "https://s3.example.com",
        "region": REGION,
        "name": BUCKET,
        "prefix": "",
        "key_id": "k",
        "secret": "s",
    }
    assert "secret" not in repr(BucketAddress(**good))
    with pytest.raises(ValueError, match="入力してください"):
        BucketAddress(**{**good, **change})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-23T02:59:30.000Z", START - timedelta(seconds=30)),
        ("2026-11-23T02:59:30Z", START - timedelta(seconds=30)),
        ("2026-11-23T02:59:30", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_object_lies_ready_from_when_the_store_says_so(written: str, expected: datetime | None) -> None:
    assert moment_of(written) == expected


def test_the_states_of_all_buckets_are_one_question(
    door: Door, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    for letter in "BCD":
        contract = make_contract("株式会社", letter)
        VendorAccount.objects.create(contract=contract, api_id="1", sealed_api_key="x", bucket_name="b")
    assert len(door.buckets.due_looks()) == 4
    with django_assert_num_queries(2):
        assert len(door.buckets.due_looks()) == 4


def test_an_object_of_days_that_are_not_kept_is_left_where_it_is(door: Door, store: Store) -> None:
    """The ledger has forgotten it, and all that is in it would be let go of at once."""
    store.objects = {"waf/1_1.log": b"one"}
    proof = RetentionProof.objects.create(
        contract=door.contract, day=date(2026, 11, 24), ran_at=door.clock(), kept_from=date(2026, 11, 24)
    )
    assert (door.look(), door.names(), door.state.failures) == (0, [], 0)
    proof.kept_from = date(2026, 11, 23)
    proof.save()
    assert door.look(minutes=16) == 1
