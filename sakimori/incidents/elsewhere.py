"""Asks the second vantage point to visit a page. Whatever goes wrong with it says nothing of the page."""

import secrets
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from sakimori.incidents.beside import NotVisited
from sakimori.incidents.vantage import (
    MOST_ANSWER_BYTES,
    Nonsense,
    is_signed,
    order_text,
    read_answer,
    signature,
)
from sakimori.incidents.visit import Limits, Target, Visit
from sakimori.lib.http import GuardedClient, HttpError, HttpLimits

PATH = "/v1/visit"
TIME, NONCE, SIGNATURE = "X-Sakimori-Time", "X-Sakimori-Nonce", "X-Sakimori-Signature"
_GRACE_SECONDS = 5.0


class Vantage:
    """See `beside.Visiting`. url: of the other side, without a path; key: shared with it; clock: UTC."""

    def __init__(self, url: str, key: str, client: GuardedClient, *, clock: Callable[[], datetime]) -> None:
        self._url = url
        self._key = key
        self._client = client
        self._clock = clock
        self._name = (urlsplit(url).hostname or "")[:40]

    def __call__(self, target: Target, *, limits: Limits, at: datetime) -> Visit:
        """Have a page visited. Raises NotVisited where the other side is down or answers nonsense."""
        order = order_text(target, limits.probe_seconds)
        time, nonce = str(int(self._clock().timestamp())), secrets.token_hex(16)
        headers = {TIME: time, NONCE: nonce, SIGNATURE: signature(self._key, "order", time, nonce, order)}
        seconds = limits.probe_seconds + _GRACE_SECONDS
        bounds = HttpLimits(read_seconds=seconds, total_seconds=seconds, body_bytes=MOST_ANSWER_BYTES)
        try:
            got = self._client.request(
                "POST", f"{self._url}{PATH}", headers=headers, form={"order": order}, limits=bounds
            )
        except HttpError as error:
            raise NotVisited(f"別地点（{self._name}）に接続できませんでした。") from error
        text = got.body.decode("utf-8", "replace")
        given = got.headers.get(SIGNATURE.lower(), "")
        if got.status != 200 or not is_signed(given, self._key, "answer", nonce, text):
            raise NotVisited(f"別地点（{self._name}）から正しい応答がありませんでした（{got.status}）。")
        try:
            return read_answer(text, at=at, vantage=self._name)
        except Nonsense as error:
            raise NotVisited(f"別地点（{self._name}）の応答を読み取れませんでした。") from error
