"""Whatever is done to rows, files or events behind the system's back is found, and becomes an alarm."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db.models import F

from sakimori.customers.models import AuditEntry, Contract
from sakimori.lib.jst import start_of_day
from sakimori.logs.chain import duties
from sakimori.logs.chain.checking import Depth, check_day
from sakimori.logs.chain.rows import day_record, link_record
from sakimori.logs.chain.rules import Break, digest_of
from sakimori.logs.models import ChainDay, ChainHead, ChainLink, LogFile
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.notify.models import Alarm, Severity
from sakimori.run.watch_chain import watch_chains
from tests.logs.chain.conftest import Fill, troubles
from tests.logs.test_ingest import Intake
from tests.people import make_file

pytestmark = pytest.mark.django_db

FIRST = date(2026, 11, 23)


def _first_link() -> ChainLink:
    return ChainLink.objects.order_by("pk").select_related("file", "day").first()  # type: ignore[return-value]


def _forget_events(intake: Intake) -> None:
    intake.store.drop_day(contract_id=intake.contract.pk, day=FIRST)


def _forget_file(_: Intake) -> None:
    link = _first_link()
    link.delete()
    link.file.delete()


def _forget_first_day(_: Intake) -> None:
    ChainLink.objects.filter(day__day=FIRST).delete()
    ChainDay.objects.filter(day=FIRST).delete()


def _forget_newest_day(_: Intake) -> None:
    newest = ChainDay.objects.latest("day")
    newest.chain_links.all().delete()
    newest.delete()


def _add_rows(intake: Intake) -> None:
    link = _first_link()
    LogFile.objects.filter(pk=link.file_id).update(rows=F("rows") - 1)


def _rewrite_spool(intake: Intake) -> None:
    intake.spool.path(_first_link().file.spool_name).write_bytes(b"other")


def _rewrite_record(_: Intake) -> None:
    AuditEntry.objects.filter(action="logs.day").update(sealed_details="")


TAMPERINGS: list[tuple[Callable[[Intake], object], Break]] = [
    (lambda _: LogFile.objects.filter(pk=_first_link().file_id).update(sha256="0" * 64), Break.CHANGED),
    (lambda _: LogFile.objects.filter(pk=_first_link().file_id).update(name="other.log"), Break.CHANGED),
    (lambda _: LogFile.objects.filter(pk=_first_link().file_id).update(received_at=start_of_day(FIRST)), Break.CHANGED),
    (lambda _: LogFile.objects.filter(pk=_first_link().file_id).update(state="quarantined"), Break.STATE),
    (lambda _: ChainLink.objects.filter(pk=_first_link().pk).update(newest_day=None), Break.CHANGED),
    (lambda _: ChainLink.objects.filter(pk=_first_link().pk).update(digest="0" * 64), Break.NOT_CONTINUED),
    (_forget_file, Break.MISSING),
    (lambda _: _first_link().delete(), Break.NO_LINK),
    (lambda _: ChainDay.objects.filter(day=FIRST).update(links=1), Break.DAY),
    (_forget_first_day, Break.DAY),
    (_forget_newest_day, Break.NEWEST),
    (lambda _: ChainDay.objects.filter(day=FIRST).update(last="0" * 64), Break.LAST),
    (_forget_events, Break.ROWS),
    (_add_rows, Break.ROWS),
    (_rewrite_spool, Break.SPOOL),
    (_rewrite_record, Break.RECORD),
    (lambda intake: make_file(intake.contract, stored_at=intake.clock()), Break.NO_LINK),
]


@pytest.mark.parametrize(("tamper", "expected"), TAMPERINGS)
def test_tampering_is_found(tamper: Callable[[Intake], object], expected: Break, intake: Intake, fill: Fill) -> None:
    fill(days=2, files=2)
    assert troubles(intake) == set()
    tamper(intake)
    assert expected in troubles(intake)


def test_whoever_forges_the_whole_chain_must_forge_the_record_too(intake: Intake, fill: Fill) -> None:
    """A file's hash is exchanged, and every digest from there on is computed anew."""
    fill(days=2)
    LogFile.objects.filter(pk=_first_link().file_id).update(sha256="0" * 64)
    _forge()
    assert troubles(intake, spool=False) == {Break.RECORD}


def _forge() -> None:
    head = ChainHead.objects.get()
    previous = head.anchor
    for day in ChainDay.objects.order_by("day"):
        day.previous = previous
        for link in ChainLink.objects.filter(day=day).select_related("day", "file").order_by("sequence"):
            link.previous = previous
            link.digest = previous = digest_of(link_record(link, head))
            link.save()
        day.last = previous
        day.save()
        previous = day_record(day, head).digest


