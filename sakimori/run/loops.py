"""Runs duties in threads of their own until told to stop. A duty that fails is logged and looked at again later."""

import threading
from collections import Counter
from collections.abc import Sequence

import structlog
from django.db import DatabaseError, close_old_connections, connections

from sakimori.lib.jst import utc_now
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity
from sakimori.run.duty import Duty

_log = structlog.get_logger()
_PAUSE_AFTER_FAILURE = 5.0
_ALARM_AFTER_FAILURES = 3


class Loops:
    """One thread per duty. `stop` waits until each has finished the piece of work it is at."""

    def __init__(self, duties: Sequence[Duty]) -> None:
        self._stopping = threading.Event()
        self._failures: Counter[str] = Counter()
        self._threads = [
            threading.Thread(target=self._loop, args=(duty,), name=f"duty-{duty.name}", daemon=True) for duty in duties
        ]

    def start(self) -> None:
        """Begin with all duties."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, timeout_seconds: float) -> None:
        """Ask all duties to end and wait for them, but not longer than the time given."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout_seconds)

    def _loop(self, duty: Duty) -> None:
        while not self._stopping.is_set():
            pause = self._once(duty)
            self._stopping.wait(pause)
        connections.close_all()

    def _once(self, duty: Duty) -> float:
        close_old_connections()
        try:
            done = duty.run()
        except Exception:  # noqa: BLE001 - the loop is the one place that catches all: other duties must go on
            _log.exception("duty.failed", duty=duty.name)
            self._failures[duty.name] += 1
            if self._failures[duty.name] >= _ALARM_AFTER_FAILURES:
                _raise_alarm(duty)
            return _PAUSE_AFTER_FAILURE
        self._failures[duty.name] = 0
        return 0.0 if done else duty.every_seconds


def _raise_alarm(duty: Duty) -> None:
    """A duty that keeps failing must not die silently. Where even the database fails, the log has to do."""
    sentence = f"定期処理「{duty.name}」が続けて失敗しています。システムのログを確認してください。"
    try:
        raise_alarm(key=f"duty:{duty.name}", severity=Severity.HIGH, sentence=sentence, now=utc_now())
    except DatabaseError:
        _log.exception("alarm.failed", duty=duty.name)
