"""With a contract goes the evidence of its incidents: rows and files, and nothing of another contract's."""

import pytest

from sakimori.customers import files
from sakimori.customers.models import Contract, Site
from sakimori.incidents.evidence import keep_evidence
from sakimori.incidents.models import Evidence, Probe
from sakimori.incidents.visit import Visit
from tests.closing.conftest import World
from tests.incidents.rows import make_incident
from tests.people import NOW

SEEN = Visit(at=NOW, url="https://shop.example.jp/", status=200, headers=(("Server", "x"),), head=b"<html>")


def _evidence(contract: Contract) -> list[Evidence]:
    incident = make_incident(contract, probes=0)
    probe = Probe.objects.create(site=incident.site, incident=incident, at=NOW, url=SEEN.url, verdict="normal")
    return keep_evidence(incident, probe, SEEN, NOW, b"\x89PNG\r\n picture")


@pytest.mark.parametrize("same_customer", [True, False])
def test_rows_and_files_of_the_contract_go_and_others_stay(world: World, same_customer: bool) -> None:
    contract, other = world.people.a, world.people.b
    if same_customer:
        other = Contract.objects.create(customer=contract.customer, number="K-A-002", starts_on=NOW.date())
        Site.objects.create(contract=other, domain="second.example.jp", vendor_site_id=7777)
    gone, kept = _evidence(contract), _evidence(other)
    assert len(gone) == len(kept) == 4
    world.cancel()
    assert world.delete() == 1
    assert set(Evidence.objects.all()) == set(kept)
    assert not any(files.path_of(contract.customer, row.stored_name).exists() for row in gone)
    assert all(files.path_of(other.customer, row.stored_name).exists() for row in kept)
