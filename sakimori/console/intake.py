"""How the logs are coming in: per contract the pull, the ledger's sums, and what could not be read."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.completeness import completeness_rows
from sakimori.console.pages import show
from sakimori.console.troubles import Trouble, line_sentence, trouble_of
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.doors import door_label
from sakimori.logs.models import DoorState, LogFile, MissingFiles, PullState, Residue, StoreCheck
from sakimori.logs.queries import (
    contracts_with_intake,
    door_states,
    last_retention_proofs,
    line_reasons,
    missing_files,
    quarantined_files,
    residues,
)

_STALE = timedelta(minutes=15)
_LOSSES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract's intake. lag: since the last success; None before the first."""

    contract: Contract
    pull: PullState | None
    lag: timedelta | None
    stale: bool
    trouble: Trouble | None
    balanced: bool
    check: StoreCheck | None
    ended: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of which something could not be read."""

    file: LogFile
    trouble: Trouble | None
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class DoorRow:
    """How it goes at a drop folder or a bucket."""

    state: DoorState
    label: str
    trouble: Trouble | None
    ended: bool


@dataclass(frozen=True, slots=True)
class Losses:
    """What never arrived: numbers that the pull has passed over, and what syslog connections cut off."""

    missing: list[MissingFiles]
    residues: list[Residue]


@require_GET
@soc_only
def intake(request: PersonRequest) -> HttpResponse:
    """The intake of all contracts and the quarantined files."""
    contracts = list(access.visible(contracts_with_intake(), request.user, customer="customer"))
    files = access.visible(quarantined_files(), request.user, customer="contract__customer")
    page, shown = page_of(files, request)
    now = utc_now()
    context: dict[str, object] = {
        "completeness": completeness_rows(contracts, now=now),
        "contracts": [_contract_row(contract, now) for contract in contracts],
        "doors": [
            _door_row(state, now)
            for state in access.visible(door_states(), request.user, customer="contract__customer")
        ],
        "losses": _losses(request),
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
    counted = contract.rows + contract.bad_lines + contract.unkept_lines  # type: ignore[attr-defined]
    check = getattr(contract, "store_check", None)
    balanced = contract.lines == counted and not (check and check.differences)  # type: ignore[attr-defined]
    return ContractRow(contract, pull, lag, stale, trouble, balanced, check, ended)


def _door_row(state: DoorState, now: datetime) -> DoorRow:
    trouble = trouble_of(state.last_error) if state.last_error else None
    return DoorRow(state, door_label(state.door), trouble, not state.contract.runs_on(day_of(now)))


def _losses(request: PersonRequest) -> Losses:
    missing = access.visible(missing_files(), request.user, customer="contract__customer")
    cut = access.visible(residues(), request.user, customer="contract__customer")
    return Losses(list(missing[:_LOSSES_SHOWN]), list(cut[:_LOSSES_SHOWN]))


def _file_rows(files: list[LogFile]) -> list[FileRow]:
    reasons: dict[int, list[str]] = defaultdict(list)
    for key, reason, number in line_reasons(files):
        reasons[key].append(f"{line_sentence(reason)}（{number} 行）")
    return [FileRow(file, trouble_of(file.reason) if file.reason else None, reasons[file.pk]) for file in files]
