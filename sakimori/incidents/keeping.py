"""Rows of visits, as they are kept."""

from collections.abc import Sequence

from sakimori.customers.models import Site
from sakimori.incidents.models import Incident, Probe, ProbePath, Verdict
from sakimori.incidents.saying import of_path
from sakimori.incidents.verdict import BAD, Conclusion, phrase_of, verdict_of
from sakimori.incidents.visit import Limits, Visit
from sakimori.incidents.visitors import Examination


def keep_for_incident(
    done: Examination, site: Site, incident: Incident, limits: Limits, whole: Conclusion
) -> Sequence[Probe]:
    """Write down the visits of an incident's examination. Returns the rows, those of the tries last."""
    return Probe.objects.bulk_create(probe_rows(done, site, incident, limits, whole))


def probe_rows(
    done: Examination, site: Site, incident: Incident | None, limits: Limits, whole: Conclusion
) -> list[Probe]:
    """One row per visit (not saved), those on other ways first. A bad one that proves nothing says so.

    What a browser has repeated is no visit of its own.
    """
    doubtful = whole.verdict == Verdict.INCONCLUSIVE
    ways = [visit for visit in done.beside if visit.vantage or visit.path == ProbePath.ORIGIN]
    return [_row(visit, site, incident, limits, doubtful=doubtful) for visit in (*ways, *done.visits)]


def _row(visit: Visit, site: Site, incident: Incident | None, limits: Limits, *, doubtful: bool) -> Probe:
    verdict = verdict_of(visit, limits)
    return Probe(
        site=site,
        incident=incident,
        at=visit.at,
        url=visit.url,
        verdict=Verdict.INCONCLUSIVE if doubtful and verdict in BAD else verdict,
        sentence=f"{of_path(visit)}{phrase_of([visit], limits)}。"[:300],
        status=visit.status,
        size_bytes=visit.size_bytes,
        dns_ms=visit.dns_ms,
        connect_ms=visit.connect_ms,
        tls_ms=visit.tls_ms,
        first_byte_ms=visit.first_byte_ms,
        total_ms=visit.total_ms,
        trouble=visit.trouble,
        path=visit.path,
        vantage=visit.vantage[:40],
        via=visit.via,
        page=visit.page,
        address=visit.address or None,
    )
