"""The duties that see what keeps visitors from a site, with real visits and the settings' limits."""

import time
from datetime import timedelta
from functools import partial

from django.conf import settings

from sakimori import backends
from sakimori.blacklist.networks import vendor_networks
from sakimori.incidents import duties as incidents
from sakimori.incidents.api_signals import forget_events
from sakimori.incidents.browsing import Browser, browser_path
from sakimori.incidents.elsewhere import Vantage
from sakimori.incidents.exercise import play_exercises
from sakimori.incidents.hours import sum_hours
from sakimori.incidents.line import LineWatch
from sakimori.incidents.probing import visit
from sakimori.incidents.promises import watch_promises
from sakimori.incidents.settling import Rhythm
from sakimori.incidents.signals import Times
from sakimori.incidents.thresholds import Threshold
from sakimori.incidents.vendor_mails import Rules, read_vendor_mails
from sakimori.incidents.vendor_polls import Pace, VendorPolls
from sakimori.incidents.visit import Limits
from sakimori.incidents.visitors import Visitors, World
from sakimori.lib.http import GuardedClient
from sakimori.lib.jst import utc_now
from sakimori.logs.receive.parallel import Parallel
from sakimori.logs.store.interface import LogStore
from sakimori.run.duty import Duty

_PAUSE_BETWEEN_TRIES = 1.0
_CALLED_AT_ONCE = 256  # Of 200 sites that hang together each has its verdict within a minute.
_LINE_SECONDS = 20.0  # Two looks of two tries each, and the SOC knows within two minutes.


def incident_duties(store: LogStore, worker: str) -> list[Duty]:
    """Each runner belongs to one duty: it brings back only what that duty has sent."""
    config = settings.CONFIG
    called, watching = Visitors(most=_CALLED_AT_ONCE), Visitors()
    world, rhythm = visit_world(), visit_rhythm()
    line = LineWatch(Visitors(most=1), again=timedelta(minutes=config.hold_minutes))
    times, gap = Times(timedelta(minutes=config.late_minutes), rhythm.quiet), timedelta(minutes=config.outage_minutes)
    return [
        Duty("signals", 0.5, lambda: incidents.search_signals(store=store, times=times, clock=utc_now)),
        Duty(
            "probe",
            0.5,
            lambda: incidents.probe_incidents(runner=called, world=world, rhythm=rhythm, worker=worker),
        ),
        Duty(
            "watch sites",
            1.0,
            lambda: incidents.watch_sites(runner=watching, world=world, rhythm=rhythm, worker=worker),
        ),
        Duty("outages", 5.0, lambda: incidents.find_outages(world=world, rhythm=rhythm, now=utc_now())),
        Duty("heartbeat", min(30.0, gap.total_seconds() / 4), lambda: incidents.beat(longest_gap=gap, now=utc_now())),
        Duty("line", _LINE_SECONDS, lambda: line.look(world)),
        Duty("site hours", 60.0, lambda: sum_hours(now=utc_now())),
        Duty("exercises", 0.5, lambda: play_exercises(world=world, rhythm=rhythm)),
        Duty("promises", 5.0, lambda: watch_promises(now=utc_now())),
        Duty("old probes", 3600.0, lambda: incidents.forget_old_probes(now=utc_now())),
        Duty("attack statistics", min(1.0, config.attack_seconds), Parallel(_vendor_polls(times, worker)).start_due),
        Duty("old events", 3600.0, lambda: forget_events(now=utc_now())),
        Duty("vendor mails", 1.0, lambda: read_vendor_mails(rules=mail_rules(), now=utc_now())),
    ]


def mail_rules() -> Rules:
    """How the vendor's mails are judged, by the settings."""
    config = settings.CONFIG
    times = Times(timedelta(minutes=config.late_minutes), timedelta(minutes=config.quiet_minutes))
    return Rules(config.vendor_mail_domains, times)


def _vendor_polls(times: Times, worker: str) -> VendorPolls:
    """Asking the vendor about attacks, by the settings."""
    config = settings.CONFIG
    threshold = Threshold(config.blocked_per_second, config.blocked_times)
    pace = Pace(timedelta(seconds=config.attack_seconds), config.vendor_calls)
    return VendorPolls(backends.waf_vendor, threshold, times, pace, worker, utc_now)


def visit_world() -> World:
    """Real visits with the settings' limits."""
    config = settings.CONFIG
    vendor = vendor_networks()
    path = browser_path(config.browser)
    url, key = config.vantage_url, config.vantage_key
    return World(
        visiting=partial(visit, vendor=vendor),
        limits=Limits(
            config.probe_seconds, config.slow_seconds, training=config.training, slow_factor=config.slow_factor
        ),
        controls=config.control_urls,
        clock=utc_now,
        pause=lambda: time.sleep(_PAUSE_BETWEEN_TRIES),
        waf_controls=config.control_waf_urls,
        browser=Browser(path, vendor=vendor) if path else None,
        vantage=Vantage(url, key, GuardedClient(), clock=utc_now) if url else None,
    )


def visit_rhythm() -> Rhythm:
    """When sites are visited, by the settings."""
    config = settings.CONFIG
    return Rhythm(
        reprobe=timedelta(seconds=config.reprobe_seconds),
        watch=timedelta(minutes=config.probe_minutes),
        quiet=timedelta(minutes=config.quiet_minutes),
    )
