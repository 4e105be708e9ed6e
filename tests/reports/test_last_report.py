"""A contract that has ended still gets what it is owed: its last report, the mail about it, and nothing after it."""

from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from sakimori.customers import audit
from sakimori.customers.models import AuditEntry, Contract
from sakimori.logs.fields import Event
from sakimori.logs.models import RetentionProof
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Delivery
from sakimori.reports import actions, duties
from sakimori.reports.figures import from_json
from sakimori.reports.models import Report, ReportState
from sakimori.reports.queries import logs_needed_since
from sakimori.reports.wording import period
from sakimori.run.duties import _retention
from tests.people import People, make_people
from tests.reports.desk import COMMENT, make_contacts, make_erin, running_since

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def people() -> People:
    people = make_people()
    running_since(people.a, 2026, 4)
    Contract.objects.filter(pk=people.a.pk).update(ends_on=date(2026, 10, 20))
    return people


def test_it_covers_the_days_up_to_the_end_and_is_told_to_all(
    people: People, log_store: LogStore, client: Client
) -> None:
    contacts = make_contacts(people.a)
    duties.open_reports(now=NOVEMBER)
    report = Report.objects.get(contract=people.a)
    actions.draft(report, comment=COMMENT, store=log_store, by=people.dana, now=NOVEMBER)
    report.refresh_from_db()
    actions.release(report, seen=actions.seen_mark(report), by=make_erin(), now=NOVEMBER)
    assert set(Delivery.objects.values_list("address", flat=True)) == contacts
    client.force_login(people.bob)
    answer = client.get(reverse("portal:report", args=[report.pk]))
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages).replace(" ", "")
    assert "2026年10月1日（木）から2026年10月19日（月）まで" in text


def test_the_month_after_the_end_is_owed_to_nobody(people: People) -> None:
    duties.open_reports(now=NOVEMBER)
    duties.open_reports(now=datetime(2026, 12, 2, tzinfo=UTC))
    assert list(Report.objects.filter(contract=people.a).values_list("month", flat=True)) == ["2026-10"]


def test_the_record_of_a_reports_life_holds_together(people: People, log_store: LogStore) -> None:
    duties.open_reports(now=NOVEMBER)
    report = Report.objects.get(contract=people.a)
    actions.draft(report, comment=COMMENT, store=log_store, by=people.dana, now=NOVEMBER)
    report.refresh_from_db()
    erin = make_erin()
    actions.release(report, seen=actions.seen_mark(report), by=erin, now=NOVEMBER)
    report.refresh_from_db()
    actions.read_pdf(report, by=erin, now=NOVEMBER)
    trail = AuditEntry.objects.filter(target=f"report:{report.pk}").order_by("pk")
    assert [(entry.action, entry.actor) for entry in trail] == [
        ("report.open", "sakimori"),
        ("report.draft", "dana"),
        ("report.release", "erin"),
        ("report.download", "erin"),
    ]
    assert {entry.customer_number for entry in trail} == {people.a.customer.number}
    assert audit.first_broken(AuditEntry.objects.order_by("pk")) is None
    assert report.state == ReportState.RELEASED


def test_its_log_is_needed_until_it_is_released(people: People, log_store: LogStore) -> None:
    """Without the option nothing else keeps it; a report counted after its rows went would be wrong in silence."""

    def needed(now: datetime) -> date:
        return logs_needed_since(now)[people.a.pk]

    last_of_october, first_of_november = (
        datetime(2026, 10, 31, 14, 59, tzinfo=UTC),
        datetime(2026, 10, 31, 15, tzinfo=UTC),
    )
    running_since(people.a, 2026, 4)
    assert needed(last_of_october) == date(2026, 9, 1), "September's was never opened"
    assert needed(first_of_november) == date(2026, 10, 1), "October's is not opened yet"
    duties.open_reports(now=NOVEMBER)
    assert needed(datetime(2027, 6, 1, tzinfo=UTC)) == date(2026, 10, 1)
    report = Report.objects.get(contract=people.a)
    actions.draft(report, comment=COMMENT, store=log_store, by=people.dana, now=NOVEMBER)
    report.refresh_from_db()
    assert needed(NOVEMBER) == date(2026, 10, 1)
    actions.release(report, seen=actions.seen_mark(report), by=make_erin(), now=NOVEMBER)
    assert needed(NOVEMBER) == date(2026, 11, 1)


def test_the_retention_of_the_house_waits_for_it(people: People, log_store: LogStore, tmp_path: Path) -> None:
    in_spring, spool = datetime(2027, 3, 20, tzinfo=UTC), Spool(tmp_path)
    attack = Event(time=datetime(2026, 10, 1, tzinfo=UTC), request_id="r", attack_kind="sql_injection")
    log_store.append([(1, attack)], contract_id=people.a.pk, file_id=1)
    duties.open_reports(now=NOVEMBER)
    _retention(log_store, spool, in_spring)
    report = Report.objects.get(contract=people.a)
    actions.draft(report, comment=COMMENT, store=log_store, by=people.dana, now=in_spring)
    report.refresh_from_db()
    assert from_json(report.figures or {}).total.total == 1
    actions.release(report, seen=actions.seen_mark(report), by=make_erin(), now=in_spring)
    _retention(log_store, spool, in_spring)
    assert log_store.count_contract(people.a.pk) == 0


def test_what_the_three_months_have_taken_is_not_counted_as_nothing(people: People, log_store: LogStore) -> None:
    """With the option the log goes to the day, released or not: the report says which days it counts."""

    def kept_from(day: date, days: int) -> None:
        RetentionProof.objects.create(contract=people.a, day=day, ran_at=NOVEMBER, kept_from=day, days=days)

    duties.open_reports(now=NOVEMBER)
    report = Report.objects.get(contract=people.a)
    kept_from(date(2026, 10, 12), 2)
    kept_from(date(2026, 10, 15), 0)
    actions.draft(report, comment=COMMENT, store=log_store, by=people.dana, now=NOVEMBER)
    report.refresh_from_db()
    assert "2026年10月12日（月）から2026年10月19日（月）まで" in period(from_json(report.figures or {})).replace(
        " ", ""
    )
    kept_from(date(2026, 10, 20), 1)
    with pytest.raises(actions.NotPossible, match="保管期間を過ぎて削除された"):
        actions.draft(report, comment="", store=log_store, by=people.dana, now=NOVEMBER)
    report.refresh_from_db()
    assert report.comment == COMMENT
