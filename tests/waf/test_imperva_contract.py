"""The Imperva client fulfils the contract with both kinds of blacklist."""

from sakimori.waf.imperva import BlockList
from tests.waf.contract import BlacklistContract
from tests.waf.fake_imperva import FakeImperva
from tests.waf.worlds import AclWorld, PolicyWorld


class TestPolicies(BlacklistContract):
    def make_world(self) -> PolicyWorld:
        return PolicyWorld(FakeImperva(capacity=self.capacity))


class TestPoliciesThatMayBeEmpty(BlacklistContract):
    def make_world(self) -> PolicyWorld:
        fake = FakeImperva(capacity=self.capacity, refuses_empty=False)
        return PolicyWorld(fake, block_list=BlockList.POLICY)


class TestSiteLists(BlacklistContract):
    def make_world(self) -> AclWorld:
        return AclWorld(FakeImperva(capacity=self.capacity, legacy=True))


class TestSiteListsByName(BlacklistContract):
    def make_world(self) -> AclWorld:
        return AclWorld(FakeImperva(capacity=self.capacity, legacy=True), block_list=BlockList.ACL)
