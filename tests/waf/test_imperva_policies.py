"""The blacklist as a policy: what is carried along, which policy is meant, what is never done."""

import copy
from collections import Counter

import httpx
import pytest

from sakimori.waf.imperva.entries import PLACEHOLDER
from sakimori.waf.interface import (
    BlockTarget,
    ListState,
    WafDoubtful,
    WafFull,
    WafMissing,
    WafRefused,
    WafUnauthorised,
    WafUnavailable,
)
from tests.waf.contract import NONE, A, B, add, remove, view
from tests.waf.fake_imperva import FakeImperva
from tests.waf.worlds import NAME, PolicyWorld


@pytest.fixture
def fake() -> FakeImperva:
    return FakeImperva()


@pytest.fixture
def world(fake: FakeImperva) -> PolicyWorld:
    return PolicyWorld(fake)


def test_the_policy_is_made_as_an_enabled_block_list_and_applied_to_each_site(world: PolicyWorld) -> None:
    add(world, A)
    policy = world.fake.policies[70001]
    assert (policy["name"], policy["enabled"], policy["policyType"]) == (NAME, True, "ACL")
    assert policy["policySettings"] == [{"policySettingType": "IP", "settingsAction": "BLOCK", "data": {"ips": [A]}}]
    assert world.fake.applied == {(70001, 1000), (70001, 1001)}


def test_everything_that_was_read_is_sent_back_but_the_servers_own_stamps(world: PolicyWorld) -> None:
    policy_id = world.fake.add_policy(
        NAME,
        ["203.0.113.0/24"],
        description="by hand",
        defaultPolicyConfig=[{"accountId": 31, "assetType": "WEBSITE", "policyId": 70001}],
        somethingNew={"from": "the vendor"},
    )
    settings = world.fake.policies[policy_id]["policySettings"]
    settings[0]["policyDataExceptions"] = [{"data": [{"exceptionType": "GEO", "values": ["JP"]}], "comment": "x"}]
    settings[0]["data"]["headerValue"] = None
    settings.append(
        {"id": 5, "policySettingType": "GEO", "settingsAction": "BLOCK", "data": {"geo": {"countries": ["AQ"]}}}
    )
    settings.append({"id": 6, "policySettingType": "IP", "settingsAction": "ALERT", "data": {"ips": ["198.51.100.1"]}})
    before = copy.deepcopy(world.fake.policies[policy_id])
    add(world, A)
    sent = next(body for body in world.fake.bodies if body.get("somethingNew"))
    expected = copy.deepcopy(before)
    expected["policySettings"][0]["data"]["ips"].append(A)
    del expected["lastModified"], expected["lastModifiedBy"]
    assert sent == expected
    remove(world, A)
    before["lastModified"] = 1
    del before["lastModifiedBy"]
    assert world.fake.policies[policy_id] == before


def test_it_never_uses_put_on_a_site(world: PolicyWorld) -> None:
    add(world, A)
    add(world, B)
    remove(world, A, B)
    add(world, A)
    assert {method for method, path in world.fake.writes if "/assets/" in path} == {"POST"}
    assert {method for method, path in world.fake.writes if "/assets/" not in path} == {"POST", "PUT"}


def test_only_sites_that_lack_the_policy_get_it(world: PolicyWorld) -> None:
    policy_id = world.fake.add_policy(NAME, [])
    world.fake.applied = {(policy_id, 1000)}
    add(world, A)
    assert [path for _, path in world.fake.writes if "/assets/" in path] == [
        f"/policies/v2/assets/WEBSITE/1001/policies/{policy_id}"
    ]


def test_removing_applies_nothing(world: PolicyWorld) -> None:
    world.fake.add_policy(NAME, [A, B])
    remove(world, A)
    assert world.fake.applied == set()


def test_an_emptied_list_keeps_a_placeholder_that_nobody_sees(world: PolicyWorld) -> None:
    add(world, A)
    remove(world, A)
    assert world.entries() == [[PLACEHOLDER]]
    assert view(world).somewhere == NONE
    world.edit(add=["203.0.113.0/24"])
    add(world, B)
    assert world.entries() == [["203.0.113.0/24", B]]


