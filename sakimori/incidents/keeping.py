"""Rows of visits, as they are kept."""

from collections.abc import Sequence

from sakimori.customers.models import Site
from sakimori.incidents.evidence import keep_evidence
from sakimori.incidents.models import Incident, Probe, ProbePath, Verdict
from sakimori.incidents.saying import of_path
from sakimori.incidents.verdict import BAD, Conclusion, phrase_of, verdict_of
from sakimori.incidents.visit import Limits, Visit
from sakimori.incidents.visitors import Examination
from sakimori.incidents.ways import ways_of
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity

_ALARM_KEY = "evidence-not-kept"
_NOT_KEPT = "サイト確認の証跡をディスクに保存できません。空き容量を確認してください。お客様への連絡は続けています。"


def probe_rows(
    done: Examination, site: Site, incident: Incident | None, limits: Limits, whole: Conclusion
) -> list[Probe]:
    """One row per visit (not saved), those beside the tries first. A bad one that proves nothing says so.

    A page of the WAF that a browser has repeated is in the record of the evidence, and no row of its own.
    """
    doubtful = whole.verdict == Verdict.INCONCLUSIVE
    beside = [visit for visit in done.beside if visit.vantage or visit.path == ProbePath.ORIGIN]
    return [_row(visit, site, incident, limits, doubtful=doubtful) for visit in (*beside, *done.visits)]


def keep_for_incident(done: Examination, site: Site, incident: Incident, limits: Limits, whole: Conclusion) -> None:
    """Write the rows of an incident's examination; what it has shown becomes evidence, if that is worth it.

    A full disk keeps no verdict from being drawn and nobody from being told: then the SOC hears that proof is missing.
    """
    rows = Probe.objects.bulk_create(probe_rows(done, site, incident, limits, whole))
    try:
        keep_shown(done, rows, incident, whole)
    except OSError:
        raise_alarm(key=_ALARM_KEY, severity=Severity.HIGH, sentence=_NOT_KEPT, now=done.visits[-1].at)


def keep_shown(done: Examination, rows: Sequence[Probe], incident: Incident, whole: Conclusion) -> None:
    """Make evidence of an examination. rows: those of `probe_rows`, saved."""
    tries = list(zip(rows[-len(done.visits) :], done.visits, strict=True))
    probe, visit = next((each for each in reversed(tries) if each[0].verdict == whole.verdict), tries[-1])
    keep_evidence(incident, probe, visit, visit.at, done.screenshot or None, done=done, conclusion=whole)


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
        **ways_of(visit),
    )
