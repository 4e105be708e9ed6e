"""Nobody's odd file, odd key or unlucky moment stops storing for others, or holds files up for longer than it lasts."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import OperationalError

from sakimori.customers.models import Contract, LogKey
from sakimori.customers.secrets import add_log_key
from sakimori.lib.claims import claim_together, given_back_on_error, still_held
from sakimori.logs import ingest, ingest_together
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.receive.accept import accept
from sakimori.logs.unpack import UnpackedFile
from tests.lines import log_file
from tests.logs.conftest import log_store
from tests.logs.test_ingest import Intake, attacks, encrypted, intake, pem, way
from tests.moments import START
from tests.people import make_contract

__all__ = ["intake", "log_store", "way"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def other() -> Contract:
    return make_contract("有限会社もみじ堂", "B")


def take(intake: Intake, contract: Contract, body: bytes, *, name: str = "1.log") -> LogFile:
    return accept([body], contract=contract, door="pull", name=name, spool=intake.spool, now=intake.clock())


def states() -> dict[int, str]:
    return dict(LogFile.objects.values_list("pk", "state"))


@pytest.fixture
def broken_key(other: Contract) -> rsa.RSAPrivateKey:
    """A key of the other contract that was stored before keys were looked at."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    row = add_log_key(other, 1, pem(key))
    place = f"customers.log_key:{other.pk}:1"
    sealed = settings.FIELD_KEYRING.seal(b"no key at all", context=place)
    LogKey.objects.filter(pk=row.pk).update(sealed_private_pem=sealed)
    return key


@pytest.mark.usefixtures("way")
def test_a_key_that_is_none_stops_only_the_files_that_need_it(
    intake: Intake, other: Contract, broken_key: rsa.RSAPrivateKey
) -> None:
    sealed = take(intake, other, encrypted(log_file(attacks(1)), broken_key, key_id=1))
    plain = take(intake, other, log_file(attacks(2)), name="2.log")
    mine = intake.take(log_file(attacks(3)))
    assert intake.run() == 3
    assert states() == {sealed.pk: "quarantined", plain.pk: "stored", mine.pk: "stored"}
    sealed.refresh_from_db()
    assert sealed.reason == "登録されている秘密鍵を読み取れません。鍵を登録し直してください。"
    assert intake.spool.path(sealed.spool_name).exists()


