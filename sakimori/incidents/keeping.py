"""Rows of visits, as they are kept."""

from sakimori.customers.models import Site
from sakimori.incidents.models import Incident, Probe, Verdict
from sakimori.incidents.saying import of_path, phrase_of
from sakimori.incidents.verdict import BAD, Conclusion, verdict_of
from sakimori.incidents.visit import Limits, Visit
from sakimori.incidents.visitors import Examination


def probe_rows(
    done: Examination, site: Site, incident: Incident | None, limits: Limits, whole: Conclusion
) -> list[Probe]:
    """One row per visit (not saved), those beside the tries too. A bad one that proves nothing says so."""
    doubtful = whole.verdict == Verdict.INCONCLUSIVE
    return [_row(visit, site, incident, limits, doubtful=doubtful) for visit in (*done.visits, *done.beside)]


def _row(visit: Visit, site: Site, incident: Incident | None, limits: Limits, *, doubtful: bool) -> Probe:
    verdict = verdict_of(visit, limits)
    return Probe(
        site=site,
        incident=incident,
        at=visit.at,
        url=visit.url,
        verdict=Verdict.INCONCLUSIVE if doubtful and verdict in BAD else verdict,
        sentence=f"{of_path(visit)}{phrase_of([visit], limits, verdict)}。"[:300],
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
