"""The life of a report: owed, drafted, released by a second person, told to all, never changed, handed out whole."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from sakimori.customers import files
from sakimori.customers.models import AuditEntry, Contract
from sakimori.lib.calendar import Month
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.notify.models import Alarm, Delivery, Message, Severity
from sakimori.reports import actions, duties
from sakimori.reports.models import Report, ReportState
from tests.people import People, make_contract, make_file, make_people
from tests.reports.desk import (
    COMMENT,
    MONTH,
    NOW,
    make_contacts,
    make_draft,
    make_erin,
    make_released,
    make_report,
    running_since,
)

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)


@pytest.fixture
def people() -> People:
    return make_people()


class Broken:
    """A log store that cannot be reached."""

    def query(self, *_: object, **__: object) -> list[dict[str, object]]:
        raise StoreUnavailable("no connection")


def months(contract: Contract) -> list[str]:
    return list(contract.reports.order_by("month").values_list("month", flat=True))


def test_every_contract_that_ran_in_the_past_month_gets_its_row_once(people: People) -> None:
    running_since(people.a, 2026, 4)
    running_since(people.b, 2026, 11)
    ended = running_since(make_contract("終了株式会社", "C"), 2026, 4)
    last = running_since(make_contract("最終株式会社", "D"), 2026, 4)
    Contract.objects.filter(pk=ended.pk).update(ends_on=date(2026, 10, 1))
    Contract.objects.filter(pk=last.pk).update(ends_on=date(2026, 10, 2))
    assert duties.open_reports(now=NOVEMBER - timedelta(seconds=1)) == 3  # September, also of the one that ends soon
    assert duties.open_reports(now=NOVEMBER) == 2
    assert duties.open_reports(now=NOVEMBER) == 0
    assert months(people.a) == ["2026-09", "2026-10"]
    assert months(people.b) == []
    assert months(ended) == ["2026-09"]
    assert months(last) == ["2026-09", "2026-10"]
    report = Report.objects.get(contract=people.a, month="2026-10")
    assert (report.state, report.due_on) == (ReportState.WAITING, date(2026, 11, 16))
    assert AuditEntry.objects.filter(action="report.open").count() == 5


def test_months_in_which_nobody_looked_are_caught_up(people: People) -> None:
    make_report(people.a, Month(2026, 7))
    duties.open_reports(now=NOVEMBER)
    assert months(people.a) == ["2026-07", "2026-08", "2026-09", "2026-10"]


def test_every_month_of_a_year_has_exactly_one_report(people: People) -> None:
    running_since(people.a, 2026, 1)
    now = datetime(2026, 2, 1, tzinfo=UTC)
    while now < datetime(2027, 2, 1, tzinfo=UTC):
        duties.open_reports(now=now)
        now += timedelta(hours=31)
    assert Counter(months(people.a)) == Counter(f"2026-{number:02}" for number in range(1, 13))


def test_the_soc_is_warned_once_a_day_and_louder_from_the_due_day_on(people: People) -> None:
    make_report(people.a)
    make_report(people.b)

    def warn(day: int, hour: int = 10) -> Alarm | None:
        duties.warn_of_late_reports(now=datetime(2026, 11, day, hour - 9, 0, tzinfo=UTC))
        return Alarm.objects.order_by("pk").last()

    assert warn(10) is None
    middle = warn(11)
    assert middle is not None
    assert (middle.severity, middle.count) == (Severity.MIDDLE, 1)
    assert "2026年10月分の月次レポート 2 件が未公開です（期限 2026年11月16日（月））" in middle.sentence
    assert "有限会社もみじ堂、株式会社さくら商店" in middle.sentence
    warn(11, 17)
    high = warn(16)
    assert high is not None
    assert (high.pk, high.severity, high.count) == (middle.pk, Severity.HIGH, 2)
    Alarm.objects.update(acknowledged_at=NOW)
    warn(16, 18)
    assert Alarm.objects.filter(acknowledged_at=None).count() == 0
    warn(17)
    assert Alarm.objects.filter(acknowledged_at=None).count() == 1


def test_nobody_is_warned_of_a_released_report(people: People, log_store: LogStore) -> None:
    make_released(people.a, log_store, by=people.dana, second=make_erin())
    duties.warn_of_late_reports(now=datetime(2026, 11, 16, 3, 0, tzinfo=UTC))
    assert not Alarm.objects.filter(key__startswith="reports-due").exists()


def test_a_draft_freezes_the_figures_until_it_is_made_anew(people: People, log_store: LogStore) -> None:
    report = make_draft(people.a, log_store, by=people.dana)
    assert (report.state, report.comment, report.drafted_by, report.as_of) == (
        ReportState.DRAFT,
        COMMENT,
        people.dana,
        NOW,
    )
    make_file(people.a, received_at=datetime(2026, 10, 5, tzinfo=UTC))
    assert Report.objects.get().figures["log"]["files"] == 0
    assert actions.preview(report, now=NOW) == actions.preview(report, now=NOW)
    actions.draft(report, comment="", store=log_store, by=people.dana, now=NOW + timedelta(hours=1))
    assert Report.objects.get().figures["log"]["files"] == 1
    assert AuditEntry.objects.filter(action="report.draft", actor="dana").count() == 2


def test_a_log_store_that_is_down_leaves_everything_as_it_was(people: People) -> None:
    report = make_report(people.a)
    with pytest.raises(actions.NotPossible, match="集計できませんでした"):
        actions.draft(report, comment="", store=Broken(), by=people.dana, now=NOW)  # type: ignore[arg-type]
    assert Report.objects.get().state == ReportState.WAITING


def test_a_second_person_releases_and_all_contacts_are_told(people: People, log_store: LogStore) -> None:
    contacts = make_contacts(people.a, 3)
    erin = make_erin()
    report = make_released(people.a, log_store, by=people.dana, second=erin)
    assert (report.state, report.released_by, report.released_at) == (ReportState.RELEASED, erin, NOW)
    content = files.path_of(people.a.customer, report.stored_name).read_bytes()
    assert content.startswith(b"%PDF")
    assert len(content) == report.size_bytes
    message = Message.objects.get()
    assert message.key == f"report:{report.pk}"
    assert "2026年10月分の月次レポートを掲載しました [K-A-001]" in message.subject
    assert "ログを受信していません" in message.body
    assert set(Delivery.objects.values_list("address", flat=True)) == contacts
    assert AuditEntry.objects.filter(action="report.release", actor="erin").count() == 1


def test_nobody_releases_his_own_draft(people: People, log_store: LogStore) -> None:
    report = make_draft(people.a, log_store, by=people.dana)
    before = files.count(people.a.customer)
    with pytest.raises(actions.NotPossible, match="下書きを作成した本人は公開できません"):
        actions.release(report, seen=actions.seen_mark(report), by=people.dana, now=NOW)
    assert Report.objects.get().state == ReportState.DRAFT
    assert files.count(people.a.customer) == before
    assert not Message.objects.exists()


def test_what_is_not_ready_is_not_released(people: People, log_store: LogStore) -> None:
    erin = make_erin()
    waiting = make_report(people.b)
    with pytest.raises(actions.NotPossible, match="まだ下書きが作成されていません"):
        actions.release(waiting, seen="", by=erin, now=NOW)
    with pytest.raises(actions.NotPossible, match="まだ下書きが作成されていません"):
        actions.preview(waiting, now=NOW)
    actions.draft(waiting, comment="", store=log_store, by=people.dana, now=NOW)
    waiting.refresh_from_db()
    with pytest.raises(actions.NotPossible, match="所見が記入されていない"):
        actions.release(waiting, seen=actions.seen_mark(waiting), by=erin, now=NOW)


def test_a_draft_that_changed_meanwhile_is_not_released(people: People, log_store: LogStore) -> None:
    report = make_draft(people.a, log_store, by=people.dana)
    seen = actions.seen_mark(report)
    actions.draft(report, comment="別の所見です。", store=log_store, by=people.dana, now=NOW + timedelta(minutes=1))
    before = files.count(people.a.customer)
    with pytest.raises(actions.NotPossible, match="下書きが更新されました"):
        actions.release(report, seen=seen, by=make_erin(), now=NOW)  # The row in hand is the old one.
    assert Report.objects.get().state == ReportState.DRAFT
    assert files.count(people.a.customer) == before


def test_a_released_report_never_changes(people: People, log_store: LogStore) -> None:
    erin = make_erin()
    report = make_released(people.a, log_store, by=people.dana, second=erin)
    for change in (
        lambda: actions.draft(report, comment="", store=log_store, by=people.dana, now=NOW),
        lambda: actions.release(report, seen=actions.seen_mark(report), by=erin, now=NOW),
    ):
        with pytest.raises(actions.NotPossible, match="公開済みのため、変更できません"):
            change()
    again = Report.objects.get()
    assert (again.sha256, again.comment, again.figures) == (report.sha256, report.comment, report.figures)
    assert Message.objects.count() == 1


def test_the_desks_downloads_are_on_record(people: People, log_store: LogStore) -> None:
    report = make_released(people.a, log_store, by=people.dana, second=make_erin())
    content = actions.read_pdf(report, by=people.alice, now=NOW)
    assert not AuditEntry.objects.filter(action="report.download").exists()
    assert actions.read_pdf(report, by=people.dana, now=NOW) == content
    assert AuditEntry.objects.get(action="report.download").actor == "dana"


def test_a_file_that_is_not_what_was_released_is_not_handed_out(people: People, log_store: LogStore) -> None:
    report = make_released(people.a, log_store, by=people.dana, second=make_erin())
    path = files.path_of(people.a.customer, report.stored_name)
    for spoil in (lambda: path.write_bytes(b"%PDF-1.7 something else"), path.unlink):
        spoil()
        with pytest.raises(actions.NotPossible, match="読み出せませんでした"):
            actions.read_pdf(report, by=people.alice, now=NOW)
    alarm = Alarm.objects.get(key=f"report-damaged:{report.pk}")
    assert (alarm.severity, alarm.count) == (Severity.HIGH, 2)


def test_the_month_of_a_report_is_known(people: People) -> None:
    report = make_report(people.a)
    assert (report.period, str(report)) == (MONTH, "K-A-001 2026-10")
