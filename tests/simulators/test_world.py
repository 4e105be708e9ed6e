"""The whole world over real ports: start, stop, control room, web site, restart, kill -9."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from sakimori.simulators import journal
from sakimori.simulators.faults import Fault, FaultKind, add_fault, clear_faults
from sakimori.simulators.spec import Ports, PushTarget, WorldSpec
from sakimori.simulators.website import SHOP_NAME, SiteCondition, SiteMode, set_condition
from sakimori.simulators.world import World
from tests.simulators.stage import FOREIGN, POLICY_ACCOUNT, SPEC, V2, block_policy

KEY = {"x-API-Id": POLICY_ACCOUNT.api_id, "x-API-Key": POLICY_ACCOUNT.api_key}
CHILD = """
import sys, time
from pathlib import Path
from sakimori.simulators.world import World
from tests.simulators.stage import SPEC
world = World(Path(sys.argv[1]), spec=SPEC)
world.start()
print(world.imperva_url, flush=True)
time.sleep(300)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world"), spec=SPEC) as made:
        yield made


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60) as made:
        yield made


def control(world: World, client: httpx.Client, name: str, **fields: object) -> httpx.Response:
    return client.post(f"{world.control_url}/control/{name}", json=fields)


def test_an_attack_can_be_started_and_read_from_the_log(world: World, client: httpx.Client) -> None:
    done = control(world, client, "attacks", kind="sql_injection", site_id=9001, count=3, source="203.0.113.44").json()
    base, auth = world.log_base_url(4001), (POLICY_ACCOUNT.log_api_id, POLICY_ACCOUNT.log_api_key)
    assert done["file"] in client.get(f"{base}logs.index", auth=auth).text.splitlines()
    assert client.get(base + done["file"], auth=auth).content.startswith(b"accountId:4001\n")
    assert [len(done["lines"]), len(done["acts"]), done["source"]] == [3, 3, "203.0.113.44"]


def test_lines_of_ones_own_can_be_published(world: World, client: httpx.Client) -> None:
    done = control(world, client, "lines", account=4001, lines=["one"], lines_base64=["/w=="], format="LEEF")
    content = client.get(
        world.log_base_url(4001) + done.json()["file"], auth=(POLICY_ACCOUNT.log_api_id, POLICY_ACCOUNT.log_api_key)
    ).content
    assert b"format:LEEF\n" in content


def test_a_site_is_set_up_by_form_and_fields_left_empty_stay(world: World, client: httpx.Client) -> None:
    form = {
        "site_id": "9002",
        "bypassed": "true",
        "servers": "3",
        "standby": "",
        "algorithm": "",
        "certificate_days": "20",
    }
    page = client.post(f"{world.control_url}/control/setup", data=form, follow_redirects=True)
    assert "稼働 3 台、待機 0 台" in page.text
    answer = client.get(f"{world.imperva_url}/api/prov/v3/sites/9002/data-centers-configuration", headers=KEY)
    assert answer.json()["data"][0]["dataCenterMode"] == "SINGLE_DC"
    status = client.post(f"{world.imperva_url}/api/prov/v1/sites/status", headers=KEY, data={"site_id": 9002}).json()
    assert (status["active"], status["ssl"]["custom_certificate"]["active"]) == ("bypass", True)
    assert control(world, client, "setup", site_id=9002, bypassed=False, servers=1).json()["is_bypassed"] is False
    missing = client.get(f"{world.imperva_url}/api/prov/v3/sites/1/data-centers-configuration", headers=KEY)
    assert (missing.status_code, "errors" in missing.json()) == (404, True)
    assert control(world, client, "setup", site_id=9002, servers=99).status_code == 400


def test_a_human_edits_the_list_and_everybody_can_see_who(world: World, client: httpx.Client) -> None:
    control(world, client, "edit", account=4001, add=["198.51.100.77"], by="suzuki@example.jp")
    entries = client.get(f"{world.control_url}/control/blacklist?account=4001").json()["entries"]
    authors = {entry["address"]: entry["added_by"] for entry in entries}
    assert (authors[FOREIGN], authors["198.51.100.77"]) == ("customer-engineer@example.jp", "suzuki@example.jp")
    assert all(entry["is_active"] for entry in entries if entry["address"] in (FOREIGN, "198.51.100.77"))
    control(world, client, "edit", account=4001, remove="198.51.100.77")
    calls = client.get(f"{world.control_url}/control/journal?after=0").json()["calls"]
    assert calls[-1]["changes"][0]["removed"] == ["198.51.100.77"]
    later = client.get(f"{world.control_url}/control/journal?after={calls[-1]['id']}").json()["calls"]
    assert later == []


