"""Evidence of an incident: when a visit leaves some, what is in it, that it is what its hash says, and that it goes."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.customers import files
from sakimori.incidents.beside import NotVisited, Sight
from sakimori.incidents.evidence import (
    MOST_TIMES,
    EvidenceGone,
    content_of,
    keep_evidence,
    pictured,
    verdicts_kept,
    worth_keeping,
)
from sakimori.incidents.models import Evidence, EvidenceKind, Incident, Probe, Verdict
from sakimori.incidents.record import headers_text, record_text
from sakimori.incidents.telling import evidence_of
from sakimori.incidents.verdict import BAD
from sakimori.incidents.visit import Limits, Target, Trouble, Visit
from sakimori.logs.store.interface import LogStore
from tests.incidents.post import Post, dead, url_of, watch_site
from tests.incidents.rows import make_incident
from tests.incidents.stage import Pages
from tests.moments import START
from tests.people import People, make_people

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20
GOOD = Visit(
    at=START,
    url="https://shop-a.example.jp/",
    status=200,
    size_bytes=900,
    total_ms=120,
    headers=(("X-CDN", "Imperva"), ("X-Odd", "a\x1b[31m\r\nb")),
    head=b"<html><script>alert(1)</script>",
    via="waf",
    address="203.0.113.9",
)


@pytest.fixture
def people(db: None) -> People:
    return make_people()


VERDICTS = st.sampled_from([verdict.value for verdict in Verdict])


@pytest.mark.parametrize(
    ("kept", "verdict", "worth"),
    [
        ([], "normal", True),
        (["normal"], "normal", False),
        (["normal"], "slow", True),
        (["normal", "slow"], "slow", False),
        (["normal", "slow"], "not_displayed", True),
        (["slow", "normal"], "slow", True),
        (["normal", "inconclusive"] * (MOST_TIMES // 2), "normal", False),
        (["normal", "inconclusive"] * (MOST_TIMES // 2), "slow", True),
        (["normal", "slow"] * (MOST_TIMES // 2), "not_displayed", False),
    ],
)
def test_the_first_the_first_bad_and_each_changed_verdict_leave_evidence(
    kept: list[str], verdict: str, worth: bool
) -> None:
    assert worth_keeping(kept, verdict) is worth


@given(st.lists(VERDICTS, max_size=200))
def test_evidence_of_one_incident_is_bounded_and_has_its_first_bad_visit(verdicts: list[str]) -> None:
    kept: list[str] = []
    for verdict in verdicts:
        if worth_keeping(kept, verdict):
            kept.append(verdict)
    assert len(kept) <= MOST_TIMES + 1
    assert any(each in BAD for each in kept) == any(each in BAD for each in verdicts)
    assert not verdicts or kept[0] == verdicts[0]


def keep(incident: Incident, visit: Visit = GOOD, picture: bytes | None = None) -> list[Evidence]:
    probe = Probe.objects.create(site=incident.site, incident=incident, at=visit.at, url=visit.url, verdict="normal")
    return keep_evidence(incident, probe, visit, visit.at, picture)


@pytest.mark.django_db
def test_each_piece_is_a_file_of_the_customer_with_its_hash(people: People) -> None:
    incident = make_incident(people.a, probes=0)
    rows = keep(incident, picture=PNG)
    assert [row.kind for row in rows] == ["record", "headers", "body", "screenshot"]
    for row in rows:
        content = files.path_of(people.a.customer, row.stored_name).read_bytes()
        assert (row.size_bytes, row.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert content_of(row) == content
    assert list(evidence_of(incident)) == rows
    assert content_of(rows[3]) == PNG
    assert rows[2].content_type.startswith("text/plain")
    assert all(row.name.isascii() for row in rows)
    assert (verdicts_kept(incident), pictured(incident)) == (["normal"], "normal")
    assert keep(incident) == []
    assert keep(incident, picture=PNG) == []


@pytest.mark.django_db
def test_a_picture_that_comes_late_joins_what_was_kept_last(people: People) -> None:
    incident = make_incident(people.a, probes=0)
    assert keep(make_incident(people.b, probes=0), picture=b"none")[0].kind == EvidenceKind.RECORD
    first = keep(incident)
    (late,) = keep(incident, replace(GOOD, at=START + timedelta(minutes=1)), PNG)
    assert (late.kind, late.probe, content_of(late)) == ("screenshot", first[0].probe, PNG)
    assert keep(incident, picture=PNG) == []


@pytest.mark.django_db
@pytest.mark.parametrize("picture", [None, b"", b"<svg>", PNG + b"x" * (4 << 20)])
def test_a_picture_that_is_none_is_left_out(people: People, picture: bytes | None) -> None:
    kinds = [row.kind for row in keep(make_incident(people.a, probes=0), replace(GOOD, headers=(), head=b""), picture)]
    assert kinds == [EvidenceKind.RECORD]


@pytest.mark.django_db
def test_evidence_that_was_touched_or_lost_is_not_handed_out(people: People) -> None:
    record, headers, *_ = keep(make_incident(people.a, probes=0))
    files.path_of(people.a.customer, record.stored_name).write_bytes(b"changed")
    files.remove(people.a.customer, headers.stored_name)
    for row in (record, headers):
        with pytest.raises(EvidenceGone):
            content_of(row)


def test_headers_cannot_forge_a_line_or_colour_a_screen() -> None:
    lines = headers_text(GOOD).splitlines()
    assert lines[2:] == ["X-CDN: Imperva", r"X-Odd: a\x1b[31m\r\nb"]


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_its_words_in_the_record(trouble: Trouble) -> None:
    told = json.loads(record_text([replace(GOOD, trouble=trouble)], done=None, conclusion=None, at=START))
    assert told["試行"][0]["結果"]
    assert told["試行"][0]["応答元"] == "WAF 経由"


@pytest.mark.django_db
class TestInTheRoom:
    def test_an_incident_keeps_its_first_visit_and_each_change_and_not_every_minute(
        self, people: People, log_store: LogStore
    ) -> None:
        post = Post(log_store)
        people.a.sites.update(origin_address="192.0.2.80")
        post.ddos(people.a)
        post.search()
        for state in (None, None, dead, dead, None):
            if state:
                post.pages.states[url_of(people.a)] = state
            else:
                post.pages.states.pop(url_of(people.a), None)
            post.round(seconds=61)
        incident = Incident.objects.get()
        assert verdicts_kept(incident) == ["normal", "not_displayed", "normal"]
        records = [json.loads(content_of(row)) for row in evidence_of(incident) if row.kind == "record"]
        assert [record["判定"] for record in records] == ["正常", "表示できない", "正常"]
        assert "30 秒以内" in records[1]["内容"]
        assert [visit["経路"] for visit in records[0]["ほかの経路・地点での確認"]] == ["オリジン直接"]
        assert Probe.objects.filter(path="origin", incident=incident).count() == 5

    def test_a_visit_at_a_quiet_time_leaves_none_but_for_the_incident_that_it_opens(
        self, people: People, log_store: LogStore
    ) -> None:
        post = Post(log_store)
        watch_site(people.a)
        post.watch()
        assert not Evidence.objects.exists()
        post.pages.states[url_of(people.a)] = dead
        post.clock.pass_time(minutes=6)
        post.watch()
        assert verdicts_kept(Incident.objects.get()) == ["not_displayed"]


class Browser:
    """A browser that shows a picture, or does not work."""

    def __init__(self, works: bool = True) -> None:
        self.looked = 0
        self.works = works

    def __call__(
        self, target: Target, *, limits: Limits, at: datetime, seconds: float | None = None, **_: object
    ) -> Sight:
        self.looked += 1
        if not self.works:
            raise NotVisited("ブラウザーを起動できませんでした。")
        return Sight(Visit(at=at, url=target.url, status=200, total_ms=900, path="browser"), PNG)


@pytest.mark.django_db
@pytest.mark.parametrize("works", [True, False])
def test_pictures_are_taken_for_what_is_kept_only(people: People, log_store: LogStore, works: bool) -> None:
    browser = Browser(works)

    class WithBrowser(Post):
        @property
        def world(self):  # type: ignore[no-untyped-def]
            return replace(super().world, browser=browser)

    post = WithBrowser(log_store)
    post.ddos(people.a)
    post.search()
    for minute in range(4):
        if minute == 2:
            post.pages.states[url_of(people.a)] = dead
        post.round(seconds=61)
    kinds = [row.kind for row in evidence_of(Incident.objects.get())]
    assert kinds.count("screenshot") == (2 if works else 0)
    assert browser.looked == (2 if works else browser.looked)
    notes = json.loads(content_of(evidence_of(Incident.objects.get())[0]))["備考"]
    assert notes == ([] if works else ["ブラウザーを起動できませんでした。"])


@pytest.mark.django_db
def test_at_quiet_times_the_beginning_is_read_and_on_a_signal_the_whole_and_the_origin(
    people: People, log_store: LogStore
) -> None:
    """What the duties ask for, as the visit gets it."""
    asked: list[Target] = []

    class Noting(Pages):
        def __call__(self, target: Target, *, limits: Limits, at: datetime) -> Visit:
            asked.append(target)
            return super().__call__(target, limits=limits, at=at)

    people.a.sites.update(origin_address="192.0.2.80", expected_text="店")
    post = Post(log_store, pages=Noting())
    watch_site(people.a)
    post.watch()
    assert [(each.whole, each.connect_to, each.expected_text) for each in asked] == [(False, "", "店")]
    asked.clear()
    post.ddos(people.a)
    post.search()
    post.probe()
    assert sorted((each.whole, each.connect_to) for each in asked) == [(True, ""), (True, ""), (True, "192.0.2.80")]
