"""Which numbers are dialled, how a number that people wrote is understood, and why others are refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.phone_account import CALLING_CODES
from sakimori.notify.numbers import NotDialable, Number, calling_numbers, calls_itself, dialable, normalised

DIGITS = st.text("0123456789", min_size=8, max_size=8)
HYPHENS = st.sampled_from(["-", "‐", "－", "ー", " ", "　", "", "−"])


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("03-0000-1001", "0300001001"),
        ("０３－００００－１００１", "0300001001"),
        ("（03）0000 1001", "0300001001"),
        ("090-0000-1001", "09000001001"),
        ("080-0000-1001", "08000001001"),
        ("070-0000-1001", "07000001001"),
        ("060-0000-1001", "06000001001"),
        ("050-0000-1001", "05000001001"),
        ("+81-90-0000-1001", "09000001001"),
        ("+81 (0)3 0000 1001", "0300001001"),
        ("0120-000-100", "0120000100"),
        ("0800-000-1000", "08000001000"),
        ("011ー000ー2001", "0110002001"),
    ],
)
def test_numbers_in_japan_are_dialled_however_they_are_written(written: str, digits: str) -> None:
    assert dialable(written) == digits
    assert normalised(written) == Number(f"+81{digits[1:]}", digits, warning=normalised(written).warning)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "空です"),
        (" - ", "空です"),
        ("+1-202-555-0100", "日本国外"),
        ("010-1-202-555-0100", "日本国外"),
        ("+999 1234", "日本国外"),
        ("代表 03-0000-1001", "数字、ハイフン、先頭の +"),
        ("内線 12", "数字、ハイフン、先頭の +"),
        ("03-0000-1001;postd=99", "数字、ハイフン、先頭の +"),
        ("03+0000+1001", "数字、ハイフン、先頭の +"),
        ("0000-1001", "10 桁または 11 桁"),
        ("3-0000-10011", "10 桁または 11 桁"),
        ("03-0000-100199", "10 桁または 11 桁"),
        ("03-0000-10011", "10 桁または 11 桁"),
        ("090-0000-100", "10 桁または 11 桁"),
        ("00-0000-1001", "10 桁または 11 桁"),
        ("٠٣٠٠٠٠١٠٠١", "数字、ハイフン、先頭の +"),
        ("110", "緊急通報の番号（110・警察）"),
        ("118", "海上保安庁"),
        ("１１９", "消防"),
        ("117", "特別な番号（117）"),
        ("0990-500-000", "有料の情報番号"),
        ("0180-990-000", "テレドーム"),
        ("020-0000-0000", "無線呼び出し"),
    ],
)
def test_any_other_number_is_refused_with_the_reason(written: str, reason: str) -> None:
    with pytest.raises(NotDialable) as refused:
        dialable(written)
    assert reason in str(refused.value)
    assert str(refused.value).endswith("。")


@pytest.mark.parametrize(
    "written",
    ["03-0000-1001 内線 12", "03-0000-1001（内線12）", "03-0000-1001 ext. 12", "03-0000-1001x12", "03-0000-1001#12"],
)
def test_an_extension_is_cut_off_and_left_to_a_person(written: str) -> None:
    assert (normalised(written).e164, normalised(written).extension) == ("+81300001001", "12")
    with pytest.raises(NotDialable, match="内線（12）のある番号には、人が電話をかけます。"):
        calls_itself(written)


@pytest.mark.parametrize("written", ["0570-000-100", "0120-000-100", "0800-000-1000"])
def test_numbers_that_may_not_be_reached_are_dialled_with_a_warning(written: str) -> None:
    assert normalised(written).warning.endswith("。")
    assert not normalised("03-0000-1001").warning


def test_other_countries_are_dialled_where_a_setting_allows_them() -> None:
    assert normalised("+1-202-555-0100", ("JP", "US")) == Number("+12025550100", "+12025550100", "US")
    assert normalised("010 886 2 0000 1001", ("TW",)).country == "TW"
    with pytest.raises(NotDialable, match="許可：JP、US"):
        normalised("+82-2-000-0000", ("JP", "US"))
    with pytest.raises(NotDialable, match="許可：US"):
        normalised("03-0000-1001", ("US",))
    with pytest.raises(NotDialable, match="8 桁から 15 桁"):
        normalised("+1 202", ("US",))


@given(DIGITS, HYPHENS, st.sampled_from(["0", "+81", "+81 (0)", "０"]))
def test_a_mobile_number_means_the_same_however_it_is_written(rest: str, hyphen: str, start: str) -> None:
    assert normalised(f"{start}90{hyphen}{rest[:4]}{hyphen}{rest[4:]}").e164 == f"+8190{rest}"


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_number_or_refused_in_a_sentence(written: str) -> None:
    countries = tuple(CALLING_CODES)
    try:
        number = normalised(written, countries)
    except NotDialable as error:
        refused = str(error)
    else:
        refused = ""
        assert re.fullmatch(r"\+[1-9][0-9]{7,14}", number.e164)
        assert normalised(number.e164, countries).e164 == number.e164
    assert not refused or refused.endswith(("。", "）"))


@given(st.sampled_from(["110", "118", "119", "104", "117", "177"]), HYPHENS)
def test_no_way_of_writing_makes_a_machine_call_for_help(short: str, hyphen: str) -> None:
    with pytest.raises(NotDialable):
        normalised(hyphen.join(short), tuple(CALLING_CODES))


@pytest.mark.parametrize(
    ("callers", "announced"),
    [
        ([], ("03-0000-0000",)),
        ([""], ("03-0000-0000",)),
        (["+815000000000"], ("050-0000-0000", "03-0000-0000")),
        (["+81300000001", "+12025550100"], ("0300000001", "+12025550100", "03-0000-0000")),
        (["+815000000000", "+815000000000"], ("050-0000-0000", "03-0000-0000")),
    ],
)
def test_customers_know_from_which_numbers_they_are_called(callers: list[str], announced: tuple[str, ...]) -> None:
    assert calling_numbers(callers, "03-0000-0000") == announced
