"""Announced scans as rows: what may be registered, what is refused and how, and that they end."""

from datetime import datetime, timedelta

import pytest

from sakimori.accounts.models import User
from sakimori.blacklist import quiet
from sakimori.blacklist.models import BlockState, QuietWindow
from sakimori.blacklist.quiet import NotPossible, Plan, announced, read_sources, register, withdraw
from sakimori.customers.models import AuditEntry, Contract, Site
from tests.moments import START
from tests.people import People, make_block, make_people

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def people() -> People:
    return make_people()


def plan(
    sources: str = "198.51.100.7",
    *,
    site: Site | None = None,
    begins: datetime = START,
    ends: datetime = START + DAY,
) -> Plan:
    return Plan(site, sources, begins, ends, "脆弱性診断")


def announce(contract: Contract, by: User, what: Plan) -> QuietWindow:
    return register(contract, what, by=by, now=START)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("198.51.100.7", ["198.51.100.7"]),
        (
            " 198.51.100.0/24、2001:DB8:1::/48\n198.51.100.7,198.51.100.7 ",
            ["198.51.100.0/24", "2001:db8:1::/48", "198.51.100.7"],
        ),
        ("198.51.100.9/28", ["198.51.100.0/28"]),
        ("2001:db8::1/128", ["2001:db8::1"]),
    ],
)
def test_sources_are_kept_in_one_form(typed: str, read: list[str]) -> None:
    assert read_sources(typed) == read


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "送信元の IP アドレスを入力してください"),
        (" 、 ", "送信元の IP アドレスを入力してください"),
        ("scanner.example.jp", "「scanner.example.jp」は IP アドレスとして読み取れません"),
        ("198.51.100.7/33", "読み取れません"),
        ("198.51.100.7-9", "読み取れません"),
        ("198.51.100.0/23", "範囲が広すぎます。/24 より"),
        ("0.0.0.0/0", "範囲が広すぎます"),
        ("2001:db8::/47", "範囲が広すぎます。/48 より"),
        ("10.0.0.0/24", "インターネット上のアドレスではありません"),
        ("192.168.1.5", "インターネット上のアドレスではありません"),
        (" ".join(f"198.51.100.{n}" for n in range(21)), "20 件まで"),
        ("あ" * 5000, "読み取れません"),
    ],
)
def test_wrong_sources_are_refused_with_a_sentence(typed: str, words: str) -> None:
    with pytest.raises(NotPossible, match=words):
        read_sources(typed)


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (START + DAY, START + DAY, "終了は開始より後"),
        (START + DAY, START, "終了は開始より後"),
        (START - DAY, START, "終了がすでに過ぎています"),
        (START, START + timedelta(days=31, seconds=1), "31 日以内"),
        (START + timedelta(days=367), START + timedelta(days=368), "1 年以内"),
    ],
)
def test_a_window_has_a_near_end(people: People, begins: datetime, ends: datetime, words: str) -> None:
    with pytest.raises(NotPossible, match=words):
        announce(people.a, people.dana, plan(begins=begins, ends=ends))
    assert not QuietWindow.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_window_of_31_days_that_has_begun_is_taken(people: People) -> None:
    row = announce(people.a, people.alice, plan(begins=START - DAY, ends=START + timedelta(days=30)))
    assert (row.by_customer, row.registered_by, row.networks) == (True, people.alice, ["198.51.100.7"])
    assert AuditEntry.objects.get().action == "scan.announce"


def test_another_contracts_site_is_refused(people: People) -> None:
    with pytest.raises(NotPossible, match="この契約のサイトではありません"):
        announce(people.a, people.dana, plan(site=people.b.sites.get()))


def test_a_cancelled_contract_announces_nothing(people: People) -> None:
    people.a.ends_on = START.date()
    with pytest.raises(NotPossible, match="解約日"):
        announce(people.a, people.dana, plan())


def test_the_same_form_twice_is_one_window(people: People) -> None:
    assert announce(people.a, people.dana, plan()) == announce(people.a, people.dana, plan())
    announce(people.a, people.dana, plan("198.51.100.8"))
    assert QuietWindow.objects.count() == 2


def test_there_is_an_end_to_how_many(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "MOST_OPEN", 1)
    announce(people.a, people.dana, plan())
    with pytest.raises(NotPossible, match="1 件まで"):
        announce(people.a, people.dana, plan("198.51.100.8"))
    announce(people.b, people.dana, plan())


def test_a_withdrawn_window_ends_then_and_once(people: People) -> None:
    row = announce(people.a, people.dana, plan())
    later = announce(people.a, people.dana, plan(begins=START + 5 * HOUR))
    for _ in range(2):
        withdraw(row, by=people.alice, now=START + HOUR)
        withdraw(later, by=people.alice, now=START + HOUR)
    assert AuditEntry.objects.filter(action="scan.withdraw").count() == 2
    (scan,) = announced(people.a, since=START)
    assert (scan.starts_at, scan.ends_at) == (START, START + HOUR)


def test_scans_of_others_and_of_the_past_do_not_count(people: People) -> None:
    announce(people.a, people.dana, plan(site=people.a.sites.get()))
    announce(people.b, people.dana, plan())
    assert [scan.site for scan in announced(people.a, since=START + HOUR)] == [people.a.sites.get().pk]
    assert announced(people.a, since=START + 2 * DAY) == ()


def test_who_is_blocked_already_is_named(people: People) -> None:
    inside = make_block(people.a, "198.51.100.7")
    make_block(people.a, "198.51.100.8", state=BlockState.RESTORED)
    make_block(people.a, "203.0.113.8")
    make_block(people.b, "198.51.100.7")
    assert quiet.blocked_within(announce(people.a, people.dana, plan("198.51.100.0/28"))) == [inside]
