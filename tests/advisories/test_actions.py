"""An advisory: nobody approves his own, nothing goes out unapproved, everybody who shall get it gets it once."""

from datetime import date, timedelta

import pytest

from sakimori.advisories import actions, texts
from sakimori.advisories.duties import mail_advisories
from sakimori.advisories.models import Advisory, AdvisoryState
from sakimori.advisories.queries import Progress, progress, refused_copies, shown_to
from sakimori.customers.models import AuditEntry, Contract, Customer
from sakimori.notify.models import Delivery, DeliveryState, Message
from tests.japanese.text import japanese_or_allowed
from tests.people import People, make_contract, make_people
from tests.reports.desk import NOW, make_contacts, make_erin, make_manager

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
TEXT = {
    "title": "脆弱性に関する注意喚起",
    "body": "一行目です。\n二行目です。",
    "sources": "https://www.example.jp/alert",
}


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def draft(people: People) -> Advisory:
    return actions.write(**TEXT, by=people.dana, now=NOW)


def approved(draft: Advisory) -> Advisory:
    actions.approve(draft, seen=actions.seen_mark(draft), by=make_erin(), now=NOW)
    return Advisory.objects.get(pk=draft.pk)


def end(contract: Contract, day: date) -> None:
    Contract.objects.filter(pk=contract.pk).update(ends_on=day)


def test_nothing_is_mailed_or_shown_without_approval(people: People, draft: Advisory) -> None:
    make_contacts(people.a)
    assert mail_advisories(now=LATER) == 0
    assert not Message.objects.exists()
    assert not shown_to(Customer.objects.all()).exists()


def test_nobody_approves_what_he_wrote_or_changed(people: People, draft: Advisory) -> None:
    erin = make_erin()
    actions.change(draft, **{**TEXT, "title": "変更した件名"}, by=erin, now=LATER)
    draft.refresh_from_db()
    for person in (people.dana, erin):
        with pytest.raises(actions.NotPossible, match="作成または変更した本人は承認できません"):
            actions.approve(draft, seen=actions.seen_mark(draft), by=person, now=LATER)
    assert Advisory.objects.get().state == AdvisoryState.DRAFT
    manager = make_manager()
    actions.approve(draft, seen=actions.seen_mark(draft), by=manager, now=LATER)
    found = Advisory.objects.get()
    assert (found.state, found.approved_by, found.approved_at) == (AdvisoryState.APPROVED, manager, LATER)
    trail = [(entry.action, entry.actor) for entry in AuditEntry.objects.filter(action__startswith="advisory")]
    assert trail == [("advisory.write", "dana"), ("advisory.change", "erin"), ("advisory.approve", "mori")]


def test_a_text_that_changed_meanwhile_is_not_approved(people: People, draft: Advisory) -> None:
    seen = actions.seen_mark(draft)
    actions.change(draft, **{**TEXT, "body": "別の本文です。"}, by=people.dana, now=LATER)
    with pytest.raises(actions.NotPossible, match="下書きが変更されました"):
        actions.approve(draft, seen=seen, by=make_erin(), now=LATER)
    assert Advisory.objects.get().state == AdvisoryState.DRAFT


@pytest.mark.parametrize("state", [AdvisoryState.APPROVED, AdvisoryState.WITHDRAWN])
def test_what_is_no_draft_any_more_never_changes(state: AdvisoryState, people: People, draft: Advisory) -> None:
    if state == AdvisoryState.APPROVED:
        approved(draft)
    else:
        actions.withdraw(draft, by=people.dana, now=NOW)
    manager = make_manager()
    for change in (
        lambda: actions.change(draft, **TEXT, by=manager, now=LATER),
        lambda: actions.withdraw(draft, by=manager, now=LATER),
        lambda: actions.approve(draft, seen=actions.seen_mark(draft), by=manager, now=LATER),
    ):
        with pytest.raises(actions.NotPossible, match="変更できません"):
            change()
    assert Advisory.objects.get().state == state


def test_what_was_withdrawn_goes_to_nobody(people: People, draft: Advisory) -> None:
    make_contacts(people.a)
    actions.withdraw(draft, by=people.dana, now=NOW)
    assert mail_advisories(now=LATER) == 0
    assert not shown_to(Customer.objects.all()).exists()


