"""The watch over doors at which we take files: each trouble is one alarm, and its end is told."""

from datetime import timedelta

import pytest

from sakimori.customers.models import VendorAccount
from sakimori.lib.jst import day_of
from sakimori.logs.models import DoorState, PullState, RewrittenFile
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, Severity
from sakimori.run.duties import all_duties
from sakimori.run.watch import watch_intake
from sakimori.run.watch_doors import watch_doors
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db
M, H = timedelta(minutes=1), timedelta(hours=1)
FIRST, OTHER, THIRD = ("ab" * 32, "cd" * 32, "ef" * 32)


@pytest.fixture
def people() -> People:
    return make_people()


def watch(*, minutes: float = 0) -> None:
    assert watch_doors(now=START + minutes * M) == 0


def case(people: People, *, name: str = "7_1.log", door: str = "drop", number: int = 1) -> RewrittenFile:
    return RewrittenFile.objects.create(
        contract=people.a,
        door=door,
        name=name,
        first_sha256=FIRST,
        first_at=START - 3 * H,
        last_sha256=OTHER,
        last_at=START,
        last_file=number,
    )


def sentences() -> list[str]:
    return list(Alarm.objects.order_by("pk").values_list("sentence", flat=True))


def test_a_rewritten_file_is_one_alarm_that_says_which_and_leads_to_it(people: People) -> None:
    row = case(people)
    for minute in range(3):
        watch(minutes=minute)
    alarm = Alarm.objects.get()
    assert alarm.sentence == (
        "株式会社さくら商店（契約 K-A-001）の受け渡しフォルダで、受信済みのファイル 7_1.log が別の内容で届きました"
        "（最初の受信 2026年11月23日 09:00:00、SHA-256 abababababab… → cdcdcdcdcdcd…）。"
        "両方を保管しています。改ざんでないか送信元に確認してください。"
    )
    assert (alarm.key, alarm.count, alarm.severity) == (row.alarm_key, 1, Severity.MIDDLE)
    assert alarm.link == f"/console/intake/rewritten/{row.pk}/"


@pytest.mark.parametrize("door", ["pull", "bucket"])
def test_the_other_doors_are_named(people: People, door: str) -> None:
    case(people, door=door, name="あ" * 200)
    watch()
    (sentence,) = sentences()
    assert {"pull": "の取得（HTTPS）で", "bucket": "の S3 バケットで"}[door].replace(" ", "") in sentence.replace(
        " ", ""
    )
    assert sentence.endswith("確認してください。")


def test_a_further_content_counts_the_alarm_up_or_is_a_new_one_if_somebody_took_it(people: People) -> None:
    row = case(people)
    watch()
    for minute in (1, 3):
        RewrittenFile.objects.update(last_sha256=THIRD, last_at=START + minute * M)
        watch(minutes=minute + 1)
        acknowledge(Alarm.objects.latest("pk"), by=people.dana, now=START + (minute + 1) * M)
        watch(minutes=minute + 1)
    assert list(Alarm.objects.order_by("pk").values_list("key", "count")) == [(row.alarm_key, 2), (row.alarm_key, 1)]
    assert "→ efefefefefef…" in sentences()[0]


def test_a_closed_case_and_one_of_last_week_are_no_alarm(people: People) -> None:
    case(people)
    RewrittenFile.objects.update(closed_at=START)
    watch()
    RewrittenFile.objects.update(closed_at=None, last_at=START - timedelta(days=7))
    watch()
    assert sentences() == []


def test_very_many_at_once_are_one_alarm_that_counts_them(people: People) -> None:
    for number in range(4):
        case(people, name=f"7_{number}.log", number=number + 1)
    watch()
    watch(minutes=1)
    (sentence,) = sentences()
    assert "受信済みのファイル 4 件が別の内容で届きました（最新は 7_3.log、最初の受信" in sentence
    RewrittenFile.objects.filter(name="7_0.log").update(last_at=START + 2 * M)
    watch(minutes=3)
    assert len(sentences()) == 2


def left_out(people: People, text: str, *, since: timedelta = -10 * M, door: str = "bucket") -> DoorState:
    state, _ = DoorState.objects.update_or_create(
        contract=people.a,
        door=door,
        defaults={"next_try_at": START, "left_out": text, "left_out_since": START + since if text else None},
    )
    return state


