"""The page ログの取り込み: one file of a contract, by the desk only, recorded, taken once."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.customers.models import AuditEntry, Contract
from sakimori.customers.secrets import open_details
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.spool import Spool
from tests.lines import cef, log_file
from tests.moments import START
from tests.people import NOW, People, make_file

CONTENT = log_file([cef("SQL Injection", "198.51.100.7", at=START)])


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spool:
    made = Spool(tmp_path / "spool")
    monkeypatch.setattr(backends, "spool", lambda: made)
    return made


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def page(contract: Contract) -> str:
    return reverse("console:log-import", args=[contract.pk])


def send(desk: Client, contract: Contract, content: bytes = CONTENT, name: str = "1001_7.log") -> str:
    file = SimpleUploadedFile(name, content)
    return desk.post(page(contract), {"file": file}, follow=True).content.decode()


def test_a_file_is_taken_for_the_contract_and_recorded(people: People, desk: Client, spool: Spool) -> None:
    text = send(desk, people.a)
    assert "「1001_7.log」を受け付けました。数秒後に取り込みます。" in text
    file = LogFile.objects.get()
    assert (file.contract, file.door, file.name, file.state) == (
        people.a,
        "import",
        "1001_7.log",
        LogFileState.RECEIVED,
    )
    assert spool.path(file.spool_name).read_bytes() == CONTENT
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.customer_number) == ("logs.import", "dana", "C-A")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details["first"] == "1001_7.log"


def test_the_same_file_is_taken_once(people: People, desk: Client, spool: Spool) -> None:
    send(desk, people.a)
    assert "同じ名前と内容で、すでに受け付けています" in send(desk, people.a)
    assert (LogFile.objects.count(), AuditEntry.objects.count()) == (1, 1)
    send(desk, people.b)
    assert set(LogFile.objects.values_list("contract", flat=True)) == {people.a.pk, people.b.pk}


def test_no_file_and_too_large_a_file_are_said_to_be_so(
    people: People, desk: Client, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "このフィールドは必須です" in send(desk, people.a, b"") or "空" in send(desk, people.a, b"")
    monkeypatch.setattr("sakimori.console.log_import._MIB", 1)
    text = send(desk, people.a, b"x" * (settings.CONFIG.upload_mib + 1))
    assert "MB を超えるファイルは、この画面では取り込めません" in text
    assert not LogFile.objects.exists()


def test_a_full_disk_is_said_to_be_so_and_leaves_nothing(
    people: People, desk: Client, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool, "put", full)
    assert "サーバーに保存できませんでした" in send(desk, people.a)
    assert (LogFile.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_contract_that_has_ended_takes_nothing(people: People, desk: Client, spool: Spool) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=NOW.date().replace(year=2020))
    assert "契約が解約日を迎えているため、取り込めません" in send(desk, people.a)
    assert not LogFile.objects.exists()


def test_what_became_of_the_files_is_shown(people: People, desk: Client, spool: Spool) -> None:
    make_file(
        people.a, door="import", name="\u202e1.log", lines=12, rows=9, quarantined_lines=1, unkept_lines=2, doubles=4
    )
    make_file(people.a, door="import", name="2.log", state=LogFileState.QUARANTINED, reason="途中で切れています。")
    make_file(people.a, door="pull", name="pulled.log")
    make_file(people.b, door="import", name="others.log")
    text = desk.get(page(people.a)).content.decode()
    for part in (
        "&lt;U+202E&gt;1.log",
        "12 行 ＝ 保存 9 ＋ 隔離 1 ＋ 保存対象外 2",
        ">4<",
        "途中で切れています。",
        "読み取れない行を見る",
        "―",
    ):
        assert part in text, part
    assert "pulled.log" not in text
    assert "others.log" not in text
    assert page(people.a) in desk.get(reverse("console:intake")).content.decode()


def test_only_the_desk_gets_in(people: People, client: Client, spool: Spool) -> None:
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        assert client.get(page(people.a)).status_code == 404
        answer = client.post(page(people.a), {"file": SimpleUploadedFile("1.log", CONTENT)})
        assert answer.status_code == 404
    client.force_login(people.dana)
    assert client.get(reverse("console:log-import", args=[999_999])).status_code == 404
    assert not LogFile.objects.exists()
