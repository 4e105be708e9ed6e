"""Policies v2 and their traps."""

from typing import Any

import pytest

from sakimori.simulators import journal
from sakimori.simulators.switches import set_switches
from tests.simulators.stage import FOREIGN, LEGACY_ACCOUNT, V2, LocalClient, Stage, block_policy


def create(stage: Stage, *addresses: str) -> int:
    answer = stage.client().post(f"{V2}/policies", json=block_policy(*(addresses or ("192.0.2.1",))))
    assert answer.status_code == 200
    return int(answer.json()["value"]["id"])


def read(stage: Stage, policy_id: int) -> dict[str, Any]:
    return stage.client().get(f"{V2}/policies/{policy_id}?extended=true").json()["value"]


def ips(stage: Stage, policy_id: int) -> list[str]:
    return read(stage, policy_id)["policySettings"][0]["data"]["ips"]


def applied(stage: Stage, site_id: int = 9001) -> list[int]:
    rows = stage.client().get(f"{V2}/assets/WEBSITE/{site_id}/policies").json()["value"]
    return [row["id"] for row in rows]


def test_a_new_policy_gets_its_numbers_from_the_server(stage: Stage) -> None:
    policy = read(stage, create(stage, "192.0.2.1"))
    setting = policy["policySettings"][0]
    assert setting["policyId"] == policy["id"]
    assert setting["id"] > 0
    assert (policy["accountId"], policy["enabled"], policy["lastModifiedBy"]) == (4001, True, "key-4001")


def test_settings_are_shown_only_when_extended(stage: Stage) -> None:
    policy_id = create(stage)
    assert "policySettings" not in stage.client().get(f"{V2}/policies/{policy_id}").json()["value"]
    names = [row["name"] for row in stage.client().get(f"{V2}/policies?extended=true").json()["value"]]
    assert names == ["Default WAF policy", "Customer blocklist", "Sakimori"]


def test_two_policies_may_have_the_same_name(stage: Stage) -> None:
    assert create(stage) != create(stage)


def test_a_partial_update_keeps_what_is_not_sent_but_the_default(stage: Stage) -> None:
    default_id = applied(stage)[0]
    before = read(stage, default_id)
    assert before["defaultPolicyConfig"]
    stage.client().post(f"{V2}/policies/{default_id}", json={"description": "new"})
    after = read(stage, default_id)
    assert (after["name"], after["description"], after["defaultPolicyConfig"]) == (before["name"], "new", [])


def test_an_update_that_sends_the_default_keeps_it(stage: Stage) -> None:
    default_id = applied(stage)[0]
    config = read(stage, default_id)["defaultPolicyConfig"]
    body = {"name": "x", "policyType": "WAF_RULES", "defaultPolicyConfig": config}
    stage.client().put(f"{V2}/policies/{default_id}", json=body)
    assert read(stage, default_id)["defaultPolicyConfig"] == config


def test_an_overwrite_loses_what_is_not_sent(stage: Stage) -> None:
    policy_id = create(stage)
    stage.client().put(f"{V2}/policies/{policy_id}", json={"name": "Bare", "policyType": "ACL"})
    assert (read(stage, policy_id)["policySettings"], read(stage, policy_id)["name"]) == ([], "Bare")


def test_the_journal_tells_which_addresses_came_and_went(stage: Stage) -> None:
    policy_id = create(stage, "192.0.2.1", "192.0.2.2")
    stage.client().post(f"{V2}/policies/{policy_id}", json=block_policy("192.0.2.2", "2001:db8::1"))
    change = journal.latest(stage.state, 1)[0].changes[0]
    assert (change.subject, change.added, change.removed) == (f"policy/{policy_id}", ("2001:db8::1",), ("192.0.2.1",))


@pytest.mark.parametrize(
    "body",
    [
        block_policy(),
        block_policy("192.0.2.999"),
        {"name": "x", "policyType": "ACL", "policySettings": [{"settingsAction": "BLOCK", "policySettingType": "IP"}]},
        block_policy("192.0.2.1") | {"policyType": "MAGIC"},
        block_policy("192.0.2.1") | {"lastModified": 1},
        {"name": "x", "policyType": "ACL", "policySettings": [{"settingsAction": "EAT"}]},
        {"name": "x", "policyType": "ACL", "policySettings": "none"},
        [],
    ],
)
def test_a_bad_body_is_refused_with_errors(stage: Stage, body: object) -> None:
    answer = stage.client().post(f"{V2}/policies", json=body)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["status"], error["title"]) == (400, 400, "Bad Request")


def test_a_body_that_is_no_json_is_refused(stage: Stage) -> None:
    assert stage.client().post(f"{V2}/policies", content=b"{").status_code == 400


