"""What is kept of the doors' rhythm: each file once, killed or not, and the window of what is missing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest

from sakimori.logs import following
from sakimori.logs.flow import Flow
from sakimori.logs.following import flow_of, follow_intake, look_up_missing
from sakimori.logs.gaps import Gap, Why
from sakimori.logs.health import Health, Waiting, health_of
from sakimori.logs.models import DoorFlow, LogFile, LogFileState, MissingFiles, QuarantinedLine, Residue
from tests.moments import START
from tests.people import People, make_contract, make_file, make_people

pytestmark = pytest.mark.django_db
S, M, H, D = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def people() -> People:
    return make_people()


def file(people: People, number: int, *, minute: float, **columns: object) -> LogFile:
    """Number n of configuration 7, with events of one minute, received three minutes later."""
    first = START + minute * M
    values: dict[str, object] = {
        "name": f"7_{number}.log",
        "first_at": first,
        "last_at": first + M,
        "received_at": first + 4 * M,
    }
    if columns.get("state", LogFileState.STORED) in (LogFileState.STORED, LogFileState.QUARANTINED):
        values["stored_at"] = first + 4 * M + 2 * S
    return make_file(people.a, **{**values, **columns})


def follow() -> int:
    look_up_missing(now=START + H)
    return follow_intake(now=START + H)


def flow(people: People, door: str = "pull") -> Flow:
    return flow_of(DoorFlow.objects.get(contract=people.a, door=door))


def health(people: People, *, hours: float = 1, reaching: datetime = START - D) -> Health:
    return health_of([people.a.pk], now=START + hours * H, limit=H, reaching=reaching)[people.a.pk]


def test_each_file_is_noted_once(people: People) -> None:
    for number in range(3):
        file(people, number, minute=number)
    file(people, 3, minute=3, state=LogFileState.QUARANTINED, first_at=None, last_at=None)
    file(people, 4, minute=4, state=LogFileState.RECEIVED, first_at=None, last_at=None)
    assert (follow(), follow()) == (4, 0)
    assert (flow(people).files, flow(people).complete_until) == (4, START + 3 * M)
    assert [delay.source for delay in flow(people).recent] == [3 * M] * 3
    LogFile.objects.filter(name="7_4.log").update(state=LogFileState.STORED, stored_at=START + 9 * M)
    assert (follow(), flow(people).files) == (1, 5)


def test_what_people_bring_in_says_nothing_of_the_senders(people: People) -> None:
    file(people, 1, minute=1, door="import")
    assert (follow(), follow(), DoorFlow.objects.count()) == (1, 0, 0)


def test_a_kill_in_the_middle_notes_nothing_twice(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    file(people, 1, minute=1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        follow()
    monkeypatch.undo()
    assert (follow(), flow(people).files) == (1, 1)


@pytest.mark.parametrize(
    ("first", "last", "begins", "ends"),
    [(3, 4, 2, 5), (7, 7, 6, 9), (1, 1, None, 2), (10, 10, 10, None), (40, 41, None, None)],
)
def test_the_window_of_missing_numbers_is_found_from_the_files_beside_them(
    people: People, first: int, last: int, begins: float | None, ends: float | None
) -> None:
    """There are 2, 5, 6 and 9; 8 came in quarantine and tells nothing. Number n has the events of minute n."""
    for number in (2, 5, 6, 9):
        file(people, number, minute=number)
    file(people, 8, minute=8, state=LogFileState.QUARANTINED, first_at=None, last_at=None)
    make_file(people.b, name="7_3.log", first_at=START, last_at=START)
    MissingFiles.objects.create(contract=people.a, prefix="7", first=first, last=last, noticed_at=START)
    follow()
    hole = MissingFiles.objects.get()
    until = None if begins is None else START + begins * M + (M if begins < 10 else 0 * M)
    assert (hole.begins_at, hole.ends_at) == (until, None if ends is None else START + ends * M)


@pytest.mark.parametrize(
    ("number", "received", "told"), [(3, 1, False), (500, 3, True), (500, -3, False), ("51x", 1, False)]
)
def test_the_next_file_that_came_bounds_a_hole_however_far_its_number_is(
    people: People, number: int | str, received: float, told: bool
) -> None:
    """Numbers are compared as numbers; what came before the hole was noticed lies not behind it."""
    file(people, 1, minute=1, received_at=START - D)
    make_file(
        people.a, name=f"7_{number}.log", first_at=START + 30 * M, last_at=START, received_at=START + received * D
    )
    MissingFiles.objects.create(contract=people.a, prefix="7", first=41, last=50, noticed_at=START)
    follow()
    hole = MissingFiles.objects.get()
    assert (hole.begins_at, hole.ends_at) == (START + 2 * M, START + 30 * M if told else None)


def test_a_hole_of_which_nobody_knew_the_time_is_looked_at_again_when_more_has_come(people: People) -> None:
    MissingFiles.objects.create(contract=people.a, prefix="7", first=2, last=2, noticed_at=START)
    for hours in (1, 40 * 24):
        look_up_missing(now=START + hours * H)
    file(people, 1, minute=1, door="import")
    file(people, 3, minute=3, door="drop")
    look_up_missing(now=START + 40 * D + 59 * M)
    assert MissingFiles.objects.get().begins_at is None
    look_up_missing(now=START + 40 * D + H)
    hole = MissingFiles.objects.get()
    assert (hole.begins_at, hole.ends_at) == (START + 2 * M, START + 3 * M)


def test_old_holes_whose_time_stays_unknown_keep_no_young_one_waiting(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_AT_ONCE", 2)
    for number in (2, 12, 22, 32):
        file(people, number - 1, minute=number)
        MissingFiles.objects.create(contract=people.a, prefix="7", first=number, last=number, noticed_at=START)
    for minutes in (1, 2):
        look_up_missing(now=START + minutes * M)
    assert not MissingFiles.objects.filter(begins_at=None).exists()


def test_a_window_grows_complete_when_the_file_behind_it_is_stored(people: People) -> None:
    file(people, 1, minute=1)
    MissingFiles.objects.create(contract=people.a, prefix="7", first=2, last=2, noticed_at=START)
    follow()
    assert MissingFiles.objects.get().ends_at is None
    file(people, 3, minute=3)
    follow()
    hole = MissingFiles.objects.get()
    assert (hole.begins_at, hole.ends_at) == (START + 2 * M, START + 3 * M)
    assert list(health(people).completeness.gaps) == [Gap(Why.SKIPPED, START + 2 * M, START + 3 * M)]
    MissingFiles.objects.update(was_listed=True)
    assert list(health(people).completeness.gaps) == [Gap(Why.MISSING, START + 2 * M, START + 3 * M)]
    MissingFiles.objects.update(dismissed_at=START)
    assert list(health(people).completeness.gaps) == []


def test_what_is_in_quarantine_or_stuck_lies_between_the_files_beside_it(people: People) -> None:
    nothing = {"first_at": None, "last_at": None}
    file(people, 1, minute=1)
    file(people, 2, minute=2, state=LogFileState.QUARANTINED, **nothing)
    file(people, 3, minute=3)
    file(people, 4, minute=10)
    file(people, 5, minute=11, state=LogFileState.STORING, attempts=2, **nothing)
    file(people, 6, minute=12)
    file(people, 7, minute=12.5, door="hec")
    file(people, 8, minute=13, state=LogFileState.RECEIVED, **nothing)
    under_way = {"state": LogFileState.STORING, "attempts": 1, "claimed_until": START + H}
    file(people, 9, minute=14, **under_way, **nothing)
    follow()
    found = health(people)
    assert list(found.completeness.gaps) == [
        Gap(Why.QUARANTINED, START + 2 * M, START + 3 * M),
        Gap(Why.WAITING, START + 11 * M, START + 12 * M),
    ]
    assert found.completeness.complete_until == START + 13.5 * M
    assert found.waiting == Waiting(3, START + 15 * M)
    assert [(door.door, door.files) for door in found.doors] == [("hec", 1), ("pull", 5)]


def test_lines_that_cannot_be_read_are_told_where_they_lie(people: People) -> None:
    """Where no line could be read the files beside it tell, or when it came; an odd line in a good file is no news."""
    file(people, 1, minute=1)
    bad_lines(file(people, 2, minute=2, lines=2, rows=0, first_at=None, last_at=None), 2)
    file(people, 3, minute=3)
    bad_lines(file(people, 4, minute=20, lines=40, rows=28), 12)
    bad_lines(file(people, 5, minute=40, lines=1000, rows=999), 1)
    bad_lines(file(people, 6, minute=50, lines=2, rows=0, first_at=None, last_at=None), 2)
    follow()
    found = health(people, hours=2).completeness
    assert list(found.gaps) == [
        Gap(Why.UNREADABLE, START + 2 * M, START + 3 * M, 2),
        Gap(Why.UNREADABLE, START + 20 * M, START + 21 * M, 12),
        Gap(Why.UNREADABLE, START + 41 * M, START + 54 * M, 2),
    ]
    assert found.complete_until == START + 41 * M
    assert list(health(people, reaching=START + 21 * M).completeness.gaps) == found.gaps[1:]


def bad_lines(row: LogFile, number: int) -> None:
    LogFile.objects.filter(pk=row.pk).update(quarantined_lines=number)
    QuarantinedLine.objects.bulk_create(
        QuarantinedLine(file=row, line_number=line, reason="unknown_format", raw=b"?") for line in range(number)
    )


def test_what_a_cut_took_is_told_and_old_gaps_are_not(people: People) -> None:
    file(people, 1, minute=1)
    follow()
    for days, lines in ((0, 3), (1, 0), (3, 7)):
        day = (START - days * D).date()
        Residue.objects.create(contract=people.a, day=day, cuts=1, lines=lines, last_at=START - days * D)
    MissingFiles.objects.create(contract=people.a, prefix="7", first=9, last=9, noticed_at=START - 3 * D)
    cuts = [Gap(Why.CUT, START - D, START - D, 0), Gap(Why.CUT, START, START, 3)]
    assert list(health(people).completeness.gaps) == cuts
    assert len(health(people, reaching=START - 9 * D).completeness.gaps) == 4


def test_a_contract_of_which_nothing_came_has_a_health_too(people: People) -> None:
    found = health(people)
    assert (found.completeness.complete_until, list(found.completeness.gaps), list(found.doors)) == (None, [], [])


def test_another_contracts_files_are_none_of_mine(people: People) -> None:
    make_file(people.b, last_at=START, first_at=START, state=LogFileState.RECEIVED, attempts=9)
    make_file(people.b, state=LogFileState.QUARANTINED)
    MissingFiles.objects.create(contract=people.b, prefix="7", first=9, last=9, noticed_at=START)
    follow()
    assert health(people) == health_of([people.a.pk], now=START + H, limit=H, reaching=START - D)[people.a.pk]
    assert (health(people).waiting, list(health(people).completeness.gaps)) == (Waiting(), [])


def test_however_many_contracts_there_are_it_is_the_same_number_of_questions(
    people: People, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    contracts = [people.a, people.b, *(make_contract("株式会社", letter) for letter in "CDEFG")]
    for contract in contracts:
        make_file(contract, first_at=START, last_at=START)
        make_file(contract, state=LogFileState.QUARANTINED)
        bad_lines(make_file(contract, door="hec"), 10)
        bad_lines(make_file(contract), 10)
    follow()
    with django_assert_num_queries(9):
        found = health_of([each.pk for each in contracts], now=START, limit=H, reaching=START - D)
    assert len(found) == len(contracts)
