"""Regular expressions on the vendor's mails: what fits, what is refused, and that no text makes them slow."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.incidents.mail_rows import MailKind
from sakimori.incidents.patterns import (
    MOST_READ,
    Expressions,
    WrongPattern,
    check_expression,
    check_pattern,
    fit,
    site_of,
    understand,
)

START = Expressions("開始", MailKind.START, "ddos.*started", r"^site: (?P<site>\S+)$")
END = Expressions("終息", MailKind.END, "ddos.*ended", r"^site: (?P<site>\S+)$")
REPORT = Expressions("週報", MailKind.IGNORE, "weekly report", "")
ALL = (START, END, REPORT)
TEXT = "Hello,\r\nSite: Shop.Example.JP.\r\nBye\r\n"


def test_a_mail_is_understood_with_its_site() -> None:
    found = understand(ALL, subject="DDoS attack Started", text=TEXT)
    assert (found.kind, found.pattern, found.site, found.reason) == (MailKind.START, "開始", "shop.example.jp", "")
    assert understand(ALL, subject="Your WEEKLY REPORT", text="").kind == MailKind.IGNORE


def test_a_mail_that_no_pattern_fits_is_for_a_person() -> None:
    for subject, text in (("Maintenance", TEXT), ("DDoS attack started", "no site"), ("", "")):
        found = understand(ALL, subject=subject, text=text)
        assert (found.kind, found.reason) == (None, "どのパターンにも当てはまらない通知です。")


def test_patterns_that_contradict_each_other_leave_it_to_a_person() -> None:
    found = understand(ALL, subject="DDoS started, then ended", text=TEXT)
    assert found.kind is None
    assert "内容の異なる複数のパターンに当てはまりました（開始・終息）" in found.reason
    other = Expressions("別の開始", MailKind.START, "", r"(?P<site>Hello)")
    assert understand((START, other), subject="DDoS started", text=TEXT).kind is None
    same = Expressions("同じ開始", MailKind.START, "", r"site: (?P<site>\S+)")
    assert understand((START, same), subject="DDoS started", text=TEXT).pattern == "開始・同じ開始"


def test_a_site_that_is_not_there_is_for_a_person() -> None:
    optional = Expressions("開始", MailKind.START, "ddos", r"hello(?:.*site: (?P<site>\S+))?")
    assert understand([optional], subject="DDoS", text="Hello").reason == "サイトのドメイン名を読み取れませんでした。"


def test_what_a_group_found_is_told() -> None:
    pattern = Expressions("開始", MailKind.START, r"on (?P<site>[a-z.]+) at (?P<rate>\d+)", "")
    found = fit(pattern, subject="DDoS on a.example.jp at 12000/s", text="")
    assert found is not None
    assert found.groups == {"site": "a.example.jp", "rate": "12000"}
    assert fit(pattern, subject="DDoS", text="") is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(", "閉じ括弧「)」が足りません"),
        ("a)|(b", "閉じ括弧「)」が余っています"),
        ("[a", "閉じ括弧「]」"),
        ("*a", "繰り返す文字がありません"),
        ("a**", "繰り返す文字がありません"),
        ("(a)", "名前のない括弧"),
        ("a(?=b)", "先読み"),
        (r"(?P<x>a)\1", "後方参照"),
        ("a\\", "後に文字がありません"),
        ("a{1001}", "繰り返しの回数"),
        ("(?P<x>a)(?P<x>b)", "同じ名前の括弧"),
        ("(?P<whole>a)", "使えません"),
        ("(?P<x>a", "閉じ括弧"),
        ("(?z)a", "使えない書き方"),
        (r"\p{Nonsense}", "正規表現として読み取れません"),
        ("\ud800", "正規表現として読み取れません"),
        ("a*", "空の文章にも当てはまる"),
        ("a|", "空の文章にも当てはまる"),
        ("^", "空の文章にも当てはまる"),
    ],
)
def test_what_cannot_be_used_is_refused_in_japanese(expression: str, words: str) -> None:
    with pytest.raises(WrongPattern, match=r"^[^a-zA-Z]") as refusal:
        check_expression(expression)
    assert words in str(refusal.value)


def test_what_can_be_used_is_not_refused() -> None:
    for expression in ("", "DDoS", r"(?s)a.*b", r"(?:a|b)+c", r"(?P<site>\S+) attacked", "攻撃"):
        check_expression(expression)


@pytest.mark.parametrize(
    ("kind", "subject", "text", "words"),
    [
        (MailKind.IGNORE, "", "", "少なくとも一方"),
        (MailKind.START, "a", "b", "必要です"),
        (MailKind.END, "a", "(?P<other>b)", "必要です"),
        (MailKind.END, "(?P<site>a)", "(?P<site>b)", "どちらか一方"),
    ],
)
def test_two_expressions_must_make_a_pattern(kind: MailKind, subject: str, text: str, words: str) -> None:
    with pytest.raises(WrongPattern, match=words):
        check_pattern(Expressions("x", kind, subject, text))
    check_pattern(REPORT)
    check_pattern(START)


def test_a_stored_expression_that_cannot_be_used_any_more_fits_nothing() -> None:
    assert fit(Expressions("x", MailKind.START, "(", ""), subject="(", text="") is None


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    text = "x" * MOST_READ + "\nSite: shop.example.jp\n"
    assert fit(START, subject="DDoS started", text=text) is None


def test_a_domain_is_compared_as_it_is_registered() -> None:
    assert site_of(" Shop[.]Example[.]JP. ") == "shop.example.jp"
    assert site_of("a" * 254) == ""


@pytest.mark.parametrize("expression", ["(?:a+)+b", "(?:a|a)*b", "(?:.*.*.*.*)*b", "(?:(?:a?){30}a{30})+b"])
def test_no_text_makes_an_expression_slow(expression: str) -> None:
    check_expression(expression)
    began = time.process_time()
    assert fit(Expressions("x", MailKind.IGNORE, "", expression), subject="", text="a" * MOST_READ) is None
    assert time.process_time() - began < 30  # Milliseconds, or for ever.


@settings(max_examples=200)
@given(st.text(max_size=40), st.text(max_size=200), st.text(max_size=200))
def test_any_expression_is_used_or_refused_and_any_mail_is_read(expression: str, subject: str, text: str) -> None:
    pattern = Expressions("x", MailKind.START, "", expression)
    with contextlib.suppress(WrongPattern):
        check_expression(expression)
    assert understand([pattern, *ALL], subject=subject, text=text).reason is not None