@pytest.mark.parametrize("place", ["opening", "reading"])
@pytest.mark.usefixtures("way")
def test_an_error_that_nobody_thought_of_postpones_its_file_and_no_other(
    intake: Intake, other: Contract, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    odd = take(intake, other, log_file(attacks(1)))
    fine = [intake.take(log_file(attacks(2))) for _ in range(3)]
    break_reading_of(monkeypatch, intake, odd, place=place)
    for attempt in (1, 2, 3):
        intake.run()
        odd.refresh_from_db()
        assert (odd.state, odd.attempts, odd.claimed_by) == (LogFileState.STORING, attempt, "")
        intake.clock.now = odd.next_try_at
    assert {states()[file.pk] for file in fine} == {LogFileState.STORED}


def break_reading_of(monkeypatch: pytest.MonkeyPatch, intake: Intake, odd: LogFile, *, place: str) -> None:
    """One file meets a mistake of ours."""
    path = intake.spool.path(odd.spool_name)

    def open_or_break(source: object, **options: object) -> UnpackedFile:
        if source == path and place == "opening":
            raise KeyError("a mistake of ours")
        file = UnpackedFile(path.__class__(source).open("rb"), **options)  # type: ignore[arg-type]
        if source == path:
            monkeypatch.setattr(file, "blocks", breaking_blocks, raising=True)
        return file

    for module in (ingest, ingest_together):
        monkeypatch.setattr(module, "read_log_file", open_or_break)


def breaking_blocks() -> Iterator[bytes]:
    yield b"".join(attacks(1)) + b"\n"
    raise ZeroDivisionError("a mistake of ours")


def test_a_database_that_is_busy_for_a_moment_holds_nothing_up(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [intake.take(log_file(attacks(2))) for _ in range(3)]
    really, calls = ingest_together._finish, []

    def locked(*args: object, **named: object) -> None:
        calls.append(args)
        if len(calls) == 1:
            raise OperationalError("database is locked")
        really(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest_together, "_finish", locked)
    assert intake.run() == 3
    assert {states()[file.pk] for file in files} == {LogFileState.STORED}
    assert [intake.rows(file) for file in files] == [2, 2, 2]


@pytest.mark.parametrize("large", [True, False])
def test_what_was_claimed_is_free_at_once_after_an_error_of_the_database(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    files = [intake.take(log_file(attacks(2))) for _ in range(3)]
    if large:
        LogFile.objects.update(size_bytes=10**9)

    def locked(*_args: object, **_named: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        for module in (ingest, ingest_together):
            patched.setattr(module, "begin", locked)
        with pytest.raises(OperationalError):
            intake.run()
    assert set(LogFile.objects.values_list("claimed_by", "claimed_until")) == {("", None)}
    assert intake.run() == 3
    assert [intake.rows(file) for file in files] == [2, 2, 2]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("body", [log_file(attacks(2)), log_file(attacks(50))[:-20]], ids=["whole", "cut off"])
def test_who_has_lost_a_file_meanwhile_says_nothing_about_it(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    file = intake.take(body)
    really = ingest_together._store

    def lose() -> None:
        LogFile.objects.update(claimed_by="two")

    monkeypatch.setattr(ingest_together, "_store", lambda group, house: (lose(), really(group, house))[1])
    alone = ingest._store
    monkeypatch.setattr(ingest, "_store", lambda *args, **named: (lose(), alone(*args, **named))[1])
    intake.run()
    file.refresh_from_db()
    assert (file.state, file.claimed_by, file.stored_at) == (LogFileState.STORING, "two", None)
    assert file.claimed_until is not None


def give_back_after(error: BaseException | None, files: list[LogFile]) -> None:
    with given_back_on_error(LogFile.objects.all()) as held:
        held.extend(files)
        if error is not None:
            raise error


class TestGivingBack:
    """Claims after an error."""

    lease = timedelta(minutes=1)

    def claimed(self, intake: Intake) -> list[LogFile]:
        for _ in range(3):
            intake.take(b"%d" % intake.taken)
        return claim_together(LogFile.objects.order_by("pk"), worker="one", now=START, lease=self.lease)

    def test_only_claims_that_stand_are_given_back_and_only_after_an_error(self, intake: Intake) -> None:
        files = self.claimed(intake)
        rows = LogFile.objects.all()
        give_back_after(None, files)
        assert still_held(rows, files) == {file.pk for file in files}
        rows.filter(pk=files[0].pk).update(claimed_by="two")
        assert still_held(rows, files) == {file.pk for file in files[1:]}
        with pytest.raises(ZeroDivisionError):
            give_back_after(ZeroDivisionError(), files)
        assert list(rows.order_by("pk").values_list("claimed_by", flat=True)) == ["two", "", ""]

    def test_who_is_killed_gives_nothing_back(self, intake: Intake) -> None:
        files = self.claimed(intake)
        with pytest.raises(KeyboardInterrupt):
            give_back_after(KeyboardInterrupt(), files)
        assert still_held(LogFile.objects.all(), files) == {file.pk for file in files}

    @pytest.mark.parametrize(("busy", "free"), [(1, True), (2, False)])
    def test_a_busy_database_is_asked_twice(
        self, intake: Intake, monkeypatch: pytest.MonkeyPatch, busy: int, free: bool
    ) -> None:
        files, tries = self.claimed(intake), []
        queries = type(LogFile.objects.all())
        really = queries.update

        def update(rows: object, **columns: object) -> int:
            tries.append(columns)
            if len(tries) <= busy:
                raise OperationalError("database is locked")
            return int(really(rows, **columns))  # type: ignore[arg-type]

        monkeypatch.setattr(queries, "update", update)
        with pytest.raises(ZeroDivisionError):
            give_back_after(ZeroDivisionError(), files)
        assert len(tries) == 2
        assert still_held(LogFile.objects.all(), files) == (set() if free else {file.pk for file in files})
