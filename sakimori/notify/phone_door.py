"""The door at which a phone provider asks what to say, and tells how a call goes. Its answers are TwiML.

Every request must be signed with the token of one of our accounts, over the address that we gave out; anything else is
403 and counted. The door writes rows and calls nobody. A question that comes again gets the same answer; one of a step
that is past, or of a call that is over, is refused. Who was called without our knowing hears that it is over.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from sakimori.lib.jst import utc_now
from sakimori.lib.phone_account import PhoneAccount
from sakimori.lib.phone_numbers import NotDialable, normalised
from sakimori.notify import legs, twiml
from sakimori.notify.dialogue import Bridged, Heard, Key, Silence, Step
from sakimori.notify.forgeries import FORGERIES
from sakimori.notify.models import PhoneLeg
from sakimori.notify.provider_words import is_machine
from sakimori.notify.signatures import is_signed
from sakimori.notify.spoken import Facts
from sakimori.notify.twilio import DOOR

LONGEST_BODY = 16 * 1024
_MOST_FIELDS = 120
_FORM = "application/x-www-form-urlencoded"

Fields = dict[str, str]
View = Callable[..., HttpResponse]


def from_provider(view: Callable[..., HttpResponse]) -> View:
    """Lets through what an account of ours has signed; the view gets the leg (None: unknown) and the fields."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, reference: str, **more: int) -> HttpResponse:
        fields = _fields(request)
        signer = _signer(request, fields) if fields is not None else ""
        leg = legs.leg_of(reference) if signer else None
        if fields is None or not signer or (leg is not None and leg.account != signer):
            return _refuse("signature")
        try:
            return view(reference, leg, {name: values[-1] for name, values in fields.items()}, **more)
        except legs.NotOurs:
            return _xml(twiml.unknown_call(settings.CONFIG.phone_voice))
        except legs.NotThisCall as error:
            return _refuse(str(error))

    return guarded


@from_provider
def answer(reference: str, leg: PhoneLeg | None, fields: Fields) -> HttpResponse:
    """Somebody has answered: who calls, and whom we would like to speak with."""
    if leg is None or leg.is_dropped or leg.call.ended_at is not None:
        return _xml(twiml.unknown_call(settings.CONFIG.phone_voice))
    if is_machine(fields.get("AnsweredBy", "")):
        legs.note_answer(reference, fields["AnsweredBy"], sid=_sid(fields), now=utc_now())
    return _take(reference, leg, fields, turn=0, question="answer", heard=None)


@from_provider
def key(reference: str, leg: PhoneLeg | None, fields: Fields, *, turn: int) -> HttpResponse:
    """A key was pressed, or none in time."""
    if leg is None:
        return _xml(twiml.unknown_call(settings.CONFIG.phone_voice))
    sign = fields.get("Digits", "")[:1]
    heard: Heard = Key(sign) if sign else Silence()
    return _take(reference, leg, fields, turn=turn, question=f"key {sign}", heard=heard)


@from_provider
def bridge(reference: str, leg: PhoneLeg | None, fields: Fields, *, turn: int) -> HttpResponse:
    """The call to the SOC has ended, whether somebody took it or not."""
    if leg is None:
        return _xml(twiml.unknown_call(settings.CONFIG.phone_voice))
    heard = Bridged(taken=leg.bridged_at is not None)
    return _take(reference, leg, fields, turn=turn, question="bridge", heard=heard)


@from_provider
def operator(reference: str, leg: PhoneLeg | None, fields: Fields) -> HttpResponse:
    """The SOC's phone was lifted: who wants to talk, and whether the operator takes it (a machine does not)."""
    if leg is None or not legs.waits_for_operator(reference, parent_sid=fields.get("ParentCallSid", "")):
        return _xml(twiml.put_through(taken=False))
    voice, url = settings.CONFIG.phone_voice, f"{_door(reference)}/operator/key/"
    return _xml(twiml.ask_operator(_facts(leg), voice=voice, key_url=url))


