"""Countries by name and by code, as strangers and people write them."""

import unicodedata

import pytest

from sakimori.lib.countries import code_of_country, countries, country_name, country_with_code


def test_what_is_shown_is_understood() -> None:
    shown = countries()
    codes = [code_of_country(each) for each in shown]
    assert len(set(codes)) == len(shown) > 70
    for code, each in zip(codes, shown, strict=True):
        assert code is not None
        assert each == country_with_code(code)
        assert code_of_country(country_name(code)) == code
        assert unicodedata.normalize("NFKC", country_name(code)) == country_name(code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("米国", "US"),
        ("アメリカ(US)", "US"),
        ("英国", "GB"),
        ("JP", None),
        ("", None),
        ("（JP）", None),
        ("火星", None),
    ],
)
def test_a_country_has_several_names(text: str, code: str | None) -> None:
    assert code_of_country(text) == code


def test_a_code_that_is_not_listed_is_shown_as_it_is() -> None:
    assert (country_with_code("XX"), country_with_code("")) == ("XX", "")
    assert (country_name("XX"), country_name("")) == ("XX", "不明")
