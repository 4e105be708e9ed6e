"""The client of a real provider: what is asked for, what an answer means, and that nothing is ever dialled twice."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.http import GuardedClient
from sakimori.notify.interface import (
    OutgoingCall,
    PhoneDoubtful,
    PhoneError,
    PhoneNotAllowed,
    PhoneRefused,
    PhoneState,
    PhoneStatus,
    PhoneUnavailable,
)
from sakimori.notify.models import PhoneLeg
from sakimori.notify.provider_words import FINAL, ORDER, is_known, is_later, is_machine, joined, refusal
from sakimori.notify.twilio import Habits, TwilioPhone
from tests.moments import Clock
from tests.notify.phone_contract import Trouble, call
from tests.notify.provider import ACCOUNT, SPEC, ProviderLine, make_calls, with_account

pytestmark = pytest.mark.django_db
SID = "CA" + "1" * 32
RINGING = PhoneStatus(PhoneState.RINGING, is_over=False)
QUEUED = PhoneStatus(PhoneState.QUEUED, is_over=False)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", with_account(settings.CONFIG, SPEC))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[ProviderLine]:
    make_calls()
    made = ProviderLine(tmp_path)
    yield made
    made.close()


class Provider:
    """Answers in turn what it was told to, and keeps what it was asked. `clock` is ours."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.clock = Clock()
        client = GuardedClient(transport=httpx.MockTransport(self._answer))
        self.phone = TwilioPhone(ACCOUNT, client, Habits("https://portal.example.jp", 45, ("JP",)), self.clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def will(self, *answers: httpx.Response | Exception) -> None:
        self.answers.extend(answers)


def says(code: int = 200, /, **content: object) -> httpx.Response:
    return httpx.Response(code, content=json.dumps(content))


def listed(*calls: dict[str, object]) -> httpx.Response:
    return says(calls=list(calls))


def a_call(provider: Provider, *, seconds: float = 0, **changes: object) -> dict[str, object]:
    created = format_datetime(provider.clock.now + timedelta(seconds=seconds))
    ours = {"sid": SID, "to": "+81300001001", "from": SPEC.number, "direction": "outbound-api", "date_created": created}
    return ours | changes


def leg() -> PhoneLeg:
    return PhoneLeg.objects.get(call__reference="r-1")


def test_a_call_is_asked_for_with_our_reference_in_every_address(line: ProviderLine) -> None:
    call(line)  # type: ignore[arg-type]
    [asked] = line.asked
    assert asked.url.path == f"/2010-04-01/Accounts/{SPEC.account}/Calls.json"
    assert asked.headers["authorization"] == "Basic " + b64encode(f"{SPEC.account}:{SPEC.token}".encode()).decode()
    door = "https://portal.example.jp/phone/twilio/r-1"
    assert parse_qs(asked.content.decode()) == {
        "To": ["+81300001001"],
        "From": [SPEC.number],
        "Url": [f"{door}/answer/"],
        "Method": ["POST"],
        "StatusCallback": [f"{door}/status/"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["45"],
        "TimeLimit": ["3900"],
        "MachineDetection": ["Enable"],
        "MachineDetectionSpeechThreshold": ["3500"],
        "AsyncAmd": ["true"],
        "AsyncAmdStatusCallback": [f"{door}/machine/"],
        "AsyncAmdStatusCallbackMethod": ["POST"],
    }


def test_an_api_key_is_used_where_there_is_one() -> None:
    provider = Provider(says(status="active"), says(401))
    provider.phone.check()
    wanted = "Basic " + b64encode(f"{SPEC.key}:{SPEC.secret}".encode()).decode()
    assert {request.headers["authorization"] for request in provider.asked} == {wanted}


def test_the_intent_is_a_row_before_the_provider_is_asked() -> None:
    make_calls()
    seen: list[str] = []

    class Watching(Provider):
        def _answer(self, request: httpx.Request) -> httpx.Response:
            seen.append(leg().to)
            return super()._answer(request)

    call(Watching(says(201, sid=SID)))  # type: ignore[arg-type]
    assert (seen, leg().sid) == (["+81300001001"], SID)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (says(400, code=21211), PhoneRefused, "無効と判断しました（21211）。"),
        (says(400, code=21215), PhoneNotAllowed, "許可されていません（21215）。"),
        (says(400, code=21219), PhoneNotAllowed, "試用のため"),
        (says(400, code=21210), PhoneUnavailable, "code 21210"),
        (says(401, code=20003), PhoneUnavailable, "status 401"),
        (says(429, code=20429), PhoneUnavailable, "code 20429"),
        (httpx.Response(403, content=b"<html>"), PhoneUnavailable, "status 403, code 0"),
        (says(404, code="x"), PhoneUnavailable, "code 0"),
        (httpx.ConnectError("refused"), PhoneUnavailable, "no connection"),
        (says(500), PhoneDoubtful, "status 500"),
        (says(503), PhoneDoubtful, "status 503"),
        (httpx.Response(302), PhoneDoubtful, "status 302"),
        (httpx.ReadTimeout("slow"), PhoneDoubtful, "no whole answer"),
        (httpx.RemoteProtocolError("cut"), PhoneDoubtful, "no whole answer"),
        (says(201, sid=""), PhoneDoubtful, "names no call"),
        (httpx.Response(201, content=b"[]"), PhoneDoubtful, "not an object"),
        (httpx.Response(201, content=b"<html>"), PhoneDoubtful, "not JSON"),
    ],
)
def test_what_an_answer_means(answer: httpx.Response | Exception, error: type[PhoneError], words: str) -> None:
    make_calls()
    provider = Provider(answer)
    with pytest.raises(error, match=words):
        call(provider)  # type: ignore[arg-type]
    assert leg().is_dropped == (error is not PhoneDoubtful), "what was provably not placed may be asked for again"
    provider.will(says(201, sid=SID))
    if error is PhoneDoubtful:
        with pytest.raises(PhoneDoubtful, match="asked for this call before"):
            call(provider)  # type: ignore[arg-type]
        assert len(provider.asked) == 1, "never a second time on a guess"
    else:
        assert call(provider) == QUEUED  # type: ignore[arg-type]


