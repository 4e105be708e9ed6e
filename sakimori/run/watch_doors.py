"""Watches the doors at which we take files ourselves: names that come with another content, files that cannot be taken
while others can, and a log index that is not there. Each is an alarm of its own, whose end is told.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sakimori.customers.queries import of_running
from sakimori.lib.jst import day_of, written
from sakimori.logs.doors import door_label
from sakimori.logs.models import DoorState, PullState, RewrittenFile
from sakimori.logs.receive.without_index import alarming, had_index
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity
from sakimori.run.telling import LINK, tell_on, tell_over

_RECENT = timedelta(days=1)
# While it lasts: whoever has taken the alarm knows, who comes after him hears of it anew.
_AGAIN = timedelta(hours=8)
_LEFT_OUT_FOR = timedelta(minutes=5)
# More cases than this at one door at once are told by one alarm.
_TOLD_ONE_BY_ONE = 3
_NAMED, _DIGITS = 80, 12
_LEFT_OUT, _NO_INDEX = "left-out", "no-index"
_TO_DO = "両方を保管しています。改ざんでないか送信元に確認してください。"
_LOST_AFTER = "ベンダー側のログファイルは 48 時間で消えます。"


def watch_doors(*, now: datetime) -> int:
    """Raise alarms, and say of those whose cause is gone that it is. Returns 0."""
    _watch_rewritten(now)
    _watch_left_out(now)
    _watch_indexes(now)
    return 0


def _watch_rewritten(now: datetime) -> None:
    """Cases of contracts that have ended are told too: what was put into their log stays evidence."""
    by_door: dict[str, list[RewrittenFile]] = defaultdict(list)
    cases = RewrittenFile.objects.filter(closed_at=None, last_at__gt=now - _RECENT).select_related("contract__customer")
    for case in cases.order_by("-last_file"):
        together = f"rewritten:{case.door}:{case.contract_id}"
        if not Alarm.objects.filter(key__in=[together, case.alarm_key], last_at__gte=case.last_at).exists():
            by_door[together].append(case)
    for together, untold in by_door.items():
        if len(untold) > _TOLD_ONE_BY_ONE:
            _raise(together, _many_rewritten(untold), now)
        else:
            for case in untold:
                _raise(case.alarm_key, _rewritten(case), now, link=f"{LINK}rewritten/{case.pk}/")


def _rewritten(case: RewrittenFile) -> str:
    return (
        f"{_at_door(case)}受信済みのファイル {case.name[:_NAMED]} が別の内容で届きました（{_contents(case)}）。{_TO_DO}"
    )


def _many_rewritten(cases: Sequence[RewrittenFile]) -> str:
    """cases: the newest first."""
    newest = cases[0]
    told = f"{newest.name[:_NAMED]}、{_contents(newest)}"
    return f"{_at_door(newest)}受信済みのファイル {len(cases)} 件が別の内容で届きました（最新は {told}）。{_TO_DO}"


def _at_door(case: RewrittenFile) -> str:
    return f"{case.contract.named}の{door_label(case.door)}で、"


def _contents(case: RewrittenFile) -> str:
    hashes = f"{case.first_sha256[:_DIGITS]}… → {case.last_sha256[:_DIGITS]}…"
    return f"最初の受信 {written(case.first_at)}、SHA-256 {hashes}"


def _watch_left_out(now: datetime) -> None:
    """Files that cannot be taken keep no other out, but their log is missing until somebody acts."""
    states = of_running(DoorState.objects.exclude(left_out=""), day_of(now))
    left_out = {f"{_LEFT_OUT}:{state.door}:{state.contract_id}": state for state in states}
    for key, state in left_out.items():
        if state.left_out_since is None or now - state.left_out_since < _LEFT_OUT_FOR:
            continue
        sentence = (
            f"{state.contract.named}の{door_label(state.door)}に、取り込めないファイルがあります。{state.left_out}"
        )
        tell_on(key, sentence, Severity.MIDDLE, now=now, since=state.left_out_since, again=_AGAIN)
    tell_over(_LEFT_OUT, left_out, "の取り込めないファイルは、なくなりました。", now=now)


def _watch_indexes(now: datetime) -> None:
    """The vendor answers that there is no list of files. Its files may be there all the same, and go after 48 hours."""
    missing = of_running(PullState.objects.filter(index_missing_since__isnull=False), day_of(now))
    missing = missing.filter(contract__vendor_account__log_base_url__gt="")
    states = {f"{_NO_INDEX}:{state.contract_id}": state for state in missing if alarming(state, now=now)}
    for key, state in states.items():
        since = state.index_missing_since
        tell_on(key, _no_index(state), Severity.MIDDLE, now=now, since=since, again=_AGAIN)
    tell_over(_NO_INDEX, states, "のログの一覧を再び取得できました。", now=now)


def _no_index(state: PullState) -> str:
    since = written(state.index_missing_since) if state.index_missing_since else ""
    begins = f"{state.contract.named}のログの一覧（logs.index）が、{since} から"
    if not had_index(state):
        return f"{begins}一度も見つかりません（HTTP 404）。ログの取得先 URL とベンダー側の設定を確認してください。"
    return (
        f"{begins}見つかりません（HTTP 404）。番号順の取得を試みていますが、届かないファイルがあっても分かりません。"
        f"{_LOST_AFTER}ベンダーに確認してください。"
    )


def _raise(key: str, sentence: str, now: datetime, *, link: str = LINK) -> None:
    raise_alarm(key=key, severity=Severity.MIDDLE, sentence=sentence, link=link, now=now)
