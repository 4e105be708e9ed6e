"""The sums of the ledger that the intake page shows: always those of the rows, and read from an index alone."""

import random
import re
from collections.abc import Iterable

import pytest
from django.db import connection

from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.queries import contracts_with_intake
from tests.people import make_contract, make_file

pytestmark = pytest.mark.django_db

_SHOWN = ("stored", "waiting", "quarantined", "lines", "rows", "bad_lines", "doubles", "unkept_lines")
_WAITING = {LogFileState.RECEIVED, LogFileState.STORING}


@pytest.fixture
def contracts() -> list[Contract]:
    return [make_contract("株式会社さくら商店", "A"), make_contract("有限会社もみじ堂", "B")]


def sums_of(files: Iterable[LogFile]) -> tuple[int, ...]:
    """What a count over the rows gives."""
    rows = list(files)
    states = [row.state for row in rows]
    return (
        states.count(LogFileState.STORED),
        sum(state in _WAITING for state in states),
        states.count(LogFileState.QUARANTINED),
        sum(row.lines for row in rows),
        sum(row.rows for row in rows),
        sum(row.quarantined_lines for row in rows),
        sum(row.doubles or 0 for row in rows),
        sum(row.unkept_lines for row in rows),
    )


def test_sums_are_those_of_the_rows_whatever_becomes_of_the_files(contracts: list[Contract]) -> None:
    chance = random.Random(7)
    files = [make_file(chance.choice(contracts)) for _ in range(12)]
    for _ in range(20):
        file = chance.choice(files)
        rows, bad, unkept = (chance.randrange(50) for _ in range(3))
        LogFile.objects.filter(pk=file.pk).update(
            state=chance.choice(LogFileState.values),
            lines=rows + bad + unkept,
            rows=rows,
            quarantined_lines=bad,
            unkept_lines=unkept,
            doubles=chance.choice([None, rows // 2]),
        )
        shown = {row.pk: tuple(getattr(row, name) for name in _SHOWN) for row in contracts_with_intake()}
        assert shown == {row.pk: sums_of(LogFile.objects.filter(contract=row)) for row in contracts}


def test_a_contract_without_files_has_zeros(contracts: list[Contract]) -> None:
    row = contracts_with_intake().first()
    assert row is not None
    assert (row.stored, row.lines, row.doubles, row.unkept_lines) == (0, 0, 0, 0)  # type: ignore[attr-defined]
    assert contracts_with_intake().count() == len(contracts)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plan is told in SQLite's words")
def test_no_row_of_the_ledger_is_read_for_them(contracts: list[Contract]) -> None:
    make_file(contracts[0])
    plan = contracts_with_intake().explain()
    assert len(re.findall("USING COVERING INDEX (?:files_to_sum|files_by_parser) ", plan)) == 9
