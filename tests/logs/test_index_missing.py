"""A log index that is not there: nothing is wrong with a new account, and of an old one it is survived and seen."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from sakimori.logs.models import LogFile, MissingFiles, PullState
from sakimori.logs.receive import accept as accepting
from sakimori.logs.receive.without_index import alarming
from sakimori.waf.interface import WafMissing, WafUnavailable
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.logs.test_pull import Pull, a, b, pull
from tests.moments import START

__all__ = ["a", "b", "pull"]
pytestmark = pytest.mark.django_db
H = timedelta(hours=1)


@dataclass
class Vendor:
    """A vendor whose index can be taken away; what is asked for is written down."""

    logs: dict[str, bytes] = field(default_factory=dict)
    has_index: bool = True
    answers_anything: bool = False
    asked: list[str] = field(default_factory=list)
    cut: str = ""

    def log_index(self) -> Sequence[str]:
        if not self.has_index:
            raise WafMissing("404")
        return list(self.logs)

    @contextmanager
    def read_log(self, name: str) -> Generator[Iterator[bytes]]:
        self.asked.append(name)
        if name == self.cut:
            raise WafUnavailable("接続が切れました。")
        if name not in self.logs and not self.answers_anything:
            raise WafMissing("404")
        yield iter([self.logs.get(name, b"<html>Welcome</html>")])


def logs(*numbers: int) -> Mapping[str, bytes]:
    return {f"7_{number}.log": b"content %d" % number for number in numbers}


@pytest.fixture
def vendor(pull: Pull) -> Vendor:
    """The first contract's, of which two files were taken; then its index is gone."""
    made = Vendor(dict(logs(1, 2)))
    pull.vendors[pull.contracts[0].pk] = made
    pull.run()
    made.has_index = False
    made.asked.clear()
    return made


def state(pull: Pull) -> PullState:
    return pull.state(pull.contracts[0])


def names(pull: Pull) -> list[str]:
    return sorted(pull.names(pull.contracts[0]))


def test_an_index_that_is_gone_is_no_success_and_no_failure_and_since_when_is_known(pull: Pull, vendor: Vendor) -> None:
    for _ in range(3):
        pull.again()
    found = state(pull)
    assert (found.last_success_at, found.failures, found.last_error) == (START, 0, "")
    assert found.index_missing_since == START + H
    vendor.has_index = True
    pull.again()
    assert (state(pull).index_missing_since, state(pull).last_success_at) == (None, pull.clock())


def test_of_an_account_that_never_had_an_index_nothing_is_wrong_and_since_when_is_known(pull: Pull) -> None:
    pull.vendors[pull.contracts[0].pk] = MemoryVendor()
    pull.run()
    pull.again()
    found = state(pull)
    assert (found.last_success_at, found.failures, found.index_missing_since) == (START + H, 0, START)


def test_a_site_so_quiet_that_all_its_files_are_gone_may_have_no_index(pull: Pull, vendor: Vendor) -> None:
    pull.clock.pass_time(hours=48)
    pull.run()
    assert state(pull).last_success_at == pull.clock()


def test_what_failed_before_the_index_was_gone_has_not_ended_with_it(pull: Pull, a: MemoryVendor) -> None:
    pull.run()
    a.fail(MemoryFault.UNAVAILABLE, times=None)
    pull.again()
    gone = Vendor(has_index=False)
    pull.vendors[pull.contracts[0].pk] = gone
    pull.again()
    found = state(pull)
    assert (found.failures, found.last_success_at) == (1, START)
    assert found.last_error.startswith("WafMissing")


def test_files_are_taken_by_number_while_the_index_is_gone(pull: Pull, vendor: Vendor) -> None:
    vendor.logs.update(logs(3, 4))
    assert pull.again() == 2
    assert names(pull) == ["7_1.log", "7_2.log", "7_3.log", "7_4.log"]
    vendor.logs.update(logs(5))
    assert pull.again() == 1
    assert state(pull).newest == {"7": 5}
    vendor.has_index = True
    vendor.asked.clear()
    assert pull.again() == 0
    assert (vendor.asked, MissingFiles.objects.count()) == ([], 0)


def test_a_number_that_the_vendor_skips_is_passed_over_and_noted_as_always(pull: Pull, vendor: Vendor) -> None:
    vendor.logs.update(logs(3, 6))
    assert pull.again() == 2
    hole = MissingFiles.objects.get()
    assert (hole.first, hole.last, hole.was_listed) == (4, 5, False)
    vendor.has_index = True
    vendor.logs.update(logs(5))
    assert (pull.again(), pull.again()) == (1, 0)
    hole = MissingFiles.objects.get()
    assert (hole.first, hole.last) == (4, 4)


def test_a_wide_hole_ends_the_search(pull: Pull, vendor: Vendor) -> None:
    vendor.logs.update(logs(3, 7))
    assert pull.again() == 1
    assert [name for name in vendor.asked if len(name) < 9] == [f"7_{number}.log" for number in (3, 4, 5, 6)]


def test_a_file_that_cannot_be_read_keeps_what_came_before_it(pull: Pull, vendor: Vendor) -> None:
    vendor.logs.update(logs(3, 4))
    vendor.cut = "7_4.log"
    pull.again()
    assert (names(pull)[-1], state(pull).newest, state(pull).failures) == ("7_3.log", {"7": 3}, 1)
    vendor.cut = ""
    assert pull.again() == 1


def test_a_file_that_is_too_large_keeps_none_behind_it_out(
    pull: Pull, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "LIMIT_BYTES", 100)
    vendor.logs.update({"7_3.log": bytes(101), **logs(4)})
    assert pull.again() == 1
    assert (names(pull)[-1], state(pull).newest) == ("7_4.log", {"7": 4})
    hole = MissingFiles.objects.get()
    assert (hole.first, hole.last, hole.was_listed) == (3, 3, True)


def test_a_server_that_has_a_page_for_every_name_gives_us_nothing(pull: Pull, vendor: Vendor) -> None:
    """Its pages would take the names of files that are still to come."""
    vendor.answers_anything = True
    assert pull.again() == 0
    assert (names(pull), state(pull).newest) == (["7_1.log", "7_2.log"], {"7": 2})


def test_one_look_takes_only_so_many_by_number(pull: Pull, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sakimori.logs.receive.without_index._AT_ONCE", 4)
    vendor.logs.update(logs(*range(3, 13)))
    assert [pull.again() for _ in range(4)] == [4, 4, 2, 0]
    assert LogFile.objects.filter(contract=pull.contracts[0]).count() == 12


@pytest.mark.parametrize(
    ("columns", "hours", "expected"),
    [
        ({"newest": {"7": 5}}, 0.9, False),
        ({"newest": {"7": 5}}, 1, True),
        ({"last_file_at": START}, 1, True),
        ({"newest": {"7": 5}, "last_file_at": START - 47 * H}, 1, True),
        ({"newest": {"7": 5}, "last_file_at": START - 48 * H}, 11, False),
        ({"newest": {"7": 5}, "last_file_at": START - 48 * H}, 12, True),
        ({}, 11, False),
        ({}, 12, True),
    ],
)
def test_the_soc_hears_of_it_soon_or_where_there_never_was_one_after_half_a_day(
    columns: dict[str, object], hours: float, expected: bool
) -> None:
    assert alarming(PullState(index_missing_since=START, **columns), now=START + hours * H) is expected
    assert not alarming(PullState(**columns), now=START + hours * H)
