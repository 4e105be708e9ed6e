"""What is told when an address is off the list: who asked and how, the proof, and what still stands in the way."""

from datetime import timedelta
from typing import Any

import pytest

from sakimori.blacklist.models import Block, BlockState, RestoreChannel
from sakimori.customers.models import BlockList, Contact, VendorAccount
from sakimori.notify.models import Message
from sakimori.tickets.actions import request_restore, restore_for_somebody
from sakimori.tickets.duties import mail_blocks, mail_restores, open_tickets
from sakimori.tickets.models import Note, Ticket, TicketBlock, TicketState
from sakimori.tickets.restores import restored_of
from tests.moments import Clock
from tests.people import NOW, People, make_block, make_finding, make_people

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


def done(block: Block, clock: Clock, **columns: Any) -> None:
    """The removal was written and the vendor's list shows it."""
    clock.pass_time(seconds=1)
    values = {"state": BlockState.RESTORED, "written_at": clock(), **columns}
    clock.pass_time(seconds=1)
    Block.objects.filter(pk=block.pk).update(**{"restored_at": clock(), **values})


def asked(people: People, block: Block, clock: Clock, channel: RestoreChannel = RestoreChannel.DESK, *who: str) -> None:
    names = dict(zip(("requester", "identified"), who, strict=False))
    restore_for_somebody(block, channel=channel, by=people.dana, reason="取引先の拠点", now=clock(), **names)


def last() -> tuple[str, str]:
    message = Message.objects.latest("pk")
    return message.subject, message.body


def test_the_portals_request_is_proven_step_by_step(people: People, clock: Clock) -> None:
    VendorAccount.objects.create(contract=people.a, api_id="1", sealed_api_key="x", block_list=BlockList.POLICY)
    block = make_block(people.a)
    work(clock)
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="取引先", now=clock())
    done(block, clock)
    work(clock)
    block.refresh_from_db()
    assert block.restore_channel == RestoreChannel.PORTAL
    note = Note.objects.get(key=f"restored:{block.pk}").text
    for text in (last()[1], note):
        for part in (
            "設定を戻しました（反映に数分）",
            "ご依頼の受付: 2026年11月23日 22:05:07（佐藤 愛 様、ポータル）",
            "WAF の更新: 2026年11月23日 22:05:08",
            "読み戻しによる確認: 2026年11月23日 22:05:09（WAF のポリシー API（policies/v2）",
            "今後 90 日間は",
            "同じ内容の通信は今後も遮断されます",
        ):
            assert part in text, part
        assert "通信可能" not in text
        assert "引き続き遮断されます" not in text


@pytest.mark.parametrize(
    ("channel", "words"), [(RestoreChannel.PHONE, "お電話にて、"), (RestoreChannel.MAIL, "メールにて、")]
)
def test_a_request_from_outside_names_who_asked_and_how_he_was_identified(
    channel: RestoreChannel, words: str, people: People, clock: Clock
) -> None:
    block = make_block(people.a)
    work(clock)
    asked(people, block, clock, channel, "桜井 花子", "契約番号と、登録されている電話番号への折り返し")
    done(block, clock)
    work(clock)
    note = Note.objects.get(key=f"restore-asked:{block.pk}")
    assert note.text.startswith(f"{words}桜井 花子 様から、IP アドレス 203.0.113.5 の解除")
    assert "ご本人の確認: 契約番号と、登録されている電話番号への折り返し" in note.text
    assert "理由: 取引先の拠点" in note.text
    assert "桜井 花子 様、" in last()[1]
    assert "高橋" not in last()[1] + note.text


def test_an_analysts_own_decision_names_nobody_and_keeps_its_reason_inside(people: People, clock: Clock) -> None:
    block = make_block(people.a)
    work(clock)
    asked(people, block, clock)
    done(block, clock)
    work(clock)
    told = last()[1] + "".join(Note.objects.values_list("text", flat=True))
    assert "SOC の判断" in told
    assert "ご依頼いただいた" not in told
    assert "取引先の拠点" not in told
    assert "高橋" not in told


def test_a_block_without_a_ticket_can_be_given_back_too(people: People, clock: Clock) -> None:
    block = make_block(people.a, state=BlockState.APPROVED)
    asked(people, block, clock)
    assert Block.objects.get().state == BlockState.RESTORING
    assert not Note.objects.exists()


def test_our_own_write_is_on_the_clock_also_where_somebody_elses_entry_stays(people: People, clock: Clock) -> None:
    block = make_block(people.a)
    work(clock)
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=clock())
    clock.pass_time(seconds=2)
    written_at = clock()
    done(block, clock, was_there_before=True, written_at=written_at)
    told = restored_of(Block.objects.get(), now=clock())
    assert (told.written_at, told.covered_by) == (written_at, block.address)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"was_there_before": True}, "弊社以外が登録した設定（同じアドレス）"),
        ({"covered_by": "203.0.113.0/24"}, "弊社以外が登録した設定（範囲 203.0.113.0/24）"),
    ],
)
def test_an_address_that_is_still_covered_is_said_to_be_so(
    columns: dict[str, Any], words: str, people: People, clock: Clock
) -> None:
    block = make_block(people.a)
    work(clock)
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=clock())
    done(block, clock, **columns)
    work(clock)
    subject, body = last()
    assert "（別の設定が残っています）" in subject
    assert "引き続き遮断されます" in body
    assert words in Note.objects.get(key=f"restored:{block.pk}").text


