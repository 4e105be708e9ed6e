"""The filter above the list, the search for an address or network, and the list as a table."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from sakimori.blacklist.entries import about
from sakimori.blacklist.filters import BlockFilter
from sakimori.blacklist.models import Block, BlockState, Finding
from sakimori.blacklist.queries import blocks
from sakimori.blacklist.table import DESK_COLUMNS, as_csv, customers_columns
from sakimori.customers.models import Customer
from tests.people import NOW, People, make_block, make_finding, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


def found(**chosen: str) -> list[str]:
    form = BlockFilter(chosen, now=NOW, customers=Customer.objects.all())
    return [block.address for block in form.narrow(blocks())]


ENTRIES = (
    "203.0.113.5",
    "203.0.113.50",
    "203.0.11.5",
    "203.0.113.0/28",
    "203.0.112.0/22",
    "198.51.100.1",
    "2001:db8::1",
    "2001:db8:0:1::/64",
)


@pytest.mark.parametrize(
    ("wanted", "entries"),
    [
        ("203.0.113.5", {"203.0.113.5", "203.0.113.0/28", "203.0.112.0/22"}),
        ("203.0.113.50", {"203.0.113.50", "203.0.112.0/22"}),
        ("203.0.113.0/29", {"203.0.113.5", "203.0.113.0/28", "203.0.112.0/22"}),
        ("203.0.0.0/17", {"203.0.113.5", "203.0.113.50", "203.0.11.5", "203.0.113.0/28", "203.0.112.0/22"}),
        ("0.0.0.0/1", set()),
        (
            "128.0.0.0/1",
            {"203.0.113.5", "203.0.113.50", "203.0.11.5", "203.0.113.0/28", "203.0.112.0/22", "198.51.100.1"},
        ),
        ("2001:db8::1", {"2001:db8::1"}),
        ("2001:db8:0:1::7", {"2001:db8:0:1::/64"}),
        ("2001:db8::/32", {"2001:db8::1", "2001:db8:0:1::/64"}),
        ("::/0", {"2001:db8::1", "2001:db8:0:1::/64"}),
        ("198.51.100.2", set()),
    ],
)
def test_a_search_finds_what_covers_the_address_and_what_lies_inside_the_network(
    wanted: str, entries: set[str], people: People
) -> None:
    for entry in ENTRIES:
        make_block(people.a, entry)
    assert {row.address for row in about(Block.objects.all(), ip_network(wanted))} == entries
    assert set(found(address=wanted)) == entries


def test_each_condition_narrows_the_list(people: People) -> None:
    make_block(people.a, "203.0.113.1")
    make_block(people.b, "203.0.113.2", decided_by=people.dana, expires_at=NOW + timedelta(hours=5))
    by_hand = make_block(people.a, "203.0.113.3", note="依頼", expires_at=NOW + timedelta(days=5))
    Finding.objects.filter(block=by_hand).update(kind="backdoor", country="NL")
    make_block(people.a, "203.0.113.4", state=BlockState.RESTORED, proposed_at=NOW - timedelta(days=3))
    make_block(people.a, "203.0.113.5", state=BlockState.PROPOSED, proposed_at=NOW - timedelta(days=1))
    assert set(found()) == {"203.0.113.1", "203.0.113.2", "203.0.113.3"}
    assert len(found(state="all")) == 5
    assert found(state="proposed") == ["203.0.113.5"]
    assert found(customer=str(people.b.customer_id)) == ["203.0.113.2"]
    assert found(kind="backdoor") == found(country="nl") == found(decided="hand") == ["203.0.113.3"]
    assert found(decided="person") == ["203.0.113.2"]
    assert set(found(decided="auto")) == {"203.0.113.1", "203.0.113.3"}
    assert found(expiring="1") == ["203.0.113.2"]
    assert set(found(expiring="7")) == set(found(expiring="some")) == {"203.0.113.2", "203.0.113.3"}
    assert found(expiring="never") == ["203.0.113.1"]
    assert found(state="all", begins="2026-11-20", ends="2026-11-20") == ["203.0.113.4"]
    assert found(state="all", begins="2026-11-22", ends="2026-11-22") == ["203.0.113.5"]


def test_several_findings_of_one_kind_show_an_entry_once(people: People) -> None:
    block = make_block(people.a)
    make_finding(people.a, block.address, block=block)
    assert found(kind="sql_injection", country="JP") == [block.address]


def test_the_list_is_sorted_as_wished(people: People) -> None:
    make_block(people.a, "203.0.113.1", hits=5, last_hit_at=NOW)
    make_block(people.a, "203.0.113.2", expires_at=NOW, proposed_at=NOW - timedelta(days=1))
    make_block(people.a, "203.0.113.3", hits=9, last_hit_at=NOW - timedelta(days=2))
    assert found() == ["203.0.113.3", "203.0.113.1", "203.0.113.2"]
    assert found(order="old")[0] == found(order="expires")[0] == found(order="silent")[0] == "203.0.113.2"
    assert found(order="hits")[0] == "203.0.113.3"
    assert found(order="last_hit") == ["203.0.113.1", "203.0.113.3", "203.0.113.2"]


@pytest.mark.parametrize(
    "chosen",
    [{"address": "nonsense"}, {"country": "日本"}, {"begins": "2026-02-31"}, {"kind": "x"}, {"order": "x"}],
)
def test_what_cannot_be_understood_finds_nothing_and_is_said(chosen: dict[str, str], people: People) -> None:
    make_block(people.a)
    assert found(**chosen) == []
    form = BlockFilter(chosen, now=NOW)
    assert list(form.errors) == list(chosen)
    assert form.is_narrowing() is (chosen != {"order": "x"})


def test_without_customers_to_choose_from_the_choice_is_ignored(people: People) -> None:
    make_block(people.a)
    form = BlockFilter({"customer": "999"}, now=NOW)
    assert form.narrow(blocks()).count() == 1
    assert form.query() == ""


def read(pieces: Any) -> list[list[str]]:
    content = b"".join(pieces)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_table_holds_why_when_by_whom_and_until(people: People) -> None:
    make_block(
        people.a,
        decided_by=people.dana,
        expires_at=NOW + timedelta(days=1),
        hits=7,
        last_hit_at=NOW,
        good_requests=None,
        note="=HYPERLINK(1)",
    )
    heads, line = read(as_csv(blocks().order_by("pk"), DESK_COLUMNS))
    cells = dict(zip(heads, line, strict=True))
    assert cells["IPアドレス"] == "203.0.113.5"
    assert cells["お客様"] == "株式会社さくら商店"
    assert cells["判断した人"] == "高橋 棚子"
    assert cells["期限（日本時間）"] == "2026-11-24 22:05:07"
    assert (cells["登録後の遮断"], cells["登録後の最後の遮断（日本時間）"]) == ("7", "2026-11-23 22:05:07")
    assert (cells["正常な通信"], cells["遮断"], cells["攻撃種別"]) == ("判定不能", "3", "SQLインジェクション")
    assert cells["追加の理由"] == "'=HYPERLINK(1)"


def test_the_customers_table_names_nobody_of_the_desk(people: People) -> None:
    make_block(people.a, decided_by=people.dana, note="社内のメモ")
    make_block(people.a, "203.0.113.6", state=BlockState.PROPOSED)
    columns = customers_columns(lambda _: "遮断中", lambda _: "攻撃のため")
    content = b"".join(as_csv(blocks().order_by("pk"), columns)).decode()
    assert "SOC 担当者" in content
    assert "高橋" not in content
    assert "社内のメモ" not in content


def test_a_long_table_costs_few_queries(people: People, django_assert_max_num_queries: Callable[[int], Any]) -> None:
    for number in range(60):
        make_block(people.a, f"203.0.113.{number}")
    with django_assert_max_num_queries(3):
        assert len(read(as_csv(blocks().order_by("pk"), DESK_COLUMNS))) == 61
