"""What people do with downloads: limits, the end of a contract, and that all of it is in the customer's record."""

from datetime import timedelta

import pytest

from sakimori.accounts.models import SocRole
from sakimori.customers.models import AuditEntry, Contract
from sakimori.customers.secrets import open_details
from sakimori.logs.exports import actions
from sakimori.logs.exports.actions import NotPossible
from sakimori.logs.exports.queries import all_exports, customers_exports
from sakimori.logs.models import Export, ExportForm
from tests.logs.exports.conftest import Desk
from tests.people import make_contract, make_user

pytestmark = pytest.mark.django_db


def details(desk: Desk) -> list[tuple[str, str, dict[str, object]]]:
    customer = desk.contract.customer
    return [
        (entry.action, entry.actor, open_details(customer, entry.sealed_details, place=f"audit:{entry.target}"))
        for entry in AuditEntry.objects.filter(action__startswith="logs.", customer_number="C-A").order_by("pk")
    ]


def test_who_asked_made_and_fetched_what_is_in_the_record(desk: Desk) -> None:
    desk.store_file("198.51.100.7")
    export = desk.ask(form=ExportForm.LINES)
    desk.make()
    export.refresh_from_db()
    actions.note_fetching(export, by=desk.alice, now=desk.now)
    actions.drop(export, by=desk.alice, now=desk.now)
    actions.note_download(desk.contract, desk.query(), form=ExportForm.CSV, total=3, by=desk.alice, now=desk.now)
    found = details(desk)
    assert [(action, actor) for action, actor, _ in found] == [
        ("logs.export", "alice"),
        ("logs.export.made", "sakimori"),
        ("logs.download", "alice"),
        ("logs.export.drop", "alice"),
        ("logs.download", "alice"),
    ]
    asked, made, fetched, _, at_once = (told for _, _, told in found)
    assert (asked["form"], asked["query"], asked["contract"]) == ("lines", export.query, "K-A-001")
    assert made["sha256"] == fetched["sha256"] == export.sha256
    assert len(str(made["chain"])) == 64
    assert (at_once["form"], at_once["lines"]) == ("csv", 3)


def test_what_is_taken_back_is_gone_with_its_file(desk: Desk) -> None:
    export = desk.ask()
    desk.make()
    export.refresh_from_db()
    assert desk.files() == 1
    for _ in range(2):
        actions.drop(export, by=desk.alice, now=desk.now)
        assert (desk.files(), Export.objects.count()) == (0, 0)


def test_only_so_many_may_wait_and_be_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    second = Contract.objects.create(
        customer=desk.contract.customer, number="K-A-002", starts_on=desk.now.date(), keeps_logs=True
    )
    desk.ask()
    actions.ask(second, desk.query(), form=ExportForm.CSV, total=1, by=desk.alice, now=desk.now)
    with pytest.raises(NotPossible, match="作成中のダウンロードが 2 件"):
        desk.ask()
    desk.make()
    desk.make()
    monkeypatch.setattr(actions, "MOST_KEPT", 2)
    with pytest.raises(NotPossible, match="作成済みのダウンロードが 2 件"):
        desk.ask()
    other = make_contract("有限会社もみじ堂", "B")
    actions.ask(other, desk.query(), form=ExportForm.CSV, total=1, by=desk.alice, now=desk.now)
    assert Export.objects.count() == 3


def test_what_the_soc_fetches_takes_none_of_the_customers_room(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the other way round: nobody is told to delete what his list does not show."""
    dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
    monkeypatch.setattr(actions, "MOST_KEPT", 2)

    def theirs() -> Export:
        return actions.ask(desk.contract, desk.query(), form=ExportForm.CSV, total=1, by=dana, now=desk.now)

    def both_are_refused(words: str) -> None:
        for again in (theirs, desk.ask):
            with pytest.raises(NotPossible, match=words):
                again()

    for _ in range(actions.MOST_WAITING):
        theirs()
    for _ in range(actions.MOST_WAITING):
        desk.ask()
    both_are_refused("作成中のダウンロードが 2 件")
    for _ in range(2 * actions.MOST_WAITING):
        desk.make()
    both_are_refused("ダウンロードが 2 件あります。不要なもの")
    actions.drop(customers_exports()[0], by=desk.alice, now=desk.now)
    desk.ask()
    with pytest.raises(NotPossible, match="SOC が作成したこのお客様のダウンロード"):
        theirs()


def test_what_the_customers_list_no_longer_shows_takes_no_room(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Contract.objects.create(
        customer=desk.contract.customer, number="K-A-002", starts_on=desk.now.date(), keeps_logs=True
    )
    monkeypatch.setattr(actions, "MOST_KEPT", 1)
    desk.ask()
    desk.make()
    Contract.objects.filter(pk=desk.contract.pk).update(keeps_logs=False)
    actions.ask(other, desk.query(), form=ExportForm.CSV, total=1, by=desk.alice, now=desk.now)
    assert [export.contract for export in customers_exports()] == [other]


def test_too_many_lines_are_refused(desk: Desk) -> None:
    desk.ask(total=actions.MOST_LINES)
    with pytest.raises(NotPossible, match="2,000,001 件あります"):
        desk.ask(total=actions.MOST_LINES + 1)


def test_from_the_day_of_cancellation_on_nothing_is_handed_over(desk: Desk) -> None:
    export = desk.ask()
    desk.make()
    Contract.objects.update(ends_on=desk.now.date() - timedelta(days=1))
    desk.contract.refresh_from_db()
    export = Export.objects.select_related("contract").get(pk=export.pk)
    with pytest.raises(NotPossible, match="ご契約が終了"):
        desk.ask()
    with pytest.raises(NotPossible, match="ご契約が終了"):
        actions.note_fetching(export, by=desk.alice, now=desk.now)
    with pytest.raises(NotPossible, match="ご契約が終了"):
        actions.note_download(desk.contract, desk.query(), form=ExportForm.CSV, total=3, by=desk.alice, now=desk.now)


def test_what_the_soc_fetches_is_not_shown_to_the_customer(desk: Desk) -> None:
    mine = desk.ask()
    dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
    theirs = actions.ask(desk.contract, desk.query(), form=ExportForm.CSV, total=1, by=dana, now=desk.now)
    assert list(customers_exports()) == [mine]
    assert list(all_exports()) == [theirs, mine]
    Contract.objects.update(keeps_logs=False)
    assert list(customers_exports()) == []