def test_files_that_stay_out_are_one_alarm_until_they_come(people: People) -> None:
    left_out(people, "ファイルが大きすぎます：a.log。", since=-4 * M)
    watch()
    assert sentences() == []
    watch(minutes=1)
    watch(minutes=2)
    alarm = Alarm.objects.get()
    assert alarm.sentence == (
        "株式会社さくら商店（契約 K-A-001）のS3 バケットに、取り込めないファイルがあります。"
        "ファイルが大きすぎます：a.log。"
    )
    assert (alarm.count, alarm.severity, alarm.key) == (2, Severity.MIDDLE, f"left-out:bucket:{people.a.pk}")
    left_out(people, "ファイルが大きすぎます：a.log、b.log。")
    watch(minutes=3)
    assert (Alarm.objects.get().count, "b.log" in sentences()[0]) == (3, True)
    left_out(people, "")
    watch(minutes=4)
    assert sentences() == ["株式会社さくら商店（契約 K-A-001）の取り込めないファイルは、なくなりました。"]
    watch(minutes=5)
    assert Alarm.objects.get().last_at == START + 4 * M


def test_who_has_taken_it_hears_of_it_again_in_the_next_shift(people: People) -> None:
    left_out(people, "ファイルが大きすぎます：a.log。")
    watch()
    acknowledge(Alarm.objects.get(), by=people.dana, now=START)
    watch(minutes=1)
    assert Alarm.objects.count() == 1
    watch(minutes=8 * 60 + 1)
    assert Alarm.objects.filter(acknowledged_at=None).count() == 1


def test_what_stays_out_anew_is_told_although_somebody_took_the_alarm_of_before(people: People) -> None:
    left_out(people, "ファイルが大きすぎます：a.log。")
    watch()
    acknowledge(Alarm.objects.get(), by=people.dana, now=START)
    left_out(people, "")
    watch(minutes=1)
    left_out(people, "ファイルが大きすぎます：c.log。", since=30 * M)
    watch(minutes=36)
    assert "c.log" in Alarm.objects.get(acknowledged_at=None).sentence


def index_missing(people: People, **columns: object) -> None:
    VendorAccount.objects.update_or_create(
        contract=people.a,
        defaults={"api_id": "1", "sealed_api_key": "x", "log_base_url": "https://logs.example.jp/1_1/"},
    )
    PullState.objects.create(
        contract=people.a, **{"next_try_at": START, "last_success_at": START, "index_missing_since": START, **columns}
    )


def test_an_index_that_is_gone_is_one_alarm_after_an_hour_until_it_is_back(people: People) -> None:
    index_missing(people, newest={"7": 5})
    watch(minutes=59)
    assert sentences() == []
    watch(minutes=60)
    watch(minutes=61)
    alarm = Alarm.objects.get()
    assert alarm.sentence == (
        "株式会社さくら商店（契約 K-A-001）のログの一覧（logs.index）が、"
        "2026年11月23日 12:00:00 から見つかりません（HTTP 404）。"
        "番号順の取得を試みていますが、届かないファイルがあっても分かりません。"
        "ベンダー側のログファイルは 48 時間で消えます。ベンダーに確認してください。"
    )
    assert (alarm.key, alarm.count, alarm.severity) == (f"no-index:{people.a.pk}", 2, Severity.MIDDLE)
    PullState.objects.update(index_missing_since=None)
    watch(minutes=62)
    assert sentences() == ["株式会社さくら商店（契約 K-A-001）のログの一覧を再び取得できました。"]
    PullState.objects.update(index_missing_since=START)
    watch(minutes=63)
    assert "見つかりません" in sentences()[0]


def test_an_account_that_never_had_an_index_is_given_half_a_day(people: People) -> None:
    index_missing(people)
    watch(minutes=11 * 60)
    assert sentences() == []
    watch(minutes=12 * 60)
    assert "から一度も見つかりません（HTTP 404）。ログの取得先 URL" in sentences()[0]


@pytest.mark.parametrize("ended", [True, False])
def test_nobody_is_told_of_what_is_not_fetched_any_more(people: People, ended: bool) -> None:
    index_missing(people, newest={"7": 5})
    left_out(people, "ファイルが大きすぎます：a.log。")
    if ended:
        people.a.ends_on = day_of(START)
        people.a.save()
    else:
        VendorAccount.objects.update(log_base_url="")
        DoorState.objects.all().delete()
    watch(minutes=120)
    assert sentences() == []


@pytest.mark.parametrize(("last_file", "told"), [(None, True), (-1 * H, True), (11 * H, False)])
def test_long_before_files_are_lost_it_is_grave_unless_files_come_by_number(
    people: People, last_file: timedelta | None, told: bool
) -> None:
    index_missing(people, newest={"7": 5}, last_file_at=None if last_file is None else START + last_file)
    watch_intake(now=START + 11 * H)
    assert sentences() == []
    watch_intake(now=START + 13 * H)
    assert Alarm.objects.filter(key=f"pull-loss:{people.a.pk}", severity=Severity.HIGH).exists() is told


def test_the_watch_is_a_duty() -> None:
    assert "watch doors" in {duty.name for duty in all_duties()}
