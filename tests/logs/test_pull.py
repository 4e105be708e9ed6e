"""The pull door: an index that is missing, files that vanish, contracts that fail: none of it stops the others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from sakimori import backends
from sakimori.customers.models import Contract, VendorAccount
from sakimori.logs.models import LogFile, PullState
from sakimori.logs.receive import accept as accepting
from sakimori.logs.receive.pull import pull_due
from sakimori.logs.spool import Spool
from sakimori.waf.interface import WafLogs, WafUnavailable
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.moments import START, Clock
from tests.people import make_contract

pytestmark = pytest.mark.django_db

PAUSE = timedelta(seconds=10)


@dataclass
class Pull:
    """Two contracts, each with a vendor of its own."""

    spool: Spool
    folder: Path
    contracts: list[Contract]
    vendors: dict[int, WafLogs]
    clock: Clock = field(default_factory=Clock)

    def run(self) -> int:
        return pull_due(
            open_logs=lambda account: self.vendors[account.contract_id],
            spool=self.spool,
            clock=self.clock,
            pause=PAUSE,
        )

    def again(self) -> int:
        """Once more, when every pause is over."""
        self.clock.pass_time(hours=1)
        return self.run()

    def state(self, contract: Contract) -> PullState:
        return PullState.objects.get(contract=contract)

    def names(self, contract: Contract) -> set[str]:
        return set(LogFile.objects.filter(contract=contract).values_list("name", flat=True))


@pytest.fixture
def a() -> MemoryVendor:
    return MemoryVendor(logs={"1.log": b"one", "2.log": b"two"})


@pytest.fixture
def b() -> MemoryVendor:
    return MemoryVendor(logs={"1.log": b"other"})


@pytest.fixture
def pull(tmp_path: Path, a: MemoryVendor, b: MemoryVendor) -> Pull:
    contracts = [make_contract("株式会社さくら商店", "A"), make_contract("有限会社もみじ堂", "B")]
    for contract in contracts:
        VendorAccount.objects.create(
            contract=contract, api_id="1", sealed_api_key="x", log_base_url="https://logs.example.jp/1_1/"
        )
    folder = tmp_path / "spool"
    return Pull(Spool(folder), folder, contracts, dict(zip([c.pk for c in contracts], [a, b], strict=True)))


def test_every_new_file_is_taken_once(pull: Pull, a: MemoryVendor) -> None:
    assert pull.run() == 3
    assert pull.names(pull.contracts[0]) == {"1.log", "2.log"}
    assert pull.names(pull.contracts[1]) == {"1.log"}
    a.put_log("3.log", b"three")
    assert pull.again() == 1
    assert pull.again() == 0
    assert LogFile.objects.count() == len(list(pull.folder.iterdir())) == 4


def test_content_comes_byte_for_byte(pull: Pull, a: MemoryVendor) -> None:
    body = bytes(range(256)) * 1000
    a.put_log("3.log", body)
    pull.run()
    file = LogFile.objects.get(name="3.log")
    assert pull.spool.path(file.spool_name).read_bytes() == body
    assert (file.size_bytes, file.received_at, file.door) == (len(body), START, "pull")


def test_an_index_is_looked_at_when_its_pause_is_over(pull: Pull, a: MemoryVendor) -> None:
    pull.run()
    a.put_log("3.log", b"three")
    pull.clock.pass_time(seconds=9)
    assert pull.run() == 0
    pull.clock.pass_time(seconds=1)
    assert pull.run() == 1


def test_no_index_yet_is_nothing_wrong(pull: Pull) -> None:
    pull.vendors[pull.contracts[0].pk] = MemoryVendor()
    assert pull.run() == 1
    state = pull.state(pull.contracts[0])
    assert (state.failures, state.last_error, state.last_success_at, state.last_file_at) == (0, "", START, None)
    assert state.next_try_at == START + PAUSE


def test_a_contract_without_a_log_address_is_left_alone(pull: Pull) -> None:
    VendorAccount.objects.filter(contract=pull.contracts[0]).update(log_base_url="")
    assert pull.run() == 1
    assert not PullState.objects.filter(contract=pull.contracts[0]).exists()


class Vanishing(MemoryVendor):
    """A vendor whose files are listed, but gone when they are asked for; or that fails in the middle of one."""

    def __init__(self, *, gone: frozenset[str] = frozenset(), cut: frozenset[str] = frozenset()) -> None:
        super().__init__(logs={f"{number}.log": b"content" for number in range(1, 5)})
        self.gone, self.cut = gone, cut

    @contextmanager
    def read_log(self, name: str) -> Iterator[Iterator[bytes]]:  # type: ignore[override]
        if name in self.gone:
            self.drop_log(name)
        with super().read_log(name) as chunks:
            yield self._chunks(name, chunks)

    def _chunks(self, name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        yield from chunks
        if name in self.cut:
            raise WafUnavailable("接続が切れました。")


def test_a_file_that_vanished_is_passed_over(pull: Pull) -> None:
    pull.vendors[pull.contracts[0].pk] = Vanishing(gone=frozenset({"2.log"}))
    assert pull.run() == 4
    assert pull.names(pull.contracts[0]) == {"1.log", "3.log", "4.log"}
    assert pull.state(pull.contracts[0]).failures == 0


def test_a_download_that_is_cut_leaves_nothing_and_is_made_again(pull: Pull) -> None:
    vendor = Vanishing(cut=frozenset({"2.log"}))
    pull.vendors[pull.contracts[0].pk] = vendor
    assert pull.run() == 2
    assert pull.names(pull.contracts[0]) == {"1.log"}
    assert pull.state(pull.contracts[0]).failures == 1
    assert len(list(pull.folder.iterdir())) == 2
    vendor.cut = frozenset()
    assert pull.again() == 3
    assert pull.state(pull.contracts[0]).failures == 0


@pytest.mark.parametrize("fault", [MemoryFault.UNAVAILABLE, MemoryFault.UNAUTHORISED, MemoryFault.REFUSED])
def test_one_contract_that_fails_stops_no_other(pull: Pull, a: MemoryVendor, fault: MemoryFault) -> None:
    a.fail(fault, times=None)
    assert pull.run() == 1
    state = pull.state(pull.contracts[0])
    assert (state.failures, state.last_success_at) == (1, None)
    assert state.last_error.startswith("Waf")
    assert pull.state(pull.contracts[1]).failures == 0


def test_a_credential_that_cannot_be_opened_stops_no_other(pull: Pull) -> None:
    def open_logs(account: VendorAccount) -> WafLogs:
        if account.contract == pull.contracts[0]:
            return backends.waf_logs(account)
        return pull.vendors[account.contract_id]

    assert pull_due(open_logs=open_logs, spool=pull.spool, clock=pull.clock, pause=PAUSE) == 1
    assert pull.state(pull.contracts[0]).failures == 1


def test_a_file_that_is_too_large_stops_neither_later_files_nor_others(
    pull: Pull, a: MemoryVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "LIMIT_BYTES", 100)
    a.put_log("0.log", bytes(101))
    a.put_log("4.log", bytes(100))
    assert pull.run() == 4
    state = pull.state(pull.contracts[0])
    assert state.failures == 1
    assert state.last_error.startswith("TooLarge")
    assert pull.names(pull.contracts[0]) == {"1.log", "2.log", "4.log"}
    a.drop_log("0.log")
    pull.again()
    assert pull.state(pull.contracts[0]).failures == 0


def test_a_full_disk_of_ours_is_a_failure_that_passes(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("sakimori.logs.spool.os.fsync", full)
        assert pull.run() == 0
    assert {state.failures for state in PullState.objects.all()} == {1}
    assert not LogFile.objects.exists()
    assert pull.again() == 3


def test_pauses_after_failures_grow_and_are_short_again_after_a_success(pull: Pull, a: MemoryVendor) -> None:
    a.fail(MemoryFault.UNAVAILABLE, times=None)
    pauses = []
    for failures in range(1, 9):
        pull.run()
        state = pull.state(pull.contracts[0])
        assert state.failures == failures
        pauses.append((state.next_try_at - pull.clock()).total_seconds())
        pull.clock.now = state.next_try_at
    assert pauses == [20, 40, 80, 160, 300, 300, 300, 300]
    a.heal()
    pull.run()
    state = pull.state(pull.contracts[0])
    assert (state.failures, state.last_error) == (0, "")
    assert (state.last_success_at, state.last_file_at) == (pull.clock(), pull.clock())
    assert state.next_try_at == pull.clock() + PAUSE


def test_the_error_is_kept_short(pull: Pull) -> None:
    def open_logs(_account: VendorAccount) -> WafLogs:
        raise WafUnavailable("長い" * 1000)

    opened: Callable[[VendorAccount], WafLogs] = open_logs
    pull_due(open_logs=opened, spool=pull.spool, clock=pull.clock, pause=PAUSE)
    assert len(pull.state(pull.contracts[0]).last_error) == 300
