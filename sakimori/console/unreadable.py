"""読み取れない行: what could not be read of a file, line by line, for people to see whether its format has changed."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.pages import show
from sakimori.console.troubles import line_sentence, trouble_of
from sakimori.customers import access
from sakimori.lib.jst import utc_now
from sakimori.logs.actions import note_bad_lines, wants_a_key
from sakimori.logs.doors import door_label
from sakimori.logs.models import QuarantinedLine
from sakimori.logs.queries import bad_lines, only_counted, quarantined_files

_SHOWN_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as text: bytes that are no UTF-8 as `\\xff`. is_cut: there is more of it than is shown."""

    number: int
    sentence: str
    text: str
    is_cut: bool


@require_GET
@soc_only
def unreadable(request: PersonRequest, pk: int) -> HttpResponse:
    """The file and the lines. They are a customer's log: that they were read is recorded."""
    file = access.get(quarantined_files(), request.user, customer="contract__customer", pk=pk)
    page, lines = page_of(bad_lines(file), request)
    if lines:
        note_bad_lines(file, by=request.user, now=utc_now())
    context: dict[str, object] = {
        "file": file,
        "door": door_label(file.door),
        "trouble": trouble_of(file.reason) if file.reason else None,
        "wants_a_key": wants_a_key(file),
        "page": page,
        "more": only_counted(file, page.paginator.count),
        "lines": [_line_row(line) for line in lines],
    }
    return show(request, "console/unreadable.html", context)


def _line_row(line: QuarantinedLine) -> LineRow:
    raw = bytes(line.raw)
    text = raw[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return LineRow(line.line_number, line_sentence(line.reason), text, len(raw) > _SHOWN_BYTES)
