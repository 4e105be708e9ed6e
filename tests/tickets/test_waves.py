"""Tickets: waves, mails that are true when they arrive, notes said once."""

import re
from datetime import timedelta
from ipaddress import IPv4Address

import pytest
from django.conf import settings

from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import AuditEntry, Contact, Contract, Site
from sakimori.notify.models import Message
from sakimori.tickets.actions import request_restore
from sakimori.tickets.duties import mail_blocks, mail_restores, open_tickets
from sakimori.tickets.models import Note, Ticket, TicketBlock, TicketState
from sakimori.tickets.opening import add_note
from tests.moments import Clock
from tests.people import NOW, People, make_block, make_file, make_finding, make_people

pytestmark = pytest.mark.django_db

WAVE = timedelta(minutes=15)


@pytest.fixture
def people() -> People:
    people = make_people()
    Contact.objects.create(customer=people.a.customer, name="桜井 花子", email="c1@example.jp", priority=1)
    return people


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def work(clock: Clock) -> int:
    return (
        open_tickets(wave=WAVE, now=clock())
        + mail_blocks(wave=WAVE, now=clock())
        + mail_restores(wave=WAVE, now=clock())
    )


def give_back(people: People, block: Block, clock: Clock) -> None:
    """The customer asks for it, and the vendor's list shows it gone."""
    request_restore(TicketBlock.objects.get(block=block), by=people.alice, reason="取引先", now=clock())
    Block.objects.filter(pk=block.pk).update(state=BlockState.RESTORED, restored_at=clock())


def test_blocks_of_one_wave_share_a_ticket_and_later_ones_do_not(people: People, clock: Clock) -> None:
    make_block(people.a, "203.0.113.1")
    work(clock)
    clock.pass_time(minutes=14)
    make_block(people.a, "203.0.113.2")
    work(clock)
    clock.pass_time(minutes=14)
    make_block(people.a, "203.0.113.3")
    work(clock)
    assert Ticket.objects.count() == 1
    clock.pass_time(minutes=16)
    make_block(people.a, "203.0.113.4")
    work(clock)
    assert Ticket.objects.count() == 2
    assert [ticket.number for ticket in Ticket.objects.order_by("pk")] == [
        f"WSP-{ticket.pk:06d}" for ticket in Ticket.objects.order_by("pk")
    ]


def test_customers_never_share_a_ticket(people: People, clock: Clock) -> None:
    make_block(people.a)
    make_block(people.b)
    work(clock)
    assert {ticket.contract for ticket in Ticket.objects.all()} == {people.a, people.b}
    for ticket in Ticket.objects.all():
        assert {entry.block.contract for entry in ticket.ticket_blocks.all()} == {ticket.contract}


def test_only_what_is_on_the_list_is_told(people: People, clock: Clock) -> None:
    for number, state in enumerate(
        (BlockState.APPROVED, BlockState.APPLYING, BlockState.RESTORING, BlockState.UNKNOWN)
    ):
        make_block(people.a, f"203.0.113.{number + 1}", state=state)
    assert work(clock) == 0
    assert not Message.objects.exists()