def test_what_is_left_out_is_not_looked_at(intake: Intake, fill: Fill) -> None:
    fill()
    _forget_events(intake)
    _rewrite_spool(intake)
    assert troubles(intake, store=False, spool=False) == set()
    assert troubles(intake, spool=False) == {Break.ROWS}


def test_a_spooled_file_that_is_gone_is_no_trouble(intake: Intake, fill: Fill) -> None:
    (file,) = fill()
    intake.spool.remove(file.spool_name)
    assert troubles(intake) == set()


def test_a_day_that_was_let_go_of_meanwhile_is_no_trouble(intake: Intake, fill: Fill) -> None:
    fill()
    key = ChainDay.objects.get().pk

    class Meanwhile:
        def query(self, *_: object, **__: object) -> list[dict[str, object]]:
            _forget_newest_day(intake)
            return []

    assert check_day(key, Depth(store=Meanwhile())) == []  # type: ignore[arg-type]
    assert check_day(key, Depth()) == []


def test_a_chain_without_its_head_is_broken(intake: Intake, fill: Fill) -> None:
    fill()
    ChainHead.objects.all().delete()
    assert troubles(intake) == {Break.NEWEST}


class TestDuty:
    """Days are looked at in turn, and what is broken becomes one alarm."""

    def watch(self, intake: Intake, store: LogStore | None = None) -> int:
        return watch_chains(store=store or intake.store, now=intake.clock())

    def test_every_day_is_looked_at_daily_and_the_newest_more_often(self, intake: Intake, fill: Fill) -> None:
        fill(days=3)
        assert [self.watch(intake), self.watch(intake)] == [3, 0]
        intake.clock.pass_time(minutes=10)
        assert self.watch(intake) == 1
        intake.clock.pass_time(hours=24)
        assert self.watch(intake) == 3
        assert not Alarm.objects.exists()

    def test_a_broken_day_is_one_high_alarm_that_is_not_raised_again(self, intake: Intake, fill: Fill) -> None:
        fill(days=2, files=2)
        _forget_events(intake)
        self.watch(intake)
        alarm = Alarm.objects.get()
        assert (alarm.severity, alarm.count) == (Severity.HIGH, 1)
        assert "契約 K-A-001" in alarm.sentence
        assert "2026年11月23日" in alarm.sentence
        assert "（2 件）" in alarm.sentence
        Alarm.objects.update(acknowledged_at=intake.clock())
        intake.clock.pass_time(hours=25)
        assert self.watch(intake) == 2
        assert Alarm.objects.count() == 1

    @pytest.mark.parametrize("forget", [_forget_newest_day, None])
    def test_days_that_vanish_from_the_new_end_are_an_alarm(
        self, forget: Callable[[Intake], None] | None, intake: Intake, fill: Fill
    ) -> None:
        fill(days=2)
        if forget:
            forget(intake)
        else:
            ChainLink.objects.all().delete()
            ChainDay.objects.all().delete()
        self.watch(intake)
        assert Alarm.objects.filter(key=f"chain:{intake.contract.pk}:2026-11-24").exists()

    def test_a_store_that_is_down_lets_the_day_be_due_again_soon(self, intake: Intake, fill: Fill) -> None:
        class Down:
            def query(self, *_: object, **__: object) -> None:
                raise StoreUnavailable("down")

        fill()
        with pytest.raises(StoreUnavailable):
            self.watch(intake, Down())  # type: ignore[arg-type]
        assert not Alarm.objects.exists()
        intake.clock.pass_time(minutes=5)
        assert self.watch(intake) == 1

    def test_of_two_workers_one_looks_at_a_day(
        self, intake: Intake, fill: Fill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill()
        looks: list[int] = []

        def look(key: int, depth: Depth) -> list[object]:
            looks.append(key)
            assert duties.check_due(store=intake.store, now=intake.clock()) == (0, [])
            return []

        monkeypatch.setattr(duties, "check_day", look)
        assert self.watch(intake) == 1
        assert len(looks) == 1

    def test_a_contract_that_is_being_deleted_is_left_alone(self, intake: Intake, fill: Fill) -> None:
        fill(days=2)
        Contract.objects.update(ends_on=FIRST - timedelta(days=90))
        _forget_events(intake)
        _forget_newest_day(intake)
        self.watch(intake)
        assert not Alarm.objects.exists()
