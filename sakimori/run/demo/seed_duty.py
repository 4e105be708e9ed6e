"""Puts the SOC's people of the demo on the duty roster, with phones and mails. Safe to run at every start."""

from datetime import datetime, timedelta

from sakimori.accounts.models import SocRole, User
from sakimori.notify.models import DutyShift
from sakimori.notify.roster import current_shift
from sakimori.run.demo.cast import ANALYST, DEPUTY, DUTY_PHONES, MANAGER
from sakimori.run.demo.passwords import hashed

_HALF_A_YEAR = timedelta(days=183)


def seed_duty(password: str, *, now: datetime) -> None:
    """The analyst is on duty for a year around the first start, a second analyst is the deputy."""
    deputy, new = User.objects.get_or_create(
        username=DEPUTY.login,
        defaults={"last_name": DEPUTY.family, "first_name": DEPUTY.given, "soc_role": SocRole.ANALYST},
    )
    if new:
        deputy.password = hashed(password)
        deputy.save()
    for login, phone in DUTY_PHONES.items():
        User.objects.filter(username=login, phone="").update(phone=phone, email=f"{login}@sakimori.example.jp")
    if current_shift(now) is None:
        now = now.replace(minute=0, second=0, microsecond=0)
        DutyShift.objects.create(
            starts_at=now - _HALF_A_YEAR,
            ends_at=now + _HALF_A_YEAR,
            on_duty=User.objects.get(username=ANALYST.login),
            deputy=deputy,
            manager=User.objects.get(username=MANAGER.login),
        )
