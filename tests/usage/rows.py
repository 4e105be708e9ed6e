"""Rows of usage for tests of pages: months, samples, setup and deviations of every kind, an application."""

from datetime import timedelta

from sakimori.customers.models import Contract, Site
from sakimori.lib.calendar import Month
from sakimori.lib.jst import utc_now
from sakimori.usage.figures import Term, expected_samples
from sakimori.usage.models import (
    Deviation,
    DeviationKind,
    MonthUsage,
    Sample,
    SiteSetup,
    UpgradeRequest,
    UsageState,
)
from sakimori.usage.reading import BUCKET
from tests.people import People


def make_month(contract: Contract, months_ago: int, bits_per_second: int, *, share: float = 1.0) -> MonthUsage:
    """A month of all sites; `share`: of the samples that there should be."""
    now = utc_now()
    month = Month.at(now).plus(-months_ago)
    expected = expected_samples(month, Term(contract.starts_on, contract.ends_on, None), now)
    return MonthUsage.objects.create(
        contract=contract,
        month=month.first,
        samples=int(expected * share),
        bits_per_second=bits_per_second,
        computed_at=now,
        stale=False,
    )


def make_samples(contract: Contract, bits_per_second: int, *, number: int = 12) -> None:
    """The first five minutes of this month, of all sites."""
    begins = Month.at(utc_now()).begins_at
    Sample.objects.bulk_create(
        Sample(contract=contract, at=begins + BUCKET * place, bits_per_second=bits_per_second)
        for place in range(number)
    )


def make_setup(site: Site, **columns: object) -> SiteSetup:
    """One server, inspected, a certificate of the customer's own."""
    now = utc_now()
    values: dict[str, object] = {
        "read_at": now,
        "servers": 1,
        "standby_servers": 0,
        "data_centers": 1,
        "algorithm": "least_pending_requests",
        "persistent": True,
        "certificate": "custom",
        "certificate_known": True,
        "certificate_ends_at": now + timedelta(days=200),
    }
    return SiteSetup.objects.create(site=site, **{**values, **columns})


def make_deviation(site: Site, kind: DeviationKind, sentence: str) -> Deviation:
    """An open one."""
    return Deviation.objects.create(contract=site.contract, site=site, kind=kind, sentence=sentence, found_at=utc_now())


def fill_usage(people: People) -> None:
    """Every word that pages of usage have."""
    contract, now = people.a, utc_now()
    contract.plan_mbps, contract.starts_on = 3, (now - timedelta(days=200)).date()
    contract.save()
    make_samples(contract, 3_400_000)
    for months_ago, bits, share in ((0, 4_300_000, 1.0), (1, 3_700_000, 1.0), (2, 2_000_000, 0.1)):
        make_month(contract, months_ago, bits, share=share)
    site = contract.sites.get()
    make_setup(site, bypassed=True, servers=3, standby_servers=1, data_centers=2, algorithm="random", persistent=False)
    for kind in DeviationKind:
        make_deviation(site, kind, "契約の範囲を超えています。")
    dark = Site.objects.create(contract=contract, domain="dark.example.jp", vendor_site_id=7)
    make_setup(dark, servers=2, algorithm="", persistent=None, certificate="", certificate_known=False)
    bare = Site.objects.create(contract=contract, domain="bare.example.jp", vendor_site_id=8)
    make_setup(bare, servers=None, certificate="", certificate_ends_at=None)
    UsageState.objects.create(
        contract=contract,
        samples_next_at=now,
        setup_next_at=now,
        failures=2,
        last_error="WafUnavailable: 503",
        setup_error="WAF ベンダー側に登録が見当たらないサイトがあります：bare.example.jp",
        purchased_mbps=20,
        purchased_load_balancing=True,
    )
    UpgradeRequest.objects.create(
        contract=contract,
        month=Month.at(now).plus(-1).first,
        from_mbps=3,
        to_mbps=5,
        asked_at=now,
        asked_by=people.alice,
    )
