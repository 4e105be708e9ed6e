"""Writes the invented past of a customer: log files in the ledger, findings, blocks, tickets and mails of long ago.

The files go in as an import does and are stored by the ordinary duty. They are marked as searched, for what
was found in them then is written here too: nobody may be told today of what is long over. The addresses that are
still blocked are put on the vendor's list, so that both agree.
"""

from datetime import datetime, timedelta

from sakimori import backends
from sakimori.accounts.models import User
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.customers.queries import site_ids
from sakimori.incidents.models import SearchedFile
from sakimori.logs.attack_kinds import kinds_of
from sakimori.logs.models import LogFile
from sakimori.logs.receive.accept import accept
from sakimori.notify.models import Delivery, DeliveryState
from sakimori.run.demo.history import Episode, Past, files_of
from sakimori.simulators.attack_kinds import ATTACKS
from sakimori.tickets.block_mails import tell_of_blocks
from sakimori.tickets.blocks import join_ticket
from sakimori.tickets.restores import tell_of_restore, untold_restores
from sakimori.waf.interface import BlockTarget

_WAVE = timedelta(minutes=15)
_DELAY = timedelta(minutes=4)
_RESTORED_EVERY = 4
HISTORY = "past_"  # What the names of the invented log files begin with.


def seed_history(contract: Contract, past: Past, *, approver: User) -> None:
    """Write the past of one contract. Call it once, in the transaction that makes the customer."""
    files = [_file(contract, number, at, lines) for number, (at, lines) in enumerate(files_of(past.lines), start=1)]
    active = set()
    for number, episode in enumerate(past.episodes):
        file = next(file for file in files if file.received_at >= episode.ends_at)
        block = _block(contract, episode, file)
        _tell(contract, block, now=episode.ends_at + _DELAY)
        if number % _RESTORED_EVERY == _RESTORED_EVERY - 1:
            _restore(block, approver, now=episode.ends_at + timedelta(hours=2))
        else:
            active.add(episode.address)
    _accept_all_mails(contract)
    target = BlockTarget(policy_name=f"Sakimori {contract.number}", site_ids=site_ids(contract))
    backends.waf_vendor(contract.vendor_account).change_blacklist(target, add=frozenset(active), remove=frozenset())


def _file(contract: Contract, number: int, at: datetime, lines: list[bytes]) -> LogFile:
    received_at = at + timedelta(minutes=1)
    content = b"\n".join(lines) + b"\n"
    file = accept(
        [content],
        contract=contract,
        door="import",
        name=f"{HISTORY}{number}.log",
        spool=backends.spool(),
        now=received_at,
    )
    LogFile.objects.filter(pk=file.pk).update(searched_at=received_at)
    SearchedFile.objects.create(file=file, at=received_at)
    return file


def _block(contract: Contract, episode: Episode, file: LogFile) -> Block:
    found_at = episode.ends_at + timedelta(minutes=1)
    block = Block.objects.create(
        contract=contract,
        address=episode.address,
        state=BlockState.ACTIVE,
        reason=Reason.ATTACK_BLOCKED,
        good_requests=0 if contract.keeps_access_lines else None,
        proposed_at=found_at,
        decided_at=found_at,
        applying_at=found_at + timedelta(seconds=1),
        written_at=found_at + timedelta(seconds=1),
        active_at=found_at + timedelta(seconds=2),
        next_try_at=found_at,
    )
    name = ATTACKS[episode.kind].name
    Finding.objects.create(
        contract=contract,
        file=file,
        site=contract.sites.get(vendor_site_id=episode.site.site_id),
        site_name=episode.site.domain,
        address=episode.address,
        kind=kinds_of(name)[0],
        name=name,
        blocked=episode.count,
        country=episode.country,
        first_at=episode.at,
        last_at=episode.ends_at,
        rules=[rule.rule_name for rule in ATTACKS[episode.kind].rules],
        state=FindingState.BLOCK,
        reason=Reason.ATTACK_BLOCKED,
        block=block,
        found_at=found_at,
    )
    return block


def _tell(contract: Contract, block: Block, *, now: datetime) -> None:
    join_ticket(contract, [block], wave=_WAVE, now=now)
    tell_of_blocks(contract.customer, wave=_WAVE, now=now)


def _restore(block: Block, approver: User, *, now: datetime) -> None:
    """The customer needed this one: taken off, and told."""
    done_at = now + timedelta(seconds=2)
    Block.objects.filter(pk=block.pk).update(
        state=BlockState.RESTORED,
        wanted_on_list=False,
        restore_asked_at=now,
        restore_asked_by=approver,
        restore_reason="取引先の検査のため",
        restore_channel=RestoreChannel.PORTAL,
        written_at=done_at,
        restored_at=done_at,
    )
    tell_of_restore(untold_restores().get(block=block), now=done_at)


def _accept_all_mails(contract: Contract) -> None:
    """Mails of long ago were delivered long ago."""
    for delivery in Delivery.objects.filter(message__customer=contract.customer).select_related("message"):
        written_at = delivery.message.written_at
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.ACCEPTED, accepted_at=written_at + timedelta(seconds=1), attempts=1
        )
