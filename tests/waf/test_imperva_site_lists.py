"""The blacklist of older accounts: each site's own list."""

from urllib.parse import parse_qsl

import httpx
import pytest

from sakimori.waf.imperva import BlockList
from sakimori.waf.imperva.entries import PLACEHOLDER
from sakimori.waf.interface import BlockTarget, WafDoubtful, WafFull, WafUnauthorised
from tests.waf.contract import NONE, A, B, add, remove, view
from tests.waf.fake_imperva import FakeImperva
from tests.waf.worlds import AclWorld


@pytest.fixture
def world() -> AclWorld:
    return AclWorld(FakeImperva(legacy=True, sites=3))


def rule(*ips: str, **more: object) -> dict:
    return {"id": "api.acl.blacklisted_ips", "ips": list(ips), **more}


def test_each_site_keeps_its_own_foreign_entries(world: AclWorld) -> None:
    world.fake.site_rules = {1000: rule("203.0.113.0/24"), 1001: rule("198.51.100.1-198.51.100.9")}
    add(world, A)
    assert world.entries() == [["203.0.113.0/24", A], ["198.51.100.1-198.51.100.9", A], [A]]
    remove(world, A)
    assert world.entries() == [["203.0.113.0/24"], ["198.51.100.1-198.51.100.9"]]


def test_only_sites_whose_list_changes_are_written(world: AclWorld) -> None:
    world.fake.site_rules = {1000: rule(A), 1002: rule(A, B)}
    add(world, A)
    assert [body["site_id"] for body in world.fake.bodies if "rule_id" in body] == ["1001"]


def test_sites_outside_the_target_are_not_even_read(world: AclWorld) -> None:
    world.fake.site_rules = {1000: rule(A), 1001: rule(A), 1002: rule(A)}
    world.target = BlockTarget(policy_name="x", site_ids=(1000, 1002))
    remove(world, A)
    assert world.entries() == [[A]]
    assert {body.get("site_id") for body in world.fake.bodies} == {"1000", "1002", None}


def test_the_view_tells_everywhere_from_somewhere(world: AclWorld) -> None:
    world.fake.site_rules = {1000: rule(A, B), 1001: rule(A), 1002: rule(A, "203.0.113.0/24")}
    assert (view(world).everywhere, view(world).somewhere) == ({A}, {A, B, "203.0.113.0/24"})


def test_the_last_address_takes_the_rule_with_it(world: AclWorld) -> None:
    add(world, A)
    remove(world, A)
    assert world.fake.site_rules == {}


def test_a_rule_with_exceptions_is_kept_alive_by_the_placeholder(world: AclWorld) -> None:
    """Dropping the rule would drop the exceptions that somebody made for it."""
    exceptions = [{"id": 7, "values": [{"id": "api.rule_exception_type.url"}]}]
    world.fake.site_rules = {1000: rule(A, exceptions=exceptions)}
    remove(world, A)
    assert world.fake.site_rules == {1000: rule(PLACEHOLDER, exceptions=exceptions)}
    assert view(world).somewhere == NONE
    add(world, B)
    assert world.fake.site_rules[1000] == rule(B, exceptions=exceptions)


def test_a_failure_on_the_second_site_leaves_the_first_changed(world: AclWorld) -> None:
    world.target = BlockTarget(policy_name="x", site_ids=(1000, 4999))
    with pytest.raises(WafUnauthorised):
        add(world, A)
    assert world.entries() == [[A]]


def test_a_foreign_edit_between_a_429_and_the_next_try_is_kept(world: AclWorld) -> None:
    add(world, A)
    world.fake.next_write_answers.append(httpx.Response(429, headers={"retry-after": "3"}))
    world.fake.while_asleep = lambda: world.edit(add=["198.51.100.200"])
    add(world, B)
    assert world.entries() == [[A, "198.51.100.200", B]] * 3


def test_numbers_and_other_rules_in_the_status_do_not_matter(world: AclWorld) -> None:
    rules = [rule(A, None, 7), {"id": "api.acl.whitelisted_ips", "ips": [B]}, "odd"]
    status = {"res": "0", "site_id": "1000", "security": {"acls": {"rules": rules}}}
    world.vendor = world.fake.vendor(block_list=BlockList.ACL)
    world.target = BlockTarget(policy_name="x", site_ids=(1000,))
    world.fake.next_answers.append(httpx.Response(200, json=status))
    assert view(world).somewhere == {A}