def test_all_contacts_of_all_running_customers_get_it_once(people: People, draft: Advisory) -> None:
    ended = make_contract("終了株式会社", "C")
    contacts = make_contacts(people.a, 3) | make_contacts(people.b)
    make_contacts(ended)
    end(ended, NOW.date())
    Contract.objects.create(customer=people.a.customer, number="K-A-002", starts_on=NOW.date())
    found = approved(draft)
    assert mail_advisories(now=LATER) == 2
    assert mail_advisories(now=LATER) == 0
    assert Advisory.objects.get().mailed_at == LATER
    assert set(Message.objects.values_list("key", flat=True)) == {
        f"advisory:{found.pk}:{people.a.customer_id}",
        f"advisory:{found.pk}:{people.b.customer_id}",
    }
    assert sorted(Delivery.objects.values_list("address", flat=True)) == sorted(contacts)
    body = Message.objects.get(customer=people.a.customer).body
    for part in ("一行目です。\n二行目です。", "https://www.example.jp/alert", "K-A-001、K-A-002", "03-0000-0000"):
        assert part in body, part


def test_many_customers_are_worked_off_in_parts_and_a_kill_loses_nothing(draft: Advisory) -> None:
    for number in range(120 - Customer.objects.count()):
        make_contract(f"株式会社例 {number}", chr(0x4E00 + number))
    approved(draft)
    rounds = [mail_advisories(now=LATER) for _ in range(2)]
    assert rounds == [50, 50]
    assert Advisory.objects.get().mailed_at is None  # Whoever is killed here is followed by the next round.
    assert [mail_advisories(now=LATER) for _ in range(2)] == [20, 0]
    assert Message.objects.count() == 120
    assert Advisory.objects.get().mailed_at == LATER


def test_who_becomes_a_customer_later_gets_no_old_news_by_mail(people: People, draft: Advisory) -> None:
    approved(draft)
    mail_advisories(now=LATER)
    make_contacts(make_contract("新規株式会社", "N"))
    assert mail_advisories(now=LATER + timedelta(days=1)) == 0
    assert Message.objects.count() == 2


def test_the_desk_sees_how_far_the_mails_are(people: People, draft: Advisory) -> None:
    make_contacts(people.a, 3)
    make_contacts(people.b)
    found = approved(draft)
    other = actions.write(**TEXT, by=people.dana, now=NOW)
    assert progress(found) == Progress(0, 0, 0, 0)
    mail_advisories(now=LATER)
    first, second, *_ = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=first.pk).update(state=DeliveryState.ACCEPTED)
    Delivery.objects.filter(pk=second.pk).update(state=DeliveryState.REFUSED)
    assert progress(found) == Progress(customers=2, accepted=1, waiting=3, refused=1)
    assert [copy.address for copy in refused_copies(found)] == [second.address]
    assert progress(other) == Progress(0, 0, 0, 0)


def test_a_customer_reads_what_was_approved_before_his_last_contract_ended(people: People, draft: Advisory) -> None:
    approved(draft)
    mine = Customer.objects.filter(pk=people.a.customer_id)
    assert shown_to(mine).exists()
    end(people.a, NOW.date() + timedelta(days=1))
    assert shown_to(mine).exists()
    end(people.a, NOW.date())
    assert not shown_to(mine).exists()
    assert not shown_to(Customer.objects.none()).exists()


@pytest.mark.parametrize("sources", [[], ["https://www.example.jp/"]])
def test_every_line_of_the_mail_is_japanese(sources: list[str]) -> None:
    letter = texts.Letterhead("Webサイトプロテクションサービス", "株式会社さくら商店", ["K-1"], "03-0000-0000")
    body = texts.body(letter, "件名", "本文です。", sources, "https://portal.example.jp/")
    lines = [texts.subject(letter, "件名"), *body.splitlines(), *AdvisoryState.labels]
    assert [line for line in lines if not japanese_or_allowed(line)] == []
    assert ("情報源" in body) is bool(sources)
