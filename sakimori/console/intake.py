"""How the logs are coming in: per contract the pull, the ledger's sums, and what could not be read."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.pages import show
from sakimori.console.troubles import Trouble, line_sentence, trouble_of
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.models import LogFile, PullState
from sakimori.logs.queries import contracts_with_intake, last_retention_proofs, line_reasons, quarantined_files

_STALE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract's intake. lag: since the last success; None before the first."""

    contract: Contract
    pull: PullState | None
    lag: timedelta | None
    stale: bool
    trouble: Trouble | None
    balanced: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of which something could not be read."""

    file: LogFile
    trouble: Trouble | None
    reasons: list[str]


@require_GET
@soc_only
def intake(request: PersonRequest) -> HttpResponse:
    """The intake of all contracts and the quarantined files."""
    contracts = access.visible(contracts_with_intake(), request.user, customer="customer")
    files = access.visible(quarantined_files(), request.user, customer="contract__customer")
    page, shown = page_of(files, request)
    now = utc_now()
    context: dict[str, object] = {
        "contracts": [_contract_row(contract, now) for contract in contracts],
        "page": page,
        "files": _file_rows(shown),
        "proofs": access.visible(last_retention_proofs(), request.user, customer="contract__customer"),
    }
    return show(request, "console/intake.html", context)


def _contract_row(contract: Contract, now: datetime) -> ContractRow:
    pull = getattr(contract, "pull_state", None)
    success = pull.last_success_at if pull else None
    lag = now - success if success else None
    ended = not contract.runs_on(day_of(now))
    stale = pull is not None and not ended and (lag is None or lag > _STALE)
    trouble = trouble_of(pull.last_error) if pull and pull.last_error else None
    counted = contract.rows + contract.bad_lines  # type: ignore[attr-defined]
    balanced = contract.lines == counted  # type: ignore[attr-defined]
    return ContractRow(contract, pull, lag, stale, trouble, balanced, ended)


def _file_rows(files: list[LogFile]) -> list[FileRow]:
    reasons: dict[int, list[str]] = defaultdict(list)
    for key, reason, number in line_reasons(files):
        reasons[key].append(f"{line_sentence(reason)}（{number} 行）")
    return [FileRow(file, trouble_of(file.reason) if file.reason else None, reasons[file.pk]) for file in files]
