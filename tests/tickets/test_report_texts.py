"""What the monthly report takes from tickets: which of them belong to a month, and texts that are up to date."""

from datetime import datetime, timedelta

import pytest

from sakimori.blacklist.models import Block, BlockState
from sakimori.customers.models import Contact
from sakimori.lib.calendar import Month
from sakimori.tickets.actions import request_restore
from sakimori.tickets.duties import describe_tickets, mail_restores, open_tickets
from sakimori.tickets.models import Note, Ticket, TicketBlock, TicketState
from sakimori.tickets.queries import tickets_of_month
from tests.moments import Clock
from tests.people import NOW, People, make_block, make_finding, make_people, make_ticket

pytestmark = pytest.mark.django_db

WAVE = timedelta(minutes=15)
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)


@pytest.fixture
def people() -> People:
    people = make_people()
    Contact.objects.create(customer=people.a.customer, name="桜井 花子", email="c1@example.jp", priority=1)
    return people


def ticket_at(people: People, number: str, opened: datetime, *written: datetime) -> None:
    """A ticket with a note at its opening and at each further moment."""
    ticket = make_ticket(people.a, number)
    Ticket.objects.filter(pk=ticket.pk).update(opened_at=opened)
    Note.objects.filter(ticket=ticket).update(at=opened)
    for moment in written:
        Note.objects.create(ticket=ticket, key=f"{number}:{moment}", at=moment, text="設定を戻しました。")


def test_a_month_has_what_was_opened_or_written_in_it(people: People) -> None:
    first, day = NOVEMBER.begins_at, timedelta(days=1)
    ticket_at(people, "T-before", first - 9 * day, first - day)
    ticket_at(people, "T-changed", first - 8 * day, first, first + day)
    ticket_at(people, "T-still-open", first - 7 * day)
    ticket_at(people, "T-opened", first + day)
    ticket_at(people, "T-after", NOVEMBER.ends_at)
    make_ticket(people.b, "T-foreign")
    found = [ticket.number for ticket in tickets_of_month(people.a, NOVEMBER)]
    assert found == ["T-changed", "T-opened"]
    before = [ticket.number for ticket in tickets_of_month(people.a, OCTOBER)]
    assert before == ["T-before", "T-changed", "T-still-open"]


def test_a_ticket_about_blocks_says_what_was_seen_done_and_came_of_it(people: People) -> None:
    make_block(people.a, "203.0.113.1")
    make_block(people.a, "203.0.113.2")
    open_tickets(wave=WAVE, now=NOW)
    ticket = Ticket.objects.get()
    for part in (
        "攻撃種別: SQLインジェクション",
        "対象サイト: shop-a.example.jp",
        "（2 件）: 203.0.113.1、203.0.113.2",
        "遮断 6 件 / 通過 2 件",
        "22:02:07 から",
    ):
        assert part in ticket.detected, part
    assert "2 件を WAF のブラックリストへ登録" in ticket.handled
    assert ticket.result == "遮断中: 2 件（203.0.113.1、203.0.113.2）"


def test_a_restore_changes_what_the_ticket_says(people: People) -> None:
    clock = Clock(NOW)
    block = make_block(people.a, "203.0.113.1")
    make_block(people.a, "203.0.113.2")
    open_tickets(wave=WAVE, now=clock())
    request_restore(TicketBlock.objects.get(block=block), by=people.alice, reason="", now=clock())
    Block.objects.filter(pk=block.pk).update(state=BlockState.RESTORED, restored_at=clock())
    mail_restores(wave=WAVE, now=clock())
    ticket = Ticket.objects.get()
    assert "設定を戻す対応を行いました: 203.0.113.1" in ticket.handled
    assert ticket.result == "解除済み: 1 件（203.0.113.1）\n遮断中: 1 件（203.0.113.2）"


def test_further_attacks_change_the_counts_and_then_it_rests(people: People) -> None:
    clock = Clock(NOW)
    block = make_block(people.a)
    open_tickets(wave=WAVE, now=clock())
    clock.pass_time(minutes=2)
    assert describe_tickets(now=clock()) == 0
    make_finding(people.a, block.address, block=block, found_at=clock())
    assert describe_tickets(now=clock()) == 1
    assert "遮断 6 件" in Ticket.objects.get().detected
    assert describe_tickets(now=clock()) == 0


def test_tickets_from_before_these_texts_are_described(people: People) -> None:
    ticket = make_ticket(people.a, blocks=[make_block(people.a)])
    Ticket.objects.update(state=TicketState.DONE)
    make_ticket(people.b, "T-0002")
    assert describe_tickets(now=NOW) == 1
    assert describe_tickets(now=NOW) == 0
    ticket.refresh_from_db()
    assert "203.0.113.5" in ticket.detected
    assert ticket.state == TicketState.DONE
