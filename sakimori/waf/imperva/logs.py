"""`ImpervaLogs`: the log pull ("Imperva API connection") behind the contract `WafLogs`.

The vendor keeps files for 48 hours or 500 MB, cyclically, and there is no query by time: whoever pulls has to come
often and remember names. A new configuration has no index for hours; that is `WafMissing`.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from sakimori.lib.http import (
    BasicAuth,
    GuardedClient,
    HttpError,
    HttpLimits,
    Response,
    StreamedResponse,
)
from sakimori.waf.imperva.answers import Unclear, looks_like_page, raise_for_status
from sakimori.waf.imperva.calls import Pace, Patience, patiently
from sakimori.waf.imperva.credentials import ImpervaLogCredentials
from sakimori.waf.interface import WafRefused, WafUnavailable

_NAME = re.compile(r"[0-9]+_[0-9]+\.log")
# No limit of the vendor is known; the whole store holds 500 MB.
_FILE_LIMITS = HttpLimits(read_seconds=60.0, total_seconds=900.0, body_bytes=1024 * 1024 * 1024)


class ImpervaLogs:
    """May be used from several threads; several files may be read at the same time."""

    def __init__(
        self,
        credentials: ImpervaLogCredentials,
        http: GuardedClient,
        *,
        sleep: Callable[[float], None],
        random: Callable[[], float],
        clock: Callable[[], float],
        patience: Patience | None = None,
    ) -> None:
        self._base = credentials.base_url.rstrip("/") + "/"
        self._auth = BasicAuth(credentials.api_id, credentials.api_key)
        self._http = http
        self._pace = Pace(sleep=sleep, random=random, clock=clock, patience=patience or Patience())

    def log_index(self) -> Sequence[str]:
        """In the vendor's order, each name once."""
        return patiently(self._index_once, WafUnavailable, pace=self._pace)

    @contextmanager
    def read_log(self, name: str) -> Generator[Iterator[bytes]]:
        """Opening is repeated with patience; once the body runs, an error is `WafUnavailable` and ends it."""
        if not _NAME.fullmatch(name):
            raise WafRefused(f"{name[:50]!r} はログファイルの名前ではありません。")
        with ExitStack() as stack:
            answer = patiently(lambda: self._open_once(name, stack), WafUnavailable, pace=self._pace)
            yield _told_in_our_words(answer.chunks)

    def _index_once(self) -> Sequence[str]:
        with _errors_in_our_words():
            answer = self._http.request("GET", f"{self._base}logs.index", auth=self._auth)
            _raise_for_log_status(answer.status, answer.headers)
            return _names_in(answer.body)

    def _open_once(self, name: str, stack: ExitStack) -> StreamedResponse:
        with _errors_in_our_words(), ExitStack() as attempt:
            answer = attempt.enter_context(
                self._http.stream("GET", f"{self._base}{name}", auth=self._auth, limits=_FILE_LIMITS)
            )
            _raise_for_log_status(answer.status, answer.headers)
            if "html" in answer.headers.get("content-type", ""):
                raise Unclear("Imperva がログファイルの代わりに HTML ページを返しました。")
            stack.push(attempt.pop_all())
            return answer


def _raise_for_log_status(status: int, headers: Mapping[str, str]) -> None:
    """Here 404 means "not there (yet)" whatever its body, unlike a gateway's page in front of the API."""
    waiting = {name: value for name, value in headers.items() if name in ("retry-after", "date")}
    raise_for_status(Response(status, waiting, b""))
    if status != 200:
        raise Unclear(f"Imperva が HTTP {status} を返しました。")


def _names_in(body: bytes) -> Sequence[str]:
    """`Unclear` if there is text but not one name: a page of some gateway must not look like "no files"."""
    lines = [line.strip() for line in body.decode("utf-8-sig", errors="replace").splitlines()]
    names = [line for line in lines if _NAME.fullmatch(line)]
    if looks_like_page(body) or (not names and any(lines)):
        raise Unclear("Imperva のログの一覧を読み取れません。")
    return list(dict.fromkeys(names))


@contextmanager
def _errors_in_our_words() -> Iterator[None]:
    """Reading changes nothing, so whatever is unclear may simply be tried again."""
    try:
        yield
    except HttpError as error:
        raise WafUnavailable("Imperva のログサーバーから受信できません。") from error
    except Unclear as error:
        raise WafUnavailable(str(error)) from error


def _told_in_our_words(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with _errors_in_our_words():
        yield from chunks
