"""The demo's invented past: the same every time, parsed without loss, apart from addresses that others use."""

from datetime import date, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest

from sakimori.lib.jst import day_of
from sakimori.run.demo.history import DAYS, files_of, invent
from sakimori.simulators.spec import AccountSpec, LogLevel, SiteSpec

TODAY = date(2026, 11, 25)
SITES = (SiteSpec(9001, "shop.example.jp"), SiteSpec(9002, "www.example.jp"))
FULL = AccountSpec(4001, "a", "1", "1", log_config_id=1, log_api_id="1", log_api_key="1", sites=SITES)
SECURITY = AccountSpec(
    4002, "b", "2", "2", log_config_id=2, log_api_id="2", log_api_key="2", sites=SITES[:1], log_level=LogLevel.SECURITY
)


def test_the_same_account_has_the_same_past() -> None:
    assert invent(FULL, today=TODAY) == invent(FULL, today=TODAY)
    assert invent(FULL, today=TODAY) != invent(SECURITY, today=TODAY)


@pytest.mark.parametrize("account", [FULL, SECURITY])
def test_it_fills_whole_days_before_today_in_order(account: AccountSpec) -> None:
    past = invent(account, today=TODAY)
    moments = [at for at, _ in past.lines]
    assert moments == sorted(moments)
    assert {day_of(at) for at in moments} == {TODAY - timedelta(days=number) for number in range(1, DAYS + 1)}
    assert all(day_of(episode.ends_at) < TODAY for episode in past.episodes)


def test_an_account_that_delivers_only_attacks_has_no_access_lines() -> None:
    assert not [line for _, line in invent(SECURITY, today=TODAY).lines if b"|Normal|" in line]
    assert [line for _, line in invent(FULL, today=TODAY).lines if b"|Normal|" in line]


def test_attackers_of_the_two_accounts_are_apart_and_not_where_the_check_attacks_from() -> None:
    first = {episode.address for episode in invent(FULL, today=TODAY).episodes}
    second = {episode.address for episode in invent(SECURITY, today=TODAY).episodes}
    assert not first & second
    network = ip_network("192.0.2.0/25")
    assert all(ip_address(address) in network for address in first | second)


def test_files_hold_every_line_once_and_arrive_after_their_last() -> None:
    past = invent(FULL, today=TODAY)
    files = list(files_of(past.lines))
    assert [line for _, lines in files for line in lines] == [line for _, line in past.lines]
    ends: list[datetime] = [at for at, _ in files]
    assert ends == sorted(ends)
    assert ends[-1] == past.lines[-1][0]
