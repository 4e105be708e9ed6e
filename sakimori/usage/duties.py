"""What usage does again and again: read the vendor's statistics, and read how sites are set up.

A contract is claimed by moving the moment of its next read on. One contract's trouble stops no other.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.queries import running_contracts
from sakimori.lib.jst import day_of
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity
from sakimori.usage.models import UsageState
from sakimori.usage.reading import BUCKET, Chunk, chunks, first_day, last_complete
from sakimori.usage.series import Series, keep_months, known_days, series_of, write
from sakimori.usage.setup import read_setup
from sakimori.waf.interface import WafError, WafVendor

OpenVendor = Callable[[VendorAccount], WafVendor]
Clock = Callable[[], datetime]

_LEASE = timedelta(minutes=3)
_CHUNKS_AT_ONCE = 20  # Then another contract has its turn.
_COUNTED_AFTER = timedelta(seconds=30)  # The vendor needs a moment to count five minutes that have just passed.
_SETUP_PAUSE = timedelta(hours=1)
_LONGEST_PAUSE = timedelta(hours=1)
_ALARM_AFTER_FAILURES = 3
_LINK = "/console/usage/"


def read_samples(*, open_vendor: OpenVendor, clock: Clock) -> int:
    """Read what is new, and what is old and lacking, of every contract that is due. Returns how many chunks."""
    return sum(_samples_of(account, open_vendor, clock) for account in _due_accounts("samples_next_at", clock()))


def read_setups(*, open_vendor: OpenVendor, clock: Clock) -> int:
    """Read how the sites of every contract that is due are set up. Returns of how many contracts."""
    return sum(_setup_of(account, open_vendor, clock) for account in _due_accounts("setup_next_at", clock()))


def _due_accounts(column: str, now: datetime) -> list[VendorAccount]:
    """Accounts of running contracts whose moment has come; a contract that is new here is due at once."""
    contracts = running_contracts(day_of(now)).filter(vendor_account__isnull=False)
    for contract in contracts.filter(usage_state=None):
        UsageState.objects.get_or_create(contract=contract, defaults={"samples_next_at": now, "setup_next_at": now})
    due = contracts.filter(**{f"usage_state__{column}__lte": now})
    accounts = VendorAccount.objects.filter(contract__in=due).select_related("contract__customer")
    return list(accounts.order_by(f"contract__usage_state__{column}", "pk"))


def _claimed(contract: Contract, column: str, now: datetime) -> bool:
    rows = UsageState.objects.filter(contract=contract, **{f"{column}__lte": now})
    return bool(rows.update(**{column: now + _LEASE}))


def _samples_of(account: VendorAccount, open_vendor: OpenVendor, clock: Clock) -> int:
    contract, now = account.contract, clock()
    if not _claimed(contract, "samples_next_at", now):
        return 0
    wanted = list(islice(_wanted(contract, now), _CHUNKS_AT_ONCE + 1))
    state = UsageState.objects.get(contract=contract)
    try:
        vendor = open_vendor(account)
        for series, chunk in wanted[:_CHUNKS_AT_ONCE]:
            number = series.site.vendor_site_id if series.site else None
            write(series, chunk, vendor.traffic(chunk.start, chunk.end, site_id=number), now=clock())
    except WafError as error:
        state.failures += 1
        state.last_error = _sentence(error)
        state.samples_next_at = clock() + _pause(state.failures)
        _tell_soc(contract, "帯域", state.failures, clock())
    else:
        state.failures, state.last_error = 0, ""
        state.samples_read_at = clock()
        state.samples_until = last_complete(now)
        more = len(wanted) > _CHUNKS_AT_ONCE
        state.samples_next_at = now if more else last_complete(now) + BUCKET + _COUNTED_AFTER
    keep_months(contract, now=clock())
    columns = ["failures", "last_error", "samples_next_at", "samples_until", "samples_read_at"]
    state.save(update_fields=columns)
    return min(len(wanted), _CHUNKS_AT_ONCE) if not state.last_error else 0


def _wanted(contract: Contract, now: datetime) -> list[tuple[Series, Chunk]]:
    """Chunks of all series, the newest day first, so that what people look at is there first."""
    since = first_day(contract.starts_on, now)
    found = [
        (series, chunk)
        for series in series_of(contract)
        for chunk in chunks(known_days(series, since=since), since=since, now=now)
    ]
    return sorted(found, key=lambda pair: pair[1].day, reverse=True)


def _setup_of(account: VendorAccount, open_vendor: OpenVendor, clock: Clock) -> int:
    contract, now = account.contract, clock()
    if not _claimed(contract, "setup_next_at", now):
        return 0
    state = UsageState.objects.get(contract=contract)
    try:
        gone = read_setup(contract, open_vendor(account), now=now)
    except WafError as error:
        state.setup_failures += 1
        state.setup_error = _sentence(error)
        state.setup_next_at = clock() + _pause(state.setup_failures)
        _tell_soc(contract, "サイトの構成", state.setup_failures, clock())
    else:
        state.setup_failures, state.setup_error = 0, gone
        state.setup_read_at = now
        state.setup_next_at = clock() + _SETUP_PAUSE
    state.save(update_fields=["setup_failures", "setup_error", "setup_next_at", "setup_read_at"])
    return int(not state.setup_failures)


def _pause(failures: int) -> timedelta:
    doubled: timedelta = timedelta(minutes=1) * 2 ** min(failures - 1, 10)
    return min(doubled, _LONGEST_PAUSE)


def _sentence(error: WafError) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _tell_soc(contract: Contract, what: str, failures: int, now: datetime) -> None:
    """Figures that do not come in must not look as if all were well."""
    if failures >= _ALARM_AFTER_FAILURES:
        raise_alarm(
            key=f"usage:{contract.pk}:{what}",
            severity=Severity.MIDDLE,
            sentence=f"{contract.named}の{what}をベンダーから取得できていません。",
            link=_LINK,
            now=now,
        )
