"""The simulated phone provider: Twilio's wire format, what people do with their phones, what goes wrong on demand."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator

from sakimori.simulators.phone import Phone
from sakimori.simulators.phone_pages import phone_app
from sakimori.simulators.phone_rows import PhoneAction, international, national
from sakimori.simulators.phone_script import BadScript, Dial, Gather, Hangup, Say, verbs_of
from sakimori.simulators.phone_wire import PhoneSpec, poster, sign
from sakimori.simulators.state import State
from tests.simulators.stage import LocalClient, MovableClock

SPEC = PhoneSpec()
CALLS = f"/2010-04-01/Accounts/{SPEC.account}/Calls"
AUTH = (SPEC.key, SPEC.secret)
DOOR = "https://portal.example.jp/phone/twilio/r-1"
NUMBER = "+815012345678"
WANTED = {
    "To": NUMBER,
    "From": SPEC.number,
    "Url": f"{DOOR}/answer/",
    "StatusCallback": f"{DOOR}/status/",
    "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
    "AsyncAmdStatusCallback": f"{DOOR}/machine/",
    "Timeout": "30",
}
SAY = '<Say language="ja-JP" voice="Polly.Tomoko-Neural">{}</Say>'
GATHER = '<Gather numDigits="1" timeout="5" action="{}" actionOnEmptyResult="true">{}</Gather>'


class Door:
    """What is called back, and the documents that it answers by the end of the address."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.documents = {
            "/answer/": _response(GATHER.format(f"{DOOR}/key/1/", SAY.format("ご本人は 1 を"))),
            "/key/1/": _response(GATHER.format(f"{DOOR}/key/2/", SAY.format("表示できません"))),
            "/key/2/": _response(SAY.format("失礼いたします") + "<Hangup/>"),
        }

    def post(self, url: str, fields: Mapping[str, str]) -> str:
        self.seen.append((url.removeprefix(DOOR), dict(fields)))
        return self.documents.get(url.removeprefix(DOOR), "")

    def statuses(self) -> list[str]:
        return [fields["CallStatus"] for url, fields in self.seen if url == "/status/"]


def _response(inner: str) -> str:
    return f"<Response>{inner}</Response>"


class PhoneStage:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = State(folder / "state.sqlite3")
        self.clock = MovableClock()
        self.door = Door()
        self.phone = Phone(self.state, self.clock, self.door.post, SPEC)
        self.client = LocalClient(phone_app(self.phone))

    def place(self, **more: str) -> str:
        answer = self.client.post(f"{CALLS}.json", data=WANTED | more, auth=AUTH)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sid"])

    def act(self, *actions: str, call_id: int = 1) -> dict[str, object]:
        for action in actions:
            answer = self.client.post(f"/calls/{call_id}/act", json={"action": action})
            assert answer.status_code == 200, answer.text
        return dict(self.client.get(f"/calls/{call_id}").json())


@pytest.fixture
def line(tmp_path: Path) -> Iterator[PhoneStage]:
    made = PhoneStage(tmp_path)
    yield made
    made.state.close()


def test_a_call_is_queued_then_rings_and_both_are_called_back(line: PhoneStage) -> None:
    sid = line.place()
    assert line.client.get(f"{CALLS}/{sid}.json", auth=AUTH).json()["status"] == "queued"
    line.phone.tick()
    call = line.client.get(f"{CALLS}/{sid}.json", auth=AUTH).json()
    assert (call["status"], call["to"], call["direction"]) == ("ringing", NUMBER, "outbound-api")
    assert line.door.statuses() == ["initiated", "ringing"]
    shown = line.client.get("/calls?reference=r-1").json()["calls"]
    assert [(call["to"], call["state"]) for call in shown] == [("050-1234-5678", "ringing")]
    assert line.client.get("/calls?reference=r-2").json()["calls"] == []


@pytest.mark.parametrize(
    ("actions", "state", "keys", "is_over"),
    [
        (["answer"], "answered", "", False),
        (["answer", "1"], "answered", "1", False),
        (["1", "1"], "confirmed", "11", True),
        (["1", "2"], "declined", "12", True),
        (["answer", "hang-up"], "answered", "", True),
        (["hang-up"], "busy", "", True),
        (["busy"], "busy", "", True),
        (["no-answer"], "no-answer", "", True),
    ],
)
def test_what_is_done_decides_the_state(
    line: PhoneStage, actions: list[str], state: str, keys: str, is_over: bool
) -> None:
    line.place()
    call = line.act(*actions)
    assert (call["state"], call["keys"], call["ended_ms"] is not None) == (state, keys, is_over)


