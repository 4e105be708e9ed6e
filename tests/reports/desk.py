"""People and rows for tests of reports and advisories: Dana writes, Erin is the second person, the manager leads."""

from datetime import UTC, datetime

from sakimori.accounts.models import SocRole, User
from sakimori.customers.models import Contact, Contract
from sakimori.lib.calendar import Month
from sakimori.logs.store.interface import LogStore
from sakimori.reports import actions
from sakimori.reports.models import Report
from tests.people import make_user

MONTH = Month(2026, 10)
NOW = datetime(2026, 11, 4, 3, 0, tzinfo=UTC)
COMMENT = "攻撃はすべて遮断しました。"


def make_erin() -> User:
    """A second analyst."""
    return make_user("erin", "江藤", "凛", soc_role=SocRole.ANALYST)


def make_manager() -> User:
    """The one who leads the SOC."""
    return make_user("mori", "森", "守", soc_role=SocRole.MANAGER)


def make_contacts(contract: Contract, number: int = 2) -> set[str]:
    """So many contacts; returns their addresses."""
    letter = contract.number.split("-")[1].lower()
    for priority in range(1, number + 1):
        Contact.objects.create(
            customer=contract.customer,
            name=f"連絡先 {priority}",
            email=f"contact{priority}@{letter}.example.jp",
            priority=priority,
        )
    return {f"contact{priority}@{letter}.example.jp" for priority in range(1, number + 1)}


def running_since(contract: Contract, year: int, month: int) -> Contract:
    """Let the contract have begun on the first of a month."""
    contract.starts_on = Month(year, month).first
    contract.save()
    return contract


def make_report(contract: Contract, month: Month = MONTH) -> Report:
    """A report that waits to be made."""
    running_since(contract, 2026, 4)
    actions.open_report(contract, month, now=NOW)
    return Report.objects.get(contract=contract, month=str(month))


def make_draft(contract: Contract, store: LogStore, *, by: User, month: Month = MONTH) -> Report:
    """A report with figures and a comment."""
    report = make_report(contract, month)
    actions.draft(report, comment=COMMENT, store=store, by=by, now=NOW)
    return Report.objects.get(pk=report.pk)


def make_released(contract: Contract, store: LogStore, *, by: User, second: User, month: Month = MONTH) -> Report:
    """A report on the portal."""
    report = make_draft(contract, store, by=by, month=month)
    actions.release(report, seen=actions.seen_mark(report), by=second, now=NOW)
    return Report.objects.get(pk=report.pk)
