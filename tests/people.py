"""People and rows for tests of pages: Alice owns, Bob belongs, Charlie is a stranger, Dana sits at the SOC desk.

Plain functions; every call makes new rows. Samples are invented and hostile on purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from sakimori.accounts.models import SocRole, User
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, ProxyCase
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract, Customer, Member, MemberRole, Site
from sakimori.customers.secrets import give_key
from sakimori.lib.jst import utc_now
from sakimori.logs.models import LogFile, LogFileState
from sakimori.notify.models import Call, CallRound, DutyShift
from sakimori.tickets.models import Note, Ticket, TicketBlock, TicketKind

NOW = datetime(2026, 11, 23, 13, 5, 7, tzinfo=UTC)
PASSWORD = "Kitsune-no-yomeiri-7"
SAMPLE = {
    "time": "2026-11-23 13:04:59.123",
    "method": "GET",
    "url": "shop.example.jp/<script>alert(1)</script>",
    "query": "id=1%27 OR 1=1--\u202egnp.exe",
    "user_agent": "curl/8.0\x07",
    "act": "REQ_BLOCKED_SECURITY",
    "outcome": "blocked",
    "request_id": "8341000123456789012",
    "rule_names": "SQL Injection",
}
_number = count(1)


@dataclass(frozen=True, slots=True)
class People:
    """The four, and the two customers with a contract and a site each."""

    alice: User
    bob: User
    charlie: User
    dana: User
    a: Contract
    b: Contract


def make_people() -> People:
    """Alice (admin) and Bob (reader) of customer A, Charlie (admin) of customer B, Dana (analyst) of the SOC."""
    a, b = make_contract("株式会社さくら商店", "A"), make_contract("有限会社もみじ堂", "B")
    return People(
        alice=make_member(a, "alice", "佐藤", "愛", role=MemberRole.ADMIN),
        bob=make_member(a, "bob", "田中", "文男", role=MemberRole.READER),
        charlie=make_member(b, "charlie", "鈴木", "千秋", role=MemberRole.ADMIN),
        dana=make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST),
        a=a,
        b=b,
    )


def make_contract(name: str, letter: str) -> Contract:
    """A customer with a key of its own, one contract and one site."""
    customer = Customer(number=f"C-{letter}", name=name, created_at=NOW)
    give_key(customer)
    customer.save()
    contract = Contract.objects.create(customer=customer, number=f"K-{letter}-001", starts_on=NOW.date())
    Site.objects.create(contract=contract, domain=f"shop-{letter.lower()}.example.jp", vendor_site_id=ord(letter))
    return contract


def make_user(username: str, last: str, first: str, *, soc_role: SocRole = SocRole.NONE) -> User:
    """Somebody who can sign in with PASSWORD."""
    return User.objects.create_user(username, password=PASSWORD, last_name=last, first_name=first, soc_role=soc_role)


def make_member(contract: Contract, username: str, last: str, first: str, *, role: MemberRole) -> User:
    """A portal user of the contract's customer."""
    user = make_user(username, last, first)
    Member.objects.create(customer=contract.customer, user=user, role=role)
    return user


def make_file(contract: Contract, **columns: object) -> LogFile:
    """A stored log file of ten lines. One that waits, by its state, was not stored at any time."""
    number = next(_number)
    waits = columns.get("state") in (LogFileState.RECEIVED, LogFileState.STORING)
    values: dict[str, object] = {
        "door": "pull",
        "name": f"1001_{number}.log",
        "sha256": f"{number:064x}",
        "size_bytes": 4096,
        "spool_name": f"spool-{number}",
        "state": LogFileState.STORED,
        "received_at": NOW,
        "stored_at": None if waits else NOW,
        "next_try_at": NOW,
        "lines": 10,
        "rows": 10,
    }
    return LogFile.objects.create(contract=contract, **{**values, **columns})


