"""LEEF, W3C and JSON lines, and choosing between the formats."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.formats.detect import LineParser, LogFormat, format_named, format_of
from sakimori.logs.formats.json_lines import parse_json
from sakimori.logs.formats.leef import parse_leef
from sakimori.logs.formats.unreadable import Reason, UnreadableLine
from sakimori.logs.formats.w3c import W3cParser, field_names

_SAMPLES = Path(__file__).parent / "samples"


def lines(name: str) -> list[bytes]:
    return (_SAMPLES / name).read_bytes().splitlines()


_NOT_IN_LEEF = {"severity", "line", "user_agent", "client_app", "client_type", "javascript_support", "cookie_support",
    "visitor_id", "client_signature", "site_tag", "rule_types", "rule_ids", "rule_names"}  # fmt: skip


def test_leef_and_cef_say_the_same() -> None:
    from_cef = [parse_cef(line) for line in lines("every_name.cef.log")]
    from_leef = [parse_leef(line) for line in lines("every_name.leef.log")]
    for cef, leef in zip(from_cef, from_leef, strict=True):
        for name in set(Event._fields) - _NOT_IN_LEEF:
            assert getattr(leef, name) == getattr(cef, name), name
        assert (leef.user_agent, leef.client_app, leef.severity) == ("curl/8.0", "Bot", None)


def test_leef_may_be_parted_by_tabs() -> None:
    header, _, extension = lines("every_name.leef.log")[1].decode().partition("| fileId")
    tabbed = re.sub(r" (?=[A-Za-z0-9]+=)", "\t", extension)
    assert tabbed.count("\t") > 30
    blanks = parse_leef(lines("every_name.leef.log")[1])
    assert parse_leef(f"{header}| fileId{tabbed}".encode())._replace(line="") == blanks._replace(line="")


def test_leef_may_have_a_blank_before_the_sign() -> None:
    event = parse_leef(
        b"LEEF:0|Incapsula|SIEMintegration|0|Normal| fileId=1 sourceServiceName =a.example start=1 src=198.51.100.7"
    )
    assert (event.session_id, event.site, event.client_ip) == ("1", "a.example", "198.51.100.7")


def test_leef_without_a_header_is_unreadable() -> None:
    with pytest.raises(UnreadableLine) as caught:
        parse_leef(b"LEEF:0|Incapsula|SIEMintegration start=1")
    assert caught.value.reason is Reason.NO_HEADER


def test_w3c_goes_by_the_fields_line() -> None:
    parser = LineParser()
    events = [parser.parse(line) for line in lines("two_events.w3c.log") if not parser.is_no_event(line)]
    access, attack = events
    assert (access.attack_kind, access.outcome, access.status) == (AttackKind.NONE, Outcome.ALLOWED, 200)
    assert (access.user_agent, access.account_name) == ('Mozilla/5.0 (X11) "quoted"', "Example Shop K.K.")
    assert access.extra == {}
    assert attack.time == datetime(2023, 11, 14, 22, 13, 20, 3000, tzinfo=UTC)
    assert (attack.client_ip, attack.end_time, attack.status) == ("2001:db8::7", None, None)
    assert attack.rule_names == ("SQL Injection", "High Risk")
    assert (attack.attack_kind, attack.extra) == (AttackKind.SQL_INJECTION, {"x-new": "kept"})


def test_w3c_order_may_come_from_the_files_header() -> None:
    parser = LineParser(file_format=LogFormat.W3C, w3c_fields=field_names("cs-start, c-ip,cs(User-Agent)"))
    event = parser.parse(b'1700000000000\t198.51.100.7\t"two words"')
    assert (event.client_ip, event.user_agent) == ("198.51.100.7", "two words")


def test_w3c_understands_the_standards_own_date_and_time() -> None:
    event = W3cParser(("date", "time", "c-ip"))(b"2026-11-01 01:02:03 198.51.100.7")
    assert event.time == datetime(2026, 11, 1, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "line", "reason"),
    [
        ((), b"1 2", Reason.NO_FIELD_ORDER),
        (("cs-start", "c-ip"), b"1700000000000 198.51.100.7 more", Reason.FIELD_COUNT),
        (("cs-start",), b"-", Reason.NO_TIME),
    ],
)
def test_an_unreadable_w3c_line_says_why(names: tuple[str, ...], line: bytes, reason: Reason) -> None:
    with pytest.raises(UnreadableLine) as caught:
        W3cParser(names)(line)
    assert caught.value.reason is reason


def test_json_records_of_every_data_set() -> None:
    audit, bot, notice, takeover = (parse_json(line) for line in lines("every_dataset.json.log"))
    assert audit.time == datetime(2026, 11, 1, 0, 0, 0, 123_000, tzinfo=UTC)
    assert (audit.name, audit.attack_kind, audit.site, audit.site_id) == (
        "SITE_REMOVE",
        AttackKind.NONE,
        "shop.example.jp",
        1001,
    )
    assert audit.extra["user.email"] == "alice@example.jp"
    assert (bot.name, bot.attack_kind, bot.client_ip) == ("BOT_DETECTED", AttackKind.BAD_BOT, "2001:db8::7")
    assert bot.rule_names == ("Bad signature", "Rate")
    assert bot.extra["imperva.abp.bot_behaviors"] == '["scraping"]'
    assert (notice.attack_kind, notice.extra["imperva.total_requests"]) == (AttackKind.NONE, "120")
    assert (takeover.attack_kind, takeover.time) == (AttackKind.ACCOUNT_TAKEOVER, datetime(2026, 11, 1, tzinfo=UTC))
    assert takeover.extra["imperva.credentials_leaked"] == "true"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"time":', Reason.BAD_JSON),
        (b"[]", Reason.BAD_JSON),
        (b'{"a":' * 5000, Reason.BAD_JSON),
        (b'{"time":1700000000000,"a":' + b"9" * 5000 + b"}", Reason.BAD_JSON),
        (b'{"time":true}', Reason.NO_TIME),
        (b'{"time":"0001-01-01T00:00:00+14:00"}', Reason.NO_TIME),
        (b'{"time":1e300}', Reason.NO_TIME),
    ],
)
def test_an_unreadable_record_says_why(line: bytes, reason: Reason) -> None:
    with pytest.raises(UnreadableLine) as caught:
        parse_json(line)
    assert caught.value.reason is reason


def test_what_no_database_can_keep_is_replaced() -> None:
    event = parse_json(rb'{"time":1,"client":{"ip":"1\u0000"},"\ud800":"\ud800 a","url":{"full":"\u0000"}}')
    assert (event.client_ip_text, event.url) == ("1\ufffd", "\ufffd")
    assert event.extra == {"?": "? a"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"CEF:0|Incapsula|", LogFormat.CEF),
        (b"<30>Nov  1 00:00:00 shop.example.jp cwaf: CEF:0|Incapsula|", LogFormat.CEF),
        (b"LEEF:0|Incapsula|", LogFormat.LEEF),
        (b' {"a": "CEF:0|"}', LogFormat.JSON),
        (b"#Fields: cs-start", LogFormat.W3C),
        (b"hello", None),
    ],
)
def test_a_line_shows_its_format(line: bytes, expected: LogFormat | None) -> None:
    assert format_of(line) is expected


def test_formats_are_named_in_any_case() -> None:
    assert format_named(" cef ") is LogFormat.CEF
    assert format_named("XML") is None


def test_a_file_may_mix_formats_and_begin_with_a_mark() -> None:
    parser = LineParser(file_format=LogFormat.CEF)
    cef, leef = lines("every_name.cef.log")[1], lines("every_name.leef.log")[1]
    events: list[Event] = [
        parser.parse(b"\xef\xbb\xbf" + cef),
        parser.parse(leef),
        parser.parse(b"<30>Nov  1 00:00:00 host cwaf: " + cef),
    ]
    assert {event.request_id for event in events} == {"770000000011"}


@pytest.mark.parametrize(
    ("parser", "reason"),
    [
        (LineParser(file_format=LogFormat.CEF), Reason.NO_HEADER),
        (LineParser(file_format=LogFormat.W3C), Reason.NO_FIELD_ORDER),
        (LineParser(), Reason.UNKNOWN_FORMAT),
    ],
)
def test_a_line_that_shows_nothing_is_unreadable(parser: LineParser, reason: Reason) -> None:
    with pytest.raises(UnreadableLine) as caught:
        parser.parse(b"hello")
    assert caught.value.reason is reason
    assert parser.is_no_event(b"  ")
    assert not parser.is_no_event(b"hello")


def test_a_broken_fields_line_is_a_bad_line() -> None:
    parser = LineParser()
    assert not parser.is_no_event(b"#Fields: \xff")


def test_the_order_of_fields_may_stand_behind_a_byte_order_mark() -> None:
    parser = LineParser()
    assert parser.is_no_event(b"\xef\xbb\xbf#Fields: cs-start c-ip sc-action")
    assert parser.parse(b"1700000000000 192.0.2.1 REQ_PASSED").client_ip == "192.0.2.1"
    assert parser.is_no_event(b"\xef\xbb\xbf")


@pytest.mark.parametrize("sign", [" ", "\t"])
def test_an_incident_in_leef_says_what_it_says_in_cef(sign: str) -> None:
    (line,) = lines("incident.cef.log")
    _, product, more, version, _, name, _, pairs = line.decode().split("|", 7)
    pairs = re.sub(r" +(?=\w+=)", sign, pairs)
    in_leef = parse_leef("|".join(("LEEF:0", product, more, version, name, pairs)).encode())
    in_cef = parse_cef(line)
    extra = {key: text for key, text in in_cef.extra.items() if key != "severity"}
    assert in_leef == in_cef._replace(line=in_leef.line, extra=extra)
    assert in_leef.attack_kinds == (AttackKind.ATTACK_ANALYTICS, AttackKind.SQL_INJECTION)