def test_a_lost_answer_closes_the_connection(world: World, client: httpx.Client) -> None:
    fault = control(world, client, "faults", kind="lost_answer", scope="policies", calls=1, duration_seconds=60).json()
    assert fault["until_ms"] > 0
    url = f"{world.imperva_url}{V2}/policies"
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(url, json=block_policy("192.0.2.9", name="Lost"), headers=KEY)
    names = [row["name"] for row in client.get(url, headers=KEY).json()["value"]]
    assert names.count("Lost") == 1


def test_faults_are_listed_and_cleared(world: World, client: httpx.Client) -> None:
    one = control(world, client, "faults", kind="slow", scope="logs", seconds=1, path_part="nothing").json()
    url = f"{world.control_url}/control/faults"
    assert [fault["id"] for fault in client.get(url).json()["faults"]] == [one["id"]]
    assert client.delete(url, params={"id": one["id"]}).json() == {"faults": []}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("attacks", {"kind": "magic", "site_id": 9001}),
        ("attacks", {"kind": "ddos", "site_id": 1}),
        ("attacks", {"kind": "ddos", "site_id": 9001, "source": "nowhere"}),
        ("faults", {"kind": "magic"}),
        ("lines", {"account": 4001, "lines": 7}),
        ("switches", {"magic": 1}),
        ("switches", {"max_ips": True}),
        ("switches", {"max_ips": -1}),
        ("site", {"mode": "slow", "seconds": -1}),
        ("mailbox", {}),
        ("edit", {"account": 4001, "add": 7}),
    ],
)
def test_nonsense_is_refused(world: World, client: httpx.Client, name: str, fields: dict[str, object]) -> None:
    answer = control(world, client, name, **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_switches_can_be_set_and_read(world: World, client: httpx.Client) -> None:
    assert control(world, client, "switches", propagation_seconds=30).json()["propagation_seconds"] == 30
    assert client.get(f"{world.control_url}/control/switches").json()["propagation_seconds"] == 30
    assert control(world, client, "switches", propagation_seconds=0).json()["propagation_seconds"] == 0


def test_the_page_shows_everything_and_its_forms_work(world: World, client: httpx.Client) -> None:
    text = client.get(world.control_url).text
    for wanted in ("SQLインジェクション", "さきもり商店", FOREIGN, "customer-engineer@example.jp", world.phone_url):
        assert wanted in text
    form = {"kind": "ddos", "site_id": "9002", "source": "", "count": "2", "site_mode": "error", "seconds": ""}
    started = client.post(f"{world.control_url}/control/attacks", data=form, follow_redirects=True)
    assert '<p role="status">操作を受け付けました。</p>' in started.text
    assert client.get(world.site_page(9002)).status_code == 503
    switches = {"refuse_empty_ips": "true", "max_ips": "1000"}
    assert client.post(f"{world.control_url}/control/switches", data=switches).status_code == 303
    wrong = client.post(f"{world.control_url}/control/attacks", data=form | {"source": "x"})
    assert (wrong.status_code, "操作卓へ戻る" in wrong.text) == (400, True)
    policy = client.get(world.control_url).headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}])
def test_foreign_pages_and_names_are_refused(world: World, client: httpx.Client, headers: dict[str, str]) -> None:
    for url in (world.control_url, world.imperva_url, world.phone_url, world.mailbox_url, world.site_url):
        assert client.post(f"{url}/control/mailbox", json={"mode": "drop"}, headers=headers).status_code == 403


def test_the_web_site_does_as_it_is_told(world: World, client: httpx.Client) -> None:
    assert SHOP_NAME in client.get(world.site_url).text
    set_condition(world.state, 9001, SiteCondition(SiteMode.SLOW, 0.2))
    begun = time.monotonic()
    assert SHOP_NAME in client.get(world.site_page(9001)).text
    assert time.monotonic() - begun >= 0.2
    set_condition(world.state, 9001, SiteCondition(SiteMode.DEAD))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.get(world.site_page(9001))
    set_condition(world.state, 9001, SiteCondition(SiteMode.ERROR))
    assert client.get(world.site_page(9001)).status_code == 503
    assert client.get(world.site_url).status_code == 200
    control(world, client, "site", site_id=9001, mode="normal")
    assert client.get(world.site_page(9001)).status_code == 200


def test_the_edge_marks_what_it_passes_on_and_answers_by_itself_when_told_to(
    world: World, client: httpx.Client
) -> None:
    page = world.site_page(9001)
    assert client.get(page).headers["x-cdn"] == "Imperva"
    for mode, status, words in (("captcha", 403, "edet=12"), ("waf_error", 503, "Error code 20")):
        control(world, client, "site", site_id=9001, mode=mode)
        answer = client.get(page)
        assert (answer.status_code, words in answer.text, SHOP_NAME in answer.text) == (status, True, False)
    control(world, client, "site", site_id=9001, mode="bypass")
    assert "x-cdn" not in client.get(page).headers
    control(world, client, "site", site_id=9001, mode="challenge")
    asked = client.get(page)
    assert SHOP_NAME not in asked.text
    script = client.get(f"{world.site_url}/_Incapsula_Resource?site=9001").text
    name = script.partition('cookie = "')[2].partition("=")[0]
    assert SHOP_NAME in client.get(page, headers={"Cookie": f"{name}=1"}).text
    assert client.get(f"{world.site_url}/_Incapsula_Resource?site=x").status_code == 200