def make_finding(contract: Contract, address: str, *, block: Block | None = None, **columns: object) -> Finding:
    """An SQL injection from `address`, blocked three times and passed once."""
    site = contract.sites.earliest("pk")
    values: dict[str, object] = {
        "site": site,
        "site_name": site.domain,
        "kind": "sql_injection",
        "name": "SQL Injection",
        "blocked": 3,
        "passed": 1,
        "country": "JP",
        "first_at": NOW - timedelta(minutes=3),
        "last_at": NOW - timedelta(minutes=1),
        "rules": ["SQL Injection"],
        "request_ids": [SAMPLE["request_id"]],
        "samples": [SAMPLE],
        "state": FindingState.BLOCK if block else FindingState.ASK,
        "reason": Reason.ATTACK_BLOCKED if block else Reason.KIND_UNKNOWN,
        "found_at": NOW,
    }
    values = {"file": make_file(contract), **values, **columns}
    return Finding.objects.create(contract=contract, address=address, block=block, **values)


def make_block(
    contract: Contract, address: str = "203.0.113.5", *, state: BlockState = BlockState.ACTIVE, **columns: object
) -> Block:
    """A block with one finding."""
    values: dict[str, object] = {
        "reason": Reason.GOOD_TRAFFIC if state == BlockState.PROPOSED else Reason.ATTACK_BLOCKED,
        "proposed_at": NOW,
        "decided_at": None if state == BlockState.PROPOSED else NOW,
        "active_at": NOW if state == BlockState.ACTIVE else None,
        "next_try_at": NOW,
    }
    block = Block.objects.create(contract=contract, address=address, state=state, **{**values, **columns})
    make_finding(contract, address, block=block)
    return block


def make_proxy_case(contract: Contract, **columns: object) -> ProxyCase:
    """Twelve visitors who were sent by a hostile page."""
    values: dict[str, object] = {
        "site_name": contract.sites.get().domain,
        "url": "shop.example.jp/<script>alert(1)</script>",
        "parameters": "id&\u202eq",
        "sources": 12,
        "first_at": NOW - timedelta(minutes=9),
        "last_at": NOW,
    }
    return ProxyCase.objects.create(contract=contract, **{**values, **columns})


def make_ticket(contract: Contract, number: str = "T-0001", *, blocks: Sequence[Block] = ()) -> Ticket:
    """A ticket that tells of these blocks, with one note."""
    ticket = Ticket.objects.create(
        contract=contract,
        number=number,
        kind=TicketKind.BLACKLIST,
        subject="攻撃元 IP アドレスを遮断しました",
        opened_at=NOW,
        updated_at=NOW,
    )
    for block in blocks:
        TicketBlock.objects.create(ticket=ticket, block=block, added_at=NOW)
    Note.objects.create(ticket=ticket, key=f"opened:{ticket.pk}", at=NOW, text="WAF のブラックリストに登録しました。")
    return ticket


def make_round(customer: Customer | None, *, key: str = "round", **columns: object) -> CallRound:
    """A round of calls that an operator dials, to one person."""
    values: dict[str, object] = {
        "subject": "サイト停止のご連絡",
        "say": "サイトが表示できません。",
        "started_at": NOW,
        "next_try_at": NOW,
        "by_hand": True,
    }
    round_ = CallRound.objects.create(key=key, customer=customer, **{**values, **columns})
    Call.objects.create(round=round_, place=1, name="桜井 花子", number="03-0000-1001", reference=f"{key}-1")
    return round_


def make_shift(person: User, *, begin: float = -1, end: float = 8, **columns: object) -> DutyShift:
    """A shift of one person, in hours from the real present, which is what pages compare with."""
    values: dict[str, object] = {
        "starts_at": utc_now() + timedelta(hours=begin),
        "ends_at": utc_now() + timedelta(hours=end),
        "on_duty": person,
        "manager": person,
    }
    return DutyShift.objects.create(**{**values, **columns})
