"""Statistics come in: back-filled, once, corrected, with gaps refilled; and the months are kept."""

from datetime import date, timedelta

import pytest

from sakimori.customers.models import Contract, Site, VendorAccount
from sakimori.lib.jst import start_of_day
from sakimori.notify.models import Alarm
from sakimori.usage import duties
from sakimori.usage.models import MonthUsage, Sample, SampleDay, UsageState
from sakimori.waf.interface import TrafficSample, WafSite, WafUnauthorised, WafVendor
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.moments import START
from tests.people import make_people
from tests.usage.office import BUCKET, Office, make_office

pytestmark = pytest.mark.django_db
FIRST = start_of_day(date(2026, 11, 20))
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def office() -> Office:
    return make_office(make_people().a)


def count(**lookup: object) -> int:
    return Sample.objects.filter(**lookup).count()


def month(office: Office, site: Site | None = None) -> MonthUsage:
    return MonthUsage.objects.get(contract=office.contract, site=site, month=NOVEMBER)


def test_everything_since_the_contract_began_comes_in_and_only_what_is_over(office: Office) -> None:
    office.serve(FIRST - timedelta(days=1), START + timedelta(hours=2), 2_000_000, second=500_000)
    office.clock.pass_time(minutes=4)
    assert office.read() == 3 * 4
    expected = (START - FIRST) // BUCKET
    assert [count(site=site) for site in (None, office.site, office.second)] == [expected] * 3
    assert set(Sample.objects.filter(site=None).values_list("bits_per_second", flat=True)) == {2_500_000}
    assert (month(office).samples, month(office).bits_per_second) == (expected, 2_500_000)
    assert month(office, office.second).bits_per_second == 500_000
    state = UsageState.objects.get()
    assert (state.samples_until, state.failures, state.last_error) == (START, 0, "")
    assert state.samples_next_at == START + timedelta(minutes=5, seconds=30)


def test_reading_again_changes_nothing(office: Office) -> None:
    office.serve(FIRST, START, 2_000_000)
    office.read()
    before = list(Sample.objects.order_by("pk").values())
    SampleDay.objects.all().delete()
    UsageState.objects.update(samples_next_at=START)
    assert office.read() == 12
    assert list(Sample.objects.order_by("pk").values()) == before
    assert office.read() == 0


def test_every_five_minutes_one_more_sample(office: Office) -> None:
    office.serve(FIRST, START + timedelta(hours=1), 2_000_000)
    office.read()
    before = count(site=None)
    office.clock.pass_time(minutes=5, seconds=31)
    assert office.read() == 3
    assert count(site=None) == before + 1


def test_what_the_vendor_corrects_is_corrected_and_counted_anew(office: Office) -> None:
    office.serve(FIRST, START + timedelta(hours=1), 2_000_000)
    office.read()
    office.serve(START - timedelta(hours=5), START, 9_000_000)
    office.clock.pass_time(minutes=6)
    office.read()
    assert count(site=None, bits_per_second=9_000_000) == 60
    assert month(office).bits_per_second == 9_000_000


def test_a_gap_is_refilled_when_the_vendor_has_it_at_last(office: Office) -> None:
    office.serve(FIRST, FIRST + timedelta(hours=6), 2_000_000)
    office.serve(FIRST + timedelta(hours=9), START, 2_000_000)
    office.read()
    assert count(site=None) == (START - FIRST) // BUCKET - 36
    office.serve(FIRST + timedelta(hours=6), FIRST + timedelta(hours=9), 2_000_000)
    office.serve(START, START + timedelta(days=1, minutes=1), 2_000_000)
    office.clock.pass_time(days=1, minutes=1)
    office.read()
    assert count(site=None) == (START - FIRST) // BUCKET + 288


def test_a_site_that_joins_later_is_filled_back_too(office: Office) -> None:
    office.serve(FIRST, START, 2_000_000)
    office.read()
    third = Site.objects.create(contract=office.contract, domain="third.example.jp", vendor_site_id=7)
    office.vendor.put_site(WafSite(7, "third.example.jp", bypassed=False))
    office.vendor.put_traffic({FIRST: 1}, site_id=7)
    office.clock.pass_time(minutes=6)
    office.read()
    assert count(site=third) == 1


def test_a_worker_that_dies_leaves_whole_days_and_the_next_goes_on(office: Office) -> None:
    office.serve(FIRST, START, 2_000_000)

    class Dying(MemoryVendor):
        calls = 0

        def traffic(self, *args: object, **more: object) -> list[TrafficSample]:
            self.calls += 1
            if self.calls == 6:
                raise KeyboardInterrupt
            return list(office.vendor.traffic(*args, **more))  # type: ignore[arg-type]

    dying = Dying()
    with pytest.raises(KeyboardInterrupt):
        duties.read_samples(open_vendor=lambda _: dying, clock=office.clock)
    assert SampleDay.objects.count() == 5
    assert office.read() == 0  # Its claim still counts,
    office.clock.pass_time(minutes=4)
    assert office.read() == 12 - 5  # but not for ever.
    assert not MonthUsage.objects.filter(stale=True).exists()
    assert month(office).samples == (START - FIRST) // BUCKET


def test_long_histories_are_read_in_turns(office: Office) -> None:
    office.contract.starts_on = date(2026, 10, 1)
    office.contract.save()
    assert duties.read_samples(open_vendor=office.open, clock=office.clock) == 20
    assert SampleDay.objects.order_by("day").first().day > date(2026, 11, 15)  # type: ignore[union-attr]
    office.read()
    assert SampleDay.objects.filter(site=None).count() == 31 + 23


def test_trouble_is_written_down_and_the_next_try_waits_longer(office: Office) -> None:
    office.vendor.fail(MemoryFault.UNAVAILABLE, times=None)
    waits = []
    for _ in range(4):
        assert office.read() == 0
        state = UsageState.objects.get()
        waits.append(state.samples_next_at - office.clock())
        office.clock.now = state.samples_next_at
    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert (state.failures, state.last_error) == (4, "WafUnavailable: 接続できません。")
    assert Alarm.objects.get().sentence == "株式会社さくら商店（契約 K-A-001）の帯域をベンダーから取得できていません。"
    office.vendor.heal()
    office.serve(FIRST, START, 1)
    office.read()
    assert (UsageState.objects.get().failures, count(site=None)) == (0, (START - FIRST) // BUCKET)


def test_one_contracts_trouble_stops_no_other(office: Office) -> None:
    other = make_office(Contract.objects.exclude(pk=office.contract.pk).get(), days=0)

    def open_vendor(account: VendorAccount) -> WafVendor:
        if account.contract == office.contract:
            raise WafUnauthorised("the stored credential cannot be used")
        return other.vendor

    assert duties.read_samples(open_vendor=open_vendor, clock=office.clock) == 3
    assert UsageState.objects.get(contract=office.contract).failures == 1
    assert UsageState.objects.get(contract=other.contract).failures == 0


def test_a_contract_that_has_ended_is_left_alone(office: Office) -> None:
    office.contract.ends_on = START.date()
    office.contract.save()
    assert (office.read(), office.look(), UsageState.objects.count()) == (0, 0, 0)


def test_ninety_days_are_filled_with_few_questions_to_the_database(
    office: Office, django_assert_max_num_queries: object
) -> None:
    office.serve(FIRST, START, 2_000_000)
    with django_assert_max_num_queries(250):  # type: ignore[operator]
        office.read()
