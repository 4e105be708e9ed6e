"""Somebody of the desk puts an address or a network on a customer's list by hand. The guard is asked as always.

What is wider than one host is only proposed: a second person must want it too. So is an address or a network about
which the guard has a question: then the person sees it in the list of questions, and decides.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.blacklist import facts
from sakimori.blacklist.actions import NotPossible, approve, check_may_be_listed
from sakimori.blacklist.closer import ask_names
from sakimori.blacklist.crawlers import Crawlers
from sakimori.blacklist.guard import Ruling, rule, rule_network
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.wide import network_of
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.addresses import Network, canonical, parse_address, parse_network
from sakimori.lib.jst import written
from sakimori.logs.store.interface import LogStore


class NotAnAddress(ValueError):
    """The text is neither an address nor a network; it says so in a Japanese sentence."""


def read_entry(text: str) -> str:
    """The canonical text of an address, or of a network that begins where it says. Raises NotAnAddress."""
    address = parse_address(text)
    if address is not None:
        return canonical(address)
    network = parse_network(text)
    if network is None or "%" in text:
        raise NotAnAddress("IP アドレス（203.0.113.5 など）またはネットワーク（203.0.113.0/24 など）をご記入ください。")
    typed = parse_address(text.strip().partition("/")[0])
    if typed != network.network_address:
        raise NotAnAddress(f"ネットワークの先頭のアドレスでご記入ください。この範囲は {network} です。")
    return canonical(network.network_address) if network.num_addresses == 1 else str(network)


def add(
    contract: Contract,
    entry: str,
    *,
    note: str,
    lasts: timedelta | None,
    store: LogStore,
    by: User,
    now: datetime,
    crawlers: Crawlers | None = None,
) -> Block:
    """Put `entry` (see `read_entry`) on the list, or ask a second person. Raises NotPossible, StoreError.

    crawlers: who asks the DNS whether it is a search engine's; nobody is asked about a network.
    """
    check_may_be_listed(contract, entry, now=now)
    ruling, reason, good = _ruling(contract, entry, store, crawlers, now)
    if ruling is Ruling.REFUSE:
        raise NotPossible(reason.sentence)
    with transaction.atomic():
        _check_not_there(contract, entry)
        block = _propose(contract, entry, reason, good, note=note, lasts=lasts, by=by, now=now)
        if ruling is Ruling.ALLOW or reason is Reason.TWO_PEOPLE:
            approve(block, by=by, now=now)
    block.refresh_from_db()
    return block


def _ruling(
    contract: Contract, entry: str, store: LogStore, crawlers: Crawlers | None, now: datetime
) -> tuple[Ruling, Reason, int | None]:
    """The hourly caps hold back what the system does by itself; a person's own wish is not counted."""
    limits = replace(facts.limits(), cap_customer=1, cap_total=1)
    address, network = parse_address(entry), network_of(entry)
    if address is None and network is not None:
        known_of_all = facts.about_network(contract, network, now=now)
        return *rule_network(network, facts.never_block(contract), known_of_all, limits), None
    if address is None:
        return Ruling.REFUSE, Reason.NO_ADDRESS, None
    known = facts.gather(contract, {entry}, store=store, now=now)
    known.closer = ask_names({entry}, (), crawlers=crawlers, now=now)
    circumstances = replace(known.about(entry), blocked_customer=0, blocked_total=0)
    return *rule(address, known.never, circumstances, limits), circumstances.good_requests


def _check_not_there(contract: Contract, entry: str) -> None:
    wanted = network_of(entry)
    taken = Block.objects.select_for_update().filter(contract=contract).exclude(state__in=CLOSED_STATES)
    for block in taken.filter(address=entry) | taken.filter(address__contains="/"):
        there = network_of(block.address)
        if there is not None and wanted is not None and _covers(there, wanted):
            raise NotPossible(f"{block.address} として、すでに「{block.get_state_display()}」です。")


def _covers(there: Network, wanted: Network) -> bool:
    """Whether `there` holds all of `wanted`."""
    return there.version == wanted.version and wanted.network_address in there and wanted.broadcast_address in there


def _propose(
    contract: Contract,
    entry: str,
    reason: Reason,
    good_requests: int | None,
    *,
    note: str,
    lasts: timedelta | None,
    by: User,
    now: datetime,
) -> Block:
    block = Block.objects.create(
        contract=contract,
        address=entry,
        state=BlockState.PROPOSED,
        reason=reason,
        good_requests=good_requests,
        note=note[:200],
        proposed_at=now,
        expires_at=None if lasts is None else now + lasts,
        next_try_at=now,
    )
    audit.record(
        "block.by_hand",
        by=by.username,
        target=f"block:{block.pk}",
        now=now,
        customer=contract.customer,
        details={"address": entry, "reason": note[:200]}
        | ({"until": written(block.expires_at)} if block.expires_at else {}),
    )
    return block
