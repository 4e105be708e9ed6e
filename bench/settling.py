"""What judging costs: a thousand visits of quiet times written down, as the duty does it, while incidents are open.

A configured Django with its tables is needed (see `ledger.py`).
"""

import time
from datetime import datetime, timedelta

from bench.histories import START, new_contract
from sakimori.customers.models import Site
from sakimori.incidents.hours import sum_hours, usual_of
from sakimori.incidents.models import Watch
from sakimori.incidents.settling import Rhythm
from sakimori.incidents.settling_quiet import settle_watches
from sakimori.incidents.visit import Limits, Visit
from sakimori.incidents.visitors import Examination


def settle_visits(number: int, in_a_round: int) -> dict[str, float]:
    """Processor seconds of settling so many visits, a second's worth at a time, and of summing up their hour.

    Every visit is normal, as nearly all are.
    """
    contract = new_contract()
    Site.objects.bulk_create(
        Site(contract=contract, domain=f"s{place}.example.jp", vendor_site_id=90_000 + place, watched=True)
        for place in range(number)
    )
    Watch.objects.bulk_create(Watch(site=site, next_at=START) for site in Site.objects.filter(watched=True))
    keys = list(Watch.objects.order_by("pk").values_list("pk", flat=True))
    begun = time.process_time()
    _settle(keys, in_a_round, START)
    settled = time.process_time() - begun
    begun = time.process_time()
    sum_hours(now=START + timedelta(hours=2))
    summed = time.process_time() - begun
    sites = list(Site.objects.values_list("pk", flat=True))
    begun = time.process_time()
    usual_of(sites, START)
    asked = time.process_time() - begun
    return {
        "settled": number,
        "settle_cpu_s": round(settled, 3),
        "settle_share_of_a_core_at_1000_a_minute": round(settled / number * 1000 / 60, 4),
        "sum_hour_cpu_s": round(summed, 3),
        "usual_cpu_s": round(asked, 3),
    }


def _settle(keys: list[int], in_a_round: int, now: datetime) -> None:
    limits = Limits(30, 10, training=False)
    rhythm = Rhythm(reprobe=timedelta(seconds=60), watch=timedelta(minutes=5), quiet=timedelta(minutes=30))
    for place in range(0, len(keys), in_a_round):
        done = [
            Examination(
                key,
                (
                    Visit(
                        at=now, url="https://shop.example.jp/", status=200, size_bytes=60_000, total_ms=300 + key % 90
                    ),
                ),
                controls_open=True,
            )
            for key in keys[place : place + in_a_round]
        ]
        settle_watches(done, limits=limits, rhythm=rhythm, now=now)
