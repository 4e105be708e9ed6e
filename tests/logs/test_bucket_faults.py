"""What is wrong with one object is that object's trouble: the others come as if it were not there."""

from collections.abc import Sequence

import pytest

from sakimori.logs.models import LogFile
from sakimori.logs.receive import accept as accepting
from sakimori.logs.receive.accept import ledger_name
from tests.logs.s3_server import Store
from tests.logs.test_bucket import Door, client, door, store
from tests.moments import START

__all__ = ["client", "door", "store"]
pytestmark = pytest.mark.django_db

ODD = [
    "waf/名 前+%&=~.log",
    "waf/a b/c.log",
    "waf/a+b.log",
    "waf/%41%2B%.log",
    "waf/" + "長" * 300,
    "waf/<&>'\".log",
    "waf//1.log",
    "waf/?x=1#y;z.log",
    "waf/:@!$()*,[]{}|\\^`.log",
    "waf/one\ntwo\r.log",
    "waf/\x01\x1f\x7f.log",
    "waf/\ufffe\uffff.log",
    "waf/😀.log",
    "waf/a\udcff.log",
    "waf/a\udcfe.log",
    "waf/a\0.log",
]


@pytest.mark.parametrize("key", ODD)
def test_odd_keys_are_listed_signed_and_read(door: Door, store: Store, key: str) -> None:
    store.objects = {key: b"odd", "waf/zz.log": b"plain"}
    assert door.look() == 2
    assert door.names() == sorted([ledger_name(key), "waf/zz.log"])
    assert (door.state.last_error, door.state.left_out) == ("", "")
    assert door.look(hours=1) == 0


def test_odd_keys_that_look_alike_are_different_names() -> None:
    names = list(map(ledger_name, ODD))
    assert len(set(names)) == len(ODD)
    for name in names:
        assert len(name) <= 200
        assert name.encode().find(b"\0") == -1


@pytest.mark.parametrize("key", ["waf/a+b %41.log", "waf/名 前&<>.log"])
def test_a_store_that_encodes_no_keys_is_read_as_it_writes(door: Door, store: Store, key: str) -> None:
    store.encodes = False
    store.objects = {key: b"odd"}
    assert door.look() == 1
    assert door.names() == [key]


@pytest.mark.parametrize("sign", ["\x01", "&#x1;", "&#2;", "&#xFFFE;"])
def test_a_key_that_xml_cannot_carry_keeps_no_other_out(door: Door, store: Store, sign: str) -> None:
    store.encodes = False
    store.objects = {"waf/1.log": b"one", "waf/2.log": b"two"}
    item = f"<Contents><Key>waf/a{sign}.log</Key><Size>3</Size></Contents>"
    store.listing = store.list_page({"prefix": ["waf/"]}).replace(b"<Contents>", item.encode() + b"<Contents>", 1)
    assert door.look() == 2
    assert door.state.last_error == ""
    assert door.state.left_out == "キーに使えない文字があり、読み取れません：waf/a\ufffd.log。"
    assert door.look(hours=1) == 0


@pytest.mark.parametrize("key", ["waf/../1.log", "waf/./1.log"])
def test_a_key_that_no_address_leads_to_is_told_and_slows_nothing(door: Door, store: Store, key: str) -> None:
    store.objects = {key: b"odd", "waf/2.log": b"two"}
    assert door.look() == 1
    state = door.state
    assert state.left_out == f"キーに使えない文字があり、読み取れません：{key}。"
    assert (state.failures, state.last_error, state.last_success_at) == (0, "", door.clock())
    assert state.next_try_at == door.clock() + door.buckets.pause
    store.objects["waf/3.log"] = b"three"
    assert door.look(seconds=10) == 1


def test_an_object_that_may_not_be_read_is_told_until_it_may(door: Door, store: Store) -> None:
    store.objects = {f"waf/{number}.log": b"%d" % number for number in range(4)}
    store.refused = {"waf/0.log", "waf/2.log"}
    assert door.look() == 2
    assert (door.state.failures, door.state.left_out_since) == (0, door.clock())
    assert door.state.left_out.startswith("バケットを読む権限がありません")
    assert door.state.left_out.endswith("：waf/0.log、waf/2.log。")
    since = door.state.left_out_since
    assert door.look(seconds=30) == 0
    assert door.state.left_out_since == since
    store.refused.clear()
    assert door.look(minutes=1) == 2, "they are asked for by themselves, before everything is listed again"
    assert (door.state.left_out, door.state.left_out_since) == ("", None)


