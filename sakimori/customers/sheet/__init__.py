"""ヒアリングシート (chapter 1-3): a workbook's bytes become frozen records, or a list of sentences with their cells.

Pure: no database and no files. `read` never raises for what a workbook holds, however hostile it is.
"""

from sakimori.customers.sheet.reading import CellError, Reading, read
from sakimori.customers.sheet.records import (
    ContactLine,
    ContractLine,
    CustomerLine,
    HearingSheet,
    NetworkLine,
    SiteLine,
    UserLine,
)
from sakimori.customers.sheet.template import blank_template, fill_in
from sakimori.customers.sheet.workbook import LARGEST_BYTES, Unreadable

__all__ = [
    "LARGEST_BYTES",
    "CellError",
    "ContactLine",
    "ContractLine",
    "CustomerLine",
    "HearingSheet",
    "NetworkLine",
    "Reading",
    "SiteLine",
    "Unreadable",
    "UserLine",
    "blank_template",
    "fill_in",
    "read",
]
