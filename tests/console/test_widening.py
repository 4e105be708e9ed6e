"""このサイトも遮断する: a doubtful attack on another site than those that a block holds for, and the analyst's yes."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import AuditEntry, Contract, RegisteredNetwork, Site
from tests.people import NOW, People, make_block, make_finding, make_people

pytestmark = pytest.mark.django_db
ADDRESS = "198.51.100.7"


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def finding(people: People) -> Finding:
    """Asked about, on a second site; the block holds for the first only."""
    make_block(people.a, ADDRESS, only_sites=[65], written_at=NOW)
    second = Site.objects.create(contract=people.a, domain="b.example.jp", vendor_site_id=99)
    return make_finding(people.a, ADDRESS, site=second, state=FindingState.ASK)


def press(client: Client, finding: Finding) -> str:
    return client.post(reverse("console:widen", args=[finding.pk]), follow=True).content.decode()


def test_an_analyst_lets_the_block_hold_for_the_site_too(client: Client, people: People, finding: Finding) -> None:
    client.force_login(people.dana)
    page = client.get(reverse("console:finding", args=[finding.pk])).content.decode()
    assert "別のサイトだけを対象に遮断しています（遮断中）" in page
    for _ in range(2):
        page = press(client, finding)
    assert "このサイトを加えました" in page
    assert "このサイトも遮断する" not in page
    block = Block.objects.get()
    finding.refresh_from_db()
    assert (block.only_sites, block.state) == ([65, 99], BlockState.APPLYING)
    assert (finding.block, finding.state) == (block, FindingState.BLOCK)
    entry = AuditEntry.objects.get(action="block.extend")
    assert (entry.actor, entry.customer_number) == ("dana", "C-A")


def test_a_proposal_grows_and_still_waits(client: Client, people: People, finding: Finding) -> None:
    Block.objects.update(state=BlockState.PROPOSED)
    client.force_login(people.dana)
    press(client, finding)
    finding.refresh_from_db()
    assert (Block.objects.get().state, finding.state) == (BlockState.PROPOSED, FindingState.ASK)


@pytest.mark.parametrize(
    "columns",
    [{"state": BlockState.RESTORING}, {"state": BlockState.RESTORED}, {"only_sites": []}, {"only_sites": [99]}],
)
def test_where_there_is_nothing_to_widen_it_is_said(
    client: Client, people: People, finding: Finding, columns: dict[str, object]
) -> None:
    Block.objects.update(**columns)
    client.force_login(people.dana)
    assert "別のサイトで遮断中" not in client.get(reverse("console:finding", args=[finding.pk])).content.decode()
    assert "遮断中ではないか" in press(client, finding)
    finding.refresh_from_db()
    assert finding.block is None


def test_nothing_is_widened_for_a_cancelled_contract(client: Client, people: People, finding: Finding) -> None:
    Contract.objects.update(ends_on=date(2020, 1, 1))
    client.force_login(people.dana)
    assert "解約日" in press(client, finding)
    assert Block.objects.get().only_sites == [65]


def test_what_became_forbidden_is_not_widened(client: Client, people: People, finding: Finding) -> None:
    RegisteredNetwork.objects.create(customer=people.a.customer, network=f"{ADDRESS}/32")
    client.force_login(people.dana)
    assert Reason.REGISTERED.sentence in press(client, finding)
    block = Block.objects.get()
    assert (block.only_sites, block.state) == ([65], BlockState.ACTIVE)


def test_customers_widen_nothing(client: Client, people: People, finding: Finding) -> None:
    for person in (people.alice, people.charlie):
        client.force_login(person)
        assert client.post(reverse("console:widen", args=[finding.pk])).status_code == 404
    assert Block.objects.get().only_sites == [65]
