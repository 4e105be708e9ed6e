"""What an alarm says in a mail and on the phone. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.defang import defang_prose, visible
from sakimori.lib.jst import written
from sakimori.notify.exercise import MARK, SPOKEN

_MOST_SAID = 3


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """An alarm in words. due_at: when it is phoned to the people on duty; None for one that is only shown."""

    severity: str
    sentence: str
    link: str
    first_at: datetime
    due_at: datetime | None


def mail_subject(alarm: AlarmFacts) -> str:
    """One line, whatever the sentence holds."""
    line = defang_prose(" ".join(alarm.sentence.split()))
    return f"【SOC アラーム・重要度 {alarm.severity}】{line if len(line) <= 120 else line[:119] + '…'}"


def mail_body(alarm: AlarmFacts, *, service_name: str, base_url: str) -> str:
    """What happened, where to look, and what happens if nobody does."""
    lines = [
        "SOC 当番 各位",
        "",
        f"{service_name}でアラームが発生しました。",
        "",
        f"  内容：{defang_prose(alarm.sentence)}",
        f"  重要度：{alarm.severity}",
        f"  発生日時：{written(alarm.first_at)}",
        f"  詳細：{base_url}{alarm.link if _is_ours(alarm.link) else '/console/'}",
        "",
        "コンソールで「確認」を押してください。",
    ]
    if alarm.due_at is not None:
        lines.append(f"{written(alarm.due_at)} までに確認されない場合、当番の方へ順に電話します。")
    return "\n".join(lines) + "\n"


def call_subject(alarms: Sequence[AlarmFacts]) -> str:
    """One line about all alarms of a round, the gravest first."""
    return f"未確認のアラーム {len(alarms)} 件：{visible(alarms[0].sentence)}"


def call_matter(alarms: Sequence[AlarmFacts]) -> str:
    """What is said on the phone; one call tells of everything that waits."""
    said = "".join(f"{visible(alarm.sentence)} " for alarm in alarms[:_MOST_SAID])
    rest = len(alarms) - _MOST_SAID
    more = f"ほかに {rest} 件あります。" if rest > 0 else ""
    first = SPOKEN if all(MARK in alarm.sentence for alarm in alarms) else ""
    return f"{first}未確認のアラームが {len(alarms)} 件あります。{said}{more}コンソールをご確認ください。"


def _is_ours(link: str) -> bool:
    return link.startswith("/") and not link.startswith("//")
