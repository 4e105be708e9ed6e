"""Whoever wants an address back: a newer block of it comes off, and what is ours inside a network is named."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.blacklist import actions
from sakimori.blacklist.kin import newer, ours_inside
from sakimori.blacklist.models import AskFirst, Block, BlockState
from sakimori.tickets.models import Ticket, TicketBlock
from sakimori.tickets.restores import restored_of
from sakimori.tickets.texts.restored import remainder
from tests.people import NOW, People, make_block, make_people, make_ticket

pytestmark = pytest.mark.django_db

A, NET = "203.0.113.5", "203.0.113.0/28"


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def old(people: People) -> Block:
    """It came off, and was blocked again after that."""
    block = make_block(people.a, A, state=BlockState.RESTORED, wanted_on_list=False)
    make_ticket(people.a, blocks=[block])
    return block


@pytest.mark.parametrize("state", [BlockState.ACTIVE, BlockState.APPLYING, BlockState.APPROVED, BlockState.UNKNOWN])
def test_a_request_about_an_old_block_takes_the_newer_one_off(state: BlockState, old: Block, people: People) -> None:
    again = make_block(people.a, A, state=state)
    assert newer(old) == again
    assert actions.request_restore(old, by=people.dana, reason="取引先", now=NOW) == again
    again.refresh_from_db()
    assert (again.state, again.wanted_on_list, again.restore_reason) == (BlockState.RESTORING, False, "取引先")
    assert AskFirst.objects.get().block == again
    assert actions.request_restore(old, by=people.dana, reason="再び", now=NOW) is None, "a second time changes nothing"
    assert AskFirst.objects.get().block == again


@pytest.mark.parametrize("state", [BlockState.PROPOSED, BlockState.REFUSED, BlockState.FAILED])
def test_what_is_not_on_the_list_is_not_taken_off(state: BlockState, old: Block, people: People) -> None:
    again = make_block(people.a, A, state=state)
    assert newer(old) is None
    assert actions.request_restore(old, by=people.dana, reason="", now=NOW) is None
    assert Block.objects.get(pk=again.pk).state == state


def test_of_another_contract_or_a_block_that_is_open_there_is_no_newer_one(old: Block, people: People) -> None:
    other = make_block(people.b, A)
    assert newer(old) is None
    assert newer(other) is None


def test_the_portal_says_that_it_was_blocked_again_and_takes_the_newer_one_off(
    old: Block, people: People, client: Client
) -> None:
    again = make_block(people.a, A)
    ticket = make_ticket(people.a, blocks=[again], number="T-20261123-00002")
    client.force_login(people.alice)
    entry = TicketBlock.objects.get(block=old)
    address = reverse("portal:restore", args=[entry.ticket.number, entry.pk])
    page = client.get(address).content.decode()
    assert "設定を戻した後に再び登録されています" in page
    assert "解除を依頼する" in page
    answer = client.post(address, {"reason": "取引先"}, follow=True).content.decode()
    assert "その後に再び登録されていたため、新しい登録を解除します。" in answer
    assert Block.objects.get(pk=again.pk).state == BlockState.RESTORING
    assert "解除をご依頼いただきました" in Ticket.objects.get(pk=ticket.pk).notes.latest("pk").text


def test_a_reader_sees_that_it_was_blocked_again_but_cannot_ask(old: Block, people: People, client: Client) -> None:
    make_block(people.a, A)
    client.force_login(people.bob)
    entry = TicketBlock.objects.get(block=old)
    page = client.get(reverse("portal:restore", args=[entry.ticket.number, entry.pk])).content.decode()
    assert "再び登録されています" in page
    assert "承認者または管理者の権限" in page
    assert "解除を依頼する</button>" not in page


def test_the_console_says_it_too(old: Block, people: People, client: Client) -> None:
    make_block(people.a, A)
    client.force_login(people.dana)
    address = reverse("console:restore", args=[old.pk])
    assert "その後に再び登録されています" in client.get(address).content.decode()


def test_our_own_entries_inside_a_network_are_named(people: People, client: Client) -> None:
    whole = make_block(people.a, NET, state=BlockState.RESTORED)
    for number in range(12):
        make_block(people.a, f"203.0.113.{number}", active_at=NOW)
    make_block(people.a, "203.0.113.14", state=BlockState.RESTORED, active_at=NOW)
    make_block(people.a, "203.0.113.99", active_at=NOW)
    make_block(people.a, "203.0.113.0/24", active_at=NOW)
    make_block(people.b, "203.0.113.13", active_at=NOW)
    assert ours_inside(whole) == [f"203.0.113.{number}" for number in range(12)]
    assert ours_inside(Block.objects.get(address="203.0.113.99")) == []
    said = "\n".join(remainder(restored_of(whole, now=NOW)))
    assert "203.0.113.9 ほか 2 件は、弊社が個別に登録しているため、引き続き遮断されます" in said
    client.force_login(people.dana)
    page = client.get(reverse("console:restore", args=[whole.pk])).content.decode()
    assert "203.0.113.4 ほか（12 件）は、当システムが個別に登録しています" in page


def test_the_portal_names_them_before_the_click(people: People, client: Client) -> None:
    whole = make_block(people.a, NET)
    make_block(people.a, A)
    ticket = make_ticket(people.a, blocks=[whole])
    client.force_login(people.alice)
    page = client.get(reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])).content.decode()
    assert f"この範囲のうち {A}（1 件）は、弊社が個別に登録しています" in page