def test_what_is_said_is_heard_step_by_step(line: PhoneStage) -> None:
    line.place()
    assert line.act("answer")["say"] == "ご本人は 1 を"
    assert line.act("1")["say"] == "ご本人は 1 を\n表示できません"
    assert str(line.act("1")["say"]).endswith("失礼いたします")
    assert line.door.statuses() == ["initiated", "ringing", "in-progress", "completed"]
    assert [fields["Digits"] for url, fields in line.door.seen if "/key/" in url] == ["1", "1"]


def test_whoever_answers_is_listened_to(line: PhoneStage) -> None:
    line.place()
    line.act("machine")
    assert [fields["AnsweredBy"] for url, fields in line.door.seen if url == "/machine/"] == ["machine_start"]
    assert line.phone.rows.call(1).status == "in-progress", "a machine listens until somebody hangs up"


def test_a_call_rings_out(line: PhoneStage) -> None:
    line.place()
    line.phone.tick()
    line.clock.forward(29)
    line.phone.tick()
    assert line.phone.rows.call(1).status == "ringing"
    line.clock.forward(1)
    line.phone.tick()
    assert (line.phone.rows.call(1).status, line.door.statuses()[-1]) == ("no-answer", "no-answer")


def test_silence_is_told_after_the_words_and_the_time(line: PhoneStage) -> None:
    line.place()
    line.act("answer")
    line.clock.forward(5)
    line.phone.tick()
    assert not [url for url, _ in line.door.seen if "/key/" in url], "the words take time too"
    line.clock.forward(2)
    line.phone.tick()
    assert [(url, fields["Digits"]) for url, fields in line.door.seen if "/key/" in url] == [("/key/1/", "")]


@pytest.mark.parametrize(
    ("habit", "state"),
    [("1", "confirmed"), ("2", "declined"), ("busy", "busy"), ("no-answer", "no-answer"), ("silence", "answered")],
)
def test_a_number_with_a_habit_answers_by_itself(line: PhoneStage, habit: str, state: str) -> None:
    line.client.post("/habits", json={"number": "050-1234-5678", "action": habit})
    line.place()
    line.phone.tick()
    assert line.phone.rows.call(1).state == state
    line.client.post("/habits", json={"number": "050-1234-5678", "action": ""})
    line.place()
    line.phone.tick()
    assert line.phone.rows.call(2).state == "ringing"


def test_a_door_without_a_usable_answer_ends_the_call(line: PhoneStage) -> None:
    line.door.documents["/answer/"] = "<html>"
    line.place()
    assert (line.act("answer")["state"], line.door.statuses()[-1]) == ("answered", "completed")


def test_the_caller_ends_a_call(line: PhoneStage) -> None:
    for actions, wish, status in ([], "canceled", "canceled"), (["answer"], "completed", "completed"):
        sid = line.place()
        line.phone.tick()
        line.act(*actions, call_id=line.phone.rows.by_sid(sid).id)
        ended = line.client.post(f"{CALLS}/{sid}.json", data={"Status": wish}, auth=AUTH)
        assert (ended.status_code, ended.json()["status"]) == (200, status)
        again = line.client.post(f"{CALLS}/{sid}.json", data={"Status": wish}, auth=AUTH)
        assert (again.status_code, again.json()["code"]) == (400, 21220)


def test_canceling_does_not_end_a_talk(line: PhoneStage) -> None:
    sid = line.place()
    line.act("answer")
    answer = line.client.post(f"{CALLS}/{sid}.json", data={"Status": "canceled"}, auth=AUTH)
    assert answer.json()["status"] == "in-progress"


