"""Forged log lines: whoever writes our log lines by attacking must not be able to put somebody else on the list.

Each line of the table is stored, searched and decided by the real store and duties. The address that the vendor
attests is one that can never be blocked, or the site is not the contract's: so there must be no block at all.
"""

from pathlib import Path

import pytest

from sakimori.blacklist.duties import decide_findings, find_attacks
from sakimori.blacklist.models import Block, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.logs import duties as logs
from sakimori.logs.models import QuarantinedLine
from sakimori.logs.store.interface import LogStore
from tests.chain import Chain, make_chain
from tests.lines import cef
from tests.logs.test_hec import Door, door, events
from tests.moments import START, Clock
from tests.people import make_people

__all__ = ["door"]

pytestmark = pytest.mark.django_db

VICTIM = "198.51.100.50"
ATTESTED = "100.64.0.9"
AGENT = "Mozilla/5.0 (X11; Linux x86_64)"
# What an attacker writes, and in place of what. The vendor writes visitors' own texts before the address, but for JSON.
WRITTEN = {
    "forwarded for": ("deviceFacility=nrt", f"deviceFacility=nrt xff={VICTIM}"),
    "several forwarded for": ("deviceFacility=nrt", f"deviceFacility=nrt xff={VICTIM}, {VICTIM}"),
    "in the URL": ("/search requestMethod", f"/{VICTIM}/search requestMethod"),
    "a field in the URL": ("/search requestMethod", f"/x src={VICTIM} requestMethod"),
    "a field in the query": ("%27%20OR", f"%27 src={VICTIM} c-ip={VICTIM} OR"),
    "an escaped field in the query": ("%27%20OR", f"%27 src\\={VICTIM} OR"),
    "in the user agent": (AGENT, VICTIM),
    "a field in the user agent": (AGENT, f"{AGENT} src={VICTIM}"),
    "all the fields in the user agent": (AGENT, f"x src={VICTIM} siteid=65 act=REQ_BLOCKED_SECURITY fileId=9 cpt=1"),
    "a pipe in the user agent": (AGENT, f"x|0|src={VICTIM}|{VICTIM}"),
    "a whole line in the user agent": (AGENT, f"x CEF:0|Incapsula|SIEMintegration|1|1|SQL Injection|0| src={VICTIM}"),
    "a field in the method": ("requestMethod=GET", f"requestMethod=GET src={VICTIM}"),
    "a field in a header": (" src=", f' additionalReqHeaders=[{{"X":"y src={VICTIM}"}}] src='),
    "a field in the posted body": (" src=", f" postbody=a src={VICTIM} src="),
    "a field in the referrer": (" src=", f" ref=https://a.example.com/?src={VICTIM} src="),
    "a field in a header after the address": (" end=", f' additionalReqHeaders=[{{"X":"y src={VICTIM}"}}] end='),
    "a field in a response header after it": (" end=", f' additionalResHeaders=[{{"X":"y src={VICTIM}"}}] end='),
    "a field in a rule's details after it": (
        " end=",
        f' cs11={{"a":"b src={VICTIM}"}} cs11Label=Rule Additional Info end=',
    ),
    "a field in a delivery rule after it": (" end=", f' cs10=[{{"a":"b src={VICTIM}"}}] end='),
    "mapped into IPv6": (" src=", f" xff=::ffff:{VICTIM} src="),
    "control signs": (AGENT, f"x\x00\x0b\x1f src={VICTIM}\u2028src={VICTIM}"),
}


def forge(name: str, number: int, chain: Chain) -> bytes:
    """The attack with one part replaced."""
    old, new = WRITTEN[name]
    line = cef(["SQL Injection", "Cross Site Scripting", "Backdoor"][number % 3], ATTESTED, at=chain.clock())
    assert old.encode() in line, name
    return line.replace(old.encode(), new.encode(), 1)


@pytest.fixture
def chain(log_store: LogStore, tmp_path: Path) -> Chain:
    return make_chain(log_store, tmp_path, make_people().a)


def decide(chain: Chain) -> None:
    for duty in chain.duties()[:4]:
        duty()


def test_forged_lines_block_nobody(chain: Chain) -> None:
    lines = [forge(name, number, chain) for number, name in enumerate(WRITTEN)]
    chain.deliver(lines)
    decide(chain)
    kept_apart = QuarantinedLine.objects.count()
    assert sum(finding.total for finding in Finding.objects.all()) + kept_apart == len(lines)
    assert kept_apart <= 1
    assert list(Block.objects.values_list("address", flat=True)) == []
    found = set(Finding.objects.values_list("address", "state", "reason"))
    assert found == {(ATTESTED, FindingState.REFUSED, Reason.NOT_PUBLIC)}


@pytest.mark.parametrize(
    ("site_id", "site"),
    [(ord("B"), "shop-b.example.jp"), (ord("B"), "shop-a.example.jp"), (0, "shop-a.example.jp"), (2**31, "x")],
)
def test_another_customers_site_blocks_nobody(chain: Chain, site_id: int, site: str) -> None:
    lines = [
        cef("SQL Injection", VICTIM, at=chain.clock(), site_id=site_id, site=site),
        cef("Backdoor", VICTIM, at=chain.clock(), site_id=site_id, site=site, act="REQ_PASSED"),
    ]
    chain.deliver(lines)
    decide(chain)
    assert not Block.objects.exists()
    assert set(Finding.objects.values_list("reason", flat=True)) == {Reason.FOREIGN_SITE}


@pytest.mark.parametrize(
    "src", ["", "unknown", "198.51.100.50:443", "198.51.100.050", "198.51.100.50, 198.51.100.51", "fe80::1%eth0"]
)
def test_an_address_that_cannot_be_read_blocks_nobody(chain: Chain, src: str) -> None:
    chain.deliver([cef("SQL Injection", src, at=chain.clock(), xff=VICTIM)])
    decide(chain)
    assert not Block.objects.exists()
    assert set(Finding.objects.values_list("address", "reason")) <= {("", Reason.NO_ADDRESS)}
    assert Finding.objects.exists()


def test_nothing_of_a_file_counts_twice_or_for_another_contract(chain: Chain) -> None:
    chain.deliver([cef("SQL Injection", ATTESTED, at=START)])
    decide(chain)
    logs.ingest_due(store=chain.store, spool=chain.spool, worker="two", clock=chain.clock)
    find_attacks(store=chain.store, clock=chain.clock)
    decide_findings(store=chain.store, now=chain.clock())
    assert Finding.objects.count() == 1
    assert not Block.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_wrong_credential_blocks_nobody(door: Door, log_store: LogStore) -> None:
    """Without a token nothing is taken; with another customer's, the lines are his, and their site is not."""
    body = events(cef("SQL Injection", VICTIM, at=START).decode())
    for token, answer in (("wrong", (403, 4)), (f"{door.token_a}x", (403, 4)), (door.token_b, (200, 0))):
        assert door.post(body, token=token) == answer
    clock = Clock()
    logs.ingest_due(store=log_store, spool=door.spool, worker="one", clock=clock)
    find_attacks(store=log_store, clock=clock)
    decide_findings(store=log_store, now=clock())
    assert not Block.objects.exists()
    finding = Finding.objects.get()
    assert (finding.contract, finding.address, finding.reason) == (door.b, VICTIM, Reason.FOREIGN_SITE)
