"""What is said on the phone, word by word, and the documents that make a provider say it."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

from sakimori.notify import twiml
from sakimori.notify.dialogue import Key, Line, begin, hear
from sakimori.notify.signatures import is_signed, signature
from sakimori.notify.spoken import DUTY_KEYS, KEYS, Facts, for_operator, speakable, text_of
from sakimori.simulators.phone_script import Dial, Gather, Hangup, Say, verbs_of

FACTS = Facts(
    "保護サービス", "桜井 花子", "さくら商店 様のサイト shop.example.jp が表示できません。", "サクライ ハナコ"
)
MANNER = twiml.Manner("Polly.Tomoko-Neural", "+81300000000", "+815000000000", "/k/", "/b/", "/o/")
WORD = st.text(max_size=60)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("shop.example.jp です", "shop ドット example ドット jp です"),
        ("https://shop.example.jp/a?b=1 を", "shop ドット example ドット jp を"),
        ("hxxps[:]//my-shop[.]example[.]jp", "my ハイフン shop ドット example ドット jp"),
        ("198.51.100.7", "198 ドット 51 ドット 100 ドット 7"),
        ("3.5 秒", "3.5 秒"),
        ("03-0000-1001 へ", "0 3 の 0 0 0 0 の 1 0 0 1 へ"),
        ("契約 K-2026-0001", "契約 K の 2 0 2 6 の 0 0 0 1"),
        ("WSP-0012", "WSP の 0 0 1 2"),
        ("2026/11/23 13:05", "2026年11月23日 13時5分"),
        ("13:05:07", "13時5分"),
        ("12345678 件", "1 2 3 4 5 6 7 8 件"),
        ("120 件", "120 件"),
        ("【重要】<b>*です*</b>", "重要 b です /b"),
        ("一行\n二行", "一行 二行"),
    ],
)
def test_text_is_spoken_as_a_person_would_read_it(written: str, said: str) -> None:
    assert speakable(written) == said


def test_who_calls_and_why_comes_before_the_question_for_the_person_whose_name_is_spoken_in_kana() -> None:
    said = text_of(begin().lines, FACTS)
    assert said == (
        "こちらは、保護サービスの SOC です。重要なお知らせのため、お電話いたしました。"
        "サクライ ハナコ 様でいらっしゃいますか。ご本人は 1 を、別の方は 2 を、"
        "もう一度お聞きになる方はアスタリスクを押してください。"
    )
    assert "桜井 花子 様で" in text_of(begin().lines, Facts("保護サービス", "桜井 花子", "用件"))
    assert for_operator(FACTS).startswith("お客様の サクライ ハナコ 様が")


def test_the_matter_and_the_keys_follow_and_people_on_duty_hear_their_own_keys() -> None:
    step = hear(begin().dialogue, Key("1"))
    said = text_of(step.lines, FACTS)
    assert said == "さくら商店 様のサイト shop ドット example ドット jp が表示できません。\n" + KEYS
    duty = Facts("保護サービス", "青木", "アラームがあります。", is_duty=True)
    assert text_of(step.lines, duty).endswith(DUTY_KEYS)


@pytest.mark.parametrize("line", list(Line))
def test_every_line_has_polite_words(line: Line) -> None:
    assert text_of([line], FACTS).endswith("。")


def test_a_long_matter_ends_before_the_listener_does() -> None:
    said = text_of([Line.MATTER], Facts("x", "y", "あ" * 5000))
    assert len(said) < 1600
    assert said.endswith("（以下略）")
    assert len(text_of([Line.MATTER, Line.KEYS], Facts("x", "y", "a.b " * 1000))) < 3000


@given(WORD, WORD, WORD, WORD)
def test_whatever_names_and_matters_hold_the_document_stays_a_document(a: str, b: str, c: str, d: str) -> None:
    step = hear(begin().dialogue, Key("1"))
    for one in (begin(), step, hear(step.dialogue, Key("1")), hear(step.dialogue, Key("2"))):
        root = ET.fromstring(twiml.document(one, Facts(a, b, c, d), MANNER))
        assert {element.tag for element in root.iter()} <= {"Response", "Gather", "Say", "Dial", "Number", "Hangup"}
        assert all(say.get("language") == "ja-JP" for say in root.iter("Say"))


def test_a_question_is_one_gather_which_also_tells_of_silence() -> None:
    [gather] = verbs_of(twiml.document(begin(), FACTS, MANNER))
    assert isinstance(gather, Gather)
    assert (gather.action, gather.seconds) == ("/k/", 8.0)
    ours = ET.fromstring(twiml.document(begin(), FACTS, MANNER))[0].attrib
    theirs = VoiceResponse()
    theirs.gather(
        input="dtmf",
        num_digits=1,
        finish_on_key="",
        timeout=8,
        action="/k/",
        method="POST",
        action_on_empty_result=True,
    )
    assert ours == ET.fromstring(str(theirs))[0].attrib, "spelled as the provider's own library does"


def test_the_soc_is_dialled_through_a_question_to_the_operator() -> None:
    asked = hear(hear(begin().dialogue, Key("1")).dialogue, Key("2"))
    document = twiml.document(asked, FACTS, MANNER)
    say, dial = verbs_of(document)
    assert isinstance(say, Say)
    assert dial == Dial("+81300000000", "/b/", "/o/", "+815000000000", 25.0)
    theirs = VoiceResponse()
    called = theirs.dial(action="/b/", method="POST", timeout=25, time_limit=3600, caller_id="+815000000000")
    called.number("+81300000000", url="/o/", method="POST")
    ours = ET.fromstring(document)[1]
    assert ET.canonicalize(ET.tostring(ours)) == ET.canonicalize(ET.tostring(ET.fromstring(str(theirs))[0]))


def test_the_operator_is_put_through_or_not() -> None:
    [gather] = verbs_of(twiml.ask_operator(FACTS, voice="v", key_url="/ok/"))
    assert isinstance(gather, Gather)
    assert verbs_of(twiml.put_through(taken=True)) == []
    assert verbs_of(twiml.put_through(taken=False)) == [Hangup()]


def test_a_call_that_is_not_known_ends_politely() -> None:
    say, end = verbs_of(twiml.unknown_call("v"))
    assert isinstance(say, Say)
    assert say.words.endswith("失礼いたします。")
    assert end == Hangup()


FIELDS = st.dictionaries(st.text("abcXYZ", min_size=1), st.lists(st.text(st.characters(codec="utf-8")), min_size=1))
URLS = st.sampled_from(
    ["https://portal.example.jp/a/", "https://portal.example.jp:8443/a/?b=c", "http://localhost:8800/", "http://h/"]
)


class Several(dict[str, list[str]]):
    """Fields with several values, as the provider's library wants them."""

    def getall(self, name: str) -> list[str]:
        return self[name]


