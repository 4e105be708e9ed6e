"""Every stored file has one link, whatever breaks in between; days that are let go of leave a chain that holds."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction

from sakimori.customers import audit
from sakimori.customers.models import AuditEntry
from sakimori.lib.jst import day_of
from sakimori.logs import duties, ingest, ingest_together
from sakimori.logs.chain.rows import day_record, link_record, links_of
from sakimori.logs.chain.rules import BEGINNING, Break, Link, broken_links
from sakimori.logs.chain.writing import Span, add_link, let_go
from sakimori.logs.ingest import Count
from sakimori.logs.models import ChainDay, ChainHead, ChainLink, LogFile, LogFileState
from sakimori.logs.retention import retain
from sakimori.logs.store.interface import SmallFile
from tests.lines import cef, log_file
from tests.logs.chain.conftest import Fill, next_day, troubles
from tests.logs.test_ingest import NOTHING, Breaking, Intake, attacks
from tests.moments import START
from tests.people import make_contract, make_file

pytestmark = pytest.mark.django_db

LATER = date(2027, 3, 1)


def test_a_stored_file_has_a_link_with_what_is_known_of_it(intake: Intake) -> None:
    events = [cef("SQL Injection", "198.51.100.7", at=START - timedelta(days=days)) for days in (3, 1, 2)]
    file = intake.take(log_file([*events, b"nonsense"]))
    intake.run()
    link = ChainLink.objects.get()
    assert (link.file, link.sequence, link.day.day, link.linked_at) == (file, 1, date(2026, 11, 23), START)
    assert (link.oldest_day, link.newest_day) == (date(2026, 11, 20), date(2026, 11, 22))
    assert (link.previous, link.day.previous, link.day.links, link.day.last) == (BEGINNING, BEGINNING, 1, link.digest)
    assert troubles(intake) == set()


def test_a_file_without_events_has_a_link_too_and_an_unreadable_one_has_none(intake: Intake) -> None:
    intake.take(log_file([]))
    intake.take(log_file(attacks(50))[:-20])
    intake.run()
    link = ChainLink.objects.get()
    assert (link.oldest_day, link.newest_day, link.file.state) == (None, None, LogFileState.STORED)
    assert troubles(intake) == set()


def test_links_and_days_hold_each_other(intake: Intake, fill: Fill) -> None:
    fill(days=3, files=2)
    days = list(ChainDay.objects.order_by("day"))
    assert [day.links for day in days] == [2, 2, 2]
    for day in days:
        first, second = day.chain_links.order_by("sequence")
        assert (first.previous, second.previous, day.last) == (day.previous, first.digest, second.digest)
    assert len({day.previous for day in days}) == 3
    assert ChainHead.objects.get().newest_day == days[-1].day
    assert troubles(intake) == set()


def test_a_day_that_has_ended_is_in_the_record(intake: Intake, fill: Fill) -> None:
    fill(days=3)
    assert list(AuditEntry.objects.values_list("action", "actor")) == [("logs.day", "sakimori")] * 2
    assert audit.first_broken(AuditEntry.objects.order_by("pk")) is None


def test_the_day_is_that_of_storing_and_never_runs_backwards(intake: Intake) -> None:
    late = intake.take(log_file(attacks(1)))
    next_day(intake)
    intake.take(log_file(attacks(2)))
    intake.run()
    assert ChainLink.objects.get(file=late).day.day == day_of(intake.clock()) > day_of(late.received_at)
    intake.clock.pass_time(days=-2)
    intake.take(log_file(attacks(3)))
    intake.run()
    assert ChainDay.objects.get().links == 3
    assert troubles(intake) == set()


@pytest.mark.parametrize(
    ("target", "step"),
    [(ingest, "add_link"), (LogFile, "save"), (ingest_together, "add_links"), (Count, "write_bad_lines")],
)
def test_killed_inside_the_last_step_it_is_done_again_as_a_whole(
    intake: Intake, target: object, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    file = intake.take(log_file(attacks(2)))
    with monkeypatch.context() as patch:
        if target in (ingest, LogFile):
            patch.setattr(duties, "SMALL", NOTHING)
        patch.setattr(target, step, killed)
        with pytest.raises(KeyboardInterrupt):
            intake.run()
    file.refresh_from_db()
    assert (file.state, ChainLink.objects.count(), ChainHead.objects.count()) == (LogFileState.STORING, 0, 0)
    intake.clock.pass_time(minutes=31)
    assert intake.run(worker="two") == 1
    assert ChainLink.objects.get().file == file
    assert troubles(intake) == set()


def test_a_worker_that_was_slow_adds_no_second_link(intake: Intake) -> None:
    """Its lease ran out, another one stored the file, and then it comes to its end as well."""
    file = intake.take(log_file(attacks(2)))

    class Slow(Breaking):
        def count_file(self, *, contract_id: int, file_id: int, days: tuple[date, date] | None = None) -> int:
            intake.clock.pass_time(minutes=31)
            intake.run(worker="two")
            return super().count_file(contract_id=contract_id, file_id=file_id, days=days)

        def append_together(self, files: Sequence[SmallFile]) -> list[int]:
            held = super().append_together(files)
            intake.clock.pass_time(minutes=31)
            intake.run(worker="two")
            return held

    intake.run(Slow(intake.store))  # type: ignore[arg-type]
    assert ChainLink.objects.get().file == file
    assert troubles(intake) == set()


def test_the_database_refuses_a_fork(intake: Intake, fill: Fill) -> None:
    fill()
    link = ChainLink.objects.select_related("day").get()
    other = make_file(intake.contract)
    with pytest.raises(IntegrityError), transaction.atomic():
        ChainLink.objects.create(day=link.day, file=other, sequence=1, linked_at=START, previous="x", digest="y")
    with pytest.raises(IntegrityError), transaction.atomic():
        ChainLink.objects.create(day=link.day, file=link.file, sequence=2, linked_at=START, previous="x", digest="y")
    with pytest.raises(IntegrityError), transaction.atomic():
        ChainDay.objects.create(
            contract=intake.contract, day=date(2026, 12, 1), previous=link.day.previous, check_at=START
        )


def test_each_contract_has_a_chain_of_its_own(intake: Intake, fill: Fill) -> None:
    fill(files=2)
    other = make_contract("有限会社もみじ堂", "B")
    with transaction.atomic():
        add_link(make_file(other), Span(), now=START)
    assert sorted(ChainDay.objects.values_list("contract__number", "links")) == [("K-A-001", 2), ("K-B-001", 1)]


def test_files_that_were_stored_before_the_chain_began_have_none(intake: Intake, fill: Fill) -> None:
    make_file(intake.contract, stored_at=intake.clock() - timedelta(seconds=1), rows=0)
    fill()
    assert (ChainLink.objects.count(), troubles(intake)) == (1, set())


class TestLettingGo:
    """Days go from the old end; the rest still verifies, and what is lacking is still found."""

    def test_the_rest_holds(self, intake: Intake, fill: Fill) -> None:
        fill(days=4)
        with transaction.atomic():
            assert let_go(intake.contract, kept_from=date(2026, 11, 25), today=LATER) == 2
        assert list(ChainDay.objects.order_by("day").values_list("day", flat=True)) == [
            date(2026, 11, 25),
            date(2026, 11, 26),
        ]
        assert (ChainHead.objects.get().anchor_day, ChainLink.objects.count()) == (date(2026, 11, 24), 2)
        assert troubles(intake) == set()
        assert let_go(intake.contract, kept_from=date(2026, 11, 25), today=LATER) == 0
        ChainHead.objects.update(anchor=BEGINNING)
        assert troubles(intake) == {Break.DAY}

    def test_when_all_are_gone_the_next_one_continues(self, intake: Intake, fill: Fill) -> None:
        fill(days=2)
        with transaction.atomic():
            let_go(intake.contract, kept_from=date(2027, 3, 1), today=LATER)
        assert (ChainDay.objects.count(), troubles(intake)) == (0, set())
        anchor = ChainHead.objects.get().anchor
        intake.clock.pass_time(days=120)
        fill()
        assert ChainDay.objects.get().previous == anchor != BEGINNING
        assert troubles(intake) == set()

    def test_a_day_with_events_that_are_kept_stays_with_those_after_it(self, intake: Intake, fill: Fill) -> None:
        fill()
        intake.take(log_file([cef("SQL Injection", "198.51.100.7", at=START + timedelta(days=9))]))
        next_day(intake)
        intake.run()
        intake.clock.pass_time(days=1)
        fill()
        with transaction.atomic():
            assert let_go(intake.contract, kept_from=date(2026, 12, 1), today=LATER) == 1
        assert ChainDay.objects.count() == 2
        with transaction.atomic():
            assert let_go(intake.contract, kept_from=date(2026, 12, 3), today=LATER) == 2

    def test_a_clock_that_is_wrong_by_decades_keeps_its_day_no_longer_than_others(
        self, intake: Intake, fill: Fill
    ) -> None:
        intake.take(log_file([cef("SQL Injection", "198.51.100.7", at=START + timedelta(days=20_000))]))
        intake.run()
        fill(days=3)
        for kept_from, gone in ((24, 0), (25, 2)):
            with transaction.atomic():
                assert let_go(intake.contract, kept_from=date(2026, 11, kept_from), today=LATER) == gone
        assert troubles(intake) == set()

    def test_retention_does_it_and_the_counts_still_agree(self, intake: Intake, fill: Fill) -> None:
        """A file of today with rows from before what is kept has fewer rows than were counted."""
        fill(days=2)
        intake.clock.pass_time(days=100)
        old, new = intake.clock() - timedelta(days=100), intake.clock()
        intake.take(log_file([cef("SQL Injection", "198.51.100.7", at=at) for at in (old, new)]))
        intake.run()
        LogFile.objects.update(searched_at=intake.clock())
        retain(store=intake.store, spool=intake.spool, log_days=75, now=intake.clock())
        assert (ChainDay.objects.count(), LogFile.objects.count()) == (1, 3)
        assert intake.store.count_file(contract_id=intake.contract.pk, file_id=LogFile.objects.latest("pk").pk) == 1
        assert troubles(intake) == set()

    def test_a_contract_without_a_chain_has_nothing_to_let_go_of(self, intake: Intake) -> None:
        assert let_go(intake.contract, kept_from=date(2030, 1, 1), today=LATER) == 0


@pytest.mark.django_db(transaction=True)
def test_workers_that_store_at_once_do_not_fork_the_chain() -> None:
    contract = make_contract("株式会社さくら商店", "A")
    files = [make_file(contract) for _ in range(24)]

    def work(mine: list[LogFile]) -> None:
        while mine:
            # SQLite in memory, as in tests, does not wait for another thread's transaction: it is begun again.
            with suppress(OperationalError), transaction.atomic():
                add_link(mine[0], Span(), now=START)
                del mine[0]
        connections.close_all()

    threads = [threading.Thread(target=work, args=(files[number::4],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ChainLink.objects.values_list("sequence", flat=True)) == list(range(1, 25))
    day = ChainDay.objects.get()
    assert (day.links, list(broken_links(day_record(day, ChainHead.objects.get()), _records(day)))) == (24, [])


def _records(day: ChainDay) -> list[Link]:
    return [link_record(link, ChainHead.objects.get()) for link in links_of(day)]