def test_a_network_of_our_own_that_still_covers_it_is_ours(people: People, clock: Clock) -> None:
    make_block(people.a, "203.0.113.0/24")
    block = make_block(people.a)
    work(clock)
    request_restore(TicketBlock.objects.get(block=block), by=people.alice, reason="", now=clock())
    done(block, clock, covered_by="203.0.113.0/24")
    work(clock)
    assert "弊社が登録した別の設定（範囲 203[.]0[.]113[.]0/24）" in last()[1]


def test_where_nothing_of_ours_stood_no_update_is_claimed(people: People, clock: Clock) -> None:
    block = make_block(people.a, written_at=NOW - timedelta(days=1))
    work(clock)
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=clock())
    done(block, clock, written_at=NOW - timedelta(days=1))
    work(clock)
    assert "更新していません" in last()[1]


def test_only_what_other_rules_stopped_lately_is_told(people: People, clock: Clock) -> None:
    block = make_block(people.a)
    block.findings.update(ours=3)
    make_finding(people.a, block.address, kind="backdoor", name="B", blocked=9, last_at=NOW - timedelta(days=8))
    make_finding(people.b, block.address, kind="backdoor", name="B", blocked=9)
    work(clock)
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=clock())
    done(block, clock)
    work(clock)
    assert "WAF の検査は続きます" not in last()[1]


def test_a_country_rule_of_the_customer_is_one_of_the_others(people: People, clock: Clock) -> None:
    block = make_block(people.a)
    block.findings.update(ours=3)
    make_finding(people.a, block.address, kind="acl", name="Blocked country", blocked=4, ours=4)
    work(clock)
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=clock())
    done(block, clock)
    work(clock)
    assert "4 件（アクセス制御リスト）" in last()[1]


def test_what_came_off_by_itself_is_told_in_one_mail_per_wave(people: People, clock: Clock) -> None:
    blocks = [make_block(people.a, f"203.0.113.{number}") for number in range(1, 6)]
    work(clock)
    for number, block in enumerate(blocks[:4]):
        channel = RestoreChannel.EXPIRY if number < 3 else RestoreChannel.FULL
        done(block, clock, restore_channel=channel, restore_asked_at=None)
    work(clock)
    subject, body = last()
    assert "4 件のブラックリスト登録を終了しました" in subject
    assert "登録の期限を迎えたもの（3 件）" in body
    assert "長く通信のない古い登録を終了したもの（1 件）" in body
    assert "ご依頼" not in body
    for number in range(1, 5):
        assert f"203[.]0[.]113[.]{number}" in body
    assert Message.objects.count() == 2
    done(blocks[4], clock, restore_channel=RestoreChannel.EXPIRY)
    work(clock)
    assert Message.objects.count() == 2
    clock.pass_time(minutes=15)
    work(clock)
    assert Message.objects.count() == 3
    assert "203[.]0[.]113[.]5" in last()[1]
    assert Ticket.objects.get().state == TicketState.DONE
    assert "登録の期限を迎えたもの" in Note.objects.latest("pk").text
    clock.pass_time(hours=1)
    assert work(clock) == 0


def test_who_asks_never_waits_for_what_comes_off_by_itself(people: People, clock: Clock) -> None:
    first, second = make_block(people.a, "203.0.113.1"), make_block(people.a, "203.0.113.2")
    work(clock)
    done(first, clock, restore_channel=RestoreChannel.EXPIRY)
    work(clock)
    request_restore(TicketBlock.objects.get(block=second), by=people.alice, reason="", now=clock())
    done(second, clock)
    work(clock)
    assert "203[.]0[.]113[.]2 の設定を戻しました" in last()[0]


def test_restores_from_before_channels_were_written_down_are_told_by_who_asked(people: People, clock: Clock) -> None:
    block = make_block(people.a)
    work(clock)
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=clock())
    done(block, clock, restore_channel="")
    work(clock)
    assert "佐藤 愛 様、ポータル" in last()[1]


def test_what_an_analyst_takes_off_together_is_told_together_and_at_once(people: People, clock: Clock) -> None:
    blocks = [make_block(people.a, f"203.0.113.{number}") for number in range(1, 4)]
    work(clock)
    for block in blocks:
        asked(people, block, clock)
    for block in blocks:
        done(block, clock)
    work(clock)
    assert Message.objects.count() == 2
    subject, body = last()
    assert "3 件のブラックリスト登録を終了しました" in subject
    assert "SOC の判断により登録を終了したもの（3 件）" in body
    assert all(f"203[.]0[.]113[.]{number}" in body for number in range(1, 4))
