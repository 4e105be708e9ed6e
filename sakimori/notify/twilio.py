"""Phone over the REST API of Twilio Voice, or of a provider that speaks as Twilio does.

The provider knows no idempotency key. So the intent is a row before it is asked; our reference stands in every address
that it calls back, and a call-back binds its mark to our row. After a doubtful answer its list is read: calls to the
number since the intent, from our caller, that are no other call of ours. At most one call goes to a number at a time,
so there is no second that could be meant. When a call on none of several readings counts as never placed is decided by
the provider's clock, which ours may jump away from.

Whoever answers is listened to in the background (AsyncAmd). Waiting for that first would mean seconds of silence, in
which people hang up; nothing of the incident is said before a key, which no machine presses.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from sakimori.lib.http import BasicAuth, GuardedClient, HttpError, HttpLimits, HttpNotSent, Response
from sakimori.lib.phone_account import PhoneAccount
from sakimori.lib.phone_numbers import NotDialable, Number, calls_itself
from sakimori.notify import legs
from sakimori.notify.interface import (
    OutgoingCall,
    PhoneDoubtful,
    PhoneNotAllowed,
    PhoneRefused,
    PhoneState,
    PhoneStatus,
    PhoneUnavailable,
)
from sakimori.notify.models import PhoneLeg
from sakimori.notify.provider_words import FINAL, IN_PROGRESS, NEVER_RANG, is_known, not_allowed, refusal

DOOR = "/phone/twilio"
EVENTS = ("initiated", "ringing", "answered", "completed")
_LIMITS = HttpLimits(connect_seconds=3.0, read_seconds=8.0, total_seconds=10.0, body_bytes=4 * 1024 * 1024)
_LONGEST_CALL = "3900"
# Who speaks longer without a pause is taken for a machine. A company's greeting in Japan is longer than the provider's
# own 2.4 seconds.
_LONGEST_GREETING_MS = "3500"
# By so much the provider's clocks may differ from each other, and from ours where its answer names no time.
_CLOCKS_DIFFER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Habits:
    """What is the same for every call. base_url: where the provider reaches us. ring_seconds: how long it rings."""

    base_url: str
    ring_seconds: int
    countries: tuple[str, ...]


class TwilioPhone:
    """One account. Keeps nothing between calls but rows."""

    def __init__(
        self, account: PhoneAccount, client: GuardedClient, habits: Habits, clock: Callable[[], datetime]
    ) -> None:
        self._account = account
        self._client = client
        self._habits = habits
        self._clock = clock
        self._calls = f"{account.url}/2010-04-01/Accounts/{account.account}/Calls"

    def call(self, call: OutgoingCall) -> PhoneStatus:
        """See `Phone.call`."""
        number, account = self._number(call.to), self._account
        fresh = legs.begin(
            call.reference, account=account.account, to=number.e164, caller=account.caller, now=self._clock()
        )
        if not fresh:
            raise PhoneDoubtful("the provider was asked for this call before")
        try:
            answer = self._ask("POST", f"{self._calls}.json", form=self._wishes(call.reference, number))
            sid = _placed(answer)
        except (PhoneUnavailable, PhoneRefused):
            legs.drop(call.reference)
            raise
        legs.placed(call.reference, sid)
        return PhoneStatus(PhoneState.QUEUED, is_over=False)

    def status(self, reference: str) -> PhoneStatus | None:
        """See `Phone.status`. A machine is hung up as soon as it is known for one."""
        leg = self._look(reference)
        if leg is None:
            return None
        if leg.result == PhoneState.MACHINE and leg.status not in FINAL:
            return self.hang_up(reference)
        return legs.standing(leg)

    def hang_up(self, reference: str) -> PhoneStatus | None:
        """See `Phone.hang_up`. A call that is answered in the same moment is hung up all the same.

        A phone that never rang was not "not answered": the provider has failed.
        """
        leg = self._look(reference)
        for _ in range(3):
            if leg is None or leg.status in FINAL:
                break
            wish = "completed" if leg.status == IN_PROGRESS else "canceled"
            answer = self._ask("POST", f"{self._calls}/{leg.sid}.json", form={"Status": wish})
            if answer.status < 300:
                told = str(_content(answer).get("status"))
                # The provider may still be at it, but it will not let the call go on.
                over = told if told in FINAL or wish == "canceled" else wish
                if over == "canceled" and leg.status in NEVER_RANG:
                    over = "failed"
                leg = legs.note_status(reference, over, sid=leg.sid, now=self._clock())
            else:
                leg = self._look(reference)
        if leg is not None and leg.status not in FINAL:
            raise PhoneDoubtful("the provider does not end the call")
        return legs.standing(leg) if leg is not None else None

    def check(self) -> None:
        """See `Phone.check`. An account without money rings nobody either."""
        base = self._calls.removesuffix("/Calls")
        account = _content(_or_error(self._ask("GET", f"{base}.json")))
        if account.get("status") != "active":
            raise PhoneUnavailable(f"the account is {account.get('status')}")
        money = self._ask("GET", f"{base}/Balance.json")
        if money.status == 200 and _amount(_content(money).get("balance")) <= 0:
            raise PhoneUnavailable("the account's balance is used up")

    def _number(self, to: str) -> Number:
        try:
            return calls_itself(to, self._habits.countries)
        except NotDialable as error:
            raise PhoneRefused(str(error)) from error

    def _wishes(self, reference: str, number: Number) -> Mapping[str, str | Sequence[str]]:
        door = f"{self._habits.base_url}{DOOR}/{reference}"
        return {
            "To": number.e164,
            "From": self._account.caller,
            "Url": f"{door}/answer/",
            "Method": "POST",
            "StatusCallback": f"{door}/status/",
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": EVENTS,
            "Timeout": str(self._habits.ring_seconds),
            "TimeLimit": _LONGEST_CALL,
            "MachineDetection": "Enable",
            "MachineDetectionSpeechThreshold": _LONGEST_GREETING_MS,
            "AsyncAmd": "true",
            "AsyncAmdStatusCallback": f"{door}/machine/",
            "AsyncAmdStatusCallbackMethod": "POST",
        }

    def _look(self, reference: str) -> PhoneLeg | None:
        """The row with the provider's newest word in it; None when this account has no such call."""
        leg = legs.leg_of(reference)
        if leg is None or leg.account != self._account.account or leg.is_dropped:
            return None
        if leg.status in FINAL:
            return leg
        sid = leg.sid
        if not sid:
            sid, said_at = self._found_on_the_list(leg, reference)
            if not sid and legs.is_missing(reference, said_at=said_at):
                return None
        if not sid:
            raise PhoneDoubtful("the call is not on the provider's list yet")
        answer = self._ask("GET", f"{self._calls}/{sid}.json")
        if answer.status == 404:
            return None
        status = str(_content(_or_error(answer)).get("status"))
        if not is_known(status):
            raise PhoneDoubtful("the state of the call is not known to us")
        return legs.note_status(reference, status, sid=sid, now=self._clock())

    def _found_on_the_list(self, leg: PhoneLeg, reference: str) -> tuple[str, datetime]:
        """The provider's mark of the call that was placed for this row, or an empty text; when its list was read."""
        found, read_at = [], []
        for rows, said_at in self._lists(leg):
            since = _since(leg, said_at=said_at, now=self._clock())
            found += [str(row.get("sid")) for row in rows if _is_ours(row, leg, since)]
            read_at.append(said_at)
        taken = legs.others(found, reference)
        return next((sid for sid in found if sid not in taken), ""), min(read_at)

    def _lists(self, leg: PhoneLeg) -> Iterator[tuple[Sequence[Mapping[str, Any]], datetime]]:
        """Calls to a number since it was to be called, and those that wait: they have no beginning yet.

        With each list the time of the provider's clock when it answered.
        """
        day = min(leg.intended_at, self._clock()) - _CLOCKS_DIFFER - timedelta(days=1)
        for which in ({"StartTime>": f"{day:%Y-%m-%d}"}, {"Status": "queued"}):
            answer = self._ask("GET", f"{self._calls}.json", params={"To": leg.to, "PageSize": "100", **which})
            rows = _content(_or_error(answer)).get("calls")
            if not isinstance(rows, list):
                raise PhoneDoubtful("the list of calls is not a list")
            yield rows, _said_at(answer, self._clock())

    def _ask(
        self,
        method: str,
        url: str,
        form: Mapping[str, str | Sequence[str]] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Response:
        user, password = self._account.key or self._account.account, self._account.secret or self._account.token
        try:
            return self._client.request(
                method, url, form=form, params=params, auth=BasicAuth(user, password), limits=_LIMITS
            )
        except HttpNotSent as error:
            raise PhoneUnavailable(f"no connection: {error}") from error
        except HttpError as error:
            raise PhoneDoubtful(f"no whole answer: {error}") from error


def _placed(answer: Response) -> str:
    """The provider's mark of a new call. Any answer below 500 that is no success says that there is none."""
    if answer.status < 300:
        sid = _content(answer).get("sid")
        if not isinstance(sid, str) or not sid:
            raise PhoneDoubtful("the answer names no call")
        return sid
    _or_error(answer)
    raise PhoneDoubtful(f"the answer has status {answer.status}")


def _or_error(answer: Response) -> Response:
    """The answer, when it is a success. 4xx: nothing was done; the number is to blame, or our account, or haste."""
    if answer.status < 300:
        return answer
    if not 400 <= answer.status < 500:
        raise PhoneDoubtful(f"the answer has status {answer.status}")
    code = _code(answer)
    if setting := not_allowed(code):
        raise PhoneNotAllowed(setting)
    if reason := refusal(code):
        raise PhoneRefused(reason)
    raise PhoneUnavailable(f"the provider refuses: status {answer.status}, code {code}")


def _code(answer: Response) -> int:
    try:
        return int(_content(answer).get("code", 0))
    except (PhoneDoubtful, TypeError, ValueError):
        return 0


def _content(answer: Response) -> Mapping[str, Any]:
    try:
        content = json.loads(answer.body)
    except ValueError as error:
        raise PhoneDoubtful("the answer is not JSON") from error
    if not isinstance(content, dict):
        raise PhoneDoubtful("the answer is not an object")
    return content


def _is_ours(row: object, leg: PhoneLeg, since: datetime) -> bool:
    if not isinstance(row, dict) or not row.get("sid"):
        return False
    try:
        begun = parsedate_to_datetime(str(row.get("date_created")))
    except ValueError:
        return False
    to_us = row.get("to") == leg.to and row.get("from") == leg.caller and row.get("direction") == "outbound-api"
    return to_us and begun >= since


def _since(leg: PhoneLeg, *, said_at: datetime, now: datetime) -> datetime:
    """The moment by the provider's clock since which a call may be the one that was placed for this row."""
    ahead = max(now - said_at, timedelta(0))
    intended_at = leg.intended_at - ahead
    # An intent of the future: our clock was put back since then, and nobody knows by how much.
    return intended_at - _CLOCKS_DIFFER if intended_at <= said_at else said_at - timedelta(days=1)


def _said_at(answer: Response, now: datetime) -> datetime:
    """The time of the provider's own clock when it answered; ours where it does not say."""
    with suppress(ValueError):
        said = parsedate_to_datetime(answer.headers.get("date", ""))
        return said if said.tzinfo else said.replace(tzinfo=UTC)
    return now


def _amount(text: object) -> float:
    try:
        return float(str(text))
    except ValueError as error:
        raise PhoneDoubtful("the balance is not a number") from error