@pytest.mark.parametrize("number", ["03-0000-1001 内線 12", "0990-000-000", "119", "+82-2-000-0000"])
def test_a_number_that_no_machine_dials_is_refused_before_anybody_is_asked(number: str) -> None:
    make_calls()
    provider = Provider()
    with pytest.raises(PhoneRefused, match=r"。$"):
        provider.phone.call(OutgoingCall("r-1", number, "03-0000-0000", ""))
    assert (provider.asked, PhoneLeg.objects.count()) == ([], 0)


def doubtful() -> Provider:
    make_calls()
    provider = Provider(httpx.ReadTimeout("slow"))
    with pytest.raises(PhoneDoubtful):
        call(provider)  # type: ignore[arg-type]
    return provider


def miss(provider: Provider, *, times: int = 4) -> None:
    """The list is read so often without the call on it."""
    for _ in range(times):
        provider.will(listed(), listed())
        with pytest.raises(PhoneDoubtful, match="not on the provider's list yet"):
            provider.phone.status("r-1")
        provider.clock.pass_time(seconds=5)


def at(moment: datetime, *calls: dict[str, object]) -> httpx.Response:
    """A list that was read at a moment by the provider's clock."""
    return httpx.Response(200, content=listed(*calls).content, headers={"date": format_datetime(moment)})


def test_after_doubt_the_list_is_read_by_number_and_day() -> None:
    provider = doubtful()
    provider.will(listed(a_call(provider)), listed(), says(status="ringing"))
    assert provider.phone.status("r-1") == RINGING
    assert leg().sid == SID
    wanted = [dict(request.url.params) for request in provider.asked[1:3]]
    assert wanted == [
        {"To": "+81300001001", "PageSize": "100", "StartTime>": "2026-11-22"},
        {"To": "+81300001001", "PageSize": "100", "Status": "queued"},
    ]


def test_a_call_that_still_waits_is_found_among_the_queued() -> None:
    provider = doubtful()
    provider.will(listed(), listed(a_call(provider, seconds=3)), says(status="queued"))
    assert provider.phone.status("r-1") == QUEUED


@pytest.mark.parametrize(
    "change",
    [
        {"to": "+81300001002"},
        {"from": "+815099999999"},
        {"direction": "inbound"},
        {"date_created": "yesterday"},
        {"sid": ""},
    ],
)
def test_other_calls_on_the_list_are_not_ours(change: dict[str, object]) -> None:
    provider = doubtful()
    miss(provider)
    provider.will(listed(a_call(provider, **change)), listed(a_call(provider, seconds=-600)))
    assert provider.phone.status("r-1") is None


