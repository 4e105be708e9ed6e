"""What a hearing sheet says, line by line. The fields are named like the columns of the rows they become."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """お客様. What a sheet of before did not ask for is None: it says nothing about it."""

    number: str
    name: str
    special_note: str | None = None


@dataclass(frozen=True, slots=True)
class ContractLine:
    """契約."""

    number: str
    starts_on: date
    plan_mbps: int
    keeps_logs: bool
    has_load_balancing: bool
    keeps_access_lines: bool


@dataclass(frozen=True, slots=True)
class SiteLine:
    """サイト; `vendor_site_id` tells it from others."""

    domain: str
    vendor_site_id: int
    reachable: bool
    watched: bool
    probe_url: str
    expected_text: str


@dataclass(frozen=True, slots=True)
class ContactLine:
    """連絡先: gets calls and mails; `email` tells it from others. None: the sheet says nothing about it.

    sites: domains of the sheet's sites; none means all of them.
    """

    priority: int
    name: str
    kana: str
    phone: str
    email: str
    phone_kind: str | None = None
    phone_note: str | None = None
    second_phone: str | None = None
    hours: str | None = None
    on_holidays: bool | None = None
    sites: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class UserLine:
    """ポータル利用者: is to sign in; `name` tells him from others."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class NetworkLine:
    """登録済みアドレス."""

    network: str
    note: str


@dataclass(frozen=True, slots=True)
class HearingSheet:
    """A whole sheet in which every cell is right."""

    customer: CustomerLine
    contract: ContractLine
    sites: tuple[SiteLine, ...]
    contacts: tuple[ContactLine, ...]
    users: tuple[UserLine, ...]
    networks: tuple[NetworkLine, ...]