def test_a_vendor_that_takes_an_empty_list_gets_one() -> None:
    world = PolicyWorld(FakeImperva(refuses_empty=False))
    add(world, A)
    remove(world, A)
    assert world.entries() == [[]]


def test_the_placeholder_itself_cannot_be_blocked(world: PolicyWorld) -> None:
    with pytest.raises(WafRefused):
        add(world, PLACEHOLDER)
    assert world.fake.calls == []


def test_a_refusal_of_a_list_that_is_not_empty_is_not_tried_otherwise(world: PolicyWorld) -> None:
    add(world, A, B)
    world.fake.next_write_answers.append(httpx.Response(400, json={"errors": [{"detail": "bad value"}]}))
    with pytest.raises(WafRefused, match="bad value"):
        remove(world, A)
    assert [method for method, _ in world.fake.writes].count("PUT") == 1


@pytest.mark.parametrize(("status", "error"), [(403, WafUnauthorised), (404, WafMissing), (500, WafDoubtful)])
def test_only_a_plain_refusal_makes_it_try_the_placeholder(world: PolicyWorld, status: int, error: type) -> None:
    add(world, A)
    world.fake.next_write_answers.append(httpx.Response(status, json={"value": "no", "isError": True}))
    with pytest.raises(error):
        remove(world, A)
    assert world.entries() == [[A]]


def test_a_policy_disabled_by_hand_blocks_nowhere_stays_disabled_and_is_still_cleaned(world: PolicyWorld) -> None:
    add(world, A, B)
    world.fake.policies[70001]["enabled"] = False
    assert (view(world).everywhere, view(world).somewhere) == (NONE, {A, B})
    remove(world, A)
    assert world.fake.policies[70001]["enabled"] is False
    assert world.entries() == [[B]]


def test_a_policy_without_a_word_about_being_enabled_does_not_count(world: PolicyWorld) -> None:
    add(world, A)
    del world.fake.policies[70001]["enabled"]
    assert view(world).everywhere == NONE


def test_policies_of_the_same_name_are_one_list(world: PolicyWorld) -> None:
    """A creation whose answer got lost, and was repeated elsewhere, leaves two of them."""
    second = world.fake.add_policy("placeholder for the order", [])
    low = world.fake.add_policy(NAME, [A])
    high = world.fake.add_policy(NAME, [A, B, "203.0.113.0/24"])
    world.fake.policies = dict(reversed(world.fake.policies.items()))
    world.fake.applied = {(low, 1000), (high, 1001)}
    assert (view(world).everywhere, view(world).somewhere) == ({A}, {A, B, "203.0.113.0/24"})
    add(world, "192.0.2.13")
    assert world.fake.ips(low) == [A, "192.0.2.13"]
    remove(world, A, B)
    assert (world.fake.ips(low), world.fake.ips(high)) == (["192.0.2.13"], ["203.0.113.0/24"])
    assert world.fake.ips(second) == []


@pytest.mark.parametrize("policy_type", ["WHITELIST", "WAF_RULES", None])
def test_a_policy_of_another_type_with_our_name_is_left_alone(world: PolicyWorld, policy_type: str | None) -> None:
    """Attackers on an allow list would not even be inspected."""
    stranger = world.fake.add_policy(NAME, ["198.51.100.1"], policyType=policy_type)
    assert view(world).somewhere == NONE
    add(world, A)
    assert world.fake.ips(stranger) == ["198.51.100.1"]
    assert world.fake.ips(stranger + 1) == [A]


@pytest.mark.parametrize("name", [NAME.lower(), NAME + " ", NAME[:-1]])
def test_only_the_exact_name_counts(world: PolicyWorld, name: str) -> None:
    world.fake.add_policy(name, ["198.51.100.1"])
    assert view(world).somewhere == NONE


