"""A key that comes twice: whatever a visitor types, wherever, the vendor's own values are the columns'.

The lines are live ones in their order. What is typed has raw `=` in it, which the vendor is not promised to escape.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.fields import FIELDS, Event
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.formats.leef import parse_leef
from sakimori.logs.formats.repeated import ORDER, vendors_own
from tests.logs.mutations import simulated
from tests.logs.test_bulk import check
from tests.luck import SEED

HEAD = "CEF:0|Incapsula|SIEMintegration|1|1|SQL Injection|0| "
# In the order of live lines; `{}` where a visitor's text stands.
LINE = (
    "fileId=900000000000000011 sourceServiceName=shop.example.jp siteid=1001 suid=2002 requestClientApplication=UA{ua}"
    " deviceFacility=nrt cs2=true cs2Label=Javascript Support dproc=Browser ccode=JP cicode=Chiyoda Customer=Example"
    " start=1700000000011 request=shop.example.jp/a{request} ref=https://shop.example.jp/{ref}"
    " requestMethod=GET{method} qstr=id\\=1{qstr} postbody=b{postbody} app=HTTPS act=REQ_BLOCKED_SECURITY"
    " deviceExternalId=770000000011 xff=203.0.113.5{xff} cpt=50000 src=198.51.100.7 ver=TLSv1.3 X end=1700000000111"
    " fileType=1,2, filePermission=3,4,"
)
PLACES = ("ua", "request", "ref", "method", "qstr", "postbody", "xff")
OWN = ("time", "client_ip", "act", "outcome", "request_id", "site", "site_id", "account_id", "end_time", "rule_types")
FORGED = {
    "start": "1600000000000",
    "src": "192.0.2.66",
    "act": "REQ_PASSED",
    "deviceExternalId": "1",
    "sourceServiceName": "evil.example.com",
    "siteid": "9",
    "suid": "9",
    "end": "1600000000001",
    "cpt": "1",
    "fileType": "9",
}


def line(**typed: str) -> str:
    return HEAD + LINE.format(**{place: typed.get(place, "") for place in PLACES})


def own(event: Event) -> tuple[object, ...]:
    return tuple(getattr(event, name) for name in OWN)


TRUE = own(parse_cef(line().encode()))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", FORGED)
def test_a_key_in_a_visitors_text_changes_no_column_that_counts(place: str, key: str) -> None:
    text = line(**{place: f" {key}={FORGED[key]}"})
    assert own(parse_cef(text.encode())) == TRUE
    check(text.encode())


@pytest.mark.parametrize("place", PLACES)
def test_all_keys_at_once_in_any_order_change_none_of_them(place: str) -> None:
    chance = random.Random(SEED)
    for _ in range(200):
        pairs = [f" {key}={text}" for key, text in FORGED.items()]
        chance.shuffle(pairs)
        text = line(**{place: "".join(pairs[: chance.randrange(1, len(pairs) + 1)])})
        assert own(parse_cef(text.encode())) == TRUE, text


@given(
    st.dictionaries(
        st.sampled_from(PLACES),
        st.lists(st.tuples(st.sampled_from(sorted(FORGED)), st.text("19.a, ", max_size=9)), max_size=4),
        min_size=1,
    )
)
def test_nor_do_keys_in_several_texts(typed: dict[str, list[tuple[str, str]]]) -> None:
    text = line(**{place: "".join(f" {key}={value}" for key, value in pairs) for place, pairs in typed.items()})
    assert own(parse_cef(text.encode())) == TRUE


def test_what_a_visitor_typed_is_kept_beside_it() -> None:
    event = parse_cef(line(ref=" start=5 act=x", ua=" start=6").encode())
    assert event.extra == {"start": "6", "start#2": "5", "act": "x"}


def test_leef_keeps_the_vendors_values_as_well() -> None:
    text = line(ua=" start=1", xff=" cat=REQ_PASSED src=192.0.2.66", ref=" start=2").replace(" act=", " cat=")
    text = text.replace(HEAD, "LEEF:0|Incapsula|SIEMintegration|0|SQL Injection| ")
    event = parse_leef(text.encode())
    assert (event.time, event.client_ip, event.act) == (TRUE[0], TRUE[1], TRUE[2])


def test_simulated_lines_with_keys_in_their_visitors_texts_read_the_same_both_ways() -> None:
    chance, lines = random.Random(SEED), []
    for text in simulated(500):
        free = chance.choice(("requestClientApplication=", "request=", "requestMethod=", "qstr=", "ref=", "xff="))
        typed = " ".join(f"{key}={FORGED[key]}" for key in chance.sample(sorted(FORGED), 3))
        lines.append(text.replace(f" {free}", f" {free}x {typed} ", 1))
    assert check("\n".join(lines).encode()) < 500


def test_the_order_names_every_column_that_a_line_of_keys_can_fill() -> None:
    assert sorted(ORDER) == sorted({field.name for field in FIELDS if field.cef})


def test_of_values_that_stand_equally_well_the_last_is_taken() -> None:
    assert vendors_own("time", [0, 1], {"time": [0, 1]}) == 1
    assert vendors_own("time", [0, 2], {"time": [0, 2], "url": [1]}) == 0
    assert vendors_own("time", [0, 2], {"time": [0, 2], "site": [1]}) == 2