def test_an_empty_list_is_taken_when_the_switch_is_off(stage: Stage) -> None:
    policy_id = create(stage)
    set_switches(stage.state, refuse_empty_ips=False)
    assert stage.client().post(f"{V2}/policies/{policy_id}", json=block_policy()).status_code == 200
    assert ips(stage, policy_id) == []


def test_a_policy_has_a_cap(stage: Stage) -> None:
    set_switches(stage.state, max_ips=3)
    policy_id = create(stage, "192.0.2.1", "192.0.2.2", "192.0.2.3")
    body = block_policy("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
    assert stage.client().post(f"{V2}/policies/{policy_id}", json=body).status_code == 400
    assert len(ips(stage, policy_id)) == 3


def test_post_applies_beside_the_others_and_put_takes_them_off(stage: Stage) -> None:
    policy_id, before = create(stage), applied(stage)
    path = f"{V2}/assets/WEBSITE/9001/policies/{policy_id}"
    for _ in range(2):
        stage.client().post(path)
    assert applied(stage) == [*before, policy_id]
    stage.client().put(path)
    assert applied(stage) == [policy_id]
    assert journal.latest(stage.state, 2)[1].changes[0].removed == tuple(str(i) for i in before)


def test_is_applied_answers_200_or_404(stage: Stage) -> None:
    policy_id = create(stage)
    path = f"{V2}/policies/{policy_id}/assets/WEBSITE/9002"
    assert stage.client().get(path).status_code == 404
    stage.client().post(f"{V2}/assets/WEBSITE/9002/policies/{policy_id}")
    assert stage.client().get(path).json() == {"value": True, "isError": False}
    stage.client().delete(f"{V2}/assets/WEBSITE/9002/policies/{policy_id}")
    assert stage.client().get(path).status_code == 404
    assert stage.client().delete(f"{V2}/assets/WEBSITE/9002/policies/{policy_id}").status_code == 404


def test_a_deleted_policy_is_gone_from_its_sites(stage: Stage) -> None:
    policy_id, before = create(stage), applied(stage)
    stage.client().post(f"{V2}/assets/WEBSITE/9001/policies/{policy_id}")
    assert stage.client().delete(f"{V2}/policies/{policy_id}").status_code == 200
    assert applied(stage) == before
    assert stage.client().get(f"{V2}/policies/{policy_id}").status_code == 404


@pytest.mark.parametrize("path", ["policies/1", "policies/x", "assets/WEBSITE/9100/policies", "policies?caid=4002"])
def test_what_is_not_there_or_not_yours_is_refused(stage: Stage, path: str) -> None:
    answer = stage.client().get(f"{V2}/{path}")
    assert answer.status_code in (400, 403, 404)
    assert answer.json()["errors"]


def test_a_childs_site_needs_the_childs_caid(stage: Stage) -> None:
    policy_id = create(stage)
    path = f"{V2}/assets/WEBSITE/9300/policies/{policy_id}"
    assert stage.client().post(path).status_code == 404
    assert stage.client().post(f"{path}?caid=4003").status_code == 200


def test_an_account_with_old_lists_has_no_policies(stage: Stage) -> None:
    answer = stage.client(LEGACY_ACCOUNT).get(f"{V2}/policies")
    assert (answer.status_code, answer.json()["errors"][0]["status"]) == (403, 403)


def test_a_wrong_key_gets_401(stage: Stage) -> None:
    assert LocalClient(stage.app).get(f"{V2}/policies").status_code == 401


def test_v3_lists_in_pages_and_tells_what_is_available(stage: Stage) -> None:
    answer = stage.client().get("/policies/v3/policies?size=1&page=1").json()
    assert answer["meta"] == {"size": 1, "page": 1, "totalElements": 2, "totalPages": 2}
    assert answer["data"][0]["name"] == "Customer blocklist"
    rows = stage.client().get("/policies/v3/accounts/associated-policies?caid=4003").json()["data"]
    assert len(rows[0]["availablePolicyIds"]) == 3


def test_the_foreign_entry_is_there_from_the_beginning(stage: Stage) -> None:
    assert ips(stage, applied(stage)[1]) == [FOREIGN]


def test_everything_is_there_after_reopening(stage: Stage) -> None:
    policy_id = create(stage, "192.0.2.1")
    stage.client().post(f"{V2}/assets/WEBSITE/9001/policies/{policy_id}")
    before, calls = applied(stage), journal.read(stage.state)
    stage.reopen()
    assert journal.read(stage.state)[: len(calls)] == calls
    assert (applied(stage), ips(stage, policy_id)) == (before, ["192.0.2.1"])
    assert create(stage) > policy_id
