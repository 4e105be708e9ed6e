"""The self-test: every few minutes the service looks at itself, and tells the SOC of each thing that fails."""

from datetime import datetime, timedelta

from sakimori import backends
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity
from sakimori.run.examination import Finding, look_at_house

_WARNED = timedelta(days=30)


def examine_ourselves(*, now: datetime) -> int:
    """Raise one alarm per failing thing; it counts up while it goes on failing. Warnings come once a month.

    Returns 0.
    """
    for found in look_at_house(lambda: backends.log_store().ping()):
        if found.trouble and not (found.mild and _was_warned(found, now)):
            what = "注意点" if found.mild else "異常"
            raise_alarm(
                key=_key(found),
                severity=Severity.LOW if found.mild else Severity.HIGH,
                sentence=f"自己診断で{what}が見つかりました。{found.label}：{found.trouble}",
                link="/console/roster/" if found.what == "duty roster" else "",
                now=now,
            )
    return 0


def _was_warned(found: Finding, now: datetime) -> bool:
    return Alarm.objects.filter(key=_key(found), last_at__gt=now - _WARNED).exists()


def _key(found: Finding) -> str:
    return f"self-test:{found.what}"
