"""When an incident is over, and what each look at the site leaves in its row. Pure but for the row's columns.

Over = nothing attacks any more (the vendor's own, authenticated word, or quiet for long enough) **and** the site was
displayed normally three times in a row. Of a site that cannot be visited only quiet is known, and its ticket says so.
"""

from datetime import datetime, timedelta

from sakimori.incidents.models import Incident, IncidentKind, Verdict

NORMAL_IN_A_ROW = 3
_BAD = (Verdict.NOT_DISPLAYED, Verdict.SLOW)
_MOST_COUNTED = 10_000  # The column is small; nothing asks for more than three.


def is_calm(incident: Incident, *, quiet: timedelta, now: datetime) -> bool:
    """Whether nothing attacks any more. A signal that is newer than the vendor's word makes that word void."""
    if incident.kind == IncidentKind.SITE_DOWN:
        return True  # It has no signals: only visits say how it is.
    return calm_at(now, newest=incident.last_signal_at, said_at=incident.vendor_ended_at, quiet=quiet)


def calm_at(now: datetime, *, newest: datetime, said_at: datetime | None, quiet: timedelta) -> bool:
    """The same of an attack whose newest signal is `newest`. said_at: when the vendor said that it ended."""
    if said_at is not None and newest <= said_at <= now:
        return True
    return now - newest >= quiet


def is_over(incident: Incident, *, quiet: timedelta, now: datetime) -> bool:
    """Whether an incident of a site may end. quiet: so long without a signal is quiet."""
    if incident.verdict == Verdict.NOT_PROBED:
        return now - incident.last_signal_at >= quiet
    return incident.normal_in_a_row >= NORMAL_IN_A_ROW and is_calm(incident, quiet=quiet, now=now)


def count_verdict(
    incident: Incident, verdict: Verdict, *, visited_at: datetime, now: datetime, is_planned: bool = False
) -> None:
    """Write into the row what a look at the site adds: first visit, first bad verdict, normal ones in a row.

    Not saved. What is inconclusive proves nothing: it breaks the row of normal ones and begins nothing.
    is_planned: the site is stopped as planned, so that a bad verdict is none.
    """
    incident.first_probe_at = incident.first_probe_at or visited_at
    if verdict in _BAD and not is_planned:
        incident.bad_at = incident.bad_at or now
    normal = verdict == Verdict.NORMAL
    incident.normal_in_a_row = min(incident.normal_in_a_row + 1, _MOST_COUNTED) if normal else 0


COUNTED = ("first_probe_at", "bad_at", "normal_in_a_row")