@from_provider
def operator_key(reference: str, leg: PhoneLeg | None, fields: Fields) -> HttpResponse:
    """Whether the operator takes the call over."""
    taken = leg is not None and fields.get("Digits", "") == "1"
    if taken:
        legs.operator_took(reference, parent_sid=fields.get("ParentCallSid", ""), now=utc_now())
    return _xml(twiml.put_through(taken=taken))


@from_provider
def status(reference: str, leg: PhoneLeg | None, fields: Fields) -> HttpResponse:
    """Where the call stands. News may overtake each other."""
    if leg is not None:
        legs.note_status(reference, fields.get("CallStatus", ""), sid=_sid(fields), now=utc_now())
    return HttpResponse(status=204)


@from_provider
def machine(reference: str, leg: PhoneLeg | None, fields: Fields) -> HttpResponse:
    """Who has answered, as far as the provider can hear."""
    if leg is not None:
        legs.note_answer(reference, fields.get("AnsweredBy", ""), sid=_sid(fields), now=utc_now())
    return HttpResponse(status=204)


def _take(
    reference: str, leg: PhoneLeg, fields: Fields, *, turn: int, question: str, heard: Heard | None
) -> HttpResponse:
    facts, soc, now = _facts(leg), _soc_number(), utc_now()

    def tell(step: Step) -> str:
        door = _door(reference)
        manner = twiml.Manner(
            voice=settings.CONFIG.phone_voice,
            soc=soc,
            caller=leg.caller,
            key_url=f"{door}/key/{turn + 1}/",
            bridge_url=f"{door}/bridge/{turn + 1}/",
            operator_url=f"{door}/operator/",
        )
        return twiml.document(step, facts, manner)

    return _xml(
        legs.take(
            reference,
            sid=_sid(fields),
            turn=turn,
            question=question,
            heard=heard,
            tell=tell,
            can_bridge=bool(soc),
            now=now,
        )
    )


def _facts(leg: PhoneLeg) -> Facts:
    call, round_ = leg.call, leg.call.round
    is_duty = round_.customer_id is None
    return Facts(settings.CONFIG.service_name, call.name, round_.say, kana=call.kana, is_duty=is_duty)


def _soc_number() -> str:
    """The SOC's number in E.164; empty where it is not one that can be dialled."""
    try:
        return normalised(settings.CONFIG.soc_phone, settings.CONFIG.phone_countries).e164
    except NotDialable:
        return ""


def _sid(fields: Fields) -> str:
    sid = fields.get("CallSid", "")
    if not sid or len(sid) > 64:
        raise legs.NotThisCall("no mark of the call")
    return sid


def _door(reference: str) -> str:
    return f"{settings.CONFIG.base_url}{DOOR}/{reference}"


def _fields(request: HttpRequest) -> dict[str, list[str]] | None:
    """The form that was sent; None when it is none, or too large."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if request.content_type != _FORM or not length.isdigit() or int(length) > LONGEST_BODY:
        return None
    try:
        fields = {name: request.POST.getlist(name) for name in request.POST}
    except (RequestDataTooBig, TooManyFieldsSent, UnreadablePostError):
        return None
    return {str(name): [str(value) for value in values] for name, values in fields.items() if values}


def _signer(request: HttpRequest, fields: Mapping[str, Sequence[str]]) -> str:
    """Which of our accounts has signed this, by its SID; empty: none. Nothing is read from the database for it."""
    if len(fields) > _MOST_FIELDS:
        return ""
    url = f"{settings.CONFIG.base_url}{request.get_full_path()}"
    given, named = request.headers.get("X-Twilio-Signature", ""), fields.get("AccountSid", [""])[-1]
    accounts: tuple[PhoneAccount, ...] = settings.CONFIG.phone_accounts
    return next(
        (
            account.account
            for account in accounts
            if account.account == named and is_signed(given, token=account.token, url=url, fields=fields)
        ),
        "",
    )


def _refuse(reason: str) -> HttpResponse:
    FORGERIES.count(reason, now=utc_now())
    return HttpResponseForbidden("この呼び出しは受け付けられません。", content_type="text/plain; charset=utf-8")


def _xml(document: str) -> HttpResponse:
    return HttpResponse(document, content_type="text/xml; charset=utf-8")