def test_others_cannot_reach_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="loopback"):
        World(tmp_path, spec=WorldSpec(accounts=(), host="0.0.0.0"))


def test_it_stops_fast_even_while_somebody_waits_and_starts_on_the_same_ports(tmp_path: Path) -> None:
    first = World(tmp_path, spec=SPEC)
    first.start()
    url = first.imperva_url
    add_fault(first.state, Fault(FaultKind.SLOW, seconds=60))
    waiting = socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0))
    waiting.sendall(b"POST /api/prov/v1/account/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n")
    poll(lambda: len(journal.read(first.state)) > 0)
    begun = time.monotonic()
    first.stop()
    assert time.monotonic() - begun < 30  # Whoever waits would wait for a minute.
    waiting.close()
    with World(tmp_path, spec=SPEC) as second:
        assert second.imperva_url == url
        clear_faults(second.state)
        answer = httpx.post(f"{url}/api/prov/v1/account/verify", headers=KEY, trust_env=False)
        assert answer.json()["account_id"] == 4001


def test_a_taken_port_is_told_and_nothing_is_left_open(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        world = World(tmp_path, spec=WorldSpec(accounts=(), ports=Ports(control=taken.getsockname()[1])))
        with pytest.raises(OSError, match="in use"):
            world.start()
        world.stop()


def test_published_lines_wait_for_the_collector(tmp_path: Path) -> None:
    account = replace(POLICY_ACCOUNT, push=PushTarget("https://127.0.0.1:1/services/collector/event", "t"))
    with World(tmp_path, spec=WorldSpec(accounts=(account,))) as world:
        world.edge.publish_lines(account, [b"one", b"two"])
        rows = world.state.rows("SELECT sink, lines FROM hec_batch")
    assert [(row["sink"], row["lines"]) for row in rows] == [("4001", b"one\ntwo")]


def test_a_killed_world_has_lost_nothing_and_its_journal_is_true(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        writer = Writer(f"{url}{V2}/policies")
        writer.start()
        poll(lambda: len(writer.acknowledged) > 20)
        process.kill()
        process.wait()
        writer.join(60)
    with World(tmp_path, spec=SPEC) as again:
        assert again.imperva_url == url
        policy = httpx.get(f"{writer.path}?extended=true", headers=KEY, trust_env=False).json()["value"]
        kept = policy["policySettings"][0]["data"]["ips"]
        changes = [c for entry in journal.read(again.state) for c in entry.changes if c.subject == writer.subject]
    assert [address for change in changes for address in change.added] == kept
    assert writer.acknowledged == kept[: len(writer.acknowledged)]
    assert len(kept) - len(writer.acknowledged) in (0, 1)


class Writer(threading.Thread):
    """Puts one address after the other on a policy of its own until the vendor is gone."""

    def __init__(self, policies: str) -> None:
        super().__init__()
        self.acknowledged = ["203.0.113.1"]
        made = httpx.post(policies, json=block_policy(*self.acknowledged), headers=KEY, trust_env=False).json()
        self.subject = f"policy/{made['value']['id']}"
        self.path = f"{policies}/{made['value']['id']}"

    def run(self) -> None:
        with httpx.Client(trust_env=False, headers=KEY) as client, suppress(httpx.TransportError):
            for n in range(2, 250):
                addresses = [*self.acknowledged, f"203.0.113.{n}"]
                client.post(self.path, json=block_policy(*addresses)).raise_for_status()
                self.acknowledged = addresses


def poll(is_done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.01)


@pytest.mark.parametrize("door", ["control", "phone", "mailbox"])
def test_a_form_of_a_simulators_own_page_can_be_sent_by_a_browser(
    world: World, client: httpx.Client, door: str
) -> None:
    """Under no-referrer a browser calls a page's own form a stranger's (Origin: null), and it would be refused."""
    base = {"control": world.control_url, "phone": world.phone_url, "mailbox": world.mailbox_url}[door].rstrip("/")
    hides = client.get(f"{base}/").headers["Referrer-Policy"] == "no-referrer"
    sent = client.post(f"{base}/habits", headers={"Origin": "null" if hides else base})
    assert sent.status_code != httpx.codes.FORBIDDEN
    assert client.post(f"{base}/habits", headers={"Origin": "null"}).status_code == httpx.codes.FORBIDDEN
