"""What pages read of the end of contracts. Callers narrow contracts through `customers.access`."""

from datetime import date
from enum import Enum

from django.db.models import F, QuerySet

from sakimori.closing.belongings import count_by_label, keys_of
from sakimori.closing.deletion import owner_of
from sakimori.closing.models import Closing, DeletionProof
from sakimori.closing.outside import Outside, Places, look
from sakimori.closing.people import leaving_with
from sakimori.customers.models import Contract


class Standing(Enum):
    """Where a contract stands on its way out: words and a style class."""

    RUNNING = ("契約中", "done")
    PLANNED = ("解約予定", "wait")
    ENDED = ("解約済み（サービス停止）", "wait")
    OVERDUE = ("削除期限到来・未承認", "trouble")
    APPROVED = ("削除承認済み", "wait")
    DELETING = ("削除中", "wait")

    @property
    def words(self) -> str:
        """As pages say it."""
        return self.value[0]

    @property
    def tone(self) -> str:
        """Class of the badge."""
        return self.value[1]


def contracts() -> QuerySet[Contract]:
    """Every contract with its closing, those that end first on top."""
    people = ("closing__entered_by", "closing__approved_by")
    return Contract.objects.select_related("customer", *people).order_by(F("ends_on").asc(nulls_last=True), "number")


def closing_of(contract: Contract) -> Closing | None:
    """Its closing, if somebody has cancelled it."""
    closing: Closing | None = getattr(contract, "closing", None)
    return closing


def standing_of(contract: Contract, today: date) -> Standing:
    """Where it stands on a day of Japan. On the day of deletion itself an approval that is lacking is overdue."""
    closing = closing_of(contract)
    if contract.ends_on is None or contract.deletes_on is None:
        return Standing.RUNNING
    if closing is not None and closing.approved_at is not None:
        return Standing.DELETING if today > contract.deletes_on else Standing.APPROVED
    if today >= contract.deletes_on:
        return Standing.OVERDUE
    return Standing.PLANNED if contract.runs_on(today) else Standing.ENDED


def proofs() -> QuerySet[DeletionProof]:
    """Proofs of deletion, the newest first."""
    return DeletionProof.objects.order_by("-finished_at", "-pk")


def preview(contract: Contract, *, places: Places) -> tuple[list[tuple[str, int]], Outside, bool]:
    """What would go now: rows per kind, what lies outside the database, and whether the customer goes as well."""
    owner = owner_of(contract)
    customer_too = owner != contract
    keys = keys_of(owner)
    rows = count_by_label(keys)
    if customer_too:
        rows.append(("利用者（ログイン）", len(leaving_with(contract.customer).users)))
    return rows, look(contract, keys, customer_too=customer_too, places=places), customer_too
