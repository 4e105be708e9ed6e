"""The ticket page says of each kind what really became of its addresses."""

import pytest

from sakimori.blacklist.handled import handled
from sakimori.blacklist.models import BlockState, Finding, FindingState
from tests.japanese.text import japanese_or_allowed
from tests.people import People, make_block, make_finding, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


def test_each_address_of_a_kind_is_counted_once_by_where_it_stands(people: People) -> None:
    states = [BlockState.ACTIVE, BlockState.ACTIVE, BlockState.APPROVED, BlockState.UNKNOWN, BlockState.PROPOSED]
    for number, state in enumerate([*states, BlockState.RESTORED]):
        make_block(people.a, f"203.0.113.{number}", state=state)
    make_finding(people.a, "203.0.113.0", block=Finding.objects.earliest("pk").block)
    make_finding(people.a, "203.0.113.77", state=FindingState.REFUSED)
    said = handled(Finding.objects.all())
    assert said == {
        "sql_injection": "攻撃元の IP アドレス 7 件のうち、2 件をブラックリストに登録し、通信を遮断しています。"
        "2 件をブラックリストに登録しているところです。"
        "1 件は登録してよいかを SOC が確認しており、いまのところ登録していません。"
        "1 件は確認の結果、登録していません。1 件は設定を戻しました（反映に数分）。"
    }


@pytest.mark.parametrize("state", BlockState)
def test_every_state_is_told(state: BlockState, people: People) -> None:
    make_block(people.a, state=state)
    said = handled(Finding.objects.all())["sql_injection"]
    assert said.startswith("攻撃元の IP アドレス 1 件のうち、1 件")
    assert japanese_or_allowed(said)


def test_the_newest_block_of_an_address_tells_and_a_refusal_beside_it_does_not(people: People) -> None:
    make_block(people.a, state=BlockState.RESTORED)
    make_block(people.a, state=BlockState.ACTIVE)
    make_finding(people.a, "203.0.113.5", state=FindingState.REFUSED)
    assert "1 件をブラックリストに登録し、" in handled(Finding.objects.all())["sql_injection"]


def test_a_kind_that_names_no_address_is_left_out(people: People) -> None:
    make_finding(people.a, "", kind="ddos")
    assert handled(Finding.objects.all()) == {}
