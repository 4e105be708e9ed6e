"""A name that is listed when its file should long be gone is compared: numbers may have begun anew."""

import pytest

from sakimori.logs.models import LogFile, LogFileState, RewrittenFile
from sakimori.waf.memory import MemoryVendor
from tests.logs.test_index_missing import Vendor
from tests.logs.test_pull import Pull, a, b, pull

__all__ = ["a", "b", "pull"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor(pull: Pull) -> Vendor:
    """The first contract's. Two of its files were taken and stored, and are gone at the vendor's."""
    made = Vendor({"7_1.log": b"one", "7_2.log": b"two"})
    pull.vendors = {pull.contracts[0].pk: made, pull.contracts[1].pk: MemoryVendor()}
    pull.run()
    stored(pull)
    made.logs = {"7_3.log": b"three"}
    pull.again()
    stored(pull)
    made.asked.clear()
    return made


def stored(pull: Pull) -> None:
    LogFile.objects.update(state=LogFileState.STORED, stored_at=pull.clock())


def test_numbers_that_begin_anew_are_files_of_their_own_and_a_case(pull: Pull, vendor: Vendor) -> None:
    pull.clock.pass_time(days=4)
    vendor.logs = {"7_1.log": b"a new one", "7_4.log": b"four"}
    assert pull.again() == 1
    assert vendor.asked == ["7_4.log", "7_1.log"], "what is new comes first"
    assert LogFile.objects.filter(name="7_1.log").count() == 2
    assert RewrittenFile.objects.get().name == "7_1.log"
    vendor.asked.clear()
    pull.again()
    assert vendor.asked == []


def test_an_index_that_lists_its_files_for_longer_is_compared_every_four_days_and_quiet(
    pull: Pull, vendor: Vendor
) -> None:
    vendor.logs = {"7_1.log": b"one", "7_2.log": b"two"}
    asked = []
    for hour in range(12 * 24):
        pull.again()
        asked += [hour // 24] * len(vendor.asked)
        vendor.asked.clear()
    assert asked == [3, 3, 7, 7, 11, 11]
    assert (LogFile.objects.count(), RewrittenFile.objects.count()) == (3, 0)


def test_a_file_of_these_days_is_not_fetched_again(pull: Pull, vendor: Vendor) -> None:
    vendor.logs = {"7_3.log": b"three"}
    pull.clock.pass_time(hours=90)
    assert (pull.again(), vendor.asked) == (0, [])


def test_one_look_compares_only_so_many(pull: Pull, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sakimori.logs.receive.relisted._AT_ONCE", 1)
    vendor.logs = {"7_1.log": b"one", "7_2.log": b"two"}
    pull.clock.pass_time(days=4)
    counts = []
    for _ in range(3):
        pull.again()
        counts.append(len(vendor.asked))
    assert counts == [1, 2, 2]


def test_one_that_is_gone_when_it_is_asked_for_is_nothing_missing(pull: Pull, vendor: Vendor) -> None:
    pull.clock.pass_time(days=4)
    listed = {"7_1.log": b"one"}
    vendor.logs = {}
    vendor.log_index = lambda: list(listed)  # type: ignore[method-assign]
    for _ in range(2):
        pull.again()
    assert vendor.asked == ["7_1.log"]
    assert pull.state(pull.contracts[0]).failures == 0


def test_while_it_waits_to_be_stored_it_is_left_alone(pull: Pull, vendor: Vendor) -> None:
    LogFile.objects.update(state=LogFileState.RECEIVED)
    pull.clock.pass_time(days=4)
    vendor.logs = {"7_1.log": b"one"}
    pull.again()
    assert vendor.asked == []
