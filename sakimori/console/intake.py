"""How the logs are coming in: per contract the pull and the ledger's sums; what was not read, who was not let in."""

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
from sakimori.logs.models import (
    DoorState,
    LogFile,
    LogFileState,
    MissingFiles,
    PullState,
    Residue,
    RewrittenFile,
    StoreCheck,
)
from sakimori.logs.queries import (
    contracts_with_intake,
    door_states,
    last_retention_proofs,
    line_reasons,
    missing_files,
    only_counted,
    quarantined_files,
    refused_senders,
    residues,
    rewritten_files,
)
from sakimori.logs.receive.without_index import is_lost

_STALE = timedelta(minutes=15)
_LOSSES_SHOWN = 20
_REFUSED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract's intake. lag: since the last success; None before the first.

    index_lost: the vendor has no list of files any more.
    """

    contract: Contract
    pull: PullState | None
    lag: timedelta | None
    stale: bool
    trouble: Trouble | None
    balanced: bool
    check: StoreCheck | None
    ended: bool
    index_lost: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of which something could not be read. more: bad lines that are only counted."""

    file: LogFile
    trouble: Trouble | None
    reasons: list[str]
    more: int = 0


@dataclass(frozen=True, slots=True)
class DoorRow:
    """How it goes at a drop folder or a bucket."""

    state: DoorState
    label: str
    trouble: Trouble | None
    ended: bool


@dataclass(frozen=True, slots=True)
class Losses:
    """What never arrived: numbers that the pull has passed over, how many more, and what syslog connections cut off."""

    missing: list[MissingFiles]
    others: int
    residues: list[Residue]


@dataclass(frozen=True, slots=True)
class RewrittenRow:
    """A name under which another content came."""

    case: RewrittenFile
    label: str


@require_GET
@soc_only
def intake(request: PersonRequest) -> HttpResponse:
    """The intake of all contracts and the quarantined files."""
    contracts = list(access.visible(contracts_with_intake(), request.user, customer="customer"))
    files = access.visible(quarantined_files(), request.user, customer="contract__customer")
    page, shown = page_of(files, request)
    now, rewritten = utc_now(), _rewritten(request)
    context: dict[str, object] = {
        "completeness": completeness_rows(contracts, now=now),
        "contracts": [_contract_row(contract, now) for contract in contracts],
        "doors": [
            _door_row(state, now)
            for state in access.visible(door_states(), request.user, customer="contract__customer")
        ],
        "losses": _losses(request),
        "rewritten": rewritten[:_LOSSES_SHOWN],
        "has_more_rewritten": len(rewritten) > _LOSSES_SHOWN,
        "refused": refused_senders()[:_REFUSED_SHOWN],
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
    index_lost = pull is not None and not ended and is_lost(pull)
    return ContractRow(contract, pull, lag, stale, trouble, balanced, check, ended, index_lost)


def _door_row(state: DoorState, now: datetime) -> DoorRow:
    trouble = trouble_of(state.last_error) if state.last_error else None
    return DoorRow(state, door_label(state.door), trouble, not state.contract.runs_on(day_of(now)))


def _losses(request: PersonRequest) -> Losses:
    missing = access.visible(missing_files(), request.user, customer="contract__customer")
    cut = access.visible(residues(), request.user, customer="contract__customer")
    return Losses(list(missing[:_LOSSES_SHOWN]), max(0, missing.count() - _LOSSES_SHOWN), list(cut[:_LOSSES_SHOWN]))


def _rewritten(request: PersonRequest) -> list[RewrittenRow]:
    """One more than is shown, where there are more."""
    cases = access.visible(rewritten_files(), request.user, customer="contract__customer")
    return [RewrittenRow(case, door_label(case.door)) for case in cases[: _LOSSES_SHOWN + 1]]


def _file_rows(files: list[LogFile]) -> list[FileRow]:
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for key, reason, number in line_reasons(files):
        found[key].append((reason, number))
    return [_file_row(file, found[file.pk]) for file in files]


def _file_row(file: LogFile, reasons: list[tuple[str, int]]) -> FileRow:
    more = only_counted(file, sum(number for _, number in reasons))
    which = "先頭の " if file.state == LogFileState.QUARANTINED else "保存分 " if more else ""
    said = [f"{line_sentence(reason)}（{which}{number} 行）" for reason, number in reasons]
    return FileRow(file, trouble_of(file.reason) if file.reason else None, said, more)
