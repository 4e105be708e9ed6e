"""The desk's form that takes an address off: of its own accord, or for somebody who phoned or wrote."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.blacklist.models import AskFirst, Block, BlockState, RestoreChannel
from sakimori.customers.models import AuditEntry, Contact
from sakimori.lib.jst import utc_now
from sakimori.tickets.models import Note
from tests.people import People, make_block, make_finding, make_ticket

BY_PHONE = {
    "channel": "phone",
    "requester": "桜井 花子",
    "identified": "契約番号と、登録されている電話番号への折り返し",
    "identified_more": "下 4 桁 1001",
    "reason": "取引先の拠点",
}


@pytest.fixture
def block(people: People) -> Block:
    block = make_block(people.a)
    make_ticket(people.a, blocks=[block])
    return block


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def post(desk: Client, block: Block, **fields: str) -> str:
    answer = desk.post(reverse("console:restore", args=[block.pk]), fields, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_request_by_phone_is_taken_with_name_and_check(people: People, desk: Client, block: Block) -> None:
    assert "解除を受け付けました" in post(desk, block, **BY_PHONE)
    row = Block.objects.get()
    assert (row.state, row.restore_channel, row.restore_requester) == (BlockState.RESTORING, "phone", "桜井 花子")
    assert row.restore_identified == "契約番号と、登録されている電話番号への折り返し、補足: 下 4 桁 1001"
    note = Note.objects.get(key=f"restore-asked:{block.pk}")
    assert "お電話にて、桜井 花子 様から" in note.text
    page = desk.get(reverse("console:block", args=[block.pk])).content.decode()
    assert "（電話、依頼者：桜井 花子、ご本人の確認：契約番号と" in page


def test_another_way_of_identifying_is_told_in_the_analysts_words(desk: Client, block: Block) -> None:
    post(desk, block, **{**BY_PHONE, "channel": "mail", "identified": "その他（補足に記入）"})
    row = Block.objects.get()
    assert (row.restore_channel, row.restore_identified) == (RestoreChannel.MAIL, "下 4 桁 1001")


def test_the_desks_own_decision_asks_for_nobody(desk: Client, block: Block) -> None:
    post(desk, block, channel="desk", requester="だれか", identified="", reason="誤検知")
    row = Block.objects.get()
    assert (row.restore_channel, row.restore_requester, row.restore_identified) == (RestoreChannel.DESK, "", "")
    assert "SOC の判断により" in Note.objects.get(key=f"restore-asked:{block.pk}").text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"requester": ""}, "依頼者のお名前をご記入ください"),
        ({"requester": "   "}, "依頼者のお名前をご記入ください"),
        ({"requester": "あ" * 101}, "100 文字以下"),
        ({"requester": "\x00"}, "文字"),
        ({"identified": ""}, "ご本人を確認した方法をお選びください"),
        ({"identified": "声でわかった"}, "正しく選択"),
        ({"identified": "その他（補足に記入）", "identified_more": ""}, "確認した方法をご記入ください"),
        ({"channel": "carrier pigeon"}, "正しく選択"),
        ({"channel": "expiry"}, "正しく選択"),
        ({"reason": ""}, "入力してください"),
        ({"reason": "あ" * 201}, "200 文字以下"),
    ],
)
def test_nonsense_is_a_clear_error_and_changes_nothing(
    wrong: dict[str, str], sentence: str, desk: Client, block: Block
) -> None:
    text = post(desk, block, **{**BY_PHONE, **wrong})
    assert 'aria-invalid="true"' in text
    assert sentence in text
    row = Block.objects.get()
    assert (row.state, row.restore_channel, row.restore_asked_at) == (BlockState.ACTIVE, "", None)
    assert not AskFirst.objects.exists()
    assert not AuditEntry.objects.filter(action="block.restore.request").exists()


def test_the_registered_numbers_to_call_back_stand_on_the_page(people: People, desk: Client, block: Block) -> None:
    Contact.objects.create(
        customer=people.a.customer, name="桜井 花子", email="c1@example.jp", phone="03-0000-1001", priority=1
    )
    Contact.objects.create(customer=people.b.customer, name="別の人", email="c2@example.jp", phone="03-9", priority=1)
    text = desk.get(reverse("console:restore", args=[block.pk])).content.decode()
    for part in ("K-A-001", "03-0000-1001", "折り返して確認"):
        assert part in text
    assert "別の人" not in text


def test_the_page_of_a_block_counts_other_customers(people: People, desk: Client, block: Block) -> None:
    page = reverse("console:block", args=[block.pk])
    assert "直近 24 時間に検知なし" in desk.get(page).content.decode()
    make_finding(people.b, block.address, last_at=utc_now())
    assert "ほか 1 社のお客様" in desk.get(page).content.decode()