def test_what_one_site_takes_and_the_next_refuses_comes_off_the_first_again(world: AclWorld) -> None:
    world.fake.capacity = 2
    world.fake.site_rules = {1001: rule("203.0.113.1", "203.0.113.2")}
    with pytest.raises(WafFull):
        add(world, A, B)
    assert world.fake.site_rules == {1001: rule("203.0.113.1", "203.0.113.2")}


def test_what_stood_there_before_stays_when_the_next_site_refuses(world: AclWorld) -> None:
    world.fake.capacity = 2
    world.fake.site_rules = {1000: rule(A), 1001: rule("203.0.113.1", "203.0.113.2")}
    with pytest.raises(WafFull):
        add(world, A, B)
    assert world.fake.site_rules[1000] == rule(A)


def test_where_it_cannot_be_taken_off_again_the_write_is_doubtful(world: AclWorld) -> None:
    world.fake.capacity = 2
    world.fake.site_rules = {1001: rule("203.0.113.1", "203.0.113.2")}
    work = world.fake.answer

    def broken_after_the_refusal(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        if "configure/acl" in request.url.path and form["site_id"] == "1000" and 1000 in world.fake.site_rules:
            return httpx.Response(503)
        return work(request)

    world.fake.answer = broken_after_the_refusal
    world.vendor = world.fake.vendor(block_list=BlockList.ACL, tries=1)
    with pytest.raises(WafDoubtful):
        add(world, A)
    assert world.fake.site_rules[1000] == rule(A)


def test_each_sites_list_is_told_apart(world: AclWorld) -> None:
    world.fake.site_rules = {1000: rule(A, "hand written"), 1001: rule(B)}
    condition = view(world).condition
    assert condition.by_site == {1000: {A}, 1001: {B}, 1002: NONE}
    assert (condition.entries, condition.others) == (2, {"hand written"})


def test_an_old_copy_of_the_first_sites_list_makes_the_taking_back_doubtful(world: AclWorld) -> None:
    world.fake.capacity = 2
    world.fake.site_rules = {1001: rule("203.0.113.1", "203.0.113.2")}
    work = world.fake.answer
    old = {"res": "0", "site_id": "1000", "security": {"acls": {"rules": []}}}

    def lagging(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        if "sites/status" in request.url.path and form["site_id"] == "1000":
            return httpx.Response(200, json=old)
        return work(request)

    world.fake.answer = lagging
    world.vendor = world.fake.vendor(block_list=BlockList.ACL)
    with pytest.raises(WafDoubtful):
        add(world, A)


def many(count: int) -> tuple[AclWorld, list[BlockTarget]]:
    world = AclWorld(FakeImperva(legacy=True, sites=count))
    world.fake.site_rules = {1000 + n: rule(A, f"198.51.100.{n}") for n in range(count)}
    assert world.vendor.has_site_lists()
    world.fake.calls.clear()
    return world, [BlockTarget(policy_name="x", site_ids=(1000 + n,)) for n in range(count)]


@pytest.mark.parametrize(("count", "calls"), [(3, 3), (50, 1), (120, 2)])
def test_lists_of_many_sites_are_read_with_the_list_of_sites(count: int, calls: int) -> None:
    world, targets = many(count)
    views = world.vendor.read_blacklists(targets)
    assert len(world.fake.calls) == calls
    assert [view.everywhere for view in views] == [{A, f"198.51.100.{n}"} for n in range(count)]


def test_a_site_of_which_the_list_of_sites_does_not_tell_all_is_asked_about() -> None:
    world, targets = many(5)
    world.fake.lists_whole_sites = False
    views = world.vendor.read_blacklists(targets)
    assert [view.everywhere for view in views] == [{A, f"198.51.100.{n}"} for n in range(5)]
    assert len(world.fake.calls) == 1 + 5


def test_a_site_that_the_account_does_not_have_is_an_error_also_among_many() -> None:
    world, targets = many(5)
    del world.fake.sites[1003]
    with pytest.raises(WafUnauthorised):
        world.vendor.read_blacklists(targets)
