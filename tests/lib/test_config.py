"""Settings: what is missing or wrong is named in one sentence."""

from pathlib import Path

import pytest

from sakimori.lib.config import SETTINGS, SettingError, read

GOOD = {
    "SAKIMORI_BASE_URL": "https://portal.example.jp/",
    "SAKIMORI_MAIL_URL": "smtp://user:pass@mail.example.jp:587",
    "SAKIMORI_MAIL_FROM": "soc@example.jp",
    "SAKIMORI_SOC_PHONE": "03-0000-0000",
}


def test_the_required_settings_are_enough() -> None:
    config = read(GOOD)
    assert config.base_url == "https://portal.example.jp"
    assert config.listen == ("127.0.0.1", 8000)
    assert config.hec_listen is None
    assert not config.training


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_setting_is_named(name: str) -> None:
    without = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(SettingError, match=rf"The setting {name} is missing: .+\.$"):
        read(without)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAKIMORI_BASE_URL", "portal.example.jp"),
        ("SAKIMORI_BASE_URL", "https://portal.example.jp/path"),
        ("SAKIMORI_MAIL_URL", "http://mail.example.jp"),
        ("SAKIMORI_MAIL_FROM", "soc"),
        ("SAKIMORI_MAIL_FROM", "soc@example.jp\nBcc: x@example.jp"),
        ("SAKIMORI_SOC_PHONE", ""),
        ("SAKIMORI_BROWSER", "/no/such/browser"),
        ("SAKIMORI_BROWSER", ""),
        ("SAKIMORI_CONTROL_WAF_URLS", "shop.example.com"),
        ("SAKIMORI_VANTAGE_KEY", "short"),
        ("SAKIMORI_VANTAGE_URL", "osaka.example.jp"),
        ("SAKIMORI_VANTAGE_LISTEN", "8470"),
        ("SAKIMORI_LISTEN", "8000"),
        ("SAKIMORI_LISTEN", "127.0.0.1:99999"),
        ("DATABASE_URL", "mysql://host/db"),
        ("LOGSTORE_URL", "http://host"),
        ("SAKIMORI_SOC_NETWORKS", "192.0.2.0/24, nonsense"),
        ("SAKIMORI_WAVE_MINUTES", "0"),
        ("SAKIMORI_WAVE_MINUTES", "nan"),
        ("SAKIMORI_CAP_TOTAL", "-1"),
        ("SAKIMORI_VENDOR_MAIL_DOMAINS", ""),
        ("SAKIMORI_VENDOR_MAIL_DOMAINS", "imperva.com, not a domain"),
        ("SAKIMORI_BLOCKED_PER_SECOND", "0"),
        ("SAKIMORI_MAIL2_URL", "mail2.example.jp"),
        ("SAKIMORI_BOUNCE_ADDRESS", "bounces"),
        ("SAKIMORI_INBOX_VENDOR_URL", "imap://vendor@mail.example.jp"),
        ("SAKIMORI_INBOX_VENDOR_URL", "imaps://mail.example.jp"),
        ("SAKIMORI_INBOX_BOUNCES_URL", "imap+plain://bounces@mail.example.jp"),
        ("SAKIMORI_INBOX_BOUNCES_URL", "imap+plain://bounces@127.0.0.1:143"),
        ("SAKIMORI_VENDOR_MAIL_DOMAINS", "com"),
        ("SAKIMORI_SMTP_LISTEN", "127.0.0.1:25"),
        ("SAKIMORI_TRAINING_DNS", __file__),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^The setting {name} is wrong: .+"):
        read({**GOOD, name: value})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "mail"
    secret.write_text("smtps://user:pass@mail.example.jp\n")
    without = {key: value for key, value in GOOD.items() if key != "SAKIMORI_MAIL_URL"}
    config = read({**without, "SAKIMORI_MAIL_URL_FILE": str(secret)})
    assert config.mail_url == "smtps://user:pass@mail.example.jp"
    with pytest.raises(SettingError, match="SAKIMORI_MAIL_URL_FILE"):
        read({**without, "SAKIMORI_MAIL_URL_FILE": str(tmp_path / "gone")})


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_every_setting_stands_in_the_readme(name: str) -> None:
    text = (Path(__file__).parents[2] / name).read_text()
    assert [setting.name for setting in SETTINGS if setting.name not in text] == []


def test_a_certificate_needs_its_key() -> None:
    with pytest.raises(SettingError, match="SAKIMORI_TLS_CERTIFICATE and SAKIMORI_TLS_KEY"):
        read({**GOOD, "SAKIMORI_TLS_CERTIFICATE": "/nowhere/certificate.pem"})
    both = {"SAKIMORI_TLS_CERTIFICATE": "/nowhere/certificate.pem", "SAKIMORI_TLS_KEY": "/nowhere/key.pem"}
    with pytest.raises(SettingError, match="SAKIMORI_TLS_CERTIFICATE is wrong: there is no file"):
        read({**GOOD, **both})


def test_the_drop_folder_must_be_there(tmp_path: Path) -> None:
    assert read(GOOD).drop is None
    assert read({**GOOD, "SAKIMORI_DROP": str(tmp_path)}).drop == tmp_path
    with pytest.raises(SettingError, match="SAKIMORI_DROP is wrong: there is no folder"):
        read({**GOOD, "SAKIMORI_DROP": str(tmp_path / "nowhere")})


def test_a_second_vantage_point_needs_its_key_and_no_error_shows_one(tmp_path: Path) -> None:
    there = GOOD | {"SAKIMORI_VANTAGE_URL": "https://osaka.example.jp/"}
    with pytest.raises(SettingError, match="SAKIMORI_VANTAGE_KEY is missing"):
        read(there)
    file = tmp_path / "key"
    file.write_text("k" * 32 + "\n")
    config = read(there | {"SAKIMORI_VANTAGE_KEY_FILE": str(file)})
    assert (config.vantage_url, config.vantage_key) == ("https://osaka.example.jp", "k" * 32)
    with pytest.raises(SettingError) as error:
        read(there | {"SAKIMORI_VANTAGE_KEY": "too-short-secret"})
    assert "too-short-secret" not in str(error.value)


def test_a_browser_is_looked_for_unless_it_is_named_or_unwanted(tmp_path: Path) -> None:
    path = tmp_path / "chromium"
    path.touch()
    assert [read(GOOD | {"SAKIMORI_BROWSER": each}).browser for each in ("off", str(path))] == ["off", str(path)]
    assert read(GOOD).browser == "auto"


def test_the_doors_for_mails_are_read() -> None:
    config = read(
        {
            **GOOD,
            "SAKIMORI_SMTP_LISTEN": "127.0.0.1:25",
            "SAKIMORI_VENDOR_ADDRESS": "Vendor@SOC.example.jp",
            "SAKIMORI_INBOX_VENDOR_URL": "imaps://vendor@mail.example.jp/INBOX",
            "SAKIMORI_INBOX_VENDOR_PASSWORD": "hush",
            "SAKIMORI_INBOX_BOUNCES_URL": "imap+plain://b@127.0.0.1:143",
            "SAKIMORI_ALLOW_DOCUMENTATION": "1",
        }
    )
    assert (config.smtp_listen, config.vendor_address) == (("127.0.0.1", 25), "vendor@soc.example.jp")
    assert config.vendor_mail_domains == ("imperva.com", "incapsula.com")
    assert "hush" not in repr(config)
