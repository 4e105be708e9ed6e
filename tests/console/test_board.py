"""The board of all sites, one site's history and settings, planned stops and holds, as the desk sees them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sakimori.customers.models import AuditEntry, Contact, Site
from sakimori.incidents.history import Period, history_of
from sakimori.incidents.models import Decision, Hold, Incident, IncidentKind, PlannedStop, Probe, SiteHour, Verdict
from sakimori.incidents.site_settings import check_factor, check_origin, check_seconds, check_url, settings_of
from sakimori.incidents.texts import planned_alarm
from sakimori.lib.jst import JST, utc_now
from sakimori.notify.models import CallRound
from tests.incidents.rows import make_exercise, make_history, make_incident, make_stop
from tests.people import NOW, People, make_contract
from tests.settings_change import with_config

BOARD, ROWS = reverse("console:sites"), reverse("console:sites-rows")


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def site_of(people: People) -> Site:
    return people.a.sites.get()


def rows(desk: Client, **query: str) -> dict[str, object]:
    return {row.site.domain: row for row in desk.get(BOARD, query).context["rows"]}


def probe(site: Site, verdict: Verdict = Verdict.NORMAL, **columns: object) -> None:
    values: dict[str, object] = {"at": utc_now(), "url": site.page_url, "sentence": "表示されました。", "total_ms": 345}
    Probe.objects.create(site=site, verdict=verdict, **{**values, **columns})


# The board


def test_every_state_of_a_site_has_its_word(people: People, desk: Client) -> None:
    made = {
        name: Site.objects.create(contract=people.a, domain=f"{name}.example.jp", vendor_site_id=n)
        for n, name in enumerate(("bad", "slow", "unknown", "stopped", "unreachable", "origin"), start=700)
    }
    probe(made["bad"], Verdict.NOT_DISPLAYED)
    probe(made["slow"], Verdict.SLOW)
    probe(made["unknown"], Verdict.INCONCLUSIVE)
    probe(made["stopped"], Verdict.NOT_DISPLAYED)
    make_stop(made["stopped"], people.alice, begins=-1, ends=1)
    Site.objects.filter(pk=made["unreachable"].pk).update(reachable=False)
    probe(made["origin"])
    probe(made["origin"], Verdict.NOT_DISPLAYED, path="origin")
    words = {domain: row.words for domain, row in rows(desk).items()}
    assert words == {
        "bad.example.jp": "異常",
        "slow.example.jp": "異常",
        "unknown.example.jp": "判定不能",
        "stopped.example.jp": "計画停止中",
        "unreachable.example.jp": "接続不可（確認対象外）",
        "origin.example.jp": "正常",
        "shop-a.example.jp": "未確認",
        "shop-b.example.jp": "未確認",
    }
    assert list(words)[:2] == ["bad.example.jp", "slow.example.jp"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"words": "SHOP-A"}, {"shop-a.example.jp"}),
        ({"words": "もみじ堂"}, {"shop-b.example.jp"}),
        ({"state": "bad"}, {"shop-a.example.jp"}),
        ({"state": "incident"}, {"shop-a.example.jp"}),
        ({"state": "never"}, {"shop-b.example.jp"}),
        ({"state": "no_contact"}, {"shop-b.example.jp"}),
        ({"state": "unwatched"}, {"shop-a.example.jp", "shop-b.example.jp"}),
        ({"state": "unreachable"}, set()),
        ({"state": "stopped"}, set()),
        ({"state": "nonsense"}, {"shop-a.example.jp", "shop-b.example.jp"}),
        ({"page": "99"}, {"shop-a.example.jp", "shop-b.example.jp"}),
    ],
)
def test_the_board_is_narrowed(people: People, desk: Client, query: dict[str, str], found: set[str]) -> None:
    Contact.objects.create(
        customer=people.a.customer, name="桜井", email="a@example.jp", phone="03-0000-1001", priority=1
    )
    make_incident(people.a, IncidentKind.DDOS)
    assert set(rows(desk, **query)) == found


def test_a_customer_whom_nobody_can_phone_at_night_has_a_red_mark(people: People, desk: Client) -> None:
    contact = Contact.objects.create(
        customer=people.a.customer, name="桜井", email="a@example.jp", phone="", priority=1
    )
    for columns, lacks in (
        ({}, True),
        ({"phone": "03-0000-1001"}, False),
        ({"hours": "月火水木金 09:00-18:00"}, True),
        ({"hours": ""}, False),
        ({"active": False}, True),
    ):
        Contact.objects.filter(pk=contact.pk).update(**columns)
        assert rows(desk)["shop-a.example.jp"].lacks_contact is lacks
    assert "夜間の電話連絡先なし" in desk.get(BOARD).content.decode()


def test_the_last_visit_stands_beside_what_is_usual(people: People, desk: Client) -> None:
    site = site_of(people)
    probe(site)
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    SiteHour.objects.create(site=site, begins_at=hour - timedelta(weeks=1), usual_ms=810)
    SiteHour.objects.create(site=site, begins_at=hour - timedelta(weeks=2), usual_ms=999)
    text = desk.get(BOARD).content.decode()
    assert "345 ミリ秒" in text
    assert "平常時 810 ミリ秒" in text
    assert "平常時の計測は 2 週間未満" in text


def test_how_long_it_took_until_nothing_came_is_no_time_of_a_page(people: People, desk: Client) -> None:
    probe(site_of(people), Verdict.NOT_DISPLAYED, total_ms=5)
    text = desk.get(BOARD).content.decode()
    assert "5 ミリ秒" not in text
    probe(site_of(people), Verdict.SLOW, total_ms=12_000)
    assert "12000 ミリ秒" in desk.get(BOARD).content.decode()


def test_a_recovered_site_is_well_although_its_incident_is_open(people: People, desk: Client) -> None:
    site = site_of(people)
    make_incident(people.a, IncidentKind.DDOS, normal_in_a_row=2, probes=0)
    probe(site)
    row = rows(desk)["shop-a.example.jp"]
    assert (row.words, row.incident is not None) == ("正常", True)


def test_200_sites_cost_as_many_queries_as_one(people: People, desk: Client) -> None:
    with CaptureQueriesContext(connection) as few:
        desk.get(BOARD)
    Site.objects.bulk_create(
        Site(contract=people.a, domain=f"s{number}.example.jp", vendor_site_id=1000 + number) for number in range(200)
    )
    for site in Site.objects.all()[:50]:
        probe(site)
    with CaptureQueriesContext(connection) as many:
        answer = desk.get(BOARD)
    assert len(answer.context["rows"]) == 200
    assert len(many) <= len(few) + 1


def test_the_part_that_refreshes_itself_is_no_whole_page(people: People, desk: Client) -> None:
    text = desk.get(ROWS, {"words": "shop-a"}).content.decode()
    assert "<html" not in text
    assert "shop-a.example.jp" in text
    assert "shop-b.example.jp" not in text
    assert f'hx-get="{ROWS}?words=shop-a&amp;page=1"' in desk.get(BOARD, {"words": "shop-a"}).content.decode()


def test_the_sites_of_a_contract_that_has_ended_are_not_on_the_board(people: People, desk: Client) -> None:
    people.b.ends_on = NOW.date()
    people.b.save()
    assert set(rows(desk)) == {"shop-a.example.jp"}


# One site


@pytest.mark.parametrize("period", ["24h", "7d", "90d", "", "nonsense"])
def test_the_history_has_charts_and_the_same_in_numbers(people: People, desk: Client, period: str) -> None:
    site = site_of(people)
    make_history(site, now=utc_now(), hours=20)
    address = reverse("console:site", args=[site.pk])
    text = desk.get(address, {"period": period}).content.decode()
    for words in ("正常に表示できた時間の割合", "数値を表で見る", "3600 秒", "確認の回数"):
        assert words in text, words
    for what in ("time", "availability"):
        picture = desk.get(reverse("console:site-chart", args=[site.pk, what]), {"period": period})
        assert picture.headers["Content-Type"] == "image/svg+xml"
        assert picture.content.startswith(b"<svg")
    assert desk.get(reverse("console:site-chart", args=[site.pk, "other"])).status_code == 404


def test_a_site_without_history_says_so(people: People, desk: Client) -> None:
    text = desk.get(reverse("console:site", args=[site_of(people).pk])).content.decode()
    assert "この期間の計測はありません" in text
    assert "まだ確認していません" in text


def test_planned_stops_and_unknown_times_count_for_nothing_in_the_availability(people: People) -> None:
    site, now = site_of(people), utc_now()
    make_history(site, now=now, hours=40)
    week = history_of(site, Period.WEEK, now=now)
    up, down = 37, 1
    live = sum(bucket.up_seconds for bucket in week.buckets) - up * 3600
    assert week.availability == pytest.approx(100 * (up * 3600 + live) / (up * 3600 + live + down * 3600))
    quarter = history_of(site, Period.QUARTER, now=now)
    assert quarter.availability == pytest.approx(week.availability)
    assert len(quarter.buckets) in (2, 3)


def test_the_hours_that_are_not_summed_up_yet_are_on_the_page_too(people: People) -> None:
    site, now = site_of(people), utc_now()
    probe(site, at=now - timedelta(minutes=3))
    history = history_of(site, Period.DAY, now=now)
    assert (history.visits, len(history.dots)) == (1, 1)
    probe(site, Verdict.NOT_DISPLAYED, at=now - timedelta(minutes=2), total_ms=7)
    assert [dot.total_ms for dot in history_of(site, Period.DAY, now=now).dots] == [345, None], "breaking off is quick"


# Settings


def form(**changes: str) -> dict[str, str]:
    values = {
        "reachable": "on",
        "probe_url": "",
        "expected_text": "",
        "slow_seconds": "",
        "slow_factor": "",
        "origin_address": "",
    }
    return {**values, **changes}


def test_settings_are_changed_and_recorded(people: People, desk: Client) -> None:
    site = site_of(people)
    address = reverse("console:site-settings", args=[site.pk])
    assert "SOC 共通の 10 秒" in desk.get(address).content.decode()
    changed = form(
        watched="on",
        probe_url="https://shop-a.example.jp/top",
        expected_text="さくら商店",
        slow_seconds="4.5",
        slow_factor="3",
        origin_address="origin.example.jp",
    )
    assert "変更しました" in desk.post(address, changed, follow=True).content.decode()
    now_is = settings_of(site_of(people))
    assert (now_is.watched, now_is.slow_seconds, now_is.slow_factor, now_is.origin_address) == (
        True,
        4.5,
        3.0,
        "origin.example.jp",
    )
    assert "変更はありませんでした" in desk.post(address, changed, follow=True).content.decode()
    entry = AuditEntry.objects.get(action="site.change")
    assert (entry.actor, entry.target, entry.customer_number) == ("dana", f"site:{site.pk}", "C-A")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"probe_url": "ftp://shop-a.example.jp/"}, "https:// または http:// で始まる URL"),
        ({"probe_url": "https://a:b@shop-a.example.jp/"}, "ユーザー名やパスワード"),
        ({"probe_url": "https://[::1"}, "URL として読み取れません"),
        ({"probe_url": "https://other.example.jp/"}, "このサイト（shop-a.example.jp）のページ"),
        ({"probe_url": "https://shop-a.example.jp:8443/"}, "ポートは 80 または 443"),
        ({"slow_seconds": "0.1"}, "0.5 から 30 までの秒数"),
        ({"slow_seconds": "x"}, "数値を入力してください"),
        ({"slow_factor": "0.5"}, "1 から 100 までの倍数"),
        ({"slow_factor": "nan"}, "数値を入力してください"),
        ({"origin_address": "10.0.0.1"}, "公開アドレス"),
        ({"origin_address": "no host"}, "IP アドレスまたはホスト名"),
    ],
)
def test_nonsense_is_a_sentence_and_changes_nothing(
    people: People, desk: Client, changes: dict[str, str], words: str
) -> None:
    before = settings_of(site_of(people))
    with with_config(training=False):
        answer = desk.post(reverse("console:site-settings", args=[site_of(people).pk]), form(**changes))
    assert words in answer.content.decode()
    assert settings_of(site_of(people)) == before


def test_what_may_be_set() -> None:
    with with_config(training=False):
        for url in ("", "https://shop.example.jp/a?b=1", "https://www.shop.example.jp/", "http://shop.example.jp:80/"):
            assert check_url(url, "shop.example.jp") == url
        assert check_url("https://example.jp/", "www.example.jp") == "https://example.jp/"
        assert (check_origin(""), check_origin("8.8.8.8")) == ("", "8.8.8.8")
    assert (check_seconds(None), check_seconds(30), check_factor(None), check_factor(1)) == (None, 30, None, 1)


# Planned stops


def typed(begins: float = 1, ends: float = 2, note: str = "サーバーの更新") -> dict[str, str]:
    now = utc_now().astimezone(JST)
    moment = lambda hours: f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M}"  # noqa: E731
    return {"starts_at": moment(begins), "ends_at": moment(ends), "note": note}


def test_a_stop_is_registered_shown_and_taken_back(people: People, desk: Client) -> None:
    address = reverse("console:planned-stop", args=[site_of(people).pk])
    assert "72 時間以内" in desk.get(address).content.decode()
    assert "計画停止を登録しました" in desk.post(address, typed(-1, 2), follow=True).content.decode()
    stop = PlannedStop.objects.get()
    assert (stop.entered_by, stop.note) == (people.dana, "サーバーの更新")
    assert rows(desk, state="stopped")["shop-a.example.jp"].words == "計画停止中"
    every = reverse("console:planned-stops")
    assert "株式会社さくら商店" in desk.get(every).content.decode()
    cancel = reverse("console:planned-stop-cancel", args=[stop.pk])
    assert "取り消しました" in desk.post(cancel, {"next": every}, follow=True).content.decode()
    assert "すでに終了しているか" in desk.post(cancel, {"next": every}, follow=True).content.decode()
    assert rows(desk, state="stopped") == {}


def test_a_stop_that_cannot_be_is_a_sentence(people: People, desk: Client) -> None:
    address = reverse("console:planned-stop", args=[site_of(people).pk])
    assert "終了は開始より後" in desk.post(address, typed(2, 1)).content.decode()
    assert "72 時間以内で入力" in desk.post(address, typed(1, 99)).content.decode()
    assert not PlannedStop.objects.exists()


# Many at once


def test_one_key_releases_everything_that_is_held(people: People, desk: Client) -> None:
    hold = Hold.objects.create(why=Hold.Why.MANY, opened_at=NOW, proved_at=NOW)
    for contract in (people.a, people.b, make_contract("株式会社C", "C")):
        make_incident(contract, IncidentKind.DDOS, hold=hold, decision=Decision.WAITING)
    assert f'href="{reverse("console:hold", args=[hold.pk])}"' in desk.get(BOARD).content.decode()
    address = reverse("console:hold", args=[hold.pk])
    text = desk.get(address).content.decode()
    assert f'action="{reverse("console:hold-release", args=[hold.pk])}" data-key="t"' in text
    assert "3 件すべてのお客様へ連絡する" in text
    release = reverse("console:hold-release", args=[hold.pk])
    assert "3 件のお客様への連絡を開始しました" in desk.post(release, follow=True).content.decode()
    assert "保留中の連絡はありません" in desk.post(release, follow=True).content.decode()
    assert CallRound.objects.count() == 3
    assert not Incident.objects.filter(told_at=None).exists()
    assert "data-key" not in desk.get(address).content.decode()
    assert desk.get(reverse("console:hold", args=[hold.pk + 1])).status_code == 404


def test_board_and_incidents_say_what_is_held_and_why(people: People, desk: Client) -> None:
    hold = Hold.objects.create(why=Hold.Why.WAF, opened_at=NOW, proved_at=NOW)
    for address in (BOARD, reverse("console:incidents")):
        text = desk.get(address).content.decode()
        assert "WAF ベンダーの障害の可能性があります（WAF 経由の対照ページも開けない）。お客様への連絡を保留" in text
    Hold.objects.filter(pk=hold.pk).update(released_at=NOW)
    assert "お客様への連絡は開始しています" in desk.get(reverse("console:incidents")).content.decode()


def test_one_key_keeps_everything_inside(people: People, desk: Client) -> None:
    hold = Hold.objects.create(why=Hold.Why.WAF, opened_at=NOW, proved_at=NOW)
    make_incident(people.a, IncidentKind.DDOS, hold=hold, decision=Decision.WAITING)
    answer = desk.post(reverse("console:hold-keep", args=[hold.pk]), follow=True)
    assert "1 件について「連絡しない」と記録しました" in answer.content.decode()
    assert not CallRound.objects.exists()


def test_an_exercise_is_marked_on_every_page_and_lights_no_lamp(people: People, desk: Client) -> None:
    """What an invented site shows is no customer's trouble: it stands last, and is in no list of what is to be done."""
    make_history(site_of(people), now=utc_now())
    played = make_exercise(people.dana).incident
    Incident.objects.filter(pk=played.pk).update(verdict=Verdict.NOT_DISPLAYED, opened_at=utc_now())
    Contact.objects.filter(customer=played.contract.customer).update(phone="")
    site, found = played.site, rows(desk)
    assert site is not None
    row = found[site.domain]
    assert list(found)[-1] == site.domain
    assert (row.words, row.tone, row.incident, row.lacks_contact) == ("訓練用", "wait", played.pk, False)
    for state in ("bad", "incident", "never", "unwatched", "no_contact"):
        assert site.domain not in rows(desk, state=state), state
    assert set(rows(desk, state="exercise")) == {site.domain}
    board, page = (desk.get(address).content.decode() for address in (BOARD, reverse("console:site", args=[site.pk])))
    assert '<span class="badge wait">訓練</span> <a id="site-incident-' in board
    assert "実在しないサイトです" in page
    assert page.count('<span class="badge wait">訓練</span>') == 1, "the incident in the list"
    assert planned_alarm(played).startswith("【訓練】")
