"""「MSS ポータル ユーザーID/パスワードのお知らせ」 (chapter 2-2): the letter with login ID and first password, as PDF.

The bytes are handed to whoever prints them and are kept nowhere.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.resources import files

from sakimori.lib.calendar import written_day
from sakimori.lib.jst import day_of
from sakimori.lib.pdf import render

TITLE = "MSS ポータル ユーザーID/パスワードのお知らせ"


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands in the letter. role: what the person may do, in words."""

    company: str
    person: str
    login: str
    password: str
    role: str
    portal_url: str
    service_name: str
    soc_phone: str

    def __repr__(self) -> str:
        return f"Letter(login={self.login!r})"


def letter_pdf(letter: Letter, *, now: datetime) -> bytes:
    """The letter on one page of A4."""
    data = {**asdict(letter), "title": TITLE, "date": written_day(day_of(now))}
    return render(files("sakimori.accounts") / "letter.typ", data, now=now)
