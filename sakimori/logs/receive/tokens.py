"""Whose a token of the push door is. The database is asked once a second for each token that is in use."""

import secrets
from collections.abc import Callable
from datetime import datetime

from django.db import close_old_connections
from starlette.concurrency import run_in_threadpool

from sakimori.customers.models import VendorAccount
from sakimori.customers.queries import running
from sakimori.customers.secrets import token_digest
from sakimori.lib.jst import day_of

_KNOWN_SECONDS = 1.0


class Tokens:
    """The tokens of one server. `steady` is a clock in seconds that never goes back."""

    def __init__(self, *, clock: Callable[[], datetime], steady: Callable[[], float]) -> None:
        self._clock, self._steady = clock, steady
        self._known: dict[str, tuple[float, int]] = {}

    async def contract_id(self, token: str) -> int | None:
        """The key of the contract whose token it is; None if nobody's.

        From the day of cancellation on, a second later at the latest, a token is one that nobody knows.
        """
        digest, now = token_digest(token), self._steady()
        asked_at, contract_id = self._known.get(digest, (now - _KNOWN_SECONDS, None))
        if contract_id is not None and now - asked_at < _KNOWN_SECONDS:
            return contract_id
        found = await run_in_threadpool(_ask, digest, self._clock())
        self._known.pop(digest, None)
        if found is not None:
            self._known[digest] = now, found
        return found


def _ask(digest: str, now: datetime) -> int | None:
    close_old_connections()
    accounts = VendorAccount.objects.filter(running(day_of(now), contract="contract"), collector_token_digest=digest)
    account = accounts.first()
    if account is None or not secrets.compare_digest(account.collector_token_digest, digest):
        return None
    return account.contract_id
