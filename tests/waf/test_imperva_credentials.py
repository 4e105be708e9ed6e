"""Keys stay secret and travel only over TLS; bad ones are refused at once."""

import pytest

from sakimori.waf.imperva import BlockList, ImpervaCredentials, ImpervaLogCredentials

KEY = "0d9e-secret"


def test_no_text_form_shows_a_key() -> None:
    cloud = ImpervaCredentials(api_id="4711", api_key=KEY, block_list=BlockList.POLICY)
    logs = ImpervaLogCredentials(base_url="https://logs1.example.jp/31_1/", api_id="4711", api_key=KEY)
    for text in (repr(cloud), str(cloud), f"{cloud}", repr(logs), str(logs), repr([cloud, logs])):
        assert KEY not in text
        assert "4711" in text


@pytest.mark.parametrize("key", ["", " ", "with blank", "line\nbreak", "全角", "tab\t"])
def test_a_key_that_cannot_be_a_header_is_refused_without_being_shown(key: str) -> None:
    for make in (
        lambda: ImpervaCredentials(api_id="1", api_key=key),
        lambda: ImpervaCredentials(api_id=key, api_key="x"),
        lambda: ImpervaLogCredentials(base_url="https://logs1.example.jp/", api_id="1", api_key=key),
    ):
        with pytest.raises(ValueError, match="API キー") as caught:
            make()
        assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "my.example.jp", "http://my.example.jp", "ftp://my.example.jp", "https://", "https://u:p@my.example.jp", "https://my.example.jp/?a=b"],
)  # fmt: skip
def test_a_key_never_travels_in_the_clear(url: str) -> None:
    for make in (
        lambda: ImpervaCredentials(api_id="1", api_key=KEY, cloud_url=url),
        lambda: ImpervaCredentials(api_id="1", api_key=KEY, api_url=url),
        lambda: ImpervaLogCredentials(base_url=url, api_id="1", api_key=KEY),
    ):
        with pytest.raises(ValueError, match="https://"):
            make()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8801", "http://localhost:8801", "http://[::1]:8801", "https://my.example.jp/"]
)
def test_https_and_this_machine_are_welcome(url: str) -> None:
    assert ImpervaCredentials(api_id="1", api_key=KEY, cloud_url=url, api_url=url).api_url == url
