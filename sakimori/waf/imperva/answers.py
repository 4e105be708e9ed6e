"""From an HTTP answer of the vendor to its JSON, or to our family of errors.

Whether a call was carried out is what matters for a write, so answers that leave it open raise `Unclear`, which
`calls.py` turns into `WafUnavailable` for a read and into `WafDoubtful` for a write:

    WafUnavailable
     +-- NotTaken      provably not carried out (not sent, or 429): even a write may be repeated
    WafUnauthorised
     +-- Forbidden     403: the key is known, but this is not for it
    Unclear            5xx, a redirect, an HTML page, broken JSON: it may have been carried out
"""

import json
import re
from collections.abc import Mapping, Sequence

from sakimori.lib.http import Response, retry_after_seconds
from sakimori.waf.imperva.fields import descend, field_text, record, records
from sakimori.waf.interface import WafFull, WafMissing, WafRefused, WafUnauthorised, WafUnavailable

_UNAUTHORISED = frozenset({9403, 9411, 9413, 9418})
_MISSING = frozenset({2002})
_NOT_FINISHED = 3015
_UNEXPECTED = 1
# The vendor publishes neither the limit of a list nor what it says there, so its words are all that there is.
_FULL = re.compile(r"too many|limit|maximum|exceed", re.IGNORECASE)


class NotTaken(WafUnavailable):
    """The call was provably not carried out."""


class Forbidden(WafUnauthorised):
    """The vendor knows the key and says no."""


class Unclear(Exception):
    """The answer does not tell whether the call was carried out."""


def v1_json(answer: Response) -> Mapping[str, object]:
    """The body of a Cloud v1 answer. HTTP says 200 even for errors; `res` (number or text) is what counts."""
    raise_for_status(answer)
    body = _json_object(answer)
    try:
        code = int(str(body.get("res", "")))
    except ValueError:
        raise Unclear("Imperva の応答に結果コードがありません。") from None
    if code != 0:
        _raise_for_code(code, message=field_text(body, "res_message"), details=descend(body, "debug_info"))
    return body


def policy_value(answer: Response) -> object:
    """The `value` of an answer of the policies service."""
    raise_for_status(answer)
    body = _json_object(answer)
    if body.get("isError") is not False or "value" not in body:
        raise Unclear("Imperva のポリシー API の応答を読み取れません。")
    return body["value"]


def v3_data(answer: Response) -> Sequence[Mapping[str, object]]:
    """The objects in `data` of an answer of the REST services (v3). HTTP tells of errors; some come with 200."""
    raise_for_status(answer)
    body = _json_object(answer)
    if body.get("errors") or not isinstance(body.get("data"), list):
        raise Unclear(f"Imperva の応答を読み取れません。{_said(answer)}")
    return records(body["data"])


def raise_for_status(answer: Response) -> None:
    """Nothing for 200-299; otherwise the error that the status stands for."""
    status = answer.status
    if 200 <= status < 300:
        return
    sentence = f"Imperva が HTTP {status} を返しました。"
    if status == 429:
        wait = retry_after_seconds(answer.headers)
        raise NotTaken("Imperva の API の呼び出し回数の上限に達しました。", retry_after_seconds=wait)
    if status == 401:
        raise WafUnauthorised(f"{sentence}API キーが正しくないか、無効になっています。")
    if status == 403 and not _is_page(answer):
        raise Forbidden(f"{sentence}この API キーには権限がありません。")
    if status == 404 and not _is_page(answer):
        raise WafMissing(f"{sentence}対象がありません。{_said(answer)}")
    if status in (403, 404, 408) or not 400 <= status < 500:
        raise Unclear(sentence)
    raise _refused(sentence, _said(answer))


def looks_like_page(body: bytes) -> bool:
    """Whether these are the first bytes of an HTML page, which the vendor sends with status 200 at times."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _refused(sentence: str, words: str) -> WafRefused:
    kind = WafFull if _FULL.search(words) else WafRefused
    return kind(f"{sentence}{words}")


def _raise_for_code(code: int, *, message: str, details: Mapping[str, object]) -> None:
    sentence = f"Imperva が結果コード {code} を返しました。{_tidy(message)}"
    if code in _UNAUTHORISED:
        raise WafUnauthorised(sentence)
    if code in _MISSING:
        raise WafMissing(sentence)
    if code == _NOT_FINISHED:
        raise WafUnavailable(sentence)
    if code == _UNEXPECTED:
        raise Unclear(sentence)
    raise _refused(sentence, _tidy("、".join(text for text in details.values() if isinstance(text, str))))


def _json_object(answer: Response) -> Mapping[str, object]:
    try:
        body = record(json.loads(answer.body))
    except (ValueError, RecursionError):
        body = None
    if body is None:
        raise Unclear("Imperva が JSON ではない応答を返しました。")
    return body


def _is_page(answer: Response) -> bool:
    """A gateway's own page says nothing about the thing that was asked for."""
    return "html" in answer.headers.get("content-type", "").lower() or looks_like_page(answer.body)


def _said(answer: Response) -> str:
    """The vendor's own words in an error body, whichever of its three forms that has; empty if there are none."""
    try:
        body = _json_object(answer)
    except Unclear:
        return ""
    errors = body.get("errors")
    first = record(errors[0]) if isinstance(errors, list) and errors else None
    words = field_text(first or {}, "detail") or field_text(body, "value") or field_text(body, "res_message")
    return _tidy(words)


def _tidy(words: str) -> str:
    """Foreign text for one line of a message: printable, and not longer than anyone reads."""
    printable = "".join(sign if sign.isprintable() else " " for sign in words)
    return f"（{printable[:200]}）" if printable.strip() else ""
