"""CEF lines, regular and odd. Each oddity was seen in the field or in the vendor's own examples."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.formats.unreadable import Reason, UnreadableLine

_SAMPLES = Path(__file__).parent / "samples"
_HEADER = "CEF:0|Incapsula|SIEMintegration|1|1|SQL Injection|0| "


def parse(extension: str, *, header: str = _HEADER) -> Event:
    return parse_cef(f"{header}{extension}".encode())


def sample(name: str) -> list[Event]:
    return [parse_cef(line) for line in (_SAMPLES / name).read_bytes().splitlines()]


def test_a_whole_line_fills_the_columns() -> None:
    event = sample("every_name.cef.log")[1]
    assert event._replace(line="") == Event(
        time=datetime(2023, 11, 14, 22, 13, 20, 11_000, tzinfo=UTC),
        end_time=datetime(2023, 11, 14, 22, 13, 20, 111_000, tzinfo=UTC),
        request_id="770000000011",
        session_id="900000000000000011",
        name="SQL Injection",
        severity=0,
        attack_kind=AttackKind.SQL_INJECTION,
        attack_kinds=(AttackKind.SQL_INJECTION,),
        outcome=Outcome.BLOCKED,
        act="REQ_BLOCKED_SECURITY",
        site="shop.example.jp",
        site_id=1001,
        account_id=2002,
        account_name="Example Shop K.K.",
        client_ip="198.51.100.7",
        client_ip_text="198.51.100.7",
        client_port=50000,
        xff="203.0.113.5",
        country="JP",
        city="Chiyoda City",
        latitude=35.69,
        longitude=139.75,
        method="GET",
        url="shop.example.jp/items",
        query="id=1",
        user_agent="Mozilla/5.0 (Windows NT 10.0; rv:120.0) Gecko/20100101",
        client_app="Firefox",
        client_type="Browser",
        status=403,
        protocol="HTTPS",
        tls="TLSv1.3 TLS_AES_128_GCM_SHA256",
        origin_ip="192.0.2.9",
        origin_port=443,
        response_bytes=512,
        pop="nrt",
        rule_types=("30037", "1001"),
        rule_ids=("2", "1"),
        rule_names=("", "Example Rule"),
        captcha_support="NA",
        javascript_support="true",
        cookie_support="true",
        visitor_id="00000000-0000-4000-8000-000000000011",
        client_signature="0123456789abcdef",
        site_tag="shop",
    )
    assert event.line.startswith("CEF:0|Incapsula")


def test_every_name_has_its_kind_and_only_a_new_one_is_other() -> None:
    kinds = [event.attack_kind for event in sample("every_name.cef.log")]
    assert kinds == [
        AttackKind.NONE,
        AttackKind.SQL_INJECTION,
        AttackKind.CROSS_SITE_SCRIPTING,
        AttackKind.ILLEGAL_RESOURCE_ACCESS,
        AttackKind.BOT_ACCESS_CONTROL,
        AttackKind.DDOS,
        AttackKind.BACKDOOR,
        AttackKind.REMOTE_FILE_INCLUSION,
        AttackKind.CUSTOM_RULE,
        AttackKind.API_VIOLATION,
        AttackKind.ACCOUNT_TAKEOVER,
        AttackKind.BAD_BOT,
        AttackKind.ACL,
        AttackKind.ACL,
        AttackKind.ACL,
        AttackKind.ACL,
        AttackKind.OTHER,
    ]


def test_a_custom_rules_name_is_kept_where_no_rule_names_were_sent() -> None:
    event = parse("start=1700000000000", header="CEF:0|Incapsula|SIEMintegration|1|1|IncapRules(My rule)|11| ")
    assert event.rule_names == ("My rule",)
    assert event.attack_kind is AttackKind.CUSTOM_RULE


def test_severity_decides_nothing() -> None:
    event = parse("start=1", header="CEF:0|Incapsula|SIEMintegration|1|1|Normal|3| ")
    assert (event.severity, event.attack_kind) == (3, AttackKind.NONE)


def test_a_known_key_wins_over_text_that_looks_like_a_key() -> None:
    event = parse(
        "requestClientApplication=odd agent=1 x=2 deviceFacility=nrt start=1700000000000 ref=a b=c end=1700000000001"
    )
    assert event.user_agent == "odd agent=1 x=2"
    assert (event.pop, event.referrer) == ("nrt", "a b=c")
    assert event.extra == {}


@pytest.mark.parametrize("more", ["", " request=a b=c"])
def test_an_unknown_key_is_kept(more: str) -> None:
    event = parse(f"start=1700000000000 newKey=two words act=REQ_PASSED other.new-key=3 src=198.51.100.7{more}")
    assert event.extra == {"newKey": "two words", "other.new-key": "3"}
    assert (event.act, event.client_ip) == ("REQ_PASSED", "198.51.100.7")


def test_a_visitors_text_cannot_forge_the_client_address() -> None:
    event = parse(
        "requestClientApplication=Bot src=203.0.113.66 start=1 src=198.51.100.7"
        ' additionalReqHeaders=[{"X-A":"x src=203.0.113.66 y=\\"] src=203.0.113.67"}] cs9=a cs9Label=Rule name'
    )
    assert event.client_ip == "198.51.100.7"
    assert event.rule_names == ("a",)
    assert event.request_headers.endswith('src=203.0.113.67"}]')


def test_a_header_cannot_supply_an_address_that_the_vendor_did_not_send() -> None:
    event = parse('start=1 additionalReqHeaders=[{"X":"a] src=203.0.113.66 end=5"}]')
    assert (event.client_ip_text, event.end_time) == ("", None)


def test_a_visitors_text_cannot_forge_the_site() -> None:
    event = parse(
        "sourceServiceName=shop.example.jp siteid=1 requestClientApplication=x siteid=2 sourceServiceName=y start=1"
    )
    assert (event.site, event.site_id) == ("shop.example.jp", 1)
    assert event.extra == {"siteid": "2", "sourceServiceName": "y"}


def test_of_equal_or_empty_repetitions_one_value_remains() -> None:
    event = parse("ccode=JP start=1 src=198.51.100.7 ccode=JP src=")
    assert (event.country, event.client_ip, event.extra) == ("JP", "198.51.100.7", {})


@pytest.mark.parametrize("glued", ["cs5=ab cs5Label=clappsigdproc=Browser", "cs5=abcs5Label=clappsig dproc=Browser"])
def test_a_missing_blank_around_a_label_is_mended(glued: str) -> None:
    event = parse(f"start=1 {glued} src=198.51.100.7")
    assert (event.client_signature, event.client_type, event.client_ip) == ("ab", "Browser", "198.51.100.7")


def test_keys_in_any_case_are_the_same_key() -> None:
    event = parse("FILEID=1 filetype=2, filepermission=3, REQUESTMETHOD=GET deviceExternalID=4 Start=1700000000000")
    assert (event.session_id, event.rule_types, event.rule_ids) == ("1", ("2",), ("3",))
    assert (event.method, event.request_id) == ("GET", "4")


def test_parallel_lists_keep_their_empty_slots() -> None:
    event = parse("start=1 fileType=1,,3, cs9=,High Risk SQL Expressions,,SQL SELECT Expression, cs9Label=Rule name")
    assert event.rule_types == ("1", "", "3")
    assert event.rule_names == ("", "High Risk SQL Expressions", "", "SQL SELECT Expression")
    assert parse("start=1 cs9= cs9Label=Rule name").rule_names == ()


def test_raw_signs_and_pipes_in_values_survive() -> None:
    event = parse(r"start=1 request=a.example/?x=1&y\=2|z qstr=p\=\\d\|e\x ref=| end=2")
    assert (event.url, event.query, event.referrer) == ("a.example/?x=1&y=2|z", r"p=\d|e\x", "|")


def test_an_escaped_pipe_in_the_name_ends_nothing() -> None:
    event = parse("start=1", header=r"CEF:0|Incapsula|SIEMintegration|1|1|IncapRules(a \| b)|11| ")
    assert (event.name, event.severity) == ("IncapRules(a | b)", 11)


def test_an_invalid_address_is_kept_as_text_only() -> None:
    event = parse("start=1 src=92.140.985.97")
    assert (event.client_ip, event.client_ip_text) == (None, "92.140.985.97")


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.007", None),
        ("fe80::1%eth0", None),
        ("198.51.100.7:80", None),
        ("", None),
    ],
)
def test_addresses_are_canonical(sent: str, canonical: str | None) -> None:
    assert parse(f"start=1 src={sent} cpt=1").client_ip == canonical


def test_a_label_decides_what_a_slot_means() -> None:
    event = parse("start=1 cs1=35.5 cs1Label=latitude cs7=x cs7Label=Something new")
    assert event.latitude == 35.5
    assert (event.captcha_support, event.extra) == ("", {"Something new": "x"})


def test_a_slot_with_a_strange_label_means_what_it_usually_does() -> None:
    assert parse("start=1 cs4=abc cs4Label=VOD").visitor_id == "abc"


def test_a_label_without_its_slot_belongs_to_the_slot_before_it() -> None:
    event = parse("start=1 cs7=50.62 cs7Label=latitude cs10=10.24 cs8Label=longitude Customer=A")
    assert (event.latitude, event.longitude, event.delivery_rules) == (50.62, 10.24, "")


def test_a_label_without_any_slot_is_no_value() -> None:
    event = parse("start=1 cs7=50.62 cs7Label=latitude cs8Label=longitude Customer=A")
    assert (event.longitude, event.account_name) == (None, "A")


def test_what_is_not_of_its_type_is_kept() -> None:
    event = parse("start=1 cn1=abc siteid=" + "9" * 40 + " spt=70000 cs7=nan cs7Label=latitude in=-")
    assert (event.status, event.site_id, event.origin_port, event.latitude) == (None, None, None, None)
    assert event.extra == {"cn1": "abc", "siteid": "9" * 40, "spt": "70000", "cs7": "nan", "in": "-"}


def test_json_values_with_doubled_quotes_stay_whole() -> None:
    event = parse(
        'start=1 cs10=[{""action"":""REDIRECT a=b src=203.0.113.66""}]'
        ' cs11=,,[{"k":"v w=x"}] cs11Label=Rule Additional Info src=198.51.100.7'
    )
    assert event.delivery_rules == '[{""action"":""REDIRECT a=b src=203.0.113.66""}]'
    assert event.rule_info == ',,[{"k":"v w=x"}]'
    assert event.client_ip == "198.51.100.7"


def test_an_incident_is_read_by_its_labels() -> None:
    (event,) = sample("incident.cef.log")
    assert event.attack_kinds == (AttackKind.ATTACK_ANALYTICS, AttackKind.SQL_INJECTION)
    assert (event.client_ip, event.client_ip_text, event.site) == (None, "Distributed", "shop.example.jp")
    assert (event.latitude, event.longitude, event.rule_names) == (None, None, ())
    assert event.extra["ImpervaAANumberOfEvents"] == "42"
    assert event.extra["ImpervaAADominantIps"] == "198.51.100.7,198.51.100.8"
    assert event.extra["severity"] == "CRITICAL"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"CEF:0|Incapsula|SIEMintegration|1|1|Normal", Reason.NO_HEADER),
        (b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| src=198.51.100.7", Reason.NO_TIME),
        (b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| start=tomorrow", Reason.NO_TIME),
        (b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| start=99999999999999999", Reason.NO_TIME),
        (b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| start=1 request=\xff", Reason.BAD_UTF8),
        (b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| start=1 request=\0", Reason.NUL),
        (b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| start=1" + b" in=1" * 5000, Reason.TOO_MANY_KEYS),
        (b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| start=1 request=" + b"a" * 1024 * 1024, Reason.TOO_LONG),
    ],
)
def test_an_unreadable_line_says_why(line: bytes, reason: Reason) -> None:
    with pytest.raises(UnreadableLine) as caught:
        parse_cef(line)
    assert caught.value.reason is reason
    assert caught.value.reason.sentence.endswith("。")


def test_ever_new_keys_and_long_names_are_read_all_the_same() -> None:
    for number in range(1200):
        event = parse(f"start=1 key{number}=x src=198.51.100.7")
        assert (event.client_ip, event.extra) == ("198.51.100.7", {f"key{number}": "x"})
    long_name = "x" * 1000
    header = f"CEF:0|Incapsula|SIEMintegration|1|1|IncapRules({long_name})|11| "
    assert parse("start=1", header=header).rule_names == (long_name,)
    assert parse("start=1 act=REQ_BLOCKED_" + long_name).outcome is Outcome.BLOCKED


def test_a_json_value_that_is_not_closed_loses_nothing() -> None:
    event = parse('start=1 additionalReqHeaders=[{"a":"b act=REQ_PASSED')
    assert (event.request_headers, event.act) == ('[{"a":"b', "REQ_PASSED")
