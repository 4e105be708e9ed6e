"""What the steps of the check share: the doors, who is signed in, what was measured, and how one line looks."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sakimori.lib.jst import milliseconds
from sakimori.run.demo.cast import SAKURA_SITE
from sakimori.run.demo.doors import Browser, Outside

SAKURA, HOKUTO = 4001, 4002
SAKURA_CONTACTS = {"hanako@sakura.example.jp", "taro@sakura.example.jp", "it@sakura.example.jp"}
HOKUTO_CONTACTS = {"hoshino@hokuto.example.jp", "night@hokuto.example.jp"}


@dataclass
class Play:
    """What the steps share: the doors, who is signed in, and what was measured (seconds by name)."""

    base_url: str
    password: str
    outside: Outside
    measured: dict[str, float] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)
    began: float = 0.0

    def browser(self, login: str) -> Browser:
        """The browser of a person, signed in when first asked for."""
        if login not in self.browsers:
            browser = Browser(self.base_url)
            browser.sign_in(login, self.password)
            self.browsers[login] = browser
        return self.browsers[login]

    def attack(
        self, kind: str, source: str, *, site: int = SAKURA_SITE, outcome: str = "blocked", count: int = 3
    ) -> None:
        """Let an attacker begin."""
        self.outside.do("attacks", kind=kind, site_id=site, source=source, count=count, outcome=outcome)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the check: the specification's chapter, what is promised, and how it is verified."""

    chapter: str
    promise: str
    play: Callable[[Play], None]


def line(
    name: str, src: str, at: datetime, act: str = "REQ_BLOCKED_SECURITY", *, site_id: int = SAKURA_SITE, extra: str = ""
) -> str:
    """One CEF line of the demo's first customer."""
    moment = milliseconds(at)
    return (
        f"CEF:0|Incapsula|SIEMintegration|1|1|{name}|0| fileId={moment}1 sourceServiceName=shop.sakura.example.jp "
        f"siteid={site_id} suid={SAKURA} requestClientApplication=Mozilla/5.0 deviceFacility=nrt ccode=JP "
        f"start={moment} request=shop.sakura.example.jp/ requestMethod=GET app=HTTPS act={act} "
        f"deviceExternalId={secrets.randbelow(10**18)}{extra} cpt=40000 src={src} end={moment}"
    )
