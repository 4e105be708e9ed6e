"""Asking the vendor's API about attacks, contract by contract, as often as its allowance of calls lets us.

An account may be called so many times a minute; asking about attacks takes at most half of that, for blocking must
not wait. A reading that cost many calls is followed by a longer pause; failures are followed by ever longer ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q, QuerySet

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.queries import running, running_contracts
from sakimori.incidents.api_signals import read_events, read_figures
from sakimori.incidents.models import VendorPoll
from sakimori.incidents.thresholds import Threshold
from sakimori.incidents.waves import Times
from sakimori.lib.claims import claim, release
from sakimori.lib.jst import day_of
from sakimori.notify.actions import end_alarm, raise_alarm
from sakimori.notify.models import Severity
from sakimori.waf.interface import WafError, WafRefused, WafUnauthorised, WafVendor

_LEASE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(minutes=15)
_REFUSED_PAUSE = timedelta(hours=1)
_FARTHEST = timedelta(hours=6)
_ALARM_AFTER_FAILURES = 3
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """pause: between two readings of an account. calls_per_minute: what the vendor allows an account in all."""

    pause: timedelta
    calls_per_minute: float

    def after(self, calls: int) -> timedelta:
        """How long to rest after so many calls."""
        return max(self.pause, timedelta(minutes=calls / (self.calls_per_minute * _SHARE)))


@dataclass(frozen=True, slots=True)
class VendorPolls:
    """What is due, account by account: a source for `logs.receive.parallel`."""

    open_vendor: Callable[[VendorAccount], WafVendor]
    threshold: Threshold
    times: Times
    pace: Pace
    worker: str
    clock: Callable[[], datetime]

    def due_looks(self) -> Sequence[tuple[int, Callable[[], int]]]:
        """Accounts of running contracts whose moment has come; a contract that is new is due at once."""
        now = self.clock()
        contracts = running_contracts(day_of(now)).filter(vendor_account__isnull=False)
        for contract in contracts.filter(vendor_poll=None):
            VendorPoll.objects.get_or_create(contract=contract, defaults={"next_at": now})
        return [(key, partial(self._look, key)) for key in self._due(now).values_list("pk", flat=True)]

    def _due(self, now: datetime) -> QuerySet[VendorPoll]:
        # Nothing is put off so far: then the clock was set back.
        time = Q(next_at__lte=now) | Q(next_at__gt=now + _FARTHEST)
        rows = VendorPoll.objects.filter(time, running(day_of(now), contract="contract"))
        return rows.filter(contract__vendor_account__isnull=False).order_by("next_at", "pk")

    def _look(self, key: int) -> int:
        now = self.clock()
        due = self._due(now).filter(pk=key).select_related("contract__customer", "contract__vendor_account")
        found = 0
        for poll in claim(due, worker=self.worker, now=now, lease=_LEASE):
            try:
                found += self._read(poll)
            finally:
                release(poll)
        return found

    def _read(self, poll: VendorPoll) -> int:
        vendor: WafVendor | None = None
        calls, found = 0, 0
        try:
            vendor = self.open_vendor(poll.contract.vendor_account)
            calls = vendor.calls_made()
            now = self.clock()
            found = read_figures(poll, vendor, threshold=self.threshold, times=self.times, now=now)
            found += self._events(poll, vendor, now)
        except WafError as error:
            self._failed(poll, error)
        else:
            self._well(poll, vendor.calls_made() - calls)
        poll.save()
        return found

    def _events(self, poll: VendorPoll, vendor: WafVendor, now: datetime) -> int:
        """Most accounts have no infrastructure protection: they are asked again now and then."""
        if poll.events_next_at is not None and now < poll.events_next_at <= now + _FARTHEST:
            return 0
        try:
            return read_events(poll, vendor, times=self.times, now=now)
        except WafUnauthorised:
            raise
        except WafRefused:
            poll.events_next_at = now + _REFUSED_PAUSE
            return 0

    def _well(self, poll: VendorPoll, calls: int) -> None:
        now = self.clock()
        if poll.failures >= _ALARM_AFTER_FAILURES:
            over = f"{_about(poll.contract)}を再び取得できるようになりました。"
            end_alarm(_alarm_key(poll.contract), sentence=over, now=now)
        poll.failures, poll.last_error = 0, ""
        poll.next_at = now + self.pace.after(calls)

    def _failed(self, poll: VendorPoll, error: WafError) -> None:
        now = self.clock()
        poll.failures += 1
        poll.last_error = f"{type(error).__name__}: {error}"[:300]
        doubled: timedelta = self.pace.pause * 2 ** min(poll.failures - 1, 10)
        wished = timedelta(seconds=error.retry_after_seconds or 0)
        poll.next_at = now + max(min(doubled, _LONGEST_PAUSE), wished)
        if poll.failures >= _ALARM_AFTER_FAILURES:
            raise_alarm(
                key=_alarm_key(poll.contract),
                severity=Severity.MIDDLE,
                sentence=f"{_about(poll.contract)}をベンダーから取得できていません。ログと通知メールでの検知は続いています。",
                link="/console/incidents/",
                now=now,
            )


def _alarm_key(contract: Contract) -> str:
    return f"attack-statistics:{contract.pk}"


def _about(contract: Contract) -> str:
    return f"{contract.named}の攻撃の統計"
