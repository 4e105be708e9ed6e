"""The letter and its password: all that somebody needs who has never been here, and nothing that can be misread."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

from pypdf import PdfReader

from sakimori.accounts.first_password import ALPHABET, make_first_password
from sakimori.accounts.letter import Letter, letter_pdf
from tests.japanese.text import japanese_or_allowed
from tests.letters import password_in, text_of

NOW = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
LETTER = Letter(
    company="株式会社みなと商会",
    person="髙﨑 𠮷鷗",
    login="c-0003-01",
    password="kd7p-hw3x-m4te-ry6c",
    role="管理者",
    portal_url="https://portal.example.jp/",
    service_name="Webサイトプロテクションサービス",
    soc_phone="03-0000-0000",
)


def test_the_letter_says_all_that_is_needed() -> None:
    text = text_of(letter_pdf(LETTER, now=NOW))
    for words in (
        "株式会社みなと商会",
        "髙﨑 𠮷鷗 様",
        "MSS ポータル ユーザー",
        "https://portal.example.jp/",
        "c-0003-01",
        "kd7p-hw3x-m4te-ry6c",
        "管理者",
        "03-0000-0000",
        "2026年11月26日（木）",
        "はじめてログインされるとき",
        "12 文字以上の新しいパスワード",
    ):
        assert "".join(words.split()) in text, words
    assert password_in(letter_pdf(LETTER, now=NOW)) == LETTER.password


def test_it_is_one_page_of_a4_in_japanese() -> None:
    reader = PdfReader(BytesIO(letter_pdf(LETTER, now=NOW)))
    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (595, 842)
    own = {LETTER.portal_url, LETTER.login, LETTER.password}
    lines = reader.pages[0].extract_text().splitlines()
    assert [line for line in lines if not japanese_or_allowed(line) and line.strip() not in own] == []


def test_long_names_lose_nothing() -> None:
    long = replace(LETTER, company="あ" * 200, person="い" * 100, login="c" * 32 + "-01")
    text = text_of(letter_pdf(long, now=NOW))
    assert "あ" * 200 in text
    assert "い" * 100 + "様" in text
    assert "c" * 32 in text
    assert "以上" in text


def test_names_are_never_markup() -> None:
    text = text_of(letter_pdf(replace(LETTER, company='#panic("x") *株*'), now=NOW))
    assert '#panic("x")*株*' in text


def test_the_password_stands_in_a_typeface_of_its_own() -> None:
    resources = PdfReader(BytesIO(letter_pdf(LETTER, now=NOW))).pages[0]["/Resources"].get_object()
    fonts = {str(font.get_object()["/BaseFont"]).partition("+")[2] for font in resources["/Font"].values()}
    assert any(name.startswith("DejaVuSansMono") for name in fonts)


def test_a_letter_does_not_show_its_password_when_it_is_printed_to_a_log() -> None:
    assert LETTER.password not in repr(LETTER)


def test_first_passwords_are_long_random_and_unambiguous() -> None:
    made = {make_first_password(secrets.choice) for _ in range(500)}
    assert len(made) == 500
    signs = set("".join(made)) - {"-"}
    assert signs == set(ALPHABET)
    assert not signs & set("0o1il2z5s8b9gquv")
    assert all(len(password) == 19 and password.count("-") == 3 for password in made)


def test_the_choice_is_the_callers() -> None:
    assert make_first_password(lambda signs: signs[0]) == "aaaa-aaaa-aaaa-aaaa"
