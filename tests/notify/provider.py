"""A phone line from end to end in one process: the real client, the simulated provider, our real door.

The simulated provider's call-backs are signed by the provider's own library and go through Django's test client.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from twilio.request_validator import RequestValidator

from sakimori.customers.models import Customer
from sakimori.lib.config import Config
from sakimori.lib.http import GuardedClient
from sakimori.lib.jst import utc_now
from sakimori.lib.phone_account import PhoneAccount
from sakimori.notify.calling import Callee, begin_round
from sakimori.notify.interface import PhoneState
from sakimori.notify.models import Call, CallState
from sakimori.notify.twilio import Habits, TwilioPhone
from sakimori.simulators.phone import Phone
from sakimori.simulators.phone_pages import phone_app
from sakimori.simulators.phone_rows import PhoneAction, PhoneCall, national
from sakimori.simulators.phone_wire import PhoneSpec
from sakimori.simulators.state import State
from tests.notify.phone_contract import Trouble
from tests.people import make_contract
from tests.simulators.stage import LocalClient

SPEC = PhoneSpec()
ACCOUNT = PhoneAccount("http://127.0.0.1", SPEC.account, SPEC.token, SPEC.number, SPEC.key, SPEC.secret)
SECOND = PhoneSpec(account="AC" + "6b" * 16, token="6b" * 16, number="+815000000009")
MATTER = "さくら商店 様のサイト shop.example.jp が表示できません。"
NAMES = (("桜井 花子", "サクライ ハナコ", "03-0000-1001"), ("吉野 太郎", "", "03-0000-1002"))
DONE: dict[PhoneState, tuple[PhoneAction, ...]] = {
    PhoneState.ANSWERED: (PhoneAction.ANSWER,),
    PhoneState.CONFIRMED: (PhoneAction.CONFIRM, PhoneAction.CONFIRM),
    PhoneState.DECLINED: (PhoneAction.DECLINE,),
    PhoneState.BUSY: (PhoneAction.BUSY,),
    PhoneState.NO_ANSWER: (PhoneAction.NO_ANSWER,),
    PhoneState.MACHINE: (PhoneAction.MACHINE,),
}


def with_account(config: Config, *specs: PhoneSpec) -> Config:
    """The settings with one or two accounts."""
    first, second = (*specs, None, None)[:2]
    changed = replace(config, phone_account=first.account, phone_token=first.token, phone_caller=first.number)
    if second is not None:
        changed = replace(changed, phone2_account=second.account, phone2_token=second.token)
        changed = replace(changed, phone2_caller=second.number)
    return changed


def signed(url: str, fields: Mapping[str, str], token: str = SPEC.token) -> str:
    """What the provider's own library writes into the header."""
    return RequestValidator(token).compute_signature(url, dict(fields))


def post(url: str, fields: Mapping[str, str], signature: str | None = None, **headers: str) -> HttpResponse:
    """A call-back as it comes to our door."""
    given = signed(url, fields) if signature is None else signature
    path = urlsplit(url).path + (f"?{urlsplit(url).query}" if urlsplit(url).query else "")
    body = str(httpx.QueryParams(dict(fields)))
    return Client(enforce_csrf_checks=True).post(
        path, body, "application/x-www-form-urlencoded", headers={"X-Twilio-Signature": given, **headers}
    )


class ProviderLine:
    """One account: `phone` is our client, `exchange` the provider. References r-1 and r-2 are calls of one round.

    clock: ours, which the door's own has to follow; provider_clock: the provider's, where it is another.
    """

    def __init__(
        self,
        folder: Path,
        spec: PhoneSpec = SPEC,
        clock: Callable[[], datetime] = utc_now,
        *,
        provider_clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.spec = spec
        self.state = State(folder / f"{spec.account}.sqlite3")
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.exchange = Phone(self.state, provider_clock or clock, self._call_back, spec)
        self.next_trouble: Trouble | None = None
        self.asked: list[httpx.Request] = []
        client = GuardedClient(transport=httpx.MockTransport(self._answer))
        account = PhoneAccount("http://127.0.0.1", spec.account, spec.token, spec.number)
        self.phone = TwilioPhone(account, client, Habits(settings.CONFIG.base_url, 45, ("JP",)), clock)
        self.app = LocalClient(phone_app(self.exchange))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        trouble, self.next_trouble = self.next_trouble, None
        self.asked.append(request)
        if trouble is Trouble.UNAVAILABLE:
            raise httpx.ConnectError("refused")
        headers = {name: request.headers.get(name, "") for name in ("content-type", "authorization")}
        path = request.url.raw_path.decode()
        answer = self.app.request(request.method, path, content=request.content, headers=headers)
        if trouble is Trouble.LOST_ANSWER:
            raise httpx.ReadTimeout("no answer")
        return httpx.Response(answer.status_code, content=answer.content)

    def _call_back(self, url: str, fields: Mapping[str, str]) -> str:
        self.seen.append((url, dict(fields)))
        answer = post(url, fields, signed(url, fields, self.spec.token))
        return answer.content.decode() if answer.status_code == 200 else ""

    def act(self, reference: str, state: PhoneState) -> None:
        for action in DONE[state]:
            self.exchange.act(self.call(reference).id, action)

    def press(self, *signs: str, reference: str = "r-1") -> str:
        """The person presses keys one after the other. Returns everything that was said so far."""
        for sign in signs:
            self.exchange.act(self.call(reference).id, PhoneAction(sign))
        return self.call(reference).said

    def lift_and_hang_up(self, reference: str) -> None:
        self.exchange.act(self.call(reference).id, PhoneAction.ANSWER)
        self.exchange.act(self.call(reference).id, PhoneAction.HANG_UP)

    def numbers(self) -> list[str]:
        return [national(call.to) for call in reversed(self.exchange.rows.calls())]

    def never_ring(self) -> None:
        self.exchange.rows.set_fault("never-rings", 1000)

    def let_ring(self) -> None:
        self.exchange.tick()

    def trouble(self, kind: Trouble) -> None:
        self.next_trouble = kind

    def call(self, reference: str = "r-1") -> PhoneCall:
        return next(call for call in self.exchange.rows.calls() if call.reference == reference)

    def operator(self) -> PhoneCall:
        """The call to the SOC, once it rings."""
        self.exchange.tick()
        return next(call for call in self.exchange.rows.calls() if call.parent)

    def close(self) -> None:
        self.state.close()


def make_calls(customer: Customer | None = None, *, is_duty: bool = False) -> list[Call]:
    """A round whose two calls have the references r-1 and r-2 and are under way."""
    who = None if is_duty else customer or make_contract("株式会社さくら商店", "A").customer
    people = [Callee(name, number, kana=kana) for name, kana, number in NAMES]
    round_ = begin_round(
        key="incident:1", customer=who, people=people, subject="サイト停止", say=MATTER, link="", now=utc_now()
    )
    for number, call in enumerate(round_.calls.order_by("place"), start=1):
        Call.objects.filter(pk=call.pk).update(reference=f"r-{number}", state=CallState.INTENDED)
    return list(round_.calls.order_by("place"))
