"""Which files could hardly be read: a format that changed is seen, a vendor's odd line is not."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine
from sakimori.logs.unreadable import hardly_read, is_hardly_read
from tests.moments import START
from tests.people import People, make_file, make_people

S, M, H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("lines", "bad", "expected"),
    [
        (0, 0, False),
        (10, 0, False),
        (1, 1, True),
        (2, 2, True),
        (3, 2, False),
        (4, 3, True),
        (60, 3, False),
        (59, 3, True),
        (2_000, 100, False),
        (2_000, 101, True),
        (100_000, 1, False),
    ],
)
def test_nothing_or_more_than_one_line_in_twenty(lines: int, bad: int, expected: bool) -> None:
    assert is_hardly_read(lines, bad) is expected


@pytest.fixture
def people() -> People:
    return make_people()


def file(people: People, lines: int, bad: int, *, at: datetime = START, door: str = "drop") -> LogFile:
    row = make_file(
        people.a, door=door, lines=lines, rows=lines - bad, quarantined_lines=bad, received_at=at, stored_at=at + S
    )
    QuarantinedLine.objects.bulk_create(
        QuarantinedLine(file=row, line_number=number, reason="unknown_format", raw=b"?") for number in range(bad)
    )
    return row


@pytest.mark.django_db
def test_files_of_senders_are_judged_one_by_one(people: People) -> None:
    nothing, some = file(people, 2, 2), file(people, 59, 3, at=START + M, door="pull")
    file(people, 100_000, 1)
    file(people, 3, 2, door="bucket")
    file(people, 10, 0)
    file(people, 2, 2, door="import")
    under_way = file(people, 2, 2)
    LogFile.objects.filter(pk=under_way.pk).update(state=LogFileState.STORING)
    assert hardly_read(since=START, contracts=[people.a.pk]) == [some, nothing]
    assert hardly_read(since=START, contracts=[people.b.pk]) == []
    assert hardly_read(since=START + M) == [some]


@pytest.mark.django_db
def test_what_we_gather_is_judged_by_the_lines_of_its_hour(people: People) -> None:
    """One odd line alone in its second is no news; every line of an hour is."""
    for minute in range(3):
        file(people, 1, 1, at=START + minute * M, door="syslog")
    file(people, 60, 0, at=START + 5 * M, door="syslog")
    file(people, 1, 1, at=START + H, door="syslog")
    bad = [file(people, 1, 1, at=START + 2 * H + minute * M, door="syslog") for minute in range(3)]
    file(people, 50, 0, at=START + 2 * H + 5 * M, door="hec")
    file(people, 50, 0, at=START + 3 * H, door="syslog")
    assert hardly_read(since=START) == bad[::-1]


@pytest.mark.django_db
def test_it_is_two_questions_however_many_files(
    people: People, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    rows = [
        file(people, 1, 1, at=START + hour * H + minute * M, door=door)
        for hour in range(3)
        for minute in range(3)
        for door in ("hec", "drop")
    ]
    with django_assert_num_queries(2):
        assert len(hardly_read(since=START)) == len(rows)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="other planners know how many rows there are")
def test_the_bad_lines_lead_to_the_files_and_not_the_ledger(
    people: People, django_assert_num_queries: Callable[..., AbstractContextManager[CaptureQueriesContext]]
) -> None:
    """Where the planner walks through the ledger of a contract by its index, a page waits for millions of rows."""
    file(people, 2, 2)
    with django_assert_num_queries(1) as asked:
        hardly_read(since=START, contracts=[people.a.pk, people.b.pk])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]['sql']}")
        steps = [row[3] for row in cursor.fetchall()]
    assert any("logs_logfile USING INTEGER PRIMARY KEY" in step for step in steps), steps
    assert not any("logs_logfile USING INDEX" in step for step in steps), steps
