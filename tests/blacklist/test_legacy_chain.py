"""The main job on an account with the old lists of single sites: attack, mail, click, restored, by the simulator."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from bench.simulated_vendor import SITES, THEIRS, SimulatedVendor
from sakimori.blacklist.models import Block, BlockState
from sakimori.customers.models import Site
from sakimori.logs.store.interface import LogStore
from sakimori.portal import tickets
from sakimori.simulators.spec import BlacklistMode
from sakimori.tickets.models import Ticket, TicketBlock
from tests.chain import Chain, make_chain
from tests.lines import cef
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

ATTACKER = "198.51.100.7"
FIRST, SECOND = map(str, SITES)


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def chain(log_store: LogStore, tmp_path: Path, people: People, monkeypatch: pytest.MonkeyPatch) -> Chain:
    people.a.sites.all().delete()
    for site in SITES:
        Site.objects.create(contract=people.a, domain=f"www{site}.example.jp", vendor_site_id=site)
    made = make_chain(log_store, tmp_path, people.a)
    monkeypatch.setattr(tickets, "utc_now", made.clock)
    return made


@pytest.fixture
def vendor(chain: Chain) -> Iterator[SimulatedVendor]:
    vendor = SimulatedVendor(BlacklistMode.LEGACY, chain.clock)
    chain.lists = vendor.client()
    yield vendor
    vendor.close()


def attack(chain: Chain) -> None:
    line = cef("SQL Injection", ATTACKER, at=chain.clock(), site_id=SITES[0], site=f"www{FIRST}.example.jp")
    chain.deliver([line])
    chain.settle()


def click(client: Client, people: People) -> None:
    """「この IP は業務に必要」, in the customer's portal."""
    client.force_login(people.alice)
    entry = TicketBlock.objects.get()
    answer = client.post(reverse("portal:restore", args=[entry.ticket.number, entry.pk]), {"reason": "取引先"})
    assert answer.status_code == 302


def test_attack_mail_click_and_restored(chain: Chain, vendor: SimulatedVendor, people: People, client: Client) -> None:
    attack(chain)
    assert (Block.objects.get().state, Block.objects.get().ours_on) == (BlockState.ACTIVE, list(SITES))
    assert (vendor.entries(FIRST), vendor.entries(SECOND)) == ({THEIRS, ATTACKER}, {ATTACKER})
    assert "198[.]51[.]100[.]7" in chain.mailer.sent[0].body
    chain.mailer.sent.clear()
    click(client, people)
    chain.settle()
    assert Block.objects.get().state == BlockState.RESTORED
    assert (vendor.entries(FIRST), vendor.entries(SECOND)) == ({THEIRS}, set())
    assert "設定を戻しました（反映に数分）" in chain.mailer.sent[0].body
    assert "弊社以外" not in chain.mailer.sent[0].body
    assert Ticket.objects.get().state == "done"


def test_what_somebody_else_put_on_one_sites_list_stays_and_the_customer_is_told(
    chain: Chain, vendor: SimulatedVendor, people: People, client: Client
) -> None:
    vendor.edit(SECOND, add=(ATTACKER,))
    attack(chain)
    assert Block.objects.get().ours_on == [SITES[0]]
    chain.mailer.sent.clear()
    click(client, people)
    chain.settle()
    assert Block.objects.get().state == BlockState.RESTORED
    assert (vendor.entries(FIRST), vendor.entries(SECOND)) == ({THEIRS}, {ATTACKER})
    assert "弊社以外が登録した設定（同じアドレス）" in chain.mailer.sent[0].body
