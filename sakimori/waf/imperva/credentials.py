"""What is needed to speak to one customer's account at Imperva. Keys are never shown by repr or str."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

CLOUD_URL = "https://my.imperva.com"
API_URL = "https://api.imperva.com"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class BlockList(StrEnum):
    """Where the blacklist lives: in a policy, in the sites' old access lists, or whichever the account has."""

    AUTO = "auto"
    POLICY = "policy"
    ACL = "acl"


@dataclass(frozen=True, slots=True)
class ImpervaCredentials:
    """A key of the API. `account_id` names the sub-account when the key belongs to a parent account (MSSP).

    ValueError if a URL is not https (http only to this machine) or a key cannot be an HTTP header.
    """

    api_id: str
    api_key: str = field(repr=False)
    account_id: int | None = None
    block_list: BlockList = BlockList.AUTO
    cloud_url: str = CLOUD_URL
    api_url: str = API_URL

    def __post_init__(self) -> None:
        _check_key(self.api_id, self.api_key)
        _check_url(self.cloud_url)
        _check_url(self.api_url)


@dataclass(frozen=True, slots=True)
class ImpervaLogCredentials:
    """A key of the log pull and the account's own base URL, as the vendor's log setup page shows it.

    ValueError as with `ImpervaCredentials`.
    """

    base_url: str
    api_id: str
    api_key: str = field(repr=False)

    def __post_init__(self) -> None:
        _check_key(self.api_id, self.api_key)
        _check_url(self.base_url)


def _check_key(*parts: str) -> None:
    for part in parts:
        if not part or not all("!" <= sign <= "~" for sign in part):
            raise ValueError("API ID と API キーは、空白を含まない半角英数記号で入力してください。")


def _check_url(url: str) -> None:
    """A key must not travel in the clear; the simulator on this machine is the exception."""
    parts = urlsplit(url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not secure or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("URL は https:// で始まるアドレスを入力してください。")
