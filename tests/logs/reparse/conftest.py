"""An intake whose files were read by an older parser, and what reads them again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from sakimori.lib.claims import release_of_dead
from sakimori.logs.fields import FIELDS
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import LogFile, Reparse
from sakimori.logs.original import original_line
from sakimori.logs.reparse.asking import Wanted, ask
from sakimori.logs.reparse.working import House, complete_what_is_ready, reread_next
from sakimori.logs.store.clickhouse import ClickHouseStore
from tests.logs.test_ingest import Intake, intake

__all__ = ["intake"]

OLDER = PARSER_VERSION - 1
_ALL = ", ".join(field.name for field in FIELDS)


@dataclass
class Shelf:
    """Stored files of one contract. Their rows can be spoiled, as if an older parser had made them."""

    intake: Intake
    slept: list[float] = field(default_factory=list)

    @property
    def house(self) -> House:
        return House(self.intake.store, self.intake.spool, "one:1", self.intake.clock, self.slept.append)

    def store(self, body: bytes) -> LogFile:
        """A file that was stored, searched and made by an older parser."""
        file = self.intake.take(body)
        assert self.intake.run() == 1
        LogFile.objects.filter(pk=file.pk).update(searched_at=self.intake.clock(), parser_version=OLDER, doubles=0)
        file.refresh_from_db()
        return file

    def spoil(self) -> None:
        """Rows of an older parser: it knew neither kinds nor outcomes nor countries. Lines stay what they were."""
        store = self.intake.store
        assert isinstance(store, ClickHouseStore)
        store._command(
            "ALTER TABLE events UPDATE attack_kind = 'none', attack_kinds = ['none'], outcome = 'unknown'"
            " WHERE 1 SETTINGS mutations_sync = 2"
        )

    def ask(self, wanted: Wanted | None = None) -> Reparse:
        return ask(wanted or Wanted(), by="operator", now=self.intake.clock())

    def work(self) -> int:
        """Until nothing is left to do; returns how many files were looked at."""
        done = 0
        for _ in range(50):
            done += reread_next(self.house)
            if not Reparse.objects.filter(is_open=True).exists():
                return done - 1
        raise AssertionError("it does not come to an end")

    def restart(self) -> None:
        """What a new process does after a kill."""
        for model in (LogFile, Reparse):
            release_of_dead(model.objects.all(), host="one", is_alive=lambda _: False)
        complete_what_is_ready(self.house)

    def clear_spool(self, *files: LogFile) -> None:
        for file in files:
            self.intake.spool.remove(file.spool_name)
            LogFile.objects.filter(pk=file.pk).update(spool_cleared_at=self.intake.clock())

    def rows(self, file: LogFile | None = None) -> list[dict[str, Any]]:
        """All that is stored, with the lines as they came."""
        where = f"WHERE file_id = {file.pk:d}" if file else ""
        sql = f"SELECT file_id, line_no, is_double, day, frame, {_ALL} FROM events {where} ORDER BY file_id, line_no"
        return [{**row, "line": original_line(row)} for row in self.intake.store.query(sql)]

    def seen(self) -> list[tuple[int, int]]:
        return [(row["file_id"], row["line_no"]) for row in self.rows() if not row["is_double"]]


@pytest.fixture
def shelf(intake: Intake) -> Iterator[Shelf]:
    made = Shelf(intake)
    yield made
    assert all(pause < timedelta(minutes=1).total_seconds() for pause in made.slept)
