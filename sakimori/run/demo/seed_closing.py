"""A third customer whose contract ended two months ago: entered, due, and only the approval is missing."""

from datetime import datetime, timedelta

from django.db import transaction

from sakimori import backends
from sakimori.accounts.models import User
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.closing.actions import enter
from sakimori.closing.models import DeletionProof
from sakimori.customers import files
from sakimori.customers.models import Contact, Contract, Customer, Member, RegisteredNetwork, Site
from sakimori.customers.secrets import give_key
from sakimori.lib.calendar import Month
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.models import LogFile, LogFileState
from sakimori.notify.models import Delivery, DeliveryState, Message
from sakimori.run.demo.cast import ANALYST, MINATO, MINATO_CONTRACT, MINATO_LOGIN, MINATO_NAME
from sakimori.run.demo.passwords import hashed
from sakimori.tickets.models import Attachment, Note, Ticket, TicketBlock, TicketKind, TicketState

_SOURCE, _SITE_ID, _EVENTS = "192.0.2.77", 9901, 3
_FIRST_CONTACT = "minato@minato.example.jp"


def seed_closing(password: str, *, now: datetime) -> None:
    """Make the customer with rows in every room, unless he is there or was deleted already. Nothing of it is sent."""
    if Customer.objects.filter(number=MINATO).exists() or DeletionProof.objects.filter(customer_number=MINATO).exists():
        return
    ended = Month.at(now).plus(-2).begins_at + timedelta(days=14, hours=1)
    with transaction.atomic():
        contract = _contract(password, ended)
        file = _log_file(contract, ended)
        _ticket(contract, file, ended - timedelta(days=1))
        analyst = User.objects.get(username=ANALYST.login)
        enter(contract, ends_on=(ended + timedelta(hours=9)).date(), by=analyst, now=ended)
    backends.log_store().append(
        [(number, _event(ended, number)) for number in range(1, _EVENTS + 1)], contract_id=contract.pk, file_id=file.pk
    )


def _contract(password: str, ended: datetime) -> Contract:
    customer = Customer(number=MINATO, name=MINATO_NAME, created_at=ended - timedelta(days=400))
    give_key(customer)
    customer.save()
    contract = Contract.objects.create(
        customer=customer,
        number=MINATO_CONTRACT,
        starts_on=(ended - timedelta(days=365)).date(),
        plan_mbps=5,
        keeps_logs=True,
    )
    Site.objects.create(contract=contract, domain="www.minato.example.jp", vendor_site_id=_SITE_ID)
    for priority, (name, email) in enumerate(
        (("湊 一子", _FIRST_CONTACT), ("工房窓口", "shop@minato.example.jp")), start=1
    ):
        Contact.objects.create(customer=customer, name=name, email=email, priority=priority)
    RegisteredNetwork.objects.create(customer=customer, network="192.0.2.160/28", note="工房")
    user = User.objects.create(username=MINATO_LOGIN, password=hashed(password), last_name="湊", first_name="一子")
    Member.objects.create(customer=customer, user=user, role="admin")
    return contract


def _log_file(contract: Contract, ended: datetime) -> LogFile:
    at = ended - timedelta(days=1)
    return LogFile.objects.create(
        contract=contract,
        door="import",
        name="5001_1.log",
        sha256="0" * 64,
        size_bytes=1024,
        spool_name="minato-5001-1.log",
        state=LogFileState.STORED,
        received_at=at,
        stored_at=at,
        searched_at=at,
        spool_cleared_at=at,
        next_try_at=at,
        lines=_EVENTS,
        rows=_EVENTS,
    )


def _block(contract: Contract, file: LogFile, at: datetime) -> Block:
    """A block with its finding."""
    block = Block.objects.create(
        contract=contract,
        address=_SOURCE,
        state=BlockState.ACTIVE,
        reason=Reason.ATTACK_BLOCKED,
        proposed_at=at,
        decided_at=at,
        active_at=at,
        next_try_at=at,
    )
    Finding.objects.create(
        contract=contract,
        file=file,
        site=contract.sites.get(),
        site_name="www.minato.example.jp",
        address=_SOURCE,
        kind=AttackKind.SQL_INJECTION,
        name="SQL Injection",
        blocked=_EVENTS,
        first_at=at,
        last_at=at,
        state=FindingState.BLOCK,
        reason=Reason.ATTACK_BLOCKED,
        block=block,
        found_at=at,
    )
    return block


def _mail(contract: Contract, at: datetime) -> Message:
    """A mail that was sent long ago."""
    message = Message.objects.create(
        key=f"blocked:{MINATO_CONTRACT}",
        customer=contract.customer,
        subject="ブラックリストへ登録しました",
        body="SQLインジェクションを検知し、遮断しました。",
        written_at=at,
    )
    Delivery.objects.create(
        message=message,
        name="湊 一子",
        address=_FIRST_CONTACT,
        mail_id="<minato-1@localhost>",
        state=DeliveryState.ACCEPTED,
        attempts=1,
        next_try_at=at,
        accepted_at=at,
    )
    return message


def _ticket(contract: Contract, file: LogFile, at: datetime) -> None:
    """A ticket about a block, with a note and a file."""
    block, message = _block(contract, file, at), _mail(contract, at)
    ticket = Ticket.objects.create(
        contract=contract,
        number="WSP-MINATO",
        kind=TicketKind.BLACKLIST,
        subject="攻撃元 IP アドレスを遮断しました",
        state=TicketState.DONE,
        opened_at=at,
        updated_at=at,
    )
    TicketBlock.objects.create(ticket=ticket, block=block, added_at=at, told_in=message)
    note = Note.objects.create(
        ticket=ticket, key=f"minato:{ticket.pk}", at=at, text="お問い合わせの資料を受領しました。"
    )
    Attachment.objects.create(
        note=note,
        name="資料.txt",
        stored_name=files.keep(contract.customer, "工房の資料".encode()),
        size_bytes=15,
        sha256="0" * 64,
        content_type="text/plain",
    )


def _event(ended: datetime, number: int) -> Event:
    return Event(
        time=ended - timedelta(days=1, seconds=number),
        request_id=f"minato-{number}",
        name="SQL Injection",
        attack_kind=AttackKind.SQL_INJECTION,
        attack_kinds=(AttackKind.SQL_INJECTION,),
        outcome=Outcome.BLOCKED,
        act="REQ_BLOCKED_SECURITY",
        site="www.minato.example.jp",
        site_id=_SITE_ID,
        client_ip=_SOURCE,
        client_ip_text=_SOURCE,
        country="JP",
        method="GET",
        url="www.minato.example.jp/",
    )
