"""Cloud v1: envelope, keys, accounts, sites in pages, the old blacklist and its traps."""

import pytest

from sakimori.simulators import journal
from sakimori.simulators.imperva.bandwidth import add_tally
from sakimori.simulators.switches import set_switches
from tests.simulators.stage import FOREIGN, LEGACY_ACCOUNT, V1, LocalClient, Stage

RULE = "api.acl.blacklisted_ips"


def listed(stage: Stage, site_id: int = 9100) -> list[str]:
    status = stage.client(LEGACY_ACCOUNT).post(f"{V1}/sites/status", data={"site_id": site_id}).json()
    rules = {rule["id"]: rule for rule in status["security"]["acls"]["rules"]}
    return rules[RULE]["ips"] if RULE in rules else []


def configure(stage: Stage, ips: str, site_id: int = 9100) -> dict:
    data = {"site_id": site_id, "rule_id": RULE, "ips": ips}
    return stage.client(LEGACY_ACCOUNT).post(f"{V1}/sites/configure/acl", data=data).json()


def test_it_says_whose_key_it_is(stage: Stage) -> None:
    answer = stage.client().post(f"{V1}/account/verify").json()
    assert (answer["account_id"], answer["account_name"], int(answer["res"])) == (4001, "さきもり商店", 0)


@pytest.mark.parametrize("where", ["data", "params"])
def test_it_takes_the_key_from_form_and_query_too(stage: Stage, where: str) -> None:
    key = {"api_id": "key-4001", "api_key": "secret-4001", "account_id": "4003"}
    answer = LocalClient(stage.app).post(f"{V1}/account", **{where: key}).json()
    assert answer["account"]["account_name"] == answer["account_name"] == "支店"


def test_res_flips_between_number_and_text(stage: Stage) -> None:
    kinds = [type(stage.client().post(f"{V1}/account/verify").json()["res"]) for _ in range(4)]
    assert kinds == [int, str, int, str]


@pytest.mark.parametrize(
    ("path", "data", "res"),
    [
        ("account", {"account_id": 4002}, 9403),
        ("sites/status", {"site_id": 9100}, 9413),
        ("sites/list", {"page_size": "many"}, 2),
        ("sites/configure/acl", {"site_id": 9001, "rule_id": "api.acl.nonsense", "ips": ""}, 2),
        ("sites/configure/acl", {"site_id": 9001, "rule_id": RULE, "ips": "192.0.2.1"}, 2),
    ],
)
def test_refusals_come_with_status_200(stage: Stage, path: str, data: dict, res: int) -> None:
    answer = stage.client().post(f"{V1}/{path}", data=data)
    assert (answer.status_code, int(answer.json()["res"])) == (200, res)
    assert len(answer.json()["debug_info"]) == 2


def test_a_wrong_key_is_refused_in_the_envelope(stage: Stage) -> None:
    answer = LocalClient(stage.app, {"x-API-Id": "key-4001", "x-API-Key": "wrong"}).post(f"{V1}/account/verify")
    assert (answer.status_code, int(answer.json()["res"])) == (200, 9411)


def test_get_is_not_allowed(stage: Stage) -> None:
    assert stage.client().get(f"{V1}/account/verify").status_code == 405


def test_sites_come_in_pages(stage: Stage) -> None:
    client = stage.client(LEGACY_ACCOUNT)
    pages = [client.post(f"{V1}/sites/list", data={"page_num": n}).json()["sites"] for n in range(4)]
    assert [len(page) for page in pages] == [50, 50, 20, 0]
    assert len({site["site_id"] for page in pages for site in page}) == 120
    assert len(client.post(f"{V1}/sites/list", data={"page_size": 500}).json()["sites"]) == 100


def test_accounts_below_are_listed(stage: Stage) -> None:
    accounts = stage.client().post(f"{V1}/accounts/list").json()["accounts"]
    below = stage.client().post(f"{V1}/accounts/listSubAccounts").json()["resultList"]
    assert [row["account_id"] for row in accounts] == [4001, 4003]
    assert [row["sub_account_id"] for row in below] == [4003]


def test_the_subscription_shows_the_percentile_of_the_month(stage: Stage) -> None:
    client = stage.client()
    assert client.post(f"{V1}/accounts/subscription").json()["bandwidthHistory"][0]["alwaysOnBandwidth"] == "0bps"
    buckets = (stage.clock.now_ms - 1_775_001_600_000) // 300_000  # Since 1 April 2026, UTC.
    for n in range(int(buckets * 0.05) + 1):
        add_tally(stage.state, 9001, stage.clock.now_ms - 300_000 * (n + 1), {"bytes": 37_500_000})
    history = client.post(f"{V1}/accounts/subscription").json()["bandwidthHistory"]
    assert [row["alwaysOnBandwidth"] for row in history] == ["1.0Mbps", "0bps", "0bps"]