def test_working_again_says_nothing_again(people: People, clock: Clock) -> None:
    make_block(people.a)
    assert work(clock) == 2
    clock.pass_time(hours=1)
    assert work(clock) == 0
    assert (Message.objects.count(), Note.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(action="ticket.open").count() == 1


def test_an_address_that_is_off_the_list_again_is_not_announced_as_blocked(people: People, clock: Clock) -> None:
    """Within the wave the mail about it waits; meanwhile the customer takes the address back."""
    make_block(people.a, "203.0.113.1")
    work(clock)
    late = make_block(people.a, "203.0.113.2")
    work(clock)
    give_back(people, late, clock)
    work(clock)
    clock.pass_time(minutes=20)
    work(clock)
    mails = list(Message.objects.order_by("pk").values_list("subject", "body"))
    assert len(mails) == 2
    assert "203[.]0[.]113[.]1" in mails[0][1]
    assert "の設定を戻しました" in mails[1][0]
    assert "203[.]0[.]113[.]2" in mails[1][1]


def test_a_ticket_is_done_when_every_address_is_back_and_open_again_with_a_new_one(
    people: People, clock: Clock
) -> None:
    blocks = [make_block(people.a, f"203.0.113.{last}") for last in (1, 2)]
    work(clock)
    give_back(people, blocks[0], clock)
    work(clock)
    assert Ticket.objects.get().state == TicketState.OPEN
    give_back(people, blocks[1], clock)
    work(clock)
    assert Ticket.objects.get().state == TicketState.DONE
    make_block(people.a, "203.0.113.3")
    work(clock)
    assert Ticket.objects.get().state == TicketState.OPEN


def test_a_note_is_written_once_per_key(people: People, clock: Clock) -> None:
    make_block(people.a)
    work(clock)
    ticket = Ticket.objects.get()
    first = add_note(ticket, key="k", text="一", now=clock(), by=people.dana)
    assert add_note(ticket, key="k", text="二", now=clock()) == first
    assert Note.objects.get(key="k").text == "一"


def test_who_asked_and_why_stands_in_ticket_and_mail(people: People, clock: Clock) -> None:
    block = make_block(people.a)
    work(clock)
    give_back(people, block, clock)
    request_restore(TicketBlock.objects.get(), by=people.dana, reason="二度目", now=clock())
    work(clock)
    note = Note.objects.get(key=f"restore-asked:{block.pk}")
    assert note.by == people.alice
    assert "佐藤 愛 様から" in note.text
    assert "理由: 取引先" in note.text
    assert "佐藤 愛 様" in Message.objects.latest("pk").body


def mails() -> list[tuple[str, str]]:
    return list(Message.objects.order_by("pk").values_list("subject", "body"))


def test_a_customer_with_two_contracts_gets_one_mail_per_wave_that_names_both_tickets(
    people: People, clock: Clock
) -> None:
    second = Contract.objects.create(customer=people.a.customer, number="K-A-002", starts_on=NOW.date())
    Site.objects.create(contract=second, domain="second.example.jp", vendor_site_id=77)
    make_block(people.a, "203.0.113.1")
    work(clock)
    clock.pass_time(minutes=1)
    make_block(people.a, "203.0.113.2")
    make_block(second, "203.0.113.3")
    work(clock)
    assert len(mails()) == 1
    clock.pass_time(minutes=13, seconds=58)
    work(clock)
    assert len(mails()) == 1
    clock.pass_time(minutes=1)
    work(clock)
    assert len(mails()) == 2
    subject, body = mails()[1]
    numbers = list(Ticket.objects.order_by("pk").values_list("number", flat=True))
    assert f"[{numbers[0]} ほか 1 件]" in subject
    for part in ("203[.]0[.]113[.]2", "203[.]0[.]113[.]3", "K-A-001", "K-A-002", *numbers):
        assert part in body, part
    assert "203[.]0[.]113[.]1（" not in body


def test_another_customers_wave_keeps_nobody_waiting(people: People, clock: Clock) -> None:
    make_block(people.a)
    make_block(people.b)
    work(clock)
    assert Message.objects.filter(customer=people.a.customer).count() == 1
    assert Message.objects.filter(customer=people.b.customer).count() == 1


def test_the_mail_tells_all_that_a_tired_engineer_needs(people: People, clock: Clock) -> None:
    block = make_block(people.a, "203.0.113.5", expires_at=NOW + timedelta(days=30), only_sites=[ord("A"), 9])
    make_finding(people.b, "203.0.113.5")
    work(clock)
    entry = TicketBlock.objects.get(block=block)
    (_, body), *_ = mails()
    for part in (
        "■ 203[.]0[.]113[.]5（国: 日本、ネットワーク: 203[.]0[.]113[.]0/24）",
        "攻撃種別: SQLインジェクション",
        "対象サイト: shop-a[.]example[.]jp",
        "遮断 3 件 / 通過 1 件",
        "検知期間: 2026年11月23日 22:02:07 から",
        "2026年12月23日 22:05:07 まで",
        "登録の範囲: shop-a[.]example[.]jp、サイト 9 のみ",
        "ほか 1 社のお客様",
        "どのような攻撃か: 入力欄や URL に命令文を混ぜてデータベースを不正に操作し",
        "起こりうること: 成功すると、会員情報などの漏えい",
        "弊社の対応: 攻撃元の IP アドレスをブラックリストへ登録し、登録されたことを確認しました。\n",
        "ご確認いただきたいこと: 「通過」の通信があるときは",
        f"/portal/tickets/{entry.ticket.number}/addresses/{entry.pk}/restore/",
        "返信",
        "24 時間 365 日",
    ):
        assert part in body, part
    assert "もみじ堂" not in body
    assert "通信可能" not in body


def test_what_we_did_about_a_kind_is_what_became_of_its_addresses(people: People, clock: Clock) -> None:
    """Whatever a policy says of the kind: a mail must not say that it registered what waits, nor the reverse."""
    make_finding(people.a, "203.0.113.1", block=make_block(people.a, "203.0.113.1"), kind="bad_bot")
    waiting = make_block(people.a, "203.0.113.2", state=BlockState.PROPOSED)
    make_finding(people.a, "203.0.113.2", block=waiting, kind="custom_rule")
    work(clock)
    told = dict(re.findall(r"【(\S+)】\n.*\n.*\n・弊社の対応: (.*)", mails()[0][1]))
    assert told == {
        "SQLインジェクション": "攻撃元の IP アドレスをブラックリストへ登録し、登録されたことを確認しました。"
        "まだ登録していないアドレスは、SOC が確認を進めています。",
        "悪性ボット": "攻撃元の IP アドレスをブラックリストへ登録し、登録されたことを確認しました。",
        "個別ルール": "攻撃元の IP アドレスはまだ登録しておらず、SOC が確認を進めています。",
    }


def test_the_mail_holds_no_payload_and_nothing_that_can_be_clicked_but_our_own_pages(
    people: People, clock: Clock
) -> None:
    make_block(people.a, "203.0.113.5")
    Finding.objects.update(site_name="http://evil.example.com/<b>", country="<U", name="=cmd|x")
    work(clock)
    (_, body), *_ = mails()
    assert "evil[.]example[.]com" in body
    assert "<" not in body
    assert "OR 1" not in body
    links = re.findall(r"https?://[^\s]+", body)
    assert links
    assert all(link.startswith(settings.CONFIG.base_url) for link in links)


@pytest.mark.parametrize(("count", "named", "more"), [(12, 12, 0), (500, 500, 0), (501, 500, 1)])
def test_a_long_mail_names_every_address_and_tells_the_first_ones_in_full(
    count: int, named: int, more: int, people: People, clock: Clock
) -> None:
    make_many(people.a, count)
    work(clock)
    ((subject, body),) = mails()
    assert f"{count} 件" in subject
    assert body.count("業務に必要なとき: ") == 10
    assert len(set(re.findall(r"198\[\.]18\[\.]\d+\[\.]\d+(?=[\n（])", body))) == named
    assert (f"載せていない IP アドレス（{more} 件）" in body) is (more > 0)
    assert len(body.encode()) < 100_000
    assert not TicketBlock.objects.filter(told_in=None).exists()


def test_a_storm_makes_one_mail_at_once_and_one_per_wave_and_drops_nothing(people: People, clock: Clock) -> None:
    """10,000 addresses within half an hour: 50 are blocked, the others wait for an analyst, as the cap wants it."""
    told = 0
    make_many(people.a, 50)
    for number in range(3):
        make_many(people.a, 3300 if number else 3350, begin=100 + number * 4000, state=BlockState.PROPOSED)
        open_tickets(wave=WAVE, now=clock())
        told += mail_blocks(wave=WAVE, now=clock())
        clock.pass_time(minutes=10)
    assert len(mails()) == 1
    told += mail_blocks(wave=WAVE, now=clock())
    assert len(mails()) == 2
    clock.pass_time(minutes=15)
    assert mail_blocks(wave=WAVE, now=clock()) == 0
    assert Ticket.objects.count() == 1
    assert TicketBlock.objects.count() == Block.objects.count() == told == 10_000
    assert not TicketBlock.objects.filter(told_in=None, mentioned_in=None).exists()
    assert all(len(body.encode()) < 100_000 for _, body in mails())
    assert "CSV" in mails()[1][1]


def test_what_got_through_stands_first_and_at_the_top(people: People, clock: Clock) -> None:
    make_many(people.a, 12)
    Finding.objects.filter(address="198.18.0.11").update(passed=7)
    work(clock)
    ((_, body),) = mails()
    assert "検知した通信のうち 7 件は WAF を通過しています" in body
    assert body.index("198[.]18[.]0[.]11（") < body.index("198[.]18[.]0[.]0（")


def test_what_got_through_is_found_beyond_those_that_the_mail_has_room_for(people: People, clock: Clock) -> None:
    make_many(people.a, 501)
    last = "198.18.1.244"
    Finding.objects.filter(address=last).update(passed=7)
    assert Block.objects.latest("pk").address == last
    work(clock)
    ((_, body),) = mails()
    assert "検知した通信のうち 7 件は WAF を通過しています" in body
    assert body.index("198[.]18[.]1[.]244（") < body.index("198[.]18[.]0[.]0（")


def test_what_got_through_from_an_address_that_waits_is_counted_too(people: People, clock: Clock) -> None:
    make_many(people.a, 1)
    make_block(people.a, "203.0.113.5", state=BlockState.PROPOSED)
    work(clock)
    assert "検知した通信のうち 1 件は WAF を通過しています" in mails()[0][1]


def test_where_nothing_got_through_that_is_said(people: People, clock: Clock) -> None:
    make_many(people.a, 1)
    work(clock)
    assert "WAF を通過したものはありません" in mails()[0][1]


def make_many(contract: Contract, count: int, *, begin: int = 0, state: BlockState = BlockState.ACTIVE) -> None:
    """So many blocks, quickly; those that are active with a finding each."""
    first = int(IPv4Address("198.18.0.0")) + begin
    blocks = Block.objects.bulk_create(
        Block(
            contract=contract,
            address=str(IPv4Address(first + number)),
            state=state,
            reason=Reason.ATTACK_BLOCKED if state == BlockState.ACTIVE else Reason.CAP_CUSTOMER,
            proposed_at=NOW,
            active_at=NOW if state == BlockState.ACTIVE else None,
            next_try_at=NOW,
        )
        for number in range(count)
    )
    if state == BlockState.ACTIVE:
        file = make_file(contract)
        Finding.objects.bulk_create(
            Finding(
                contract=contract,
                file=file,
                site_name="shop-a.example.jp",
                address=block.address,
                kind="sql_injection",
                name="SQL Injection",
                blocked=3,
                country="JP",
                first_at=NOW,
                last_at=NOW,
                state=FindingState.BLOCK,
                block=block,
                found_at=NOW,
            )
            for block in blocks
        )
