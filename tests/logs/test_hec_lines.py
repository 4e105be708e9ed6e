"""What an event of the push door becomes: wrapped events one line each, and the envelope's time where there is none."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.fields import Event
from sakimori.logs.formats.detect import LineParser, LogFormat, format_of
from sakimori.logs.formats.given_time import time_of_seconds
from sakimori.logs.formats.unreadable import Reason, UnreadableLine
from sakimori.logs.receive.hec_events import event_lines

TIME = 1732600000.123
WHEN = datetime(2024, 11, 26, 5, 46, 40, 123_000, tzinfo=UTC)
OWN = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
HEAD = "CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| "


def lines(event: object, **envelope: object) -> list[bytes]:
    body = json.dumps({**envelope, "event": event}, ensure_ascii=False).encode()
    return event_lines(body).split(b"\n")[:-1]


def read(event: object, **envelope: object) -> Event:
    (line,) = lines(event, **envelope)
    read = LineParser().parse(line)
    assert read.line.encode() == line, "the line can be read again as it is"
    return read


@pytest.mark.parametrize("time", [TIME, "1732600000.123", 1732600000123, "1732600000123", " 1732600000.123 "])
@pytest.mark.parametrize(
    "event",
    [
        {"client": {"ip": "192.0.2.1"}, "event": {"action": "block"}},
        json.dumps({"client": {"ip": "192.0.2.1"}}),
        f"{HEAD}src=192.0.2.1 request=a.example.com/",
        f"{HEAD}start= src=192.0.2.1",
        f"{HEAD}start=tomorrow src=192.0.2.1",
        "LEEF:0|Incapsula|SIEMintegration|0|Normal| src=192.0.2.1",
    ],
)
def test_an_event_without_a_time_has_that_of_its_envelope(event: object, time: object) -> None:
    found = read(event, time=time, host="x", fields={"a": "b"})
    assert (found.time, found.client_ip) == (WHEN, "192.0.2.1")
    assert found.line.startswith("hec.time=17326000")
    text = event if isinstance(event, str) else json.dumps(event)
    assert found.line.endswith(f" {text}"), "behind the time it stands as it came"


@pytest.mark.parametrize(
    "event",
    [
        {"@timestamp": 1700000000000},
        {"timestamp": "1700000000000"},
        {"event": {"start": "2023-11-14T22:13:20Z"}},
        {"event.timestamp": "2023-11-14 22:13:20"},
        f"{HEAD}src=192.0.2.1 start=1700000000000",
        f"{HEAD}start=1700000000000 end=1700000000001",
        "LEEF:0|Incapsula|SIEMintegration|0|Normal| start =1700000000000",
    ],
)
def test_an_events_own_time_wins_and_its_line_stays_as_it_came(event: object) -> None:
    (line,) = lines(event, time=TIME)
    assert line.decode() == (event if isinstance(event, str) else json.dumps(event))
    assert LineParser().parse(line).time == OWN


def test_a_time_that_only_the_parser_finds_wins_as_well() -> None:
    found = read(f"{HEAD}src=192.0.2.1 start=  1 ", time=TIME)
    assert found.time == datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)


@pytest.mark.parametrize("time", [None, 0, 1, -5, True, "", "now", [], 1e300, 1 << 80, 4102444800, 946684799, "1e99"])
def test_a_time_that_is_none_is_not_used(time: object) -> None:
    event = {"a": 1}
    assert lines(event, time=time) == lines(event) == [json.dumps(event).encode()]
    with pytest.raises(UnreadableLine) as caught:
        LineParser().parse(lines(event, time=time)[0])
    assert caught.value.reason is Reason.NO_TIME


@pytest.mark.parametrize("event", ["hello", 7, "#Fields: cs-start", ["x"], ""])
def test_what_can_be_no_event_stays_as_it_came(event: object) -> None:
    expected = event if isinstance(event, str) else json.dumps(event)
    body = json.dumps({"event": event, "time": TIME}) + json.dumps({"event": "x"})
    assert event_lines(body.encode()).decode() == (f"{expected}\n" if expected else "") + "x\n"


def test_numbers_as_any_client_writes_them_are_times() -> None:
    for text in ("1732600000", "1732600000.0", "1.732600000E9", "1.7326E+9", "1732600000000", "1.7326e12"):
        assert time_of_seconds(text) == WHEN.replace(microsecond=0), text
    for text in ("", "1,5", "0x1", "1.7326e", "9" * 40, "1732600000000000", "nan", "１７３２６０００００"):
        with pytest.raises(ValueError, match="^" + re.escape(text) + "$"):
            time_of_seconds(text)


def test_each_of_the_events_in_an_event_is_a_line_with_its_time() -> None:
    given = [{"@timestamp": 1700000000000, "n": 1}, {"n": [2, {"events": []}]}]
    for event in (given, {"logs": given}, {"n": 0, "records": given, "next": None}, json.dumps({"events": given})):
        first, second = lines(event, time=TIME)
        assert json.loads(first) == given[0]
        assert json.loads(second.removeprefix(b"hec.time=1732600000.123 ")) == given[1]


def test_a_line_with_a_given_time_shows_its_format() -> None:
    assert format_of(b"hec.time=1732600000 {}") is LogFormat.JSON
    assert format_of(b"hec.time=1732600000 CEF:0|") is LogFormat.CEF
    assert format_of(b"hec.time=x {}") is None
    with pytest.raises(UnreadableLine):
        LineParser().parse(b'hec.time=99 {"a":1}')


@given(st.text(st.sampled_from("0123456789.eE+- "), max_size=20), st.text(max_size=20))
def test_whatever_stands_in_front_nothing_else_is_raised(time: str, rest: str) -> None:
    for line in (f"hec.time={time} {{{rest}", f"hec.time={time} CEF:0|{rest}", f"hec.time={time}{rest}"):
        event = None
        with suppress(UnreadableLine):
            event = LineParser().parse(line.encode(errors="replace"))
        assert event is None or event.time.tzinfo is UTC
