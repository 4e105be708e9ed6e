"""A tiny Imperva behind httpx.MockTransport: just enough of policies, site lists and accounts to be hard to please."""

import copy
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import httpx

from sakimori.lib.http import GuardedClient
from sakimori.waf.imperva import BlockList, ImpervaCredentials, ImpervaVendor, Patience

KEY = "7d1c-fake-key-never-shown"
HTML = httpx.Response(200, headers={"content-type": "text/html"}, text="<html>please wait</html>")
Answer = httpx.Response | Exception


class FakeImperva:
    """`next_answers`: what the next calls get instead of being worked on. `lost_answers`: worked on, then silence."""

    def __init__(
        self, *, sites: int = 2, legacy: bool = False, refuses_empty: bool = True, capacity: int = 1500
    ) -> None:
        self.legacy = legacy
        self.refuses_empty = refuses_empty
        self.capacity = capacity
        self.sites = {1000 + n: {"site_id": 1000 + n, "domain": f"www{n}.example.jp"} for n in range(sites)}
        self.policies: dict[int, dict] = {}
        self.applied: set[tuple[int, int]] = set()
        self.site_rules: dict[int, dict] = {}
        self.calls: list[tuple[str, str]] = []
        self.bodies: list[Mapping] = []
        self.next_answers: deque[Answer] = deque()
        self.next_write_answers: deque[Answer] = deque()
        self.lists_whole_sites = True
        self.lost_answers = 0
        self.while_asleep: Callable[[], None] = lambda: None
        self.slept: list[float] = []
        self.now = 0.0

    def vendor(
        self, *, block_list: BlockList = BlockList.AUTO, account_id: int | None = None, tries: int = 4
    ) -> ImpervaVendor:
        http = GuardedClient(transport=httpx.MockTransport(self.answer))
        credentials = ImpervaCredentials(api_id="4711", api_key=KEY, account_id=account_id, block_list=block_list)
        return ImpervaVendor(
            credentials,
            http,
            sleep=self._sleep,
            random=lambda: 0.5,
            clock=lambda: self.now,
            patience=Patience(tries=tries),
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.while_asleep()

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if is_write(*call)]

    def add_policy(self, name: str, ips: list[str], **more: object) -> int:
        policy_id = max(self.policies, default=70000) + 1
        setting = {
            "id": policy_id * 10,
            "policyId": policy_id,
            "policySettingType": "IP",
            "settingsAction": "BLOCK",
            "data": {"ips": ips},
        }
        self.policies[policy_id] = {
            "id": policy_id,
            "name": name,
            "enabled": True,
            "policyType": "ACL",
            "policySettings": [setting],
            "lastModified": 1700000000000,
            "lastModifiedBy": "hand@example.jp",
            **more,
        }
        return policy_id

    def ips(self, policy_id: int) -> list[str]:
        return self.policies[policy_id]["policySettings"][0]["data"]["ips"]

    def answer(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, request.url.path
        self.calls.append((method, path))
        if request.headers.get("x-api-key") != KEY or KEY in str(request.url):
            return httpx.Response(401, json={"errors": [{"detail": "bad key"}]})
        write = is_write(method, path)
        queue = self.next_write_answers if write and self.next_write_answers else self.next_answers
        if queue:
            return given(queue.popleft())
        response = self._work(request)
        if write and self.lost_answers:
            self.lost_answers -= 1
            raise httpx.ReadTimeout("lost", request=request)
        return response

    def _work(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith("/api/prov/v1/"):
            form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
            return self._cloud(path.removeprefix("/api/prov/v1/"), form)
        if self.legacy:
            return httpx.Response(403, json={"errors": [{"detail": "policies are not available"}]})
        body = json.loads(request.content) if request.content else None
        return self._policy_call(request.method, path.removeprefix("/policies/v2"), body)

    # Cloud v1

    def _cloud(self, path: str, form: dict[str, str]) -> httpx.Response:
        self.bodies.append(form)
        if path == "account/verify":
            return ok({"account_id": "31", "account_name": "Example KK"})
        if path == "account":
            name = {"31": "Example KK", "32": "Child KK"}[form["account_id"]]
            return ok({"account": {"account_id": int(form["account_id"]), "account_name": name}})
        if path == "sites/list":
            size, page = int(form["page_size"]), int(form["page_num"])
            return ok({"sites": [self._site(key) for key in list(self.sites)[size * page : size * (page + 1)]]})
        site_id = int(form["site_id"])
        if site_id not in self.sites:
            return refused(9413, "Unknown/unauthorized site_id")
        if path == "sites/configure/acl":
            ips = list(filter(None, form["ips"].split(",")))
            if len(ips) > self.capacity:
                return refused(2, "Invalid input", ips="Too many IP addresses")
            rule = self.site_rules.pop(site_id, {"id": "api.acl.blacklisted_ips"})
            if ips:
                self.site_rules[site_id] = rule | {"ips": ips}
        return ok(self._status(site_id))

    def _site(self, site_id: int) -> dict:
        return self._status(site_id) if self.lists_whole_sites else self.sites[site_id]

    def _status(self, site_id: int) -> dict:
        rules = [self.site_rules[site_id]] if site_id in self.site_rules else []
        return self.sites[site_id] | {"security": {"acls": {"rules": copy.deepcopy(rules)}}}

    # Policies v2

    def _policy_call(self, method: str, path: str, body: dict | None) -> httpx.Response:
        self.bodies.append(body or {})
        if match := re.fullmatch(r"/policies/(\d+)/assets/WEBSITE/(\d+)", path):
            there = (int(match[1]), int(match[2])) in self.applied
            return value(True) if there else httpx.Response(404, json={"value": "not applied", "isError": True})
        if match := re.fullmatch(r"/assets/WEBSITE/(\d+)/policies/(\d+)", path):
            assert method == "POST", "PUT would take the site's other policies off"
            self.applied.add((int(match[2]), int(match[1])))
            return value(True)
        if match := re.fullmatch(r"/policies/(\d+)", path):
            return self._one_policy(method, int(match[1]), body)
        if method == "POST":
            assert body is not None
            return self._save(self.add_policy(body["name"], []), body)
        return value(list(self.policies.values()))

    def _one_policy(self, method: str, policy_id: int, body: dict | None) -> httpx.Response:
        if policy_id not in self.policies:
            return httpx.Response(404, json={"value": "no such policy", "isError": True})
        if method == "GET":
            return value(self.policies[policy_id])
        assert method == "PUT"
        assert body is not None
        return self._save(policy_id, body)

    def _save(self, policy_id: int, body: dict) -> httpx.Response:
        lists = [s["data"]["ips"] for s in body["policySettings"] if s["policySettingType"] == "IP"]
        if "lastModified" in body or (self.refuses_empty and not all(lists)):
            return httpx.Response(400, json={"errors": [{"detail": "ips must not be empty"}]})
        if any(len(ips) > self.capacity for ips in lists):
            return httpx.Response(400, json={"errors": [{"detail": "too many ips"}]})
        self.policies[policy_id] = copy.deepcopy(body) | {"id": policy_id, "lastModified": 1}
        return value(self.policies[policy_id])


def is_write(method: str, path: str) -> bool:
    return path.endswith("/configure/acl") or (method != "GET" and "/policies/v2/" in path)


def given(answer: Answer) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def ok(body: dict) -> httpx.Response:
    return httpx.Response(200, json=body | {"res": "0", "res_message": "OK"})


def refused(code: int, message: str, **details: str) -> httpx.Response:
    return httpx.Response(200, json={"res": code, "res_message": message, "debug_info": details})


def value(body: object) -> httpx.Response:
    return httpx.Response(200, json={"value": body, "isError": False})
