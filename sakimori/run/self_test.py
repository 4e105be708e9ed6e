"""The self-test: every few minutes the service looks at itself, and tells the SOC of each thing that fails."""

from datetime import datetime

from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity
from sakimori.run.examination import look_at_house


def examine_ourselves(*, now: datetime) -> int:
    """Raise one alarm per failing thing; it counts up while it goes on failing. Returns 0."""
    for found in look_at_house():
        if found.trouble:
            raise_alarm(
                key=f"self-test:{found.what}",
                severity=Severity.HIGH,
                sentence=f"自己診断で異常が見つかりました。{found.label}：{found.trouble}",
                link="/console/roster/" if found.what == "duty roster" else "",
                now=now,
            )
    return 0