def test_a_call_that_belongs_to_another_reference_is_not_taken() -> None:
    provider = doubtful()
    provider.will(says(201, sid=SID))
    call(provider, "r-2")  # type: ignore[arg-type]
    miss(provider)
    provider.will(listed(a_call(provider)), listed())
    assert provider.phone.status("r-1") is None


def test_a_list_that_may_lag_is_not_believed_at_once_and_then_the_call_is_made_once() -> None:
    provider = doubtful()
    miss(provider)
    provider.will(listed(), listed())
    assert provider.phone.status("r-1") is None
    provider.will(says(201, sid=SID))
    assert call(provider) == QUEUED  # type: ignore[arg-type]
    assert (leg().readings, leg().read_at) == (0, None)


def test_a_clock_of_ours_that_jumps_ahead_does_not_end_the_doubt() -> None:
    provider = doubtful()
    said_at = provider.clock.now
    for seconds in range(0, 20, 2):
        provider.clock.pass_time(hours=1)
        provider.will(*[at(said_at + timedelta(seconds=seconds))] * 2)
        with pytest.raises(PhoneDoubtful, match="not on the provider's list yet"):
            provider.phone.status("r-1")
    provider.will(*[at(said_at + timedelta(seconds=20))] * 2)
    assert provider.phone.status("r-1") is None


def test_where_the_provider_names_no_time_one_jump_ahead_is_not_enough() -> None:
    provider = doubtful()
    miss(provider, times=1)
    provider.clock.pass_time(hours=1)
    miss(provider, times=3)
    provider.will(listed(), listed())
    assert provider.phone.status("r-1") is None


def test_a_clock_of_ours_that_is_put_back_after_the_intent_does_not_hide_our_call() -> None:
    provider = doubtful()
    provider.clock.pass_time(minutes=-50)
    now = provider.clock.pass_time(seconds=5)
    provider.will(at(now, a_call(provider, seconds=-3)), at(now), says(status="ringing"))
    assert provider.phone.status("r-1") == RINGING


def test_a_call_that_calls_back_while_the_list_is_read_is_not_given_up() -> None:
    provider = doubtful()
    miss(provider)

    class CallingBack(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            PhoneLeg.objects.update(sid=SID)
            yield listed().content

    provider.will(listed(), httpx.Response(200, stream=CallingBack()))
    with pytest.raises(PhoneDoubtful):
        provider.phone.status("r-1")
    assert not leg().is_dropped


@pytest.mark.parametrize("answer", [says(calls=1), says(), httpx.Response(200, content=b"<html>"), says(500)])
def test_a_list_that_cannot_be_read_is_doubtful(answer: httpx.Response) -> None:
    provider = doubtful()
    provider.will(answer)
    with pytest.raises(PhoneDoubtful):
        provider.phone.status("r-1")


@pytest.mark.parametrize(("minutes", "taken"), [(-30, True), (30, True), (0, True)])
def test_a_clock_of_ours_that_is_wrong_does_not_hide_our_call(minutes: float, taken: bool) -> None:
    """minutes: by how much the provider's clock is ahead of ours."""
    provider = doubtful()
    provider.clock.pass_time(seconds=21)
    date = format_datetime(provider.clock.now + timedelta(minutes=minutes))
    answer = listed(a_call(provider, seconds=minutes * 60 - 20))
    provider.will(httpx.Response(200, content=answer.content, headers={"date": date}), listed(), says(status="ringing"))
    assert (provider.phone.status("r-1") == RINGING) is taken


def test_a_killed_worker_leaves_an_intent_that_is_looked_up(line: ProviderLine) -> None:
    line.trouble(Trouble.LOST_ANSWER)
    with pytest.raises(PhoneDoubtful):
        call(line)  # type: ignore[arg-type]
    line.exchange.tick()
    assert leg().sid == line.call().sid, "a call-back knows it first"
    assert line.phone.status("r-1") == RINGING
    assert line.numbers() == ["03-0000-1001"]


def ringing() -> Provider:
    make_calls()
    provider = Provider(says(201, sid=SID))
    call(provider)  # type: ignore[arg-type]
    return provider


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("queued", QUEUED),
        ("initiated", QUEUED),
        ("ringing", RINGING),
        ("in-progress", PhoneStatus(PhoneState.ANSWERED, is_over=False)),
        ("completed", PhoneStatus(PhoneState.ANSWERED, is_over=True)),
        ("busy", PhoneStatus(PhoneState.BUSY, is_over=True)),
        ("no-answer", PhoneStatus(PhoneState.NO_ANSWER, is_over=True)),
        ("canceled", PhoneStatus(PhoneState.NO_ANSWER, is_over=True)),
        ("failed", PhoneStatus(PhoneState.FAILED, is_over=True)),
    ],
)
def test_the_providers_word_is_ours(status: str, wanted: PhoneStatus) -> None:
    provider = ringing()
    provider.will(says(status=status))
    assert provider.phone.status("r-1") == wanted
    if wanted.is_over:
        assert provider.phone.status("r-1") == wanted, "what is over is not asked for again"


