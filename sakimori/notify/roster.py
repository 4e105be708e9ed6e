"""当番表: who of the SOC is on duty when, whom an alarm goes to, and how the roster is changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from sakimori.accounts.models import SocRole, User
from sakimori.customers import audit
from sakimori.lib.jst import JST
from sakimori.lib.spans import Span, gaps
from sakimori.notify.actions import NotPossible, raise_alarm
from sakimori.notify.models import Alarm, DutyShift, Severity

LOOK_AHEAD = timedelta(days=14)
# A gap that begins so soon is an alarm: somebody can still be found.
_SOON = timedelta(hours=24)


def shifts() -> QuerySet[DutyShift]:
    """All shifts with their people, the earliest first."""
    return DutyShift.objects.select_related("on_duty", "deputy", "manager").order_by("starts_at", "pk")


def current_shift(now: datetime) -> DutyShift | None:
    """The shift that runs now."""
    return shifts().filter(starts_at__lte=now, ends_at__gt=now).first()


def people_of(shift: DutyShift) -> list[User]:
    """Who is told and called, in this order: on duty, deputy, manager. Nobody twice, nobody who has left."""
    people = [person for person in (shift.on_duty, shift.deputy, shift.manager) if person and person.is_active]
    return list(dict.fromkeys(people))


def uncovered(now: datetime) -> list[Span]:
    """The spans of the next two weeks in which nobody is on duty."""
    end = now + LOOK_AHEAD
    coming = DutyShift.objects.filter(ends_at__gt=now, starts_at__lt=end)
    return gaps(coming.values_list("starts_at", "ends_at"), now, end)


def alarm_coming_gaps(*, now: datetime) -> int:
    """An alarm for each gap that begins within a day, once, while somebody is there to hear it. Returns how many.

    That nobody is on duty now is found by the self-test, and by the first alarm that nobody could be told of.
    """
    coming = [(begin, end) for begin, end in uncovered(now) if now < begin <= now + _SOON]
    raised = 0
    for begin, end in coming:
        key = f"roster-gap:{begin:%Y%m%dT%H%M}"
        if Alarm.objects.filter(key=key).exists():
            continue
        until = f"{end.astimezone(JST):%Y/%m/%d %H:%M} まで" if end < now + LOOK_AHEAD else "以後"
        raise_alarm(
            key=key,
            severity=Severity.MIDDLE,
            sentence=f"{begin.astimezone(JST):%Y/%m/%d %H:%M} から{until}、当番が登録されていません。",
            link="/console/roster/",
            now=now,
        )
        raised += 1
    return raised


def soc_people() -> QuerySet[User]:
    """Who may be put on the roster."""
    return User.objects.exclude(soc_role=SocRole.NONE).filter(is_active=True).order_by("last_name", "first_name", "pk")


def troubles_of_duty(now: datetime) -> Sequence[str]:
    """What keeps an alarm from reaching a person now; Japanese sentences. Empty when all is well."""
    shift = current_shift(now)
    if shift is None:
        return ["当番者が登録されていません。"]
    if not shift.on_duty.is_active:
        return [f"当番の {shift.on_duty.shown_name} さんは利用停止中です。"]
    found = []
    if not shift.on_duty.phone:
        found.append(f"当番の {shift.on_duty.shown_name} さんの電話番号が登録されていません。")
    if not shift.on_duty.email:
        found.append(f"当番の {shift.on_duty.shown_name} さんのメールアドレスが登録されていません。")
    return found


def add_shift(
    *,
    starts_at: datetime,
    ends_at: datetime,
    on_duty: User,
    deputy: User | None,
    manager: User,
    by: User,
    now: datetime,
) -> DutyShift:
    """Put a shift on the roster. Raises NotPossible with a sentence for the form."""
    _check_manager(by)
    if ends_at <= starts_at:
        raise NotPossible("終了は、開始より後の日時にしてください。")
    if ends_at <= now:
        raise NotPossible("既に終わった時間帯は登録できません。")
    if deputy == on_duty:
        raise NotPossible("副当番には、当番とは別の方を選んでください。")
    if not all(person.is_soc and person.is_active for person in (on_duty, manager, deputy or manager)):
        raise NotPossible("SOC の有効な利用者を選んでください。")
    with transaction.atomic():
        other = shifts().select_for_update(of=("self",)).filter(starts_at__lt=ends_at, ends_at__gt=starts_at).first()
        if other is not None:
            raise NotPossible(f"{_span(other)} に {other.on_duty.shown_name} さんの当番が既に登録されています。")
        shift = DutyShift.objects.create(
            starts_at=starts_at, ends_at=ends_at, on_duty=on_duty, deputy=deputy, manager=manager
        )
        audit.record("duty.add", by=by.username, target=f"dutyshift:{shift.pk}", now=now)
    return shift


def delete_shift(shift: DutyShift, *, by: User, now: datetime) -> None:
    """Take a shift off the roster; one that is over stays, for it says who answered. Raises NotPossible."""
    _check_manager(by)
    if shift.ends_at <= now:
        raise NotPossible("終わった当番は、記録として残すため削除できません。")
    with transaction.atomic():
        deleted, _ = DutyShift.objects.filter(pk=shift.pk).delete()
        if deleted:
            audit.record("duty.delete", by=by.username, target=f"dutyshift:{shift.pk}", now=now)


def may_change(user: User) -> bool:
    """Only the SOC's managers change the roster."""
    return user.is_active and user.soc_role == SocRole.MANAGER


def _check_manager(user: User) -> None:
    if not may_change(user):
        raise NotPossible("当番表を変更できるのは SOC 責任者のみです。")


def _span(shift: DutyShift) -> str:
    begin, end = shift.starts_at.astimezone(JST), shift.ends_at.astimezone(JST)
    return f"{begin:%Y/%m/%d %H:%M}～{end:%Y/%m/%d %H:%M}"
