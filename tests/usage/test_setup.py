"""How sites are set up: what is read, what is wrong, what was put right, and what nobody said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, Severity
from sakimori.usage import duties
from sakimori.usage.models import Deviation, DeviationKind, SiteSetup, UsageState
from sakimori.waf.interface import (
    Balancing,
    BalancingAlgorithm,
    CertificateKind,
    WafCertificate,
    WafMissing,
    WafSite,
    WafSubscription,
)
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.people import People, make_people
from tests.usage.office import Office, make_office

pytestmark = pytest.mark.django_db
THREE = Balancing(1, 3, 0, BalancingAlgorithm.RANDOM, persistent=True)
TWO = Balancing(1, 2, 0, BalancingAlgorithm.LEAST_PENDING, persistent=True)


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def office(people: People) -> Office:
    return make_office(people.a)


def open_kinds() -> list[str]:
    return sorted(Deviation.objects.filter(ended_at=None).values_list("kind", flat=True))


def balance(office: Office, balancing: Balancing) -> None:
    office.vendor.put_balancing(office.site.vendor_site_id, balancing)


def bypass(office: Office, *, bypassed: bool) -> None:
    office.vendor.put_site(WafSite(office.site.vendor_site_id, office.site.domain, bypassed=bypassed))


def test_a_site_as_the_contract_has_it_is_kept_and_nothing_is_wrong(office: Office) -> None:
    balance(office, TWO)
    office.certify(200)
    assert office.look() == 1
    setup = office.site.setup  # type: ignore[attr-defined]
    assert (setup.servers, setup.standby_servers, setup.data_centers) == (2, 0, 1)
    assert (setup.algorithm, setup.persistent, setup.bypassed) == ("least_pending_requests", True, False)
    assert (setup.certificate, setup.certificate_known) == ("custom", True)
    assert SiteSetup.objects.count() == 2
    state = UsageState.objects.get()
    assert (state.setup_read_at, state.purchased_mbps) == (office.clock(), 20)
    assert state.purchased_load_balancing is False
    assert state.setup_next_at == office.clock() + timedelta(hours=1)
    assert open_kinds() == []


def test_servers_beyond_the_licence_are_a_deviation_until_they_are_put_right(office: Office) -> None:
    balance(office, THREE)
    office.look()
    row = Deviation.objects.get()
    assert (row.kind, row.site, row.contract) == (DeviationKind.BALANCING, office.site, office.contract)
    assert "稼働サーバーが 3 台、負荷分散の方式が Random" in row.sentence
    balance(office, replace(THREE, active_servers=4))
    office.look()
    row.refresh_from_db()
    assert ("稼働サーバーが 4 台" in row.sentence, Deviation.objects.count()) == (True, 1)
    balance(office, TWO)
    office.look()
    row.refresh_from_db()
    assert row.ended_at == office.clock()
    balance(office, THREE)
    office.look()
    assert (Deviation.objects.count(), open_kinds()) == (2, ["balancing"])


@pytest.mark.parametrize("by_contract", [True, False])
def test_a_licence_by_contract_or_by_the_vendors_word_allows_it(office: Office, by_contract: bool) -> None:
    office.contract.has_load_balancing = by_contract
    office.contract.save()
    office.vendor.purchased = WafSubscription(20, load_balancing=not by_contract)
    balance(office, THREE)
    office.look()
    assert open_kinds() == []


def test_a_bypassed_site_alarms_the_soc_once(office: Office, people: People) -> None:
    bypass(office, bypassed=True)
    office.look()
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.HIGH, "/console/usage/")
    assert (
        alarm.sentence == "株式会社さくら商店の shop-a.example.jp が WAF を迂回しています。通信が検査されていません。"
    )
    acknowledge(alarm, by=people.dana, now=office.clock())
    office.look()
    assert (Alarm.objects.count(), open_kinds()) == (1, ["bypass"])
    bypass(office, bypassed=False)
    office.look()
    bypass(office, bypassed=True)
    office.look()
    assert (Alarm.objects.count(), Deviation.objects.count()) == (2, 2)


def test_a_certificate_that_ends_soon_is_a_deviation_until_a_newer_one_is_seen(office: Office) -> None:
    office.certify(20)
    office.look()
    first = Deviation.objects.get()
    assert (first.kind, first.mark, first.ended_at) == (DeviationKind.CERTIFICATE, "2026-12-13", None)
    assert "2026年12月13日（日）に切れます" in first.sentence
    office.certify(25)
    office.look()
    first.refresh_from_db()
    second = Deviation.objects.get(ended_at=None)
    assert (first.ended_at, second.mark) == (office.clock(), "2026-12-18")
    office.certify(365)
    office.look()
    assert open_kinds() == []


def test_a_certificate_of_the_vendor_is_his_to_renew(office: Office) -> None:
    office.vendor.put_certificates(office.site.vendor_site_id, WafCertificate(CertificateKind.GENERATED, None))
    office.look()
    assert (SiteSetup.objects.get(site=office.site).certificate, open_kinds()) == ("generated", [])


class Silent(MemoryVendor):
    """An account whose vendor refuses to tell of servers and certificates."""

    def data_centers(self, site_id: int) -> Balancing:
        raise WafMissing("この機能はありません。")

    def certificates(self, site_id: int) -> Sequence[WafCertificate]:
        raise WafMissing("この機能はありません。")


def test_what_the_vendor_does_not_tell_is_unknown_and_ends_nothing(office: Office) -> None:
    balance(office, THREE)
    office.certify(5)
    office.look()
    office.vendor = Silent(sites=office.vendor.sites())
    office.look()
    assert open_kinds() == ["balancing", "certificate"]
    setup = SiteSetup.objects.get(site=office.site)
    assert (setup.servers, setup.algorithm, setup.certificate, setup.certificate_known) == (None, "", "", False)


def test_a_site_that_the_vendor_does_not_know_is_named_and_kept_as_it_was(office: Office) -> None:
    office.look()
    office.vendor = MemoryVendor(sites=[site for site in office.vendor.sites() if site.domain == "second.example.jp"])
    office.look()
    assert UsageState.objects.get().setup_error.endswith("：shop-a.example.jp")
    assert SiteSetup.objects.get(site=office.site).read_at < SiteSetup.objects.get(site=office.second).read_at


@pytest.mark.parametrize("fault", [MemoryFault.UNAVAILABLE, MemoryFault.UNAUTHORISED])
def test_trouble_changes_nothing_and_waits_longer_each_time(office: Office, fault: MemoryFault) -> None:
    bypass(office, bypassed=True)
    office.look()
    before = list(SiteSetup.objects.order_by("pk").values())
    office.vendor.fail(fault, times=None)
    assert office.look() == 0
    state = UsageState.objects.get()
    assert (state.setup_failures, state.setup_next_at) == (1, office.clock() + timedelta(minutes=1))
    assert list(SiteSetup.objects.order_by("pk").values()) == before
    assert open_kinds() == ["bypass"]
    for _ in range(2):
        office.look()
    assert Alarm.objects.filter(key__startswith="usage:").count() == 1
    office.vendor.heal()
    office.look()
    assert UsageState.objects.get().setup_error == ""


def test_two_workers_do_not_read_the_same_contract(office: Office) -> None:
    found = []

    def open_vendor(_: object) -> MemoryVendor:
        found.append(duties.read_setups(open_vendor=office.open, clock=office.clock))
        return office.vendor

    assert duties.read_setups(open_vendor=open_vendor, clock=office.clock) == 1
    assert found == [0]