def test_the_list_sent_replaces_the_old_one(stage: Stage) -> None:
    assert listed(stage) == [FOREIGN]
    configure(stage, "192.0.2.1,198.51.100.0/24,203.0.113.1-203.0.113.9")
    assert listed(stage) == ["192.0.2.1", "198.51.100.0/24", "203.0.113.1-203.0.113.9"]
    changes = journal.latest(stage.state, 2)[1].changes
    assert changes[0].removed == (FOREIGN,)
    assert changes[0].added == ("192.0.2.1", "198.51.100.0/24", "203.0.113.1-203.0.113.9")


def test_an_empty_list_removes_the_rule(stage: Stage) -> None:
    answer = configure(stage, "")
    assert answer["security"]["acls"]["rules"] == []
    assert int(answer["res"]) == 0


def test_other_sites_are_not_touched(stage: Stage) -> None:
    configure(stage, "192.0.2.1", site_id=9101)
    assert (listed(stage, 9100), listed(stage, 9101)) == ([FOREIGN], ["192.0.2.1"])


@pytest.mark.parametrize("ips", ["192.0.2.300", "192.0.2.9-192.0.2.1", "shop.example.jp"])
def test_nonsense_changes_nothing(stage: Stage, ips: str) -> None:
    assert int(configure(stage, ips)["res"]) == 2
    assert listed(stage) == [FOREIGN]
    assert journal.latest(stage.state, 2)[1].changes == ()


def test_the_list_has_a_cap(stage: Stage) -> None:
    set_switches(stage.state, max_ips=2)
    assert int(configure(stage, "192.0.2.1,192.0.2.2")["res"]) == 0
    assert int(configure(stage, "192.0.2.1,192.0.2.2,192.0.2.3")["res"]) == 2


def test_countries_and_urls_are_lists_too(stage: Stage) -> None:
    client = stage.client(LEGACY_ACCOUNT)
    geo = {"site_id": 9101, "rule_id": "api.acl.blacklisted_countries", "countries": "ZZ", "continents": "AN"}
    urls = {"site_id": 9101, "rule_id": "api.acl.blacklisted_urls", "urls": "/x", "url_patterns": "PREFIX"}
    client.post(f"{V1}/sites/configure/acl", data=geo)
    rules = client.post(f"{V1}/sites/configure/acl", data=urls).json()["security"]["acls"]["rules"]
    assert rules[0]["geo"] == {"countries": ["ZZ"], "continents": ["AN"]}
    assert rules[1]["urls"] == [{"value": "/x", "pattern": "PREFIX"}]


def test_an_exception_is_made_shown_and_deleted(stage: Stage) -> None:
    client = stage.client(LEGACY_ACCOUNT)
    path, base = f"{V1}/sites/configure/whitelists", {"site_id": 9100, "rule_id": RULE}
    made = client.post(path, data=base | {"ips": "192.0.2.8"}).json()
    status = client.post(f"{V1}/sites/status", data={"site_id": 9100}).json()
    shown = status["security"]["acls"]["rules"][0]["exceptions"][0]
    assert (str(shown["id"]), shown["values"][0]["ips"]) == (made["exception_id"], ["192.0.2.8"])
    client.post(path, data=base | {"whitelist_id": made["exception_id"], "delete_whitelist": "true"})
    status = client.post(f"{V1}/sites/status", data={"site_id": 9100}).json()
    assert "exceptions" not in status["security"]["acls"]["rules"][0]
    assert int(client.post(path, data=base | {"whitelist_id": "1"}).json()["res"]) == 2


def test_allowed_addresses_are_a_list_of_their_own(stage: Stage) -> None:
    data = {"site_id": 9100, "rule_id": "api.acl.whitelisted_ips", "ips": "192.0.2.8"}
    client = stage.client(LEGACY_ACCOUNT)
    rules = client.post(f"{V1}/sites/configure/acl", data=data).json()["security"]["acls"]["rules"]
    assert {rule["id"]: rule["ips"] for rule in rules} == {RULE: [FOREIGN], data["rule_id"]: ["192.0.2.8"]}
    rules = client.post(f"{V1}/sites/configure/acl", data=data | {"ips": ""}).json()["security"]["acls"]["rules"]
    assert [rule["id"] for rule in rules] == [RULE]


def test_a_list_that_is_not_sent_is_refused_not_emptied(stage: Stage) -> None:
    data = {"site_id": 9100, "rule_id": RULE}
    answer = stage.client(LEGACY_ACCOUNT).post(f"{V1}/sites/configure/acl", data=data).json()
    assert (int(answer["res"]), listed(stage)) == (2, [FOREIGN])