def test_an_object_that_keeps_failing_is_asked_for_ever_more_rarely(door: Door, store: Store) -> None:
    store.objects = {"waf/1.log": b"one", "waf/2.log": b"two"}
    store.truncated = {"waf/1.log"}
    asked = 0
    for _ in range(360):
        door.look(seconds=10)
        asked += store.read().count("waf/1.log")
    assert asked == 9  # After 0, 20, 60, 140, 300, 620 and 1260 seconds, and then every quarter of an hour.
    assert door.names() == ["waf/2.log"]


def refuse_all(store: Store, number: int) -> Sequence[str]:
    store.objects = {f"waf/{n:03d}.log": b"%d" % n for n in range(number)}
    store.refused = set(store.objects)
    return sorted(store.objects)


def test_a_key_that_may_read_nothing_is_the_buckets_trouble(door: Door, store: Store) -> None:
    refuse_all(store, 250)
    assert door.look() == 0
    assert len(store.read()) == 200
    assert (door.state.failures, "権限がありません" in door.state.last_error) == (1, True)
    assert door.look(minutes=1) == 0
    assert len(store.read()) == 50, "those that were refused wait, so that others behind them have their turn"
    assert (door.state.failures, door.state.left_out) == (2, "")
    store.refused.clear()
    assert door.look(minutes=6) == 250
    assert (door.state.failures, door.state.left_out) == (0, "")


def test_many_objects_that_may_not_be_read_keep_none_behind_them_out(door: Door, store: Store) -> None:
    refuse_all(store, 50)
    store.objects["waf/new.log"] = b"new"
    assert door.look() == 1
    assert (door.state.failures, door.state.left_out[-13:]) == (0, ".log ほか 47 件。")
    store.objects["waf/newer.log"] = b"newer"
    assert door.look(seconds=10) == 1


def test_an_object_that_may_not_be_read_and_is_deleted_then_is_not_called_missing(door: Door, store: Store) -> None:
    store.objects = {"waf/1.log": b"one", "waf/2.log": b"two"}
    store.refused = {"waf/1.log"}
    door.look()
    del store.objects["waf/1.log"]
    store.refused.clear()
    door.look(minutes=1)
    assert door.state.left_out == ""


def test_an_object_that_is_deleted_later_is_not_left_out_any_more(door: Door, store: Store) -> None:
    store.objects = {"waf/1.log": b"one", "waf/2.log": b"two"}
    store.refused = {"waf/1.log"}
    door.look()
    assert door.state.left_out
    del store.objects["waf/1.log"]
    store.refused.clear()
    door.look(minutes=16)
    assert door.state.left_out == ""


def test_an_object_that_is_listed_again_and_again_and_is_never_there_is_told(door: Door, store: Store) -> None:
    store.objects = {"waf/1.log": b"one"}
    store.gone = {"waf/1.log"}
    door.look()
    assert door.state.left_out == ""
    door.look(minutes=16)
    assert (door.state.failures, door.state.left_out) == (0, "ファイルがありません：waf/1.log。")
    store.gone.clear()
    assert door.look(minutes=16) == 1
    assert door.state.left_out == ""


def test_an_object_that_was_too_large_and_is_replaced_is_taken(
    door: Door, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "LIMIT_BYTES", 100)
    store.objects = {"waf/1.log": bytes(101)}
    assert door.look() == 0
    assert door.state.left_out == "ファイルが大きすぎます：waf/1.log。"
    store.rewrite("waf/1.log", bytes(100))
    assert door.look(minutes=16) == 1
    assert door.state.left_out == ""


def test_a_new_process_finds_what_is_left_out_by_itself(door: Door, store: Store) -> None:
    store.objects = {"waf/../1.log": b"odd", "waf/2.log": b"two"}
    door.look()
    door.restart()
    door.look()
    assert (door.state.left_out_since, LogFile.objects.count()) == (START.replace(minute=6), 1)
    assert "waf/../1.log" in door.state.left_out
