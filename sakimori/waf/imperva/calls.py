"""One call to the vendor, with patience: who may repeat what, and for how long.

A read is repeated after anything that may pass. A write is repeated only when it was provably not carried out;
when that is open, `WafDoubtful` says so and the caller reads back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sakimori.lib.http import GuardedClient, HttpDoubtful, HttpNotSent, Response
from sakimori.waf.imperva.answers import NotTaken, Unclear
from sakimori.waf.interface import WafDoubtful, WafError, WafUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to insist. The n-th wait is `first_wait_seconds` * 2^n, halved at most by chance, or what the
    vendor asks for; no wait is longer than `longest_wait_seconds`, none begins that would pass `total_seconds`.
    """

    tries: int = 4
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 30.0
    total_seconds: float = 90.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The outside world that waiting needs: `random` gives 0 <= x < 1, `clock` seconds that only grow."""

    sleep: Callable[[float], None]
    random: Callable[[], float]
    clock: Callable[[], float]
    patience: Patience = Patience()


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the vendor; `form` and `json` exclude each other."""

    method: str
    url: str
    params: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    json: object = None


class ImpervaCalls:
    """Calls with the credentials' headers. `parse` turns the answer into ours or raises (see `answers.py`)."""

    def __init__(self, http: GuardedClient, *, headers: Mapping[str, str], pace: Pace) -> None:
        self._http = http
        self._headers = headers
        self._pace = pace
        self.made = 0

    def read(self, call: Call, parse: Callable[[Response], T]) -> T:
        """A call that changes nothing, repeated while that may help."""
        return self.repeated(lambda: self.read_once(call, parse))

    def write(self, call: Call, parse: Callable[[Response], T]) -> T:
        """A call that changes something, repeated only when it was provably not carried out."""
        return patiently(lambda: self.write_once(call, parse), NotTaken, pace=self._pace)

    def repeated(self, attempt: Callable[[], T]) -> T:
        """Repeat `attempt` after `WafUnavailable`: a read, or a read with the one write that rests on it.

        A write that rests on a read is repeated together with it; after a wait the read would be old.
        """
        return patiently(attempt, WafUnavailable, pace=self._pace)

    def read_once(self, call: Call, parse: Callable[[Response], T]) -> T:
        """Anything unclear is `WafUnavailable`."""
        return self._once(call, parse, unclear=WafUnavailable)

    def write_once(self, call: Call, parse: Callable[[Response], T]) -> T:
        """Anything unclear is `WafDoubtful`."""
        return self._once(call, parse, unclear=WafDoubtful)

    def _once(self, call: Call, parse: Callable[[Response], T], *, unclear: type[WafError]) -> T:
        try:
            return parse(self._send(call))
        except HttpNotSent as error:
            raise NotTaken("Imperva に接続できません。") from error
        except HttpDoubtful as error:
            raise unclear("Imperva からの応答を受け取れませんでした。") from error
        except Unclear as error:
            raise unclear(str(error)) from error

    def seconds(self) -> float:
        """The clock of the pace: seconds that only grow."""
        return self._pace.clock()

    def _send(self, call: Call) -> Response:
        self.made += 1
        return self._http.request(
            call.method, call.url, headers=self._headers, params=call.params, form=call.form, json=call.json
        )


def patiently(attempt: Callable[[], T], again: type[WafError], *, pace: Pace) -> T:
    """Run `attempt` until it does not raise `again`, or the patience is at its end: then that error goes on."""
    give_up_at = pace.clock() + pace.patience.total_seconds
    tried = 0
    while True:
        try:
            return attempt()
        except again as error:
            tried += 1
            wait = _wait_seconds(error, tried=tried, pace=pace)
            too_long = wait > pace.patience.longest_wait_seconds or pace.clock() + wait > give_up_at
            if tried >= pace.patience.tries or too_long:
                raise
        pace.sleep(wait)


def _wait_seconds(error: WafError, *, tried: int, pace: Pace) -> float:
    """Our own rhythm, or the vendor's wish if that is longer."""
    patience = pace.patience
    ours = min(patience.longest_wait_seconds, patience.first_wait_seconds * 2.0 ** (tried - 1))
    return max(ours * (0.5 + pace.random() / 2), error.retry_after_seconds or 0.0)