@given(URLS, FIELDS, st.text(st.characters(codec="utf-8"), min_size=1))
def test_the_providers_library_accepts_what_we_accept(url: str, fields: dict[str, list[str]], token: str) -> None:
    theirs = RequestValidator(token)
    signed = theirs.compute_signature(url, Several(fields))
    assert signed == signature(token, url, fields)
    assert is_signed(signed, token=token, url=url, fields=fields)
    assert theirs.validate(url, Several(fields), signature(token, url, fields))


@given(URLS, FIELDS, st.text(max_size=40))
def test_the_providers_library_rejects_what_we_reject(url: str, fields: dict[str, list[str]], given_: str) -> None:
    ours = is_signed(given_, token="secret", url=url, fields=fields)
    assert ours == RequestValidator("secret").validate(url, Several(fields), given_)
    right = signature("secret", url, fields)
    assert not is_signed(right, token="other", url=url, fields=fields)
    assert not is_signed(right, token="secret", url=f"{url}x", fields=fields)
    assert not is_signed(right, token="secret", url=url, fields={**fields, "More": ["1"]})


@pytest.mark.parametrize("url", ["https://portal.example.jp/a/", "https://portal.example.jp:443/a/"])
def test_the_port_may_be_named_or_not(url: str) -> None:
    for signed_url in ("https://portal.example.jp/a/", "https://portal.example.jp:443/a/"):
        made = RequestValidator("t").compute_signature(signed_url, {"a": "b"})
        assert is_signed(made, token="t", url=url, fields={"a": ["b"]})
        assert RequestValidator("t").validate(url, {"a": "b"}, made)
