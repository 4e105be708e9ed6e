"""Downloads of the log: who gets what, at once or as a bundle, what is refused and why, and what is recorded."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.accounts.models import User
from sakimori.customers.models import AuditEntry, Contract
from sakimori.lib.jst import JST, utc_now
from sakimori.logs import search
from sakimori.logs.exports import actions, pages
from sakimori.logs.exports.bundle import look_through
from sakimori.logs.exports.duties import House, make_due
from sakimori.logs.fields import Event
from sakimori.logs.models import Export, ExportState
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from tests.people import People

SECRET = "もみじ堂の行"


@pytest.fixture
def store(
    log_store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> LogStore:
    """Customer A has the option; two events lie in the store for A, one for B."""
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    settings.CONFIG = replace(settings.CONFIG, data=tmp_path)
    Contract.objects.filter(pk=people.a.pk).update(keeps_logs=True)
    at = utc_now() - timedelta(minutes=5)
    mine = [(n, Event(time=at, request_id=f"a{n}", site="=cmd|x", line=f"CEF:0|原文{n}")) for n in (1, 2)]
    log_store.append(mine, contract_id=people.a.pk, file_id=1)
    log_store.append([(1, Event(time=at, request_id="b", line=SECRET))], contract_id=people.b.pk, file_id=2)
    return log_store


def form(contract: Contract, *, hours: float = 1, **fields: str) -> dict[str, str]:
    begins = (utc_now() - timedelta(hours=hours)).astimezone(JST)
    ends = (utc_now() + timedelta(minutes=1)).astimezone(JST)
    query = f"begins={begins:%Y-%m-%dT%H:%M}&ends={ends:%Y-%m-%dT%H:%M}"
    return {"contract": contract.number, "form": "csv", "query": query, **fields}


def post(client: Client, fields: dict[str, str], face: str = "portal") -> Any:
    return client.post(reverse(f"{face}:log-download"), fields)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def text_of(answer: Any) -> str:
    return body(answer).decode()


def fetched(client: Client, export: Export, face: str = "portal") -> int:
    """The status of an answer to fetching it; a file is read to its end, which closes it."""
    answer: Any = client.get(reverse(f"{face}:log-export", args=[export.pk]))
    if answer.streaming:
        body(answer)
    return int(answer.status_code)


def make(store: LogStore) -> None:
    while make_due(House(store=store, worker="one", service="見本", log_days=75, clock=utc_now)):
        pass


def actions_of(person: User) -> list[str]:
    rows = AuditEntry.objects.filter(actor=person.username, action__startswith="logs.").order_by("pk")
    return list(rows.values_list("action", flat=True))


def test_a_small_one_comes_at_once(store: LogStore, people: People, client: Client) -> None:
    client.force_login(people.alice)
    answer = post(client, form(people.a))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="K-A-001_2')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    text = text_of(answer)
    assert text.startswith('\ufeff"受信ファイル番号"')
    assert text.count("\r\n") == 3
    assert '"\'=cmd|x"' in text
    assert SECRET not in text
    assert actions_of(people.alice) == ["logs.download"]
    lines = post(client, form(people.a, form="lines"))
    assert (lines.headers["Content-Type"], text_of(lines)) == (
        "text/plain; charset=utf-8",
        "CEF:0|原文1\nCEF:0|原文2\n",
    )


@pytest.mark.parametrize("way", ["asked", "large"])
def test_a_bundle_is_made_meanwhile_and_fetched(
    way: str, store: LogStore, people: People, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(people.alice)
    if way == "large":
        monkeypatch.setattr(pages, "AT_ONCE", 1)
    answer = client.post(
        reverse("portal:log-download"), form(people.a, **({"bundle": "1"} if way == "asked" else {})), follow=True
    )
    text = answer.content.decode()
    assert "作成を受け付けました" in text
    assert "順番待ち" in text
    assert 'hx-trigger="every 3s"' in text
    assert '<noscript><meta http-equiv="refresh"' in text
    export = Export.objects.get()
    fetching = reverse("portal:log-export", args=[export.pk])
    assert client.get(fetching).status_code == 404
    asking = f"{reverse('portal:log-exports-progress')}?moving={export.pk}"
    assert f'hx-get="{asking}' in text
    under_way = client.get(asking).content.decode()
    assert "順番待ち" in under_way
    assert f'hx-get="{asking}' in under_way
    assert "<button" not in under_way, "what has not changed stays, with the focus on it"
    make(store)
    made = client.get(asking).content.decode()
    assert "ZIP をダウンロード" in made
    assert "作成中のダウンロードはありません" in made
    assert "hx-get" not in made
    text = client.get(reverse("portal:log-exports")).content.decode()
    assert "ZIP をダウンロード" in text
    assert "hx-trigger" not in text
    answer = client.get(fetching)
    content = body(answer)
    assert answer.headers["Content-Type"] == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert zipfile.ZipFile(io.BytesIO(content)).namelist()[0] == "logs-0001.csv"
    assert actions_of(people.alice) == ["logs.export", "logs.download"]


def test_a_fetched_bundle_verifies(store: LogStore, people: People, client: Client, tmp_path: Path) -> None:
    client.force_login(people.alice)
    post(client, form(people.a, bundle="1", form="lines"))
    make(store)
    path = tmp_path / "fetched.zip"
    path.write_bytes(body(client.get(reverse("portal:log-export", args=[Export.objects.get().pk]))))
    found = look_through(path)
    assert found.troubles == []
    assert found.excerpt is not None
    assert (found.excerpt.lines, found.excerpt.unlinked) == (2, 2)
    assert SECRET.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"query": "begins=x"}, "条件を読み取れません"),
        ({"query": ""}, "条件を読み取れません"),
        ({"form": "exe"}, "条件を読み取れません"),
        ({"query": "begins=2020-01-01T00:00&ends=2020-01-02T00:00"}, "この期間のログは保管されていません"),
        ({"query": "begins=2098-01-01T00:00&ends=2099-01-02T00:00"}, "条件に合うログはありません"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    fields: dict[str, str], sentence: str, store: LogStore, people: People, client: Client
) -> None:
    client.force_login(people.alice)
    answer = client.post(reverse("portal:log-download"), form(people.a, **fields), follow=True)
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert answer.redirect_chain[0][0].startswith(reverse("portal:logs"))
    assert not Export.objects.exists()
    assert actions_of(people.alice) == []


def test_days_before_what_is_kept_are_left_out(store: LogStore, people: People, client: Client) -> None:
    store.append([(1, Event(time=utc_now() - timedelta(days=99)))], contract_id=people.a.pk, file_id=9)
    client.force_login(people.alice)
    assert text_of(post(client, form(people.a, hours=24 * 120))).count("\r\n") == 3


def test_a_store_that_fails_is_told_in_a_sentence(
    store: LogStore, people: People, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> int:
        raise StoreUnavailable("159")

    monkeypatch.setattr(search, "count", slow)
    client.force_login(people.alice)
    answer = client.post(reverse("portal:log-download"), form(people.a), follow=True)
    assert "検索を完了できませんでした" in answer.content.decode()


def test_after_the_end_of_the_contract_nothing_is_handed_over(store: LogStore, people: People, client: Client) -> None:
    client.force_login(people.alice)
    post(client, form(people.a, bundle="1"))
    make(store)
    Contract.objects.filter(pk=people.a.pk).update(ends_on=utc_now().astimezone(JST).date())
    fetching = reverse("portal:log-export", args=[Export.objects.get().pk])
    for answer in (
        client.post(reverse("portal:log-download"), form(people.a), follow=True),
        client.get(fetching, follow=True),
    ):
        assert "ご契約が終了しているため" in answer.content.decode()


def test_haste_is_slowed_down(store: LogStore, people: People, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MOST", 2)
    client.force_login(people.alice)
    assert [post(client, form(people.a)).status_code for _ in range(3)] == [200, 200, 429]
    client.force_login(people.bob)
    assert post(client, form(people.a)).status_code == 200


def test_what_was_asked_for_can_be_taken_back(store: LogStore, people: People, client: Client) -> None:
    client.force_login(people.alice)
    for _ in range(2):
        post(client, form(people.a, bundle="1"))
    first, second = Export.objects.order_by("pk")
    answer = client.post(reverse("portal:log-export-drop", args=[first.pk]), follow=True)
    assert "作成を中止しました" in answer.content.decode()
    make(store)
    answer = client.post(reverse("portal:log-export-drop", args=[second.pk]), follow=True)
    assert "ダウンロードを削除しました" in answer.content.decode()
    assert list(Export.objects.values_list("state", flat=True)) == [ExportState.CANCELLED]


def test_a_file_that_is_gone_does_not_exist(store: LogStore, people: People, client: Client) -> None:
    client.force_login(people.alice)
    post(client, form(people.a, bundle="1"))
    make(store)
    export = Export.objects.get()
    actions.remove_file(export)
    assert fetched(client, export) == 404
    assert actions_of(people.alice) == ["logs.export"]


class TestWhoMay:
    """A customer only his own; without the option nothing is there; the SOC everything, at its own desk."""

    @pytest.fixture
    def exports(self, store: LogStore, people: People, client: Client) -> tuple[Export, Export]:
        """A bundle of Alice's and one of the desk's, both of customer A."""
        for person, face in ((people.alice, "portal"), (people.dana, "console")):
            client.force_login(person)
            post(client, form(people.a, bundle="1"), face)
        make(store)
        first, second = Export.objects.order_by("pk")
        return first, second

    @pytest.mark.parametrize(("person", "status"), [("bob", 200), ("charlie", 404), ("dana", 403)])
    def test_at_the_portal(
        self, person: str, status: int, exports: tuple[Export, Export], people: People, client: Client
    ) -> None:
        mine, desks = exports
        client.force_login(getattr(people, person))
        assert post(client, form(people.a)).status_code == status
        assert fetched(client, mine) == status
        assert fetched(client, desks) == 404
        assert client.post(reverse("portal:log-export-drop", args=[desks.pk])).status_code == 404
        if status != 200:
            assert client.post(reverse("portal:log-export-drop", args=[mine.pk])).status_code == status
            assert Export.objects.count() == 2

    def test_the_list_at_the_portal(self, exports: tuple[Export, Export], people: People, client: Client) -> None:
        client.force_login(people.bob)
        text = client.get(reverse("portal:log-exports")).content.decode()
        assert "1 件）" in text
        assert "佐藤" in text
        assert "高橋" not in text
        client.force_login(people.charlie)
        assert client.get(reverse("portal:log-exports")).status_code == 404

    def test_progress_at_the_portal(self, exports: tuple[Export, Export], people: People, client: Client) -> None:
        """Of others' exports and of what is no number nothing is told."""
        mine, desks = exports
        asked = "&".join(f"moving={each}" for each in (mine.pk, desks.pk, "9" * 18, "9" * 30, "x", ""))
        asking = f"{reverse('portal:log-exports-progress')}?{asked}"
        client.force_login(people.bob)
        text = client.get(asking).content.decode()
        assert f'id="state-{mine.pk}"' in text
        assert text.count('id="state-') == 1
        client.force_login(people.charlie)
        assert client.get(asking).status_code == 404

    def test_at_the_desk(self, exports: tuple[Export, Export], people: People, client: Client) -> None:
        client.force_login(people.dana)
        text = client.get(reverse("console:log-exports")).content.decode()
        assert "2 件）" in text
        assert "株式会社さくら商店" in text
        for export in exports:
            assert fetched(client, export, "console") == 200
        assert SECRET in text_of(post(client, form(people.b, form="lines"), "console"))
        assert client.post(reverse("console:log-export-drop", args=[exports[0].pk])).status_code == 302
        assert actions_of(people.dana) == [
            "logs.export", "logs.download", "logs.download", "logs.download", "logs.export.drop"
        ]  # fmt: skip
        for person in (people.alice, people.charlie):
            client.force_login(person)
            assert client.get(reverse("console:log-exports")).status_code == 404
            assert post(client, form(people.b), "console").status_code == 404

    def test_the_search_page_offers_it(self, store: LogStore, people: People, client: Client) -> None:
        client.force_login(people.alice)
        text = client.get(reverse("portal:logs")).content.decode()
        assert "改ざん検知情報つきの ZIP を作成する" in text
        client.force_login(people.dana)
        assert "SOC コンソールのログ検索から" in client.get(reverse("portal:logs")).content.decode()
        text = client.get(f"{reverse('console:logs')}?contract=K-A-001").content.decode()
        assert f'action="{reverse("console:log-download")}"' in text
