"""The SOC's own people for tests of alarms: three on duty, a fake phone, and a clock that moves."""

from datetime import timedelta

from sakimori.accounts.models import SocRole, User
from sakimori.notify.actions import raise_alarm
from sakimori.notify.duties import pass_on_alarms, ring_due
from sakimori.notify.models import Alarm, DutyShift, Severity
from sakimori.notify.ringing import Voice
from tests.moments import START, Clock
from tests.notify.tree import MortalPhone
from tests.people import make_user

FIRST, DEPUTY, MANAGER = "03-0000-0101", "03-0000-0102", "03-0000-0103"


class Soc:
    """The SOC with three people on duty, a phone and a clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.phone = MortalPhone()
        self.dana = person("dana", "棚子", FIRST)
        self.emi = person("emi", "絵美", DEPUTY)
        self.boss = person("boss", "誠", MANAGER, role=SocRole.MANAGER)
        self.shift = DutyShift.objects.create(
            starts_at=START - timedelta(days=1),
            ends_at=START + timedelta(days=1),
            on_duty=self.dana,
            deputy=self.emi,
            manager=self.boss,
        )

    def alarm(
        self, key: str = "k", severity: Severity = Severity.HIGH, sentence: str = "ログが届いていません。"
    ) -> Alarm:
        return raise_alarm(key=key, severity=severity, sentence=sentence, now=self.clock())

    def work(self, *, seconds: int = 1, by_hand: bool = False, worker: str = "one") -> None:
        """Let the duties of alarms and calls work for some seconds."""
        voice = None if by_hand else Voice(self.phone, "03-0000-0000", "保護サービス", timedelta(seconds=45))
        for _ in range(seconds):
            for _ in range(20):
                done = pass_on_alarms(now=self.clock())
                if not ring_due(voice=voice, worker=worker, clock=self.clock) and not done:
                    break
            self.clock.pass_time(seconds=1)

    def dialled(self) -> list[str]:
        return [call.to for call in self.phone.placed]


def person(login: str, given: str, phone: str, *, role: SocRole = SocRole.ANALYST) -> User:
    """Somebody of the SOC with a phone and an address."""
    user = make_user(login, "高橋", given, soc_role=role)
    user.phone, user.email = phone, f"{login}@example.jp"
    user.save()
    return user
