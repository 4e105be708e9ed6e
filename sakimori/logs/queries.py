"""What pages read of the intake. Callers narrow the rows through `customers.access`."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Aggregate, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from sakimori.customers.models import Contract
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import (
    DoorState,
    LogFile,
    LogFileState,
    MissingFiles,
    QuarantinedLine,
    RefusedSender,
    Residue,
    RetentionProof,
    RewrittenFile,
)

_BY_CONTRACT = ("contract__customer__name", "contract__number")
_WAITING = (LogFileState.RECEIVED, LogFileState.STORING)


def contracts_with_intake() -> QuerySet[Contract]:
    """Contracts with their pull state, the last comparison with the store, and the sums of their ledger: files by
    state, lines, rows, quarantined and unkept lines, doubles among the rows, files that an older parser has read.
    """
    return (
        Contract.objects.select_related("customer", "pull_state", "store_check")
        .annotate(
            stored=_of_files(Count("pk", filter=Q(state=LogFileState.STORED))),
            waiting=_of_files(Count("pk", filter=Q(state__in=_WAITING))),
            quarantined=_of_files(Count("pk", filter=Q(state=LogFileState.QUARANTINED))),
            lines=_of_files(Sum("lines")),
            rows=_of_files(Sum("rows")),
            bad_lines=_of_files(Sum("quarantined_lines")),
            doubles=_of_files(Sum("doubles")),
            unkept_lines=_of_files(Sum("unkept_lines")),
            parsed_before=_of_files(Count("pk", filter=parsed_before(PARSER_VERSION))),
        )
        .order_by("customer__name", "number")
    )


def parsed_before(version: int) -> Q:
    """Stored files with rows that an older version of our parser has made."""
    older = Q(parser_version=None) | Q(parser_version__lt=version)
    return older & Q(state=LogFileState.STORED, rows__gt=0)


def _of_files(figure: Aggregate) -> Coalesce:
    """A figure of a contract's files. The index "files_to_sum" holds all that is asked for: no row is read."""
    files = LogFile.objects.filter(contract=OuterRef("pk")).order_by().values("contract")
    return Coalesce(Subquery(files.annotate(figure=figure).values("figure")), 0)


def door_states() -> QuerySet[DoorState]:
    """How it goes at every drop folder and bucket."""
    return DoorState.objects.select_related("contract__customer").order_by(*_BY_CONTRACT, "door")


def missing_files() -> QuerySet[MissingFiles]:
    """Numbers that are missing from what was pulled: first those that nobody has dismissed, then the newest."""
    by_age = (F("dismissed_at").desc(nulls_first=True), "-noticed_at", "-pk")
    return MissingFiles.objects.select_related("contract__customer").order_by(*by_age)


def rewritten_files() -> QuerySet[RewrittenFile]:
    """Names under which another content came: first those that nobody has closed, then the newest."""
    by_age = (F("closed_at").desc(nulls_first=True), "-last_at", "-pk")
    return RewrittenFile.objects.select_related("contract__customer").order_by(*by_age)


def contents_of(case: RewrittenFile) -> QuerySet[LogFile]:
    """What the ledger has under the name of a case, the oldest first."""
    return LogFile.objects.filter(contract=case.contract_id, door=case.door, name=case.name).order_by("pk")


def residues() -> QuerySet[Residue]:
    """What syslog connections have cut off, the newest day first."""
    return Residue.objects.select_related("contract__customer").order_by("-day", *_BY_CONTRACT)


def refused_senders() -> QuerySet[RefusedSender]:
    """Who was not let in at the syslog door lately, the newest first. They are no customer's rows."""
    return RefusedSender.objects.order_by("-last_at", "-pk")


def quarantined_files() -> QuerySet[LogFile]:
    """Files of which something could not be read, the newest first."""
    troubled = Q(state=LogFileState.QUARANTINED) | Q(quarantined_lines__gt=0)
    return LogFile.objects.filter(troubled).select_related("contract__customer").order_by("-received_at", "-pk")


def bad_lines(file: LogFile) -> QuerySet[QuarantinedLine]:
    """The lines of a file that could not be read, as far as they were kept, in their order."""
    return QuarantinedLine.objects.filter(file=file).order_by("line_number")


def only_counted(file: LogFile, kept: int) -> int:
    """How many bad lines of a stored file are counted and not kept, of which so many are. Of a file that lies in
    quarantine as a whole nothing is counted.
    """
    return 0 if file.state == LogFileState.QUARANTINED else max(0, file.quarantined_lines - kept)


def imported_files(contract: Contract) -> QuerySet[LogFile]:
    """What was imported by hand for a contract, the newest first."""
    return LogFile.objects.filter(contract=contract, door=IMPORT_DOOR).order_by("-received_at", "-pk")


def line_reasons(files: Sequence[LogFile]) -> list[tuple[int, str, int]]:
    """How many lines of each file were quarantined for which reason: the file's key, the reason, the count."""
    rows = QuarantinedLine.objects.filter(file__in=files).values("file_id", "reason")
    counted = rows.annotate(count=Count("pk")).order_by("file_id", "reason")
    return [(row["file_id"], row["reason"], row["count"]) for row in counted]


def last_retention_proofs() -> QuerySet[RetentionProof]:
    """The newest proof of each contract."""
    newest = RetentionProof.objects.values("contract").annotate(newest=Max("pk")).values("newest")
    rows = RetentionProof.objects.filter(pk__in=newest).select_related("contract__customer")
    return rows.order_by("contract__customer__name", "contract__number")


def contracts_with_log_page() -> QuerySet[Contract]:
    """Contracts with the option to keep logs (chapter 2-5-1): their log can be searched."""
    return Contract.objects.filter(keeps_logs=True).select_related("customer").order_by("customer__name", "number")


def contracts_with_log() -> QuerySet[Contract]:
    """All contracts, for the SOC: without the option too some weeks of log are kept."""
    return Contract.objects.select_related("customer").order_by("customer__name", "number")


def access_lines_left_out(contract: Contract, *, since: datetime, until: datetime) -> bool:
    """Whether a file that arrived in this time (until: without it) was stored without its access lines."""
    files = LogFile.objects.filter(contract=contract, keeps_access_lines=False)
    return files.filter(received_at__gte=since, received_at__lt=until).exists()


def kept_since(contract: Contract) -> date | None:
    """The day before which this contract's log was let go of, as far as the proofs say; None where nothing was."""
    proofs = RetentionProof.objects.filter(contract=contract, days__gt=0).order_by("-kept_from")
    return proofs.values_list("kept_from", flat=True).first()
