"""How a contract's sites are set up at the vendor: reading it, keeping it, and what follows from it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from sakimori.customers.models import Contract, Site
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity
from sakimori.usage.models import Deviation, DeviationKind, SiteSetup, UsageState
from sakimori.usage.rules import Found, Judgement, SiteReading, Wrong, judge
from sakimori.waf.interface import WafRefused, WafSubscription, WafUnauthorised, WafVendor

T = TypeVar("T")
_LINK = "/console/usage/"


def read_setup(contract: Contract, vendor: WafVendor, *, now: datetime) -> str:
    """Ask the vendor, then keep everything in one transaction. Returns a sentence about sites that are not there.

    Raises WafError; then nothing has changed.
    """
    bought = vendor.subscription()
    bypassed = {site.site_id: site.bypassed for site in vendor.sites()}
    sites = list(contract.sites.order_by("vendor_site_id"))
    readings = [(site, _reading(vendor, site, bypassed)) for site in sites if site.vendor_site_id in bypassed]
    with transaction.atomic():
        UsageState.objects.filter(contract=contract).update(
            purchased_mbps=bought.plan_mbps, purchased_load_balancing=bought.load_balancing
        )
        for site, reading in readings:
            _keep(site, reading, licensed=is_licensed(contract, bought), now=now)
    gone = [site.domain for site in sites if site.vendor_site_id not in bypassed]
    return f"WAF ベンダー側に登録が見当たらないサイトがあります：{'、'.join(gone)}"[:300] if gone else ""


def is_licensed(contract: Contract, bought: WafSubscription) -> bool:
    """Whether there is a licence for load balancing by our contract, or by the vendor's word."""
    return contract.has_load_balancing or bought.load_balancing is True


def _reading(vendor: WafVendor, site: Site, bypassed: dict[int, bool]) -> SiteReading:
    """A part that the vendor refuses to tell is unknown; the others count all the same."""
    number = site.vendor_site_id
    return SiteReading(
        bypassed=bypassed[number],
        balancing=_unless_refused(lambda: vendor.data_centers(number)),
        certificates=_unless_refused(lambda: vendor.certificates(number)),
    )


def _unless_refused(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except WafUnauthorised:
        raise
    except WafRefused:
        return None


def _keep(site: Site, reading: SiteReading, *, licensed: bool, now: datetime) -> None:
    balancing, custom = reading.balancing, reading.custom
    certificate = custom or next(iter(reading.certificates or ()), None)
    SiteSetup.objects.update_or_create(
        site=site,
        defaults={
            "read_at": now,
            "bypassed": bool(reading.bypassed),
            "servers": balancing.active_servers if balancing else None,
            "standby_servers": balancing.standby_servers if balancing else None,
            "data_centers": balancing.data_centers if balancing else None,
            "algorithm": (balancing.algorithm or "") if balancing else "",
            "persistent": balancing.persistent if balancing else None,
            "certificate": certificate.kind if certificate else "",
            "certificate_known": reading.certificates is not None,
            "certificate_ends_at": custom.ends_at if custom else None,
        },
    )
    remind = timedelta(days=settings.CONFIG.certificate_days)
    settle(site, judge(reading, licensed=licensed, remind=remind, now=now), now=now)


def settle(site: Site, judgement: Judgement, *, now: datetime) -> None:
    """Open what is newly wrong, end what was put right. What the reading could not tell stays as it is."""
    open_rows = {(row.kind, row.mark): row for row in Deviation.objects.filter(site=site, ended_at=None)}
    found = {(str(each.kind), each.mark): each for each in judgement.found}
    for key, row in open_rows.items():
        if key not in found and row.kind in judgement.told:
            row.ended_at = now
            row.save(update_fields=["ended_at"])
    for key, each in found.items():
        known = open_rows.get(key)
        if known is None:
            _open(site, each, now)
        elif known.sentence != each.sentence:
            known.sentence = each.sentence
            known.save(update_fields=["sentence"])


def _open(site: Site, found: Found, now: datetime) -> None:
    Deviation.objects.create(
        contract=site.contract,
        site=site,
        kind=DeviationKind(found.kind),
        mark=found.mark,
        sentence=found.sentence,
        found_at=now,
    )
    if found.kind is Wrong.BYPASS:
        who = f"{site.contract.customer.name}の {site.domain}"
        raise_alarm(
            key=f"bypass:{site.pk}",
            severity=Severity.HIGH,
            sentence=f"{who} が WAF を迂回しています。通信が検査されていません。",
            link=_LINK,
            now=now,
        )
