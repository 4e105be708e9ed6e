"""A piece of evidence as a download, on both faces. Whoever asks has been let through by `access`."""

from datetime import datetime

from django.http import Http404, HttpResponse

from sakimori.accounts.downloads import attached
from sakimori.incidents.evidence import EvidenceGone, content_of
from sakimori.incidents.models import Evidence
from sakimori.incidents.opening import link_of
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity


def handed_out(row: Evidence, *, now: datetime) -> HttpResponse:
    """The file, as an attachment. Http404 and an alarm where it is gone or is not what its hash says."""
    try:
        content = content_of(row)
    except EvidenceGone as error:
        raise_alarm(
            key=f"evidence:{row.pk}",
            severity=Severity.MIDDLE,
            sentence=f"証跡のファイル（{row.name}）が失われているか、保存時のハッシュと一致しません。",
            link=link_of(row.incident),
            now=now,
        )
        raise Http404("見つかりません") from error
    return attached(content, name=row.name, content_type=row.content_type)
