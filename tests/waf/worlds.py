"""Worlds of the contract on the tiny fake: an account with policies, and one with the old lists of its sites."""

import httpx

from sakimori.waf.imperva import BlockList, ImpervaVendor
from sakimori.waf.interface import BlockTarget
from tests.waf.contract import Trouble
from tests.waf.fake_imperva import FakeImperva

NAME = "Sakimori 31"


class FakeWorld:
    def __init__(self, fake: FakeImperva, *, block_list: BlockList = BlockList.AUTO) -> None:
        self.fake = fake
        self.target = BlockTarget(policy_name=NAME, site_ids=tuple(fake.sites))
        self.vendor: ImpervaVendor = fake.vendor(block_list=block_list, tries=2)

    def writes(self) -> int:
        return len(self.fake.writes)

    def trouble(self, kind: Trouble) -> None:
        if kind is Trouble.LOST_ANSWER:
            self.fake.lost_answers = 1
            return
        status = {Trouble.UNAVAILABLE: 503, Trouble.UNAUTHORISED: 401}[kind]
        self.fake.next_answers.extend(httpx.Response(status) for _ in range(100))

    def peace(self) -> None:
        self.fake.lost_answers = 0
        self.fake.next_answers.clear()


class PolicyWorld(FakeWorld):
    def edit(self, *, add=(), remove=()) -> None:
        ids = [policy["id"] for policy in self.fake.policies.values() if policy["name"] == NAME]
        if not ids:
            ids = [self.fake.add_policy(NAME, [])]
            self.fake.applied |= {(ids[0], site_id) for site_id in self.target.site_ids}
        ips = self.fake.ips(ids[0])
        ips[:] = [ip for ip in ips if ip not in remove] + list(add)

    def entries(self) -> list[list[str]]:
        return [self.fake.ips(policy_id) for policy_id in self.fake.policies]


class AclWorld(FakeWorld):
    def edit(self, *, add=(), remove=()) -> None:
        for site_id in self.target.site_ids:
            rule = self.fake.site_rules.setdefault(site_id, {"id": "api.acl.blacklisted_ips", "ips": []})
            rule["ips"] = [ip for ip in rule["ips"] if ip not in remove] + list(add)
            if not rule["ips"]:
                del self.fake.site_rules[site_id]

    def entries(self) -> list[list[str]]:
        return [rule["ips"] for rule in self.fake.site_rules.values()]
