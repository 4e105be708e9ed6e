"""The settings of an account at a phone provider: whole, right, and never shown."""

import pytest

from sakimori.lib import phone_account
from sakimori.lib.config import SettingError, read
from sakimori.lib.phone_account import PhoneAccount, api_url

ACCOUNT, SECOND, KEY = "AC" + "1" * 32, "AC" + "2" * 32, "SK" + "3" * 32
NEEDED = {
    "SAKIMORI_BASE_URL": "https://portal.example.jp",
    "SAKIMORI_MAIL_URL": "smtps://mail.example.jp",
    "SAKIMORI_MAIL_FROM": "soc@example.jp",
    "SAKIMORI_SOC_PHONE": "03-0000-0000",
}
PHONE = {
    "SAKIMORI_PHONE_ACCOUNT": ACCOUNT,
    "SAKIMORI_PHONE_TOKEN": "token",
    "SAKIMORI_PHONE_CALLER": "+815000000000",
}
PHONE2 = {
    "SAKIMORI_PHONE2_ACCOUNT": SECOND,
    "SAKIMORI_PHONE2_TOKEN": "token2",
    "SAKIMORI_PHONE2_CALLER": "+815000000009",
}


def test_without_an_account_operators_dial() -> None:
    assert read(NEEDED).phone_accounts == ()
    assert read(NEEDED).phone_countries == ("JP",)


def test_an_account_is_asked_in_tokyo_unless_a_setting_says_otherwise() -> None:
    [account] = read(NEEDED | PHONE).phone_accounts
    assert account == PhoneAccount("https://api.tokyo.jp1.twilio.com", ACCOUNT, "token", "+815000000000")
    other = {"SAKIMORI_PHONE_EDGE": "singapore", "SAKIMORI_PHONE_REGION": "us1"}
    assert read(NEEDED | PHONE | other).phone_accounts[0].url == api_url("singapore", "us1")


def test_the_second_account_comes_second_and_secrets_come_from_files(tmp_path: object) -> None:
    file = f"{tmp_path}/secret"
    with open(file, "w") as secret:  # noqa: PTH123
        secret.write("from the file\n")
    key = {"SAKIMORI_PHONE2_KEY": KEY, "SAKIMORI_PHONE2_SECRET_FILE": file}
    first, second = read(NEEDED | PHONE | PHONE2 | key).phone_accounts
    assert (first.account, second.account) == (ACCOUNT, SECOND)
    assert (second.key, second.secret, second.token) == (KEY, "from the file", "token2")
    assert "from the file" not in repr(second)
    assert "token" not in repr(first)


def test_the_simulator_stands_in_for_the_providers_address_on_this_machine_only() -> None:
    url = {"SAKIMORI_PHONE_URL": "http://127.0.0.1:8804/"}
    assert read(NEEDED | PHONE | url).phone_accounts[0].url == "http://127.0.0.1:8804"
    with pytest.raises(SettingError, match="SAKIMORI_PHONE_URL"):
        read(NEEDED | PHONE | {"SAKIMORI_PHONE_URL": "http://203.0.113.1:8804"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SAKIMORI_PHONE_TOKEN": ""}, "give all or none"),
        ({"SAKIMORI_PHONE_ACCOUNT": ""}, "give all or none"),
        ({"SAKIMORI_PHONE_ACCOUNT": "AC1"}, "SAKIMORI_PHONE_ACCOUNT is wrong: it must be empty or AC and 32"),
        ({"SAKIMORI_PHONE_CALLER": "03-0000-0000"}, "SAKIMORI_PHONE_CALLER is wrong"),
        ({"SAKIMORI_PHONE_KEY": KEY}, "give both or neither"),
        ({"SAKIMORI_PHONE_KEY": "SK", "SAKIMORI_PHONE_SECRET": "x"}, "SAKIMORI_PHONE_KEY is wrong"),
        ({"SAKIMORI_PHONE_EDGE": "tokyo.example.jp/"}, "SAKIMORI_PHONE_EDGE is wrong"),
        ({"SAKIMORI_PHONE_REGION": ""}, "SAKIMORI_PHONE_REGION is wrong"),
        ({"SAKIMORI_PHONE_VOICE": '"><Play'}, "SAKIMORI_PHONE_VOICE is wrong"),
        ({"SAKIMORI_PHONE_COUNTRIES": "JP,ZZ"}, "SAKIMORI_PHONE_COUNTRIES is wrong"),
        ({"SAKIMORI_PHONE_COUNTRIES": ""}, "SAKIMORI_PHONE_COUNTRIES is wrong"),
        (PHONE2 | {"SAKIMORI_PHONE2_ACCOUNT": ACCOUNT}, "it is the first account"),
        ({"SAKIMORI_PHONE2_CALLER": "+815000000009"}, "SAKIMORI_PHONE2_ACCOUNT"),
    ],
)
def test_what_is_half_or_wrong_is_said_in_one_sentence(change: dict[str, str], words: str) -> None:
    with pytest.raises(SettingError, match=words) as refused:
        read(NEEDED | PHONE | change)
    assert str(refused.value).count(". ") == 0


@pytest.mark.parametrize(
    "environment",
    [PHONE2, {"SAKIMORI_PHONE_URL": "http://127.0.0.1:1"}, {"SAKIMORI_PHONE2_URL": "http://127.0.0.1:1"}],
)
def test_a_second_account_or_a_simulator_needs_a_first_account(environment: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="needs"):
        read(NEEDED | environment)


def test_countries_are_read_in_their_order_and_once() -> None:
    assert phone_account.countries(" jp, US,jp ") == ("JP", "US")
