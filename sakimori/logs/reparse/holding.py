"""Files of a contract wait in the spool while one of its days is replaced: rows that came in between would be lost.

Both sides say what they are about to do before they look at the other: who stores files claims them and then asks
`let_wait`; who replaces a day notes the contract and then waits until none of its files is claimed. So at least one of
them sees the other, whatever the processes.
"""

from collections.abc import Callable, Iterable

from django.db.models import QuerySet

from sakimori.lib.claims import release
from sakimori.logs.models import LogFile, Reparse

_LOOK_EVERY_SECONDS = 0.2
_LOOKS = 300


def held_contracts() -> QuerySet[Reparse, int | None]:
    """The keys of contracts whose files wait."""
    return Reparse.objects.filter(held_contract__isnull=False).values_list("held_contract", flat=True)


def let_wait(files: Iterable[LogFile]) -> list[LogFile]:
    """Give back those of the claimed files whose contract is held since; returns the others."""
    held = set(held_contracts())
    free: list[LogFile] = []
    for file in files:
        if file.contract_id in held:
            release(file)
        else:
            free.append(file)
    return free


def note(order: Reparse, **columns: object) -> None:
    """Write down what stands of a claimed order. Raises LookupError if another worker has taken it over."""
    mine = Reparse.objects.filter(pk=order.pk, claimed_by=order.claimed_by, claimed_until=order.claimed_until)
    if not mine.update(**columns):
        raise LookupError(f"another worker reads files again for order {order.pk}")
    for name, value in columns.items():
        setattr(order, name, value)


def hold(order: Reparse, contract_id: int, *, sleep: Callable[[float], object]) -> bool:
    """Hold a contract's files, and wait for those that are just being stored. False, and not held, if that takes too
    long.
    """
    note(order, held_contract_id=contract_id)
    for _ in range(_LOOKS):
        if not LogFile.objects.filter(contract=contract_id).exclude(claimed_by="").exists():
            return True
        sleep(_LOOK_EVERY_SECONDS)
    let_go(order)
    return False


def let_go(order: Reparse) -> None:
    """The contract's files may be stored again. If a day was replaced, the doubles of its files are counted again."""
    LogFile.objects.filter(pk__in=order.recount).update(doubles=None)
    note(order, held_contract_id=None, ready_day=None, ready_table="", recount=[])
