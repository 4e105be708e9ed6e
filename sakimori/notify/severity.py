"""重要度: the one table severity -> channel -> minutes. Pure; ticket, mail, portal, report and alarms read it.

Minutes run from the moment at which we know that there is something to tell, until the first mail was handed to the
mail server, or until the first phone rang.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sakimori.notify.models import Severity


class Channel(StrEnum):
    """By which way a customer is told."""

    MAIL = "mail"
    PHONE = "phone"


CHANNEL_WORDS = {Channel.MAIL: "メール", Channel.PHONE: "電話"}


@dataclass(frozen=True, slots=True)
class Level:
    """One line of the table. phone_minutes: None where nobody is phoned. follow_ups: whether 続報 are written."""

    severity: Severity
    when: str
    mail_minutes: int
    phone_minutes: int | None
    follow_ups: bool

    def minutes(self, channel: Channel) -> int | None:
        """The promise for a channel; None where there is none."""
        return self.mail_minutes if channel is Channel.MAIL else self.phone_minutes


TABLE = (
    Level(Severity.HIGH, "サイトが表示できない、または表示が極端に遅い場合", 5, 15, follow_ups=True),
    Level(
        Severity.MIDDLE,
        "攻撃元アドレスの遮断、WAF ベンダーや当サービスの障害など、対策や影響のご確認が必要な場合",
        60,
        None,
        follow_ups=True,
    ),
    Level(
        Severity.LOW,
        "お問い合わせの受付、証明書の期限や契約帯域など、期日までにご確認いただく場合",
        240,
        None,
        follow_ups=False,
    ),
)
_BY_SEVERITY = {level.severity: level for level in TABLE}
# An alarm comes when this share of the time is gone and nothing was done.
_WARN_AFTER = 0.6


def level_of(severity: Severity) -> Level:
    """The line of a severity."""
    return _BY_SEVERITY[severity]


class Keeping(StrEnum):
    """How it stands with a promise. DUE: most of its time is gone."""

    KEPT = "kept"
    RUNNING = "running"
    DUE = "due"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of the table about one matter: until when, when it was kept, and how it stands."""

    channel: Channel
    minutes: int
    due_at: datetime
    done_at: datetime | None
    keeping: Keeping

    @property
    def words(self) -> str:
        """Such as `電話 15 分以内`."""
        return f"{CHANNEL_WORDS[self.channel]} {self.minutes} 分以内"


def promise(
    severity: Severity, channel: Channel, *, since: datetime, done_at: datetime | None, now: datetime
) -> Promise | None:
    """The promise of a channel as it stands now; None where the table promises nothing."""
    minutes = level_of(severity).minutes(channel)
    if minutes is None:
        return None
    whole = timedelta(minutes=minutes)
    return Promise(channel, minutes, since + whole, done_at, _keeping(since, whole, done_at, now))


def _keeping(since: datetime, whole: timedelta, done_at: datetime | None, now: datetime) -> Keeping:
    if (done_at or now) > since + whole:
        return Keeping.BROKEN
    if done_at is not None:
        return Keeping.KEPT
    return Keeping.DUE if now >= since + whole * _WARN_AFTER else Keeping.RUNNING


def promised(severity: Severity) -> str:
    """The line of a severity as one sentence, for tickets and mails."""
    level = level_of(severity)
    phone = f"、電話 {level.phone_minutes} 分以内" if level.phone_minutes is not None else ""
    return f"重要度: {severity.label}（メール {level.mail_minutes} 分以内{phone}）"