def test_a_word_that_is_not_known_is_doubtful_and_a_call_that_is_gone_is_none() -> None:
    provider = ringing()
    provider.will(says(status="floating"))
    with pytest.raises(PhoneDoubtful):
        provider.phone.status("r-1")
    provider.will(says(404, code=20404))
    assert provider.phone.status("r-1") is None


def test_a_call_that_is_answered_while_it_is_canceled_is_ended_all_the_same() -> None:
    provider = ringing()
    provider.will(
        says(status="ringing"),
        says(status="ringing"),
        *(says(status="in-progress"), says(status="in-progress")),
    )
    assert provider.phone.hang_up("r-1") == PhoneStatus(PhoneState.ANSWERED, is_over=True)
    wishes = [parse_qs(request.content.decode()) for request in provider.asked if request.method == "POST"][1:]
    assert wishes == [{"Status": ["canceled"]}, {"Status": ["canceled"]}, {"Status": ["completed"]}]


def test_a_call_that_ends_by_itself_meanwhile_keeps_its_end() -> None:
    provider = ringing()
    provider.will(says(status="ringing"), says(400, code=21220), says(status="busy"))
    assert provider.phone.hang_up("r-1") == PhoneStatus(PhoneState.BUSY, is_over=True)


def test_a_call_that_does_not_end_is_doubtful() -> None:
    provider = ringing()
    provider.will(says(status="ringing"), *[says(status="ringing")] * 3)
    with pytest.raises(PhoneDoubtful, match="does not end"):
        provider.phone.hang_up("r-1")


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([says(status="suspended")], "the account is suspended"),
        ([says(status="active"), says(balance="0.00")], "balance is used up"),
        ([says(status="active"), says(balance="much")], "not a number"),
        ([says(401, code=20003)], "code 20003"),
        ([says(500)], "status 500"),
    ],
)
def test_a_sign_of_life_finds_an_account_that_rings_nobody(answers: list[httpx.Response], error: str) -> None:
    with pytest.raises(PhoneError, match=error):
        Provider(*answers).phone.check()


@pytest.mark.parametrize("balance", [says(balance="12.5"), says(403), says(404)])
def test_an_account_that_keeps_its_balance_to_itself_is_well(balance: httpx.Response) -> None:
    Provider(says(status="active"), balance).phone.check()


@given(st.sampled_from([*ORDER, *FINAL, "x"]), st.sampled_from([*ORDER, *FINAL]))
def test_no_call_begins_again(new: str, old: str) -> None:
    if is_later(new, old):
        assert old not in FINAL
        assert is_known(new)
        assert not is_later(old, new) or new == old


@given(st.sampled_from([*ORDER[1:], *FINAL]), st.sampled_from(["", *PhoneState]), st.booleans(), st.booleans())
def test_where_a_call_stands_is_always_one_state(status: str, result: str, over: bool, bridged: bool) -> None:
    found = joined(status, result=result, talk_is_over=over, is_bridged=bridged)
    assert found.is_over == bool(result or over or status in FINAL)
    assert not result or found.state == result


@pytest.mark.parametrize(
    ("answered_by", "machine"),
    [
        ("human", False),
        ("unknown", False),
        ("", False),
        ("machine_start", True),
        ("machine_end_beep", True),
        ("fax", True),
    ],
)
def test_who_is_a_machine(answered_by: str, machine: bool) -> None:
    assert is_machine(answered_by) == machine


def test_only_a_number_can_be_to_blame() -> None:
    assert refusal(21211).endswith("。")
    assert refusal(20003) == ""


def test_the_clock_is_ours() -> None:
    provider = doubtful()
    assert leg().intended_at == provider.clock.now == datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
