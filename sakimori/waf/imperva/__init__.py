"""Imperva Cloud WAF: the API client and the log pull."""

from sakimori.waf.imperva.calls import Patience
from sakimori.waf.imperva.credentials import BlockList, ImpervaCredentials, ImpervaLogCredentials
from sakimori.waf.imperva.logs import ImpervaLogs
from sakimori.waf.imperva.vendor import ImpervaVendor

__all__ = [
    "BlockList",
    "ImpervaCredentials",
    "ImpervaLogCredentials",
    "ImpervaLogs",
    "ImpervaVendor",
    "Patience",
]
