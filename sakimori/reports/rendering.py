"""The PDF of a report, from what is frozen in its row. The same row and moment give the same bytes."""

from datetime import datetime
from importlib.resources import files

from sakimori.lib import pdf
from sakimori.reports.charts import daily_chart
from sakimori.reports.document import document
from sakimori.reports.figures import from_json
from sakimori.reports.models import Report
from sakimori.reports.wording import Letterhead

_TEMPLATE = files(__package__) / "data" / "report.typ"


def render(report: Report, letter: Letterhead, *, now: datetime, draft: bool = True) -> bytes:
    """The PDF of a report that has its figures. draft: whether every page says that it is one."""
    if report.figures is None or report.as_of is None:
        raise ValueError("a report without figures cannot be printed")
    figures = from_json(report.figures)
    data = document(
        letter, report.period, figures, comment=report.comment, as_of=report.as_of, due=report.due_on, draft=draft
    )
    return pdf.render(_TEMPLATE, data, now=now, pictures={"days.svg": daily_chart(figures)})
