"""The deletion: everything of one customer goes, in every room and store, and nothing of anybody else."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axes.models import AccessAttempt, AccessLog
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import IntegrityError, connection, models
from django.test import Client
from django.urls import reverse

from sakimori.accounts.models import User
from sakimori.closing import deletion, outside
from sakimori.closing.belongings import keys_of, paths_to
from sakimori.closing.models import Closing, DeletionProof
from sakimori.closing.outside import Places
from sakimori.customers import audit, files
from sakimori.customers.models import AuditEntry, AuditHead, Contact, Contract, Customer, Member, Site
from sakimori.lib.jst import start_of_day
from sakimori.logs.fields import Event
from sakimori.logs.models import LogFile
from sakimori.logs.store.interface import StoreUnavailable
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, CallRound, Delivery, Message, ReceivedMail, Severity
from sakimori.tickets.models import Note, Ticket
from tests.closing.conftest import AFTER, DELETES_ON, World
from tests.closing.rows import fill, snapshot
from tests.people import NOW, PASSWORD, make_block, make_file, make_ticket

GROWS = {AuditEntry, AuditHead, DeletionProof}


def test_every_row_that_leads_to_the_customer_goes_and_no_other_changes(world: World) -> None:
    """A room that is added later is covered: rows are made for every model there is."""
    a, b = world.people.a, world.people.b
    world.cancel()
    made = fill(a, world.people.alice)
    fill(b, world.people.charlie)
    doomed = keys_of(a.customer)
    assert set(made) - {User} <= set(doomed), "a row of every model is there to be deleted"
    before = snapshot()
    assert world.delete() == 1
    after = snapshot()
    left = {model.__name__: keys & after[model].keys() for model, keys in doomed.items() if keys & after[model].keys()}
    assert left == {}
    gone_users = {world.people.alice.pk, world.people.bob.pk}
    for model, rows in before.items():
        if model in GROWS:
            continue
        expected = {key: row for key, row in rows.items() if key not in doomed.get(model, ())}
        if model is User:
            expected = {key: row for key, row in rows.items() if key not in gone_users}
        assert after[model] == expected, model.__name__
    connection.check_constraints()


def test_no_text_anywhere_names_the_customer_any_more(world: World) -> None:
    world.cancel()
    fill(world.people.a, world.people.alice)
    raise_alarm(key="k", severity=Severity.HIGH, sentence="株式会社さくら商店（契約 K-A-001）のログ。", now=NOW)
    world.delete()
    proof = {DeletionProof: {"K-A-001", "C-A"}, AuditEntry: {"C-A"}}
    for model, rows in snapshot().items():
        text = json.dumps(list(rows.values()), ensure_ascii=True)
        for words in ("株式会社さくら商店", "K-A-001", "C-A", "alice", "佐藤"):
            hidden = json.dumps(json.dumps(words))[3:-3].replace("\\\\", "\\")
            if words not in proof.get(model, ()) and model is not AuditEntry:
                assert words not in text, (model, words)
                assert hidden not in text, (model, words)


def test_what_lies_outside_the_database_goes_and_others_stay(world: World) -> None:
    a, b = world.people.a, world.people.b
    kept = world.spool.path(LogFile.objects.get(contract=b).spool_name)
    gone = world.spool.path(LogFile.objects.get(contract=a).spool_name)
    world.cancel()
    world.delete()
    assert (world.store_rows(a), world.store_rows(b)) == (0, 2)
    assert (gone.exists(), kept.exists()) == (False, True)
    assert (files.count(a.customer), files.count(b.customer)) == (0, 1)


def test_lines_that_still_lie_at_a_door_are_counted_and_go(world: World) -> None:
    """A process that received lines was killed and never started again."""
    a, b = world.people.a.pk, world.people.b.pk
    for door in ("hec", "syslog"):
        (world.drop.parent / door).mkdir()
        for name in (f"{a}-00.open", f"{a}-01.ready", f"{b}-02.open", f"{a}{b}-03.ready"):
            (world.drop.parent / door / name).write_bytes(b"line")
    world.cancel()
    assert world.delete() == 1
    assert DeletionProof.objects.get().spool_files == 5
    left = sorted(path.name for path in (world.drop.parent / "hec").iterdir())
    assert left == sorted([f"{b}-02.open", f"{a}{b}-03.ready"])


def test_rows_that_wait_in_the_store_are_counted_and_go(world: World) -> None:
    """A process was killed while it stored a file: its rows are in no table that a search sees."""

    def killed() -> Iterator[tuple[int, Event]]:
        yield from ((number, Event(time=NOW)) for number in range(20_000))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.store.append(killed(), contract_id=world.people.a.pk, file_id=99)
    world.cancel()
    world.delete()
    assert DeletionProof.objects.get().store_rows == 20_002
    assert world.store.count_contract(world.people.a.pk) == 0


def test_the_proof_has_the_numbers_and_names_nobody(world: World) -> None:
    world.people.a.sites.all()
    Contact.objects.create(customer=world.people.a.customer, name="桜井", email="x@example.jp", priority=1)
    make_ticket(world.people.a, blocks=[make_block(world.people.a)])
    world.cancel()
    world.delete()
    proof = DeletionProof.objects.get()
    assert (proof.contract_number, proof.customer_number, proof.customer_too) == ("K-A-001", "C-A", True)
    assert (proof.entered_by, proof.approved_by, proof.finished_at) == ("dana", "manager", AFTER)
    assert (proof.store_rows, proof.spool_files, proof.files, proof.left_on_list, proof.residue) == (2, 1, 1, 1, 0)
    counts = {entry["label"]: entry["rows"] for entry in proof.rows}
    assert {"お客様": 1, "契約": 1, "連絡先": 1, "チケット": 1, "遮断": 1}.items() <= counts.items()
    assert counts["利用者"] == 4, "two members and their two logins"
    assert proof.total_rows == sum(counts.values())
    assert "桜井" not in json.dumps(proof.rows, ensure_ascii=False)


def test_the_record_still_verifies_and_its_details_open_no_more(world: World) -> None:
    world.cancel()
    customer = world.people.a.customer
    world.delete()
    entries = list(AuditEntry.objects.order_by("pk"))
    assert audit.first_broken(entries) is None
    assert [entry.action for entry in entries][-1] == "contract.delete"
    assert DeletionProof.objects.get().record == entries[-1].digest
    assert any(entry.sealed_details for entry in entries if entry.customer_number == "C-A")
    assert not Customer.objects.filter(number=customer.number).exists(), "his key is gone with his row"


def test_the_data_is_there_until_the_end_of_the_day(world: World) -> None:
    world.cancel()
    world.clock.now = AFTER - timedelta(milliseconds=1)
    assert world.delete() == 0
    assert world.store_rows(world.people.a) == 2
    world.clock.now = AFTER
    assert world.delete() == 1
    assert world.delete() == 0


def test_without_an_approval_nothing_goes(world: World) -> None:
    world.cancel(approved=False)
    assert world.delete() == 0
    assert Contract.objects.count() == 2


def test_logins_sessions_and_traces_at_the_door_go(world: World, client: Client) -> None:
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    other = Client()
    other.force_login(world.people.charlie)
    stranger = Client()
    stranger.post(reverse("account_login"), {"login": "bob", "password": "wrong"})
    assert Session.objects.count() == 2
    assert AccessAttempt.objects.filter(username="bob").exists()
    cache.set("k", "v")
    world.cancel()
    world.delete()
    assert set(User.objects.values_list("username", flat=True)) == {"charlie", "dana", "manager"}
    assert Session.objects.count() == 1
    assert not AccessAttempt.objects.exists()
    assert not AccessLog.objects.filter(username="alice").exists()
    assert cache.get("k") is None
    assert client.get(reverse("portal:tickets")).status_code == 302
    assert other.get(reverse("portal:tickets")).status_code == 200


def test_somebody_who_belongs_to_another_customer_too_stays(world: World) -> None:
    Member.objects.create(customer=world.people.b.customer, user=world.people.alice)
    world.cancel()
    world.delete()
    assert User.objects.filter(username="alice").exists()
    assert not User.objects.filter(username="bob").exists()


def test_a_row_of_another_customer_that_names_a_user_forgets_him(world: World) -> None:
    ticket = make_ticket(world.people.b)
    Note.objects.filter(ticket=ticket).update(by=world.people.alice)
    world.cancel()
    world.delete()
    assert Note.objects.get(ticket=ticket).by is None
    assert not User.objects.filter(pk=world.people.alice.pk).exists()


def test_a_row_that_must_name_somebody_names_him_no_more(world: World) -> None:
    """Such as a cancellation that he entered while he was at the SOC."""
    Closing.objects.create(contract=world.people.b, entered_at=NOW, entered_by=world.people.alice)
    world.cancel()
    world.delete()
    left = User.objects.get(pk=world.people.alice.pk)
    assert (left.username, left.shown_name, left.is_active) == (f"deleted-{left.pk}", f"deleted-{left.pk}", False)
    assert not left.has_usable_password()


def test_alarms_mails_and_calls_of_the_soc_about_him_go(world: World) -> None:
    other = Customer.objects.create(number="C-X", name="株式会社さくら商店ホールディングス", created_at=NOW)
    texts = (
        "株式会社さくら商店（契約 K-A-001）のログ。",
        "株式会社さくら商店ホールディングス のログ。",
        "契約 K-A-0012 のログ。",
    )
    Contract.objects.create(customer=other, number="K-A-0012", starts_on=NOW.date())
    for number, text in enumerate(texts):
        raise_alarm(key=f"k{number}", severity=Severity.HIGH, sentence=text, now=NOW)
        mail = Message.objects.create(key=f"m{number}", subject="アラーム", body=text, written_at=NOW)
        Delivery.objects.create(
            message=mail, name="x", address="soc@example.jp", mail_id=f"<{number}>", next_try_at=NOW
        )
        CallRound.objects.create(key=f"r{number}", subject="アラーム", say=text, started_at=NOW, next_try_at=NOW)
    world.cancel()
    world.delete()
    assert set(Alarm.objects.values_list("key", flat=True)) == {"k1", "k2"}
    assert set(Message.objects.values_list("key", flat=True)) == {"m1", "m2"}
    assert set(CallRound.objects.values_list("key", flat=True)) == {"r1", "r2"}
    assert Delivery.objects.count() == 2


def test_received_mails_that_speak_of_him_go_even_if_nobody_said_whose_they_are(world: World) -> None:
    for number, text in enumerate(("Attack on shop-a.example.jp ended.", "Attack on shop-b.example.jp ended.", "")):
        ReceivedMail.objects.create(box="vendor", digest=f"{number}", raw=b"x", text=text, received_at=NOW)
    ReceivedMail.objects.create(
        box="bounces", digest="c", raw=b"x", received_at=NOW, customer=world.people.a.customer, text="returned"
    )
    world.cancel()
    world.delete()
    assert set(ReceivedMail.objects.values_list("digest", flat=True)) == {"1", "2"}


def test_rows_of_the_soc_that_name_only_a_site_or_a_mail_address_go_too(world: World) -> None:
    """Such as an alarm about a call whose subject is the site."""
    a, b = world.people.a, world.people.b
    Site.objects.create(contract=b, domain="www.shop-a.example.jp", vendor_site_id=77)
    Contact.objects.create(customer=a.customer, name="桜井", email="sakura@example.jp", priority=1)
    for customer in (a.customer, b.customer):
        Contact.objects.create(customer=customer, name="共通", email="both@example.jp", priority=2)
    for key, sentence in (
        ("site", "電話で連絡できません。（DDoS 攻撃（shop-a.example.jp））"),
        ("mail-refused:sakura@example.jp", "旧社名の連絡先宛のメールが拒否されました。"),
        ("longer", "DDoS 攻撃（www.shop-a.example.jp）"),
        ("mail-refused:both@example.jp", "拒否されました。"),
    ):
        raise_alarm(key=key, severity=Severity.HIGH, sentence=sentence, now=NOW)
    world.cancel()
    world.delete()
    assert set(Alarm.objects.values_list("key", flat=True)) == {"longer", "mail-refused:both@example.jp"}


class TestAnotherContractOfTheSameCustomer:
    """Then only the contract goes; the customer, his people, contacts and key stay."""

    @pytest.fixture
    def second(self, world: World) -> Contract:
        contract = Contract.objects.create(customer=world.people.a.customer, number="K-A-002", starts_on=NOW.date())
        world.put(contract, make_file(contract))
        return contract

    def test_only_its_rows_go(self, world: World, second: Contract) -> None:
        make_ticket(world.people.a)
        kept = make_ticket(second, "T-0002")
        world.cancel()
        assert world.delete() == 1
        assert Contract.objects.filter(pk=second.pk).exists()
        assert list(Ticket.objects.all()) == [kept]
        assert User.objects.filter(username="alice").exists()
        assert (world.store_rows(world.people.a), world.store_rows(second)) == (0, 2)
        assert not DeletionProof.objects.get().customer_too

    def test_only_its_files_go(self, world: World, second: Contract) -> None:
        world.cancel()
        made = fill(world.people.a, world.people.alice)
        names = {}
        for model, row in made.items():
            if hasattr(row, "stored_name"):
                names[model] = files.keep(world.people.a.customer, b"of the ticket")
                models.QuerySet(model).filter(pk=row.pk).update(stored_name=names[model])
        assert names
        before = files.count(world.people.a.customer)
        assert world.delete() == 1
        assert DeletionProof.objects.get().files == len(names)
        assert files.count(world.people.a.customer) == before - len(names)

    def test_the_last_one_takes_the_customer_along(self, world: World, second: Contract) -> None:
        world.cancel()
        world.cancel(second)
        assert world.delete() == 2
        assert [proof.customer_too for proof in DeletionProof.objects.order_by("pk")] == [False, True]
        assert not Customer.objects.filter(number="C-A").exists()


class TestKilledAndBegunAgain:
    """Whatever was done, the next try does the rest, and the proof has the numbers of all of it."""

    @pytest.mark.parametrize("place", ["forget", "look again", "rows", "proof"])
    def test_at_any_place(self, world: World, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
        world.cancel()
        with monkeypatch.context() as patch:
            self._break(place, patch)
            with pytest.raises(KeyboardInterrupt):
                world.delete()
        assert Contract.objects.filter(pk=world.people.a.pk).exists()
        assert not DeletionProof.objects.exists()
        world.clock.pass_time(hours=1)
        assert world.delete() == 1
        proof = DeletionProof.objects.get()
        assert (proof.store_rows, proof.spool_files, proof.dropped_files, proof.files) == (2, 1, 1, 1)
        assert (proof.began_at, proof.finished_at) == (AFTER, world.clock.now)

    def _break(self, place: str, patch: pytest.MonkeyPatch) -> None:
        def killed(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        def half(contract: Contract, keys: object, *, places: Places, **_: object) -> None:
            places.store.forget_contract(contract.pk)
            raise KeyboardInterrupt

        where: dict[str, tuple[object, str, Callable[..., None]]] = {
            "forget": (outside, "forget", half),
            "look again": (deletion, "_make_deletions_final", killed),
            "rows": (deletion.people, "forget", killed),
            "proof": (deletion, "_look_again", killed),
        }
        patch.setattr(*where[place])

    def test_a_store_that_is_down_is_an_alarm_and_tried_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(_: int) -> None:
            raise StoreUnavailable("down")

        world.cancel()
        with monkeypatch.context() as patch:
            patch.setattr(world.store, "forget_contract", down)
            assert world.delete() == 0
        assert "データ削除を完了できません" in Alarm.objects.get().sentence
        assert Contract.objects.filter(pk=world.people.a.pk).exists()
        assert world.delete() == 1
        assert not Alarm.objects.exists(), "the alarm names the customer"

    def test_what_cannot_be_removed_is_no_success(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        world.cancel()
        with monkeypatch.context() as patch:
            patch.setattr(files, "forget", lambda _: 0)
            assert world.delete() == 0
        assert Customer.objects.filter(number="C-A").exists()
        assert Alarm.objects.get().key == f"closing-failed:{world.people.a.pk}"

    def test_one_that_fails_stops_no_other(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        world.cancel()
        world.cancel(world.people.b)
        real = outside.forget

        def broken(contract: Contract, *args: object, **kwargs: object) -> None:
            if contract == world.people.a:
                raise OSError("disk")
            real(contract, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(outside, "forget", broken)
        assert world.delete() == 1
        assert list(Contract.objects.all()) == [world.people.a]


class TestOthersAtWork:
    """Nobody may be storing, sending or writing for the contract while it is deleted."""

    def test_it_waits_while_a_row_is_claimed(self, world: World) -> None:
        world.cancel()
        file = LogFile.objects.get(contract=world.people.a)
        LogFile.objects.filter(pk=file.pk).update(claimed_by="host:1", claimed_until=AFTER + timedelta(minutes=5))
        assert world.delete() == 0
        assert world.store_rows(world.people.a) == 2
        world.clock.pass_time(minutes=6)
        assert world.delete() == 1

    def test_it_claims_what_workers_might_take(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []

        def look(*_: object, **__: object) -> None:
            seen.extend(LogFile.objects.filter(contract=world.people.a).values_list("claimed_by", flat=True))
            raise OSError

        world.cancel()
        monkeypatch.setattr(outside, "forget", look)
        world.delete()
        assert seen == ["host:closing:1"]

    def test_a_cancellation_that_is_withdrawn_at_the_last_moment_is_respected(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closing = world.cancel()
        real = outside.look

        def look(*args: object, **kwargs: object) -> outside.Outside:
            Closing.objects.filter(pk=closing.pk).update(approved_at=None)
            return real(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(outside, "look", look)
        assert world.delete() == 0
        assert world.store_rows(world.people.a) == 2

    def test_what_a_duty_writes_meanwhile_goes_too(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def write() -> None:
            make_ticket(world.people.a, blocks=[make_block(world.people.a)])

        world.cancel()
        monkeypatch.setattr(deletion, "_make_deletions_final", write)
        assert world.delete() == 1
        assert not Ticket.objects.exists()
        connection.check_constraints()

    def test_what_a_duty_writes_afterwards_fails(self, world: World) -> None:
        contract = world.people.a
        world.cancel()
        world.delete()
        late = make_ticket(contract)
        with pytest.raises(IntegrityError):
            connection.check_constraints()
        late.notes.all().delete()
        late.delete()

    def test_a_contract_that_comes_at_the_last_moment_keeps_its_customer(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def come() -> None:
            Contract.objects.create(customer=world.people.a.customer, number="K-A-003", starts_on=NOW.date())

        world.cancel()
        with monkeypatch.context() as patch:
            patch.setattr(deletion, "_make_deletions_final", come)
            assert world.delete() == 0
        assert Customer.objects.filter(number="C-A").exists()
        assert world.delete() == 1
        assert Customer.objects.filter(number="C-A").exists()


def test_every_model_is_either_the_customers_or_known_to_be_nobodys() -> None:
    """Whoever adds a model without a foreign key to a customer or contract says here why it holds none of his data."""
    owned = set(paths_to(Customer))
    ours = {model for model in apps.get_models() if model.__module__.startswith("sakimori.")}
    nobodys = {model.__name__ for model in ours - owned}
    assert nobodys <= {
        "User",  # Goes by `people`, unless he belongs to somebody else.
        "AuditEntry",  # Sealed with the customer's key, which goes.
        "AuditHead",
        "Alarm",  # Goes by `mentions`.
        "DutyShift",
        "InboxMark",  # How far our own inboxes are read.
        "Heartbeat",
        "DeletionProof",  # Numbers only.
        "Advisory",  # Security news, the same for all customers.
        "Stop",  # When nothing was put on any list, of all customers.
        "Hold",  # That many sites were bad at once, of all customers.
        "SummedHour",  # A mark of an hour.
        "MailPattern",  # How the vendor's mails are understood, the same for all customers.
        "PatternVersion",
        "RefusedSender",  # Who knocked in vain, of nobody knows whom; forgotten after seven days.
    }


def test_the_day_is_the_last_of_the_month_after(world: World) -> None:
    closing = world.cancel()
    assert closing.contract.deletes_on == DELETES_ON
    assert start_of_day(DELETES_ON + timedelta(days=1)) == AFTER
    assert Path(world.spool.path("x")).name == "x"
