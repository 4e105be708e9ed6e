"""From which numbers we call, as customers are told beforehand. Pure."""

from collections.abc import Iterable, Sequence

from sakimori.lib.phone_account import PhoneAccount
from sakimori.lib.phone_numbers import with_hyphens


def calling_numbers(accounts: Iterable[PhoneAccount], soc_phone: str) -> Sequence[str]:
    """The numbers of our accounts at providers in the order in which they call, and the SOC's, where people dial."""
    return list(dict.fromkeys(with_hyphens(number) for number in (*(one.caller for one in accounts), soc_phone)))
