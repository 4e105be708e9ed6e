"""Numbers that the vendor's index passed over: written down once, and forgotten when they come by whatever door."""

from datetime import timedelta

import pytest

from sakimori.logs.following import follow_intake, look_up_missing
from sakimori.logs.models import LogFileState, MissingFiles, PullState
from sakimori.logs.receive.missing import note_index, note_lost
from tests.logs.test_parallel_pull import FullSpool, Pull, pull
from tests.moments import START
from tests.people import People, make_file, make_people

__all__ = ["pull"]
pytestmark = pytest.mark.django_db
M, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = START + 30 * D


@pytest.fixture
def people() -> People:
    return make_people()


def hole(people: People, first: int, last: int, **columns: object) -> MissingFiles:
    values = {"noticed_at": START, "begins_at": START, "ends_at": START + M, "sought_at": LATER, **columns}
    return MissingFiles.objects.create(contract=people.a, prefix="4001", first=first, last=last, **values)


def holes() -> list[tuple[int, int, bool]]:
    return list(MissingFiles.objects.order_by("first").values_list("first", "last", "was_listed"))


def come(people: People, number: int, door: str, **columns: object) -> None:
    """A file is there and done with, long after the index has forgotten its number."""
    make_file(people.a, name=f"4001_{number}.log", door=door, stored_at=LATER, **columns)


def look(people: People, *numbers: int, newest: int = 1, **columns: object) -> None:
    state = PullState(contract=people.a, newest={"4001": newest}, next_try_at=START, **columns)
    note_index(state, [f"4001_{number}.log" for number in numbers], door="pull", now=START)


@pytest.mark.parametrize("door", ["import", "drop", "bucket"])
def test_a_hole_closes_when_its_file_is_stored_through_any_door(people: People, door: str) -> None:
    hole(people, 10, 10, was_listed=True)
    come(people, 10, door)
    follow_intake(now=LATER)
    assert holes() == []


def test_what_is_left_of_a_hole_keeps_all_that_is_known_of_it(people: People) -> None:
    hole(people, 9, 10**12, was_listed=True, dismissed_at=START, dismissal="never", dismissal_reason="確認済み")
    come(people, 10, "import")
    follow_intake(now=LATER)
    assert holes() == [(9, 9, True), (11, 10**12, True)]
    for row in MissingFiles.objects.all():
        assert (row.noticed_at, row.begins_at, row.ends_at) == (START, START, START + M)
        assert (row.dismissed_at, row.dismissal, row.dismissal_reason) == (START, "never", "確認済み")


def test_a_file_that_fills_a_part_narrows_the_time_of_what_is_left(people: People) -> None:
    hole(people, 9, 12, begins_at=START, ends_at=START + 9 * M)
    come(people, 10, "import", first_at=START + 2 * M, last_at=START + 4 * M)
    follow_intake(now=LATER)
    look_up_missing(now=LATER)
    times = MissingFiles.objects.order_by("first").values_list("first", "begins_at", "ends_at")
    assert list(times) == [(9, START, START + 2 * M), (11, START + 4 * M, START + 9 * M)]


def test_an_unreadable_file_a_like_name_and_another_contracts_file_close_nothing(people: People) -> None:
    hole(people, 10, 10)
    come(people, 10, "import", state=LogFileState.QUARANTINED)
    for name in ("4001_10.log.gz", "14001_10.log", "4001_11.log"):
        make_file(people.a, name=name, door="import", stored_at=LATER)
    make_file(people.b, name="4001_10.log", door="import", stored_at=LATER)
    follow_intake(now=LATER)
    look_up_missing(now=LATER + H)
    assert holes() == [(10, 10, False)]


def test_a_file_that_was_there_before_its_number_is_missed_leaves_no_hole(people: People) -> None:
    come(people, 3, "drop")
    come(people, 4, "import", state=LogFileState.QUARANTINED)
    look(people, 6)
    assert holes() == [(2, 2, False), (4, 5, False)]


def test_what_was_imported_before_an_upgrade_closes_its_hole_within_the_hour(people: People) -> None:
    hole(people, 10, 12)
    hole(people, 20, 2000)
    for number in (11, 30):
        come(people, number, "import", followed_at=START)
    look_up_missing(now=LATER + 59 * M)
    assert len(holes()) == 2
    look_up_missing(now=LATER + H)
    assert holes() == [(10, 10, False), (12, 12, False), (20, 2000, False)]


def test_numbers_that_an_index_named_before_it_let_go_of_them_are_lost_and_not_skipped(
    pull: Pull, tmp_path_factory: pytest.TempPathFactory
) -> None:
    spool = pull.spool
    pull.spool = FullSpool(tmp_path_factory.mktemp("full"), room=1)
    pull.again(1, 2, 3, 5)
    assert pull.state().listed == {"7": [2, 3, 5]}
    pull.spool = spool
    pull.again(8)
    assert pull.state().listed == {}
    assert holes() == [(2, 3, True), (4, 4, False), (5, 5, True), (6, 7, False)]


def test_a_lost_number_is_cut_out_of_the_hole_around_it_and_counts_once(people: People) -> None:
    hole(people, 2, 6, dismissed_at=START)
    for _ in range(2):
        note_lost(people.a, "4001_4.log", now=LATER)
    assert holes() == [(2, 3, False), (4, 4, True), (5, 6, False)]
    assert MissingFiles.objects.get(first=4).dismissed_at is None, "news that nobody has dealt with"
    MissingFiles.objects.update(dismissed_at=LATER)
    note_lost(people.a, "4001_4.log", now=LATER)
    assert not MissingFiles.objects.filter(dismissed_at=None).exists()


def test_a_look_that_was_killed_before_it_was_noted_loses_no_number(people: People) -> None:
    """The hole was written down and the state was not; meanwhile the index let go of more."""
    for lowest in (4, 7, 7):
        look(people, lowest)
    assert holes() == [(2, 3, False), (4, 6, False)]
