"""Tickets: waves, mails that are true when they arrive, notes said once."""

from datetime import timedelta

import pytest

from sakimori.blacklist.models import Block, BlockState
from sakimori.customers.models import AuditEntry, Contact
from sakimori.notify.models import Message
from sakimori.tickets.actions import request_restore
from sakimori.tickets.duties import mail_blocks, mail_restores, open_tickets
from sakimori.tickets.models import Note, Ticket, TicketBlock, TicketState
from sakimori.tickets.opening import add_note
from tests.moments import Clock
from tests.people import NOW, People, make_block, make_people

pytestmark = pytest.mark.django_db

WAVE = timedelta(minutes=15)


@pytest.fixture
def people() -> People:
    people = make_people()
    Contact.objects.create(customer=people.a.customer, name="桜井 花子", email="c1@example.jp", priority=1)
    return people


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def work(clock: Clock) -> int:
    return open_tickets(wave=WAVE, now=clock()) + mail_blocks(wave=WAVE, now=clock()) + mail_restores(now=clock())


def give_back(people: People, block: Block, clock: Clock) -> None:
    """The customer asks for it, and the vendor's list shows it gone."""
    request_restore(TicketBlock.objects.get(block=block), by=people.alice, reason="取引先", now=clock())
    Block.objects.filter(pk=block.pk).update(state=BlockState.RESTORED, restored_at=clock())


def test_blocks_of_one_wave_share_a_ticket_and_later_ones_do_not(people: People, clock: Clock) -> None:
    make_block(people.a, "203.0.113.1")
    work(clock)
    clock.pass_time(minutes=14)
    make_block(people.a, "203.0.113.2")
    work(clock)
    clock.pass_time(minutes=14)
    make_block(people.a, "203.0.113.3")
    work(clock)
    assert Ticket.objects.count() == 1
    clock.pass_time(minutes=16)
    make_block(people.a, "203.0.113.4")
    work(clock)
    assert Ticket.objects.count() == 2
    assert [ticket.number for ticket in Ticket.objects.order_by("pk")] == [
        f"WSP-{ticket.pk:06d}" for ticket in Ticket.objects.order_by("pk")
    ]


def test_customers_never_share_a_ticket(people: People, clock: Clock) -> None:
    make_block(people.a)
    make_block(people.b)
    work(clock)
    assert {ticket.contract for ticket in Ticket.objects.all()} == {people.a, people.b}
    for ticket in Ticket.objects.all():
        assert {entry.block.contract for entry in ticket.ticket_blocks.all()} == {ticket.contract}


def test_only_what_is_on_the_list_is_told(people: People, clock: Clock) -> None:
    for number, state in enumerate(BlockState):
        if state not in (BlockState.ACTIVE, BlockState.RESTORED):
            make_block(people.a, f"203.0.113.{number + 1}", state=state)
    assert work(clock) == 0
    assert not Message.objects.exists()


def test_working_again_says_nothing_again(people: People, clock: Clock) -> None:
    make_block(people.a)
    assert work(clock) == 2
    clock.pass_time(hours=1)
    assert work(clock) == 0
    assert (Message.objects.count(), Note.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(action="ticket.open").count() == 1


def test_an_address_that_is_off_the_list_again_is_not_announced_as_blocked(people: People, clock: Clock) -> None:
    """Within the wave the mail about it waits; meanwhile the customer takes the address back."""
    make_block(people.a, "203.0.113.1")
    work(clock)
    late = make_block(people.a, "203.0.113.2")
    work(clock)
    give_back(people, late, clock)
    work(clock)
    clock.pass_time(minutes=20)
    work(clock)
    mails = list(Message.objects.order_by("pk").values_list("subject", "body"))
    assert len(mails) == 2
    assert "203[.]0[.]113[.]1" in mails[0][1]
    assert "の設定を戻しました" in mails[1][0]
    assert "203[.]0[.]113[.]2" in mails[1][1]


def test_a_ticket_is_done_when_every_address_is_back_and_open_again_with_a_new_one(
    people: People, clock: Clock
) -> None:
    blocks = [make_block(people.a, f"203.0.113.{last}") for last in (1, 2)]
    work(clock)
    give_back(people, blocks[0], clock)
    work(clock)
    assert Ticket.objects.get().state == TicketState.OPEN
    give_back(people, blocks[1], clock)
    work(clock)
    assert Ticket.objects.get().state == TicketState.DONE
    make_block(people.a, "203.0.113.3")
    work(clock)
    assert Ticket.objects.get().state == TicketState.OPEN


def test_a_note_is_written_once_per_key(people: People, clock: Clock) -> None:
    make_block(people.a)
    work(clock)
    ticket = Ticket.objects.get()
    first = add_note(ticket, key="k", text="一", now=clock(), by=people.dana)
    assert add_note(ticket, key="k", text="二", now=clock()) == first
    assert Note.objects.get(key="k").text == "一"


def test_who_asked_and_why_stands_in_ticket_and_mail(people: People, clock: Clock) -> None:
    block = make_block(people.a)
    work(clock)
    give_back(people, block, clock)
    request_restore(TicketBlock.objects.get(), by=people.dana, reason="二度目", now=clock())
    work(clock)
    note = Note.objects.get(key=f"restore-asked:{block.pk}")
    assert note.by == people.alice
    assert "佐藤 愛 様から" in note.text
    assert "理由: 取引先" in note.text
    assert "佐藤 愛 様" in Message.objects.latest("pk").body