def test_a_list_whose_action_was_changed_by_hand_gets_a_blocking_one_beside_it(world: PolicyWorld) -> None:
    policy_id = world.fake.add_policy(NAME, ["198.51.100.1"])
    world.fake.policies[policy_id]["policySettings"][0]["settingsAction"] = "ALERT"
    assert view(world).somewhere == NONE
    add(world, A)
    alert, block = world.fake.policies[policy_id]["policySettings"]
    assert (alert["data"]["ips"], block["settingsAction"], block["data"]["ips"]) == (["198.51.100.1"], "BLOCK", [A])


def test_an_address_in_two_settings_goes_from_both_and_comes_to_the_first(world: PolicyWorld) -> None:
    policy_id = world.fake.add_policy(NAME, [A, "198.51.100.1"])
    settings = world.fake.policies[policy_id]["policySettings"]
    settings.append(copy.deepcopy(settings[0]))
    world.vendor.change_blacklist(world.target, add=frozenset({B}), remove=frozenset({A}))
    first, second = world.fake.policies[policy_id]["policySettings"]
    assert (first["data"]["ips"], second["data"]["ips"]) == (["198.51.100.1", B], ["198.51.100.1"])


def test_a_foreign_edit_between_a_429_and_the_next_try_is_kept(world: PolicyWorld) -> None:
    add(world, A)
    world.fake.next_write_answers.append(httpx.Response(429, headers={"retry-after": "3"}))
    world.fake.while_asleep = lambda: world.edit(add=["198.51.100.200"])
    add(world, B)
    assert world.fake.slept == [3.0]
    assert world.entries() == [[A, "198.51.100.200", B]]


def test_a_policy_deleted_under_our_hands_is_missing(world: PolicyWorld) -> None:
    add(world, A)
    world.fake.next_answers.append(
        httpx.Response(200, json={"value": [world.fake.policies.pop(70001)], "isError": False})
    )
    with pytest.raises(WafMissing):
        add(world, B)


def test_a_created_policy_without_id_is_doubtful(world: PolicyWorld) -> None:
    world.fake.next_write_answers.append(httpx.Response(200, json={"value": {"name": NAME}, "isError": False}))
    with pytest.raises(WafDoubtful):
        add(world, A)


def test_a_failure_between_two_sites_shows_as_somewhere(world: PolicyWorld) -> None:
    policy_id = world.fake.add_policy(NAME, [A])
    world.fake.applied = {(policy_id, 1000)}
    world.fake.next_write_answers.append(httpx.Response(500, text="<html>"))
    with pytest.raises(WafDoubtful):
        add(world, A)
    assert (view(world).everywhere, view(world).somewhere) == (NONE, {A})
    add(world, A)
    assert view(world).everywhere == {A}


def test_reading_an_empty_list_asks_no_site(world: PolicyWorld) -> None:
    world.fake.add_policy(NAME, ["hand written"])
    view(world)
    assert [path for _, path in world.fake.calls if "/assets/" in path] == []


