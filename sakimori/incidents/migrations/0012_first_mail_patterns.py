"""The patterns for the vendor's mails that the service begins with.

The wording of the vendor's mails is not known to us, so these want clear words: what they do not fit becomes a task
of the SOC, who then writes the right one on the console.
"""

from typing import Any

from django.db import migrations

_SITE = r"(?:site|website|web site|domain|host)(?: name)?\s*[:=]?\s+[\"']?(?P<site>[a-z0-9-]+(?:\.[a-z0-9-]+)+)"
_FIRST = (
    (
        "DDoS 攻撃の開始（出荷時）",
        "start",
        r"\bDDoS\b.*\b(?:attack (?:was |has been |has |is )?(?:detected|started|in progress|underway)|under attack)\b",
        _SITE,
    ),
    (
        "DDoS 攻撃の終息（出荷時）",
        "end",
        r"\bDDoS attack (?:on .{1,253} )?(?:has |is |was )?(?:ended|over|stopped|mitigated and over)\b",
        _SITE,
    ),
    ("週次レポート（出荷時）", "ignore", r"\bweekly report\b", ""),
)


def write(apps: Any, editor: Any) -> None:
    rows = apps.get_model("incidents", "MailPattern").objects.using(editor.connection.alias)
    for name, kind, subject, text in _FIRST:
        rows.get_or_create(name=name, defaults={"kind": kind, "subject": subject, "text": text})


class Migration(migrations.Migration):
    dependencies = [("incidents", "0011_signals_of_all_sources")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