def test_the_list_knows_calls_by_number_day_and_state(line: PhoneStage) -> None:
    first = line.place()
    line.phone.tick()
    second = line.place()
    line.place(To="+815000000001")

    def listed(**wanted: str) -> list[str]:
        answer = line.client.get(f"{CALLS}.json", params={"To": NUMBER, **wanted}, auth=AUTH)
        return [call["sid"] for call in answer.json()["calls"]]

    assert listed() == [second, first]
    assert listed(**{"StartTime>": "2026-04-15"}) == [first], "what is queued has no beginning"
    assert listed(**{"StartTime>": "2026-04-16"}) == []
    assert listed(Status="queued") == [second]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("error", 500, 20500), ("busy", 429, 20429), ("geo", 400, 21215), ("invalid", 400, 21211), ("caller", 400, 21210)],
)
def test_faults_come_on_demand_and_pass(line: PhoneStage, kind: str, status: int, code: int) -> None:
    line.client.post("/faults", json={"kind": kind, "calls": 1})
    answer = line.client.post(f"{CALLS}.json", data=WANTED, auth=AUTH)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert line.phone.rows.calls() == []
    line.place()


def test_an_answer_is_lost_after_placing(line: PhoneStage) -> None:
    line.client.post("/faults", json={"kind": "lost", "calls": 1})
    with pytest.raises(ConnectionAbortedError):
        line.client.post(f"{CALLS}.json", data=WANTED, auth=AUTH)
    assert len(line.phone.rows.calls()) == 1


def test_a_call_may_never_ring(line: PhoneStage) -> None:
    line.client.post("/faults", json={"kind": "never-rings", "calls": 1})
    line.place()
    line.clock.forward(600)
    line.phone.tick()
    assert (line.phone.rows.call(1).status, line.door.seen) == ("queued", [])


@pytest.mark.parametrize(
    ("change", "code"),
    [({"To": "0312345678"}, 21211), ({"From": "+819099999999"}, 21210), ({"Url": ""}, 21205)],
)
def test_a_call_that_twilio_would_refuse_is_refused(line: PhoneStage, change: dict[str, str], code: int) -> None:
    answer = line.client.post(f"{CALLS}.json", data=WANTED | change, auth=AUTH)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_only_who_knows_the_secrets_may_ask(line: PhoneStage) -> None:
    account = f"/2010-04-01/Accounts/{SPEC.account}"
    for auth in (AUTH, (SPEC.account, SPEC.token)):
        assert line.client.get(f"{account}.json", auth=auth).json()["status"] == "active"
        assert line.client.get(f"{account}/Balance.json", auth=auth).json()["balance"] == "1000.0"
    for auth in ((SPEC.account, "wrong"), ("", "")):
        assert line.client.get(f"{account}.json", auth=auth).json()["code"] == 20003
    assert line.client.get("/2010-04-01/Accounts/ACother.json", auth=AUTH).status_code == 401


def test_unknown_calls_and_wishes_are_refused(line: PhoneStage) -> None:
    sid = line.place()
    assert line.client.get(f"{CALLS}/CA0.json", auth=AUTH).status_code == 404
    assert line.client.post(f"{CALLS}/CA0.json", data={"Status": "completed"}, auth=AUTH).status_code == 404
    assert line.client.post(f"{CALLS}/{sid}.json", data={"Status": "sleeping"}, auth=AUTH).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/calls/9/act", {"action": "1"}, 404),
        ("/habits", {"number": "1", "action": "fly"}, 400),
        ("/faults", {"kind": "flood"}, 400),
    ],
)
def test_nonsense_is_refused(line: PhoneStage, path: str, body: dict[str, str], status: int) -> None:
    assert line.client.post(path, json=body).status_code == status


def test_what_is_over_stays_over_and_an_answered_call_cannot_be_busy(line: PhoneStage) -> None:
    line.place()
    line.act("answer")
    assert line.client.post("/calls/1/act", json={"action": "busy"}).status_code == 409
    line.act("hang-up")
    assert line.client.post("/calls/1/act", json={"action": "1"}).status_code == 409
    assert line.client.get("/calls/7").status_code == 404


