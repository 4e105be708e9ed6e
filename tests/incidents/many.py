"""Many customers at once, and examinations of their sites as a worker brings them back."""

from datetime import datetime, timedelta

from sakimori.customers.models import Contract
from sakimori.incidents.models import Incident, IncidentKind
from sakimori.incidents.opening import open_for_site
from sakimori.incidents.settling import settle_incident
from sakimori.incidents.visit import Trouble, Visit
from sakimori.incidents.visitors import Examination
from tests.incidents.post import LIMITS, RHYTHM, make_contacts
from tests.people import make_contract


def make_contracts(number: int) -> list[Contract]:
    """Customers with a watched site and two contacts each."""
    contracts = [_contract(place) for place in range(number)]
    for contract in contracts:
        make_contacts(contract)
        contract.sites.update(watched=True)
    return contracts


def _contract(place: int) -> Contract:
    made = make_contract(f"株式会社{place}号", chr(0x4E00 + place))
    made.sites.update(domain=f"shop-{place}.example.jp", vendor_site_id=5000 + place)
    return made


def attack(contract: Contract, now: datetime) -> Incident:
    """A DDoS on the contract's site."""
    site = contract.sites.select_related("contract__customer").get()
    return open_for_site(site, IncidentKind.DDOS, signals=3, last_signal_at=now, now=now)


def examination(
    row: Incident, now: datetime, *, well: bool = False, line: bool = True, waf: bool = True
) -> Examination:
    """Two tries of an incident's site."""
    good = Visit(at=now, url="https://shop.example.jp/", status=200, size_bytes=900, total_ms=120)
    bad = Visit(at=now, url="https://shop.example.jp/", trouble=Trouble.TIMEOUT, total_ms=30_000)
    visits = tuple((good if well else bad) for _ in range(2))
    return Examination(row.pk, visits, controls_open=line, waf_controls_open=waf)


def settle(row: Incident, now: datetime, *, well: bool = False, line: bool = True, waf: bool = True) -> Incident:
    """Write an examination down. Returns the row as it is then."""
    settle_incident(examination(row, now, well=well, line=line, waf=waf), limits=LIMITS, rhythm=RHYTHM, now=now)
    row.refresh_from_db()
    return row


SECOND = timedelta(seconds=1)
