"""Accounts, sites, and how the client finds out which kind of blacklist an account has."""

import itertools

import httpx
import pytest

from sakimori.waf.imperva import BlockList
from sakimori.waf.interface import WafAccount, WafSite, WafUnauthorised, WafUnavailable
from tests.waf.contract import A, add, remove, view
from tests.waf.fake_imperva import HTML, FakeImperva, ok, refused
from tests.waf.worlds import AclWorld, PolicyWorld

FORBIDDEN = httpx.Response(403, json={"errors": [{"detail": "no"}]})


def test_the_key_tells_whose_it_is() -> None:
    fake = FakeImperva()
    assert fake.vendor().account() == WafAccount(account_id=31, name="Example KK")
    assert [path for _, path in fake.calls] == ["/api/prov/v1/account/verify", "/api/prov/v1/account"]


def test_a_parents_key_speaks_for_the_sub_account() -> None:
    assert FakeImperva().vendor(account_id=32).account() == WafAccount(account_id=32, name="Child KK")


def test_the_name_may_stand_at_the_top() -> None:
    fake = FakeImperva()
    fake.next_answers.extend([ok({"account_id": 31}), ok({"account_name": "Top KK"})])
    assert fake.vendor().account().name == "Top KK"


def test_an_account_without_number_is_not_accepted() -> None:
    fake = FakeImperva()
    fake.next_answers.append(ok({"account_name": "x"}))
    with pytest.raises(WafUnavailable):
        fake.vendor().account()


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (250, 3)])
def test_sites_come_from_all_pages(count: int, pages: int) -> None:
    fake = FakeImperva(sites=count)
    assert [site.site_id for site in fake.vendor().sites()] == list(fake.sites)
    assert len(fake.calls) == pages


def test_a_vendor_that_ignores_paging_does_not_hold_us() -> None:
    fake = FakeImperva(sites=100)
    page = ok({"sites": list(fake.sites.values())})
    fake.next_answers.extend([page] * 50)
    assert len(fake.vendor().sites()) == 100
    assert len(fake.calls) == 2


def test_sites_of_a_sub_account_are_asked_for_by_its_number() -> None:
    fake = FakeImperva()
    fake.vendor(account_id=32).sites()
    assert fake.bodies[0]["account_id"] == "32"


def test_a_bypassed_site_is_told_apart_and_numbers_may_be_text() -> None:
    fake = FakeImperva()
    rows = [
        {"site_id": "1", "domain": "a.example.jp", "active": "bypass"},
        {"site_id": 2, "domain": "b.example.jp", "active": "active"},
        {"site_id": 3},
    ]
    fake.next_answers.append(ok({"sites": rows}))
    assert fake.vendor().sites() == [
        WafSite(1, "a.example.jp", bypassed=True),
        WafSite(2, "b.example.jp", bypassed=False),
        WafSite(3, "", bypassed=False),
    ]


@pytest.mark.parametrize("body", [{}, {"sites": None}, {"sites": {}}, {"sites": [{"domain": "x"}]}])
def test_a_list_of_sites_that_cannot_be_read_is_not_an_empty_one(body: dict) -> None:
    fake = FakeImperva()
    fake.next_answers.append(ok(body))
    with pytest.raises(WafUnavailable):
        fake.vendor().sites()


def test_an_account_with_policies_gets_a_policy_and_is_asked_once() -> None:
    world = PolicyWorld(FakeImperva())
    add(world, A)
    assert world.fake.site_rules == {}
    assert len(world.fake.policies) == 1
    listings = world.fake.calls.count(("GET", "/policies/v2/policies"))
    remove(world, A)
    assert world.fake.calls.count(("GET", "/policies/v2/policies")) == listings + 1


@pytest.mark.parametrize("no", [FORBIDDEN, httpx.Response(404, json={"value": "not here", "isError": True})])
def test_an_account_that_clearly_has_no_policies_gets_the_old_lists(no: httpx.Response) -> None:
    world = AclWorld(FakeImperva())
    world.fake.next_answers.append(no)
    add(world, A)
    assert [rule["ips"] for rule in world.fake.site_rules.values()] == [[A], [A]]
    assert world.fake.policies == {}
    assert view(world).everywhere == {A}


@pytest.mark.parametrize(
    "passing",
    [
        HTML,
        httpx.Response(404, text="<html>gateway</html>"),
        httpx.Response(403, headers={"content-type": "text/html"}, text="<html>"),
        httpx.Response(500, json={"value": "An internal error occurred", "isError": True}),
        httpx.Response(429),
        httpx.ReadTimeout("x"),
        httpx.ConnectError("x"),
    ],
)  # fmt: skip
def test_a_passing_error_is_never_taken_for_no_policies(passing: httpx.Response | Exception) -> None:
    world = PolicyWorld(FakeImperva())
    world.fake.next_answers.extend([passing] * 2)
    with pytest.raises(WafUnavailable):
        add(world, A)
    assert (world.fake.writes, world.fake.site_rules) == ([], {})
    add(world, A)
    assert len(world.fake.policies) == 1


def test_a_bad_key_is_never_taken_for_no_policies() -> None:
    world = PolicyWorld(FakeImperva())
    for answers in ([httpx.Response(401)], [FORBIDDEN, refused(9418, "Disabled API Key")]):
        world.fake.next_answers.extend(answers)
        with pytest.raises(WafUnauthorised):
            add(world, A)
    add(world, A)
    assert len(world.fake.policies) == 1


def test_an_explicit_choice_asks_nobody() -> None:
    world = AclWorld(FakeImperva(), block_list=BlockList.ACL)
    add(world, A)
    assert not any("/policies/" in path for _, path in world.fake.calls)


def test_a_list_of_sites_that_never_ends_is_given_up() -> None:
    fake = FakeImperva(sites=0)
    numbers = itertools.count()

    def endless(request: httpx.Request) -> httpx.Response:
        return ok({"sites": [{"site_id": next(numbers)} for _ in range(100)]})

    fake.answer = endless
    with pytest.raises(WafUnavailable):
        fake.vendor().sites()