def test_an_operator_is_dialled_and_put_through(line: PhoneStage) -> None:
    line.door.documents["/answer/"] = _response(
        f'<Dial callerId="{SPEC.number}" timeout="20" action="{DOOR}/bridge/1/">'
        f'<Number url="{DOOR}/operator/">+81300000000</Number></Dial>'
    )
    line.door.documents["/operator/"] = _response("")
    line.place()
    line.act("answer")
    line.phone.tick()
    line.act("answer", call_id=2)
    [asked] = [fields for url, fields in line.door.seen if url == "/operator/"]
    assert (asked["ParentCallSid"], asked["Direction"]) == (line.phone.rows.call(1).sid, "outbound-dial")
    line.act("hang-up", call_id=2)
    [ended] = [fields for url, fields in line.door.seen if url == "/bridge/1/"]
    assert ended["DialCallStatus"] == "completed"


def test_calls_outlive_a_restart(line: PhoneStage) -> None:
    line.place()
    line.act("answer")
    again = State(line.folder / "state.sqlite3")
    assert Phone(again, line.clock, line.door.post).rows.call(1).said == "ご本人は 1 を"
    again.close()


def test_the_page_shows_a_ringing_call_and_then_its_keys(line: PhoneStage) -> None:
    line.door.documents["/answer/"] = _response(GATHER.format(f"{DOOR}/key/1/", SAY.format("&lt;b&gt;です")))
    line.place()
    line.phone.tick()
    text = line.client.get("/").text
    assert 'class="ringing"' in text
    assert "電話に出る" in text
    pressed = line.client.post("/calls/1/act", data={"action": "answer"})
    assert (pressed.status_code, pressed.headers["location"]) == (303, "/")
    text = line.client.get("/").text
    assert 'class="ringing"' not in text
    assert "&lt;b&gt;です" in text
    assert "* (もう一度聞く)" in text


def test_faults_are_set_on_the_page_too(line: PhoneStage) -> None:
    assert "発信後に応答が失われる" in line.client.get("/").text
    assert line.client.post("/faults", data={"kind": "busy", "calls": "2"}).status_code == 303
    assert [line.phone.rows.next_fault() for _ in range(3)] == ["busy", "busy", ""]


def test_its_own_script_and_style_are_served(line: PhoneStage) -> None:
    assert "AudioContext" in line.client.get("/static/phone.js").text
    assert "@keyframes" in line.client.get("/static/style.css").text
    assert line.client.get("/static/..%2fpage.py").status_code == 404


def test_it_signs_as_the_providers_own_library_does() -> None:
    fields = {"To": NUMBER, "From": "+81", "Digits": "1", "名前": "桜井"}
    url = "https://portal.example.jp/phone/twilio/r-1/key/1/"
    assert sign(SPEC.token, url, fields) == RequestValidator(SPEC.token).compute_signature(url, fields)


def test_it_calls_nobody_outside_this_machine() -> None:
    assert poster(SPEC)("https://portal.example.jp/phone/", {}) == ""
    assert poster(SPEC)("http://127.0.0.1:9/phone/", {}) == "", "nobody listens there"


@pytest.mark.parametrize(
    ("e164", "written"),
    [
        ("+81300001001", "03-0000-1001"),
        ("+81110002001", "011-000-2001"),
        ("+819000001001", "090-0000-1001"),
        ("+81120000100", "0120-000-100"),
        ("+12025550100", "+12025550100"),
    ],
)
def test_numbers_are_shown_as_people_write_them(e164: str, written: str) -> None:
    assert (national(e164), international(written)) == (written, e164)


def test_a_document_is_read_verb_by_verb() -> None:
    document = _response(
        SAY.format("あ")
        + GATHER.format("/k", SAY.format("い"))
        + '<Dial action="/d"><Number url="/o">+81300000000</Number></Dial><Hangup/>'
    )
    kinds = [type(verb) for verb in verbs_of(document)]
    assert kinds == [Say, Gather, Dial, Hangup]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<Other/>",
        _response("<Play>x</Play>"),
        _response("<Say>x</Say>"),
        _response('<Gather action="/k"/>'),
        _response('<Gather numDigits="1" actionOnEmptyResult="true"/>'),
        _response('<Dial action="/d"/>'),
        '<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>',
    ],
)
def test_a_document_that_the_provider_would_not_play_is_bad(document: str) -> None:
    with pytest.raises(BadScript):
        verbs_of(document)


def test_every_button_is_an_action() -> None:
    assert {action.value for action in PhoneAction} >= {"1", "2", "*", "busy", "machine"}
