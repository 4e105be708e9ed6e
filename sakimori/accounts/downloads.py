"""A file that a page hands out: always as an attachment, never shown as a page of ours."""

from pathlib import Path

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

# What a browser may be told of; everything else is bytes.
_KNOWN = ("image/png", "image/jpeg", "application/json", "text/plain", "text/plain; charset=utf-8")
_BYTES = "application/octet-stream"


def attachment(path: Path, *, name: str, content_type: str) -> HttpResponse:
    """The file at `path` for somebody who may have it. Http404 where it is gone."""
    if not path.is_file():
        raise Http404("見つかりません")
    return attached(path.read_bytes(), name=name, content_type=content_type)


def attached(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """As `attachment`, of a content that was read already."""
    headers = {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    known = content_type if content_type in _KNOWN else _BYTES
    return HttpResponse(content, content_type=known, headers=headers)
