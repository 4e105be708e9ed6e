"""The duty roster: one shift at a time, people of the SOC only, changed by managers only, and kept as a record."""

from datetime import timedelta

import pytest

from sakimori.accounts.models import SocRole, User
from sakimori.customers.models import AuditEntry
from sakimori.notify.actions import NotPossible
from sakimori.notify.models import Alarm, DutyShift, Severity
from sakimori.notify.roster import add_shift, alarm_coming_gaps, current_shift, delete_shift, people_of, uncovered
from tests.moments import START
from tests.people import make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def dana() -> User:
    return make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)


@pytest.fixture
def boss() -> User:
    return make_user("boss", "黒田", "誠", soc_role=SocRole.MANAGER)


def add(boss: User, dana: User, begin: int = 0, end: int = 8, **changes: object) -> DutyShift:
    values: dict[str, object] = {
        "starts_at": START + begin * HOUR,
        "ends_at": START + end * HOUR,
        "on_duty": dana,
        "deputy": None,
        "manager": boss,
        "by": boss,
        "now": START,
    }
    return add_shift(**{**values, **changes})  # type: ignore[arg-type]


def test_a_manager_adds_a_shift_and_it_is_recorded(boss: User, dana: User) -> None:
    shift = add(boss, dana)
    assert current_shift(START) == shift
    assert current_shift(START + 8 * HOUR) is None, "the end is not part of it"
    assert people_of(shift) == [dana, boss]
    assert AuditEntry.objects.get().action == "duty.add"


@pytest.mark.parametrize(
    ("begin", "end", "sentence"),
    [
        (8, 8, "開始より後"),
        (8, 2, "開始より後"),
        (-9, -1, "既に終わった"),
        (7, 9, "2026/11/23 12:00～2026/11/23 20:00 に 高橋 棚子 さんの当番が既に登録"),
        (-1, 1, "既に登録"),
        (2, 3, "既に登録"),
    ],
)
def test_wrong_spans_are_refused_in_words(boss: User, dana: User, begin: int, end: int, sentence: str) -> None:
    add(boss, dana)
    with pytest.raises(NotPossible, match=sentence):
        add(boss, dana, begin, end)
    assert DutyShift.objects.count() == 1


def test_shifts_may_follow_each_other(boss: User, dana: User) -> None:
    add(boss, dana, 8, 16)
    add(boss, dana, 0, 8)
    assert uncovered(START)[0] == (START + 16 * HOUR, START + timedelta(days=14))


def test_only_people_of_the_soc_who_may_sign_in_are_on_it(boss: User, dana: User) -> None:
    with pytest.raises(NotPossible, match="SOC の有効な利用者"):
        add(boss, dana, deputy=make_user("alice", "佐藤", "愛"))
    dana.is_active = False
    with pytest.raises(NotPossible, match="SOC の有効な利用者"):
        add(boss, dana)
    with pytest.raises(NotPossible, match="別の方"):
        add(boss, dana, deputy=dana)


def test_an_analyst_changes_nothing(boss: User, dana: User) -> None:
    with pytest.raises(NotPossible, match="SOC 責任者のみ"):
        add(boss, dana, by=dana)
    shift = add(boss, dana)
    with pytest.raises(NotPossible, match="SOC 責任者のみ"):
        delete_shift(shift, by=dana, now=START)
    assert DutyShift.objects.get() == shift


def test_a_coming_shift_is_deleted_and_one_that_is_over_stays_as_a_record(boss: User, dana: User) -> None:
    shift = add(boss, dana)
    with pytest.raises(NotPossible, match="記録として残す"):
        delete_shift(shift, by=boss, now=START + 8 * HOUR)
    delete_shift(shift, by=boss, now=START)
    delete_shift(shift, by=boss, now=START)
    assert not DutyShift.objects.exists()
    assert AuditEntry.objects.filter(action="duty.delete").count() == 1


def test_a_gap_within_a_day_is_an_alarm_once(boss: User, dana: User) -> None:
    add(boss, dana, 0, 8)
    add(boss, dana, 10, 40)
    assert alarm_coming_gaps(now=START) == 1
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.MIDDLE, "/console/roster/")
    assert alarm.sentence == "2026/11/23 20:00 から2026/11/23 22:00 まで、当番が登録されていません。"
    Alarm.objects.update(acknowledged_at=START)
    assert alarm_coming_gaps(now=START + HOUR) == 0
    assert alarm_coming_gaps(now=START + 17 * HOUR) == 1
    assert Alarm.objects.latest("pk").sentence.endswith("から以後、当番が登録されていません。")


def test_a_gap_that_has_begun_or_is_far_away_is_no_alarm_of_this_kind(boss: User, dana: User) -> None:
    assert alarm_coming_gaps(now=START) == 0
    add(boss, dana, 0, 30)
    assert alarm_coming_gaps(now=START) == 0