def test_a_parents_key_acts_in_the_name_of_the_sub_account() -> None:
    fake = FakeImperva()
    seen: list[httpx.URL] = []
    work = fake.answer

    def listening(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return work(request)

    fake.answer = listening
    world = PolicyWorld(fake)
    world.vendor = fake.vendor(account_id=32)
    add(world, A)
    view(world)
    remove(world, A)
    assert len(seen) > 5
    assert {url.params.get("caid") for url in seen} == {"32"}


def test_the_state_of_the_list_is_told(world: PolicyWorld) -> None:
    assert view(world).condition.state is ListState.MISSING
    add(world, A)
    assert view(world).condition.state is ListState.READY
    world.fake.policies[70001]["enabled"] = False
    assert view(world).condition.state is ListState.DISABLED


def test_a_policy_taken_off_a_site_is_put_on_again_with_post(world: PolicyWorld) -> None:
    add(world, A)
    world.fake.applied = {(70001, 1001)}
    assert view(world).condition.unapplied == (1000,)
    written = len(world.fake.writes)
    assert world.vendor.cover_sites(world.target) == [1000]
    assert world.fake.writes[written:] == [("POST", "/policies/v2/assets/WEBSITE/1000/policies/70001")]


@pytest.mark.parametrize("words", ["too many ips", "The maximum number of IPs is 1000", "Limit exceeded"])
def test_a_full_list_is_known_by_its_words(world: PolicyWorld, words: str) -> None:
    add(world, A)
    world.fake.next_write_answers.append(httpx.Response(400, json={"errors": [{"detail": words}]}))
    with pytest.raises(WafFull):
        add(world, B)


def test_within_a_short_while_a_change_costs_one_read_and_one_write(world: PolicyWorld) -> None:
    add(world, A)
    view(world)
    calls = len(world.fake.calls)
    add(world, B)
    assert [method for method, _ in world.fake.calls[calls:]] == ["GET", "PUT"]
    world.fake.now += 31
    calls = len(world.fake.calls)
    add(world, "192.0.2.13")
    assert len(world.fake.calls) - calls == 5


def test_a_policy_that_was_made_anew_by_hand_meanwhile_is_found(world: PolicyWorld) -> None:
    add(world, A)
    view(world)
    del world.fake.policies[70001]
    again = world.fake.add_policy(NAME, ["198.51.100.1"])
    world.fake.policies[70005] = world.fake.policies.pop(again) | {"id": 70005}
    add(world, B)
    assert world.fake.ips(70005) == ["198.51.100.1", B]


def test_a_policy_that_was_deleted_by_hand_meanwhile_is_made_anew(world: PolicyWorld) -> None:
    add(world, A)
    view(world)
    del world.fake.policies[70001]
    world.fake.applied.clear()
    add(world, B)
    assert world.entries() == [[B]]
    assert view(world).everywhere == {B}


def test_fifty_lists_are_read_with_one_call_while_it_is_known_where_they_count() -> None:
    fake = FakeImperva(sites=50)
    vendor = fake.vendor()
    targets = [BlockTarget(policy_name=f"Sakimori {key}", site_ids=(key,)) for key in fake.sites]
    for number, target in enumerate(targets):
        policy_id = fake.add_policy(target.policy_name, [f"198.51.100.{number}"])
        fake.applied.add((policy_id, target.site_ids[0]))
    assert not vendor.has_site_lists()
    before = vendor.calls_made()
    views = vendor.read_blacklists(targets)
    assert [view.everywhere for view in views] == [{f"198.51.100.{number}"} for number in range(50)]
    assert vendor.calls_made() - before == 1 + 50, "the lists, and whether each counts on its site"
    assert vendor.read_blacklists(targets) == views
    assert vendor.calls_made() - before == 1 + 50 + 1
    assert vendor.read_blacklists([]) == []


def test_more_sites_than_calls_a_minute_are_covered_in_several_goes() -> None:
    fake = FakeImperva(sites=250)
    world = PolicyWorld(fake)
    work, minute = fake.answer, Counter[int]()

    def at_most_a_hundred(request: httpx.Request) -> httpx.Response:
        minute[int(fake.now // 60)] += 1
        if minute[int(fake.now // 60)] > 100:
            return httpx.Response(429, headers={"Retry-After": "60"})
        return work(request)

    fake.answer = at_most_a_hundred  # type: ignore[method-assign]
    world.vendor = fake.vendor(tries=1)
    for _ in range(20):
        try:
            if view(world).everywhere == {A}:
                break
            add(world, A)
        except WafUnavailable:
            fake.now += 61
    assert {site for _, site in fake.applied} == set(fake.sites)
    assert fake.now < 15 * 60


def test_of_many_sites_each_is_asked_about_in_turn_and_none_is_forgotten() -> None:
    fake = FakeImperva(sites=200)
    world = PolicyWorld(fake)
    add(world, A)
    begun = len(fake.calls)
    view(world)
    assert len(fake.calls) - begun == 201, "what is new is read back at once, site by site"
    fake.applied.remove((70001, 1150))
    minutes, seen_after = [], 0.0
    for minute in range(20):
        begun = len(fake.calls)
        for _ in range(12):
            fake.now += 5
            if 1150 in view(world).condition.unapplied and not seen_after:
                seen_after = fake.now
        minutes.append(sum("/assets/" in path for _, path in fake.calls[begun:]))
        assert minutes[minute] <= 45
    assert 0 < seen_after <= 800
    assert sum(minutes) > 199
