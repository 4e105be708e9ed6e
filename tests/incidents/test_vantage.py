"""The second vantage point: signed both ways, used once, and of no weight where it is down or answers nonsense."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.beside import NotVisited
from sakimori.incidents.elsewhere import NONCE, PATH, SIGNATURE, TIME, Vantage
from sakimori.incidents.vantage import (
    SKEW_SECONDS,
    Doorkeeper,
    Nonsense,
    NotTrusted,
    answer_text,
    is_signed,
    order_text,
    read_answer,
    read_order,
    signature,
)
from sakimori.incidents.visit import Limits, Target, Trouble, Visit
from sakimori.incidents.visitors import World, examine
from sakimori.lib.http import GuardedClient
from sakimori.run.probe_server import vantage_app
from tests.incidents.stage import Door, Pages
from tests.moments import START, Clock

KEY, OTHER_KEY = "k" * 40, "o" * 40
LIMITS = Limits(probe_seconds=60, slow_seconds=30, training=True)
NOW = int(START.timestamp())
SEEN = Visit(
    at=START,
    url="https://shop.example.jp/",
    status=200,
    size_bytes=900,
    dns_ms=1,
    connect_ms=2,
    tls_ms=3,
    first_byte_ms=4,
    total_ms=120,
    text_found=True,
    address="203.0.113.9",
    headers=(("X-CDN", "Imperva"),),
    head=b"\x00<html>",
    via="waf",
    page="site",
)


def doorkeeper() -> Doorkeeper:
    return Doorkeeper(KEY, NOW - 1000.0)


def come(
    keeper: Doorkeeper, *, order: str = "order", at: int = NOW, nonce: str = "n", key: str = KEY, now: int = NOW
) -> None:
    keeper.check(order, time=str(at), nonce=nonce, given=signature(key, "order", str(at), nonce, order), now=now)


def test_an_order_comes_in_once() -> None:
    keeper = doorkeeper()
    come(keeper)
    with pytest.raises(NotTrusted, match="used before"):
        come(keeper)
    come(keeper, nonce="another")


@pytest.mark.parametrize("skew", [-SKEW_SECONDS, 0, SKEW_SECONDS])
def test_clocks_may_differ_by_a_minute(skew: int) -> None:
    come(doorkeeper(), at=NOW + skew)


@pytest.mark.parametrize("skew", [-SKEW_SECONDS - 1, SKEW_SECONDS + 1])
def test_an_order_of_another_time_stays_outside(skew: int) -> None:
    with pytest.raises(NotTrusted, match="minute"):
        come(doorkeeper(), at=NOW + skew)


def test_a_replay_stays_outside_for_as_long_as_its_time_would_let_it_in() -> None:
    keeper = doorkeeper()
    come(keeper, at=NOW + SKEW_SECONDS)
    for later in range(0, 2 * SKEW_SECONDS + 1, 10):
        with pytest.raises(NotTrusted):
            come(keeper, at=NOW + SKEW_SECONDS, now=NOW + later)
    come(keeper, at=NOW + 500, nonce="new", now=NOW + 500)
    assert list(keeper._used) == ["new"]


def test_what_was_signed_before_a_restart_stays_outside() -> None:
    with pytest.raises(NotTrusted, match="minute"):
        come(Doorkeeper(KEY, NOW + 5.0), now=NOW + 5)


@pytest.mark.parametrize(
    "change", [{"time": str(NOW + 1)}, {"nonce": "m"}, {"order": "other"}, {"given": ""}, {"given": "署名"}]
)
def test_a_changed_order_stays_outside(change: dict[str, str]) -> None:
    said = {"order": "order", "time": str(NOW), "nonce": "n", "given": signature(KEY, "order", str(NOW), "n", "order")}
    said |= change
    with pytest.raises(NotTrusted, match="signature"):
        doorkeeper().check(said.pop("order"), now=NOW, **said)


@pytest.mark.parametrize("time", ["", "x", "-5", "²", "9" * 30, "1e9"])
def test_a_time_that_is_none_stays_outside(time: str) -> None:
    with pytest.raises(NotTrusted):
        doorkeeper().check("o", time=time, nonce="n", given=signature(KEY, "order", time, "n", "o"), now=NOW)


def test_an_answer_is_no_order_and_another_key_opens_nothing() -> None:
    assert not is_signed(signature(KEY, "answer", "n", "o"), KEY, "order", "n", "o")
    with pytest.raises(NotTrusted, match="signature"):
        come(doorkeeper(), key=OTHER_KEY)


def test_orders_and_answers_come_back_as_they_were() -> None:
    target = Target("https://shop.example.jp/店", "さきもり", whole=False)
    assert read_order(order_text(replace(target, origin="192.0.2.1"), 30)) == (target, 30.0)
    assert read_answer(answer_text(SEEN), at=START, vantage="osaka") == replace(SEEN, vantage="osaka")
    cut = Visit(at=START, url="", trouble=Trouble.TIMEOUT, total_ms=30_000)
    assert read_answer(answer_text(cut), at=START, vantage="") == cut


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", "{}", "[" * 9000, '{"url": 1, "text": "", "whole": true, "seconds": 1}']
    + [f'{{"url": "u", "text": "", "whole": true, "seconds": {value}}}' for value in ("0", "-1", "301", '"1"', "true")],
)
def test_nonsense_is_no_order(text: str) -> None:
    with pytest.raises(Nonsense):
        read_order(text)


@pytest.mark.parametrize(
    "change",
    [
        {"status": -1}, {"status": "200"}, {"status": True}, {"total_ms": 1 << 40}, {"trouble": "odd"}, {"via": "odd"},
        {"page": 5}, {"text_found": "yes"}, {"head": "not base64!"}, {"head": "é"}, {"headers": 5},
        {"headers": [["a"]]}, {"headers": [[1, 2]]}, {"url": None}, {"url": "u" * 301}, {"address": ["x"]},
    ],
)  # fmt: skip
def test_nonsense_is_no_answer(change: dict[str, object]) -> None:
    with pytest.raises(Nonsense):
        read_answer(json.dumps(json.loads(answer_text(SEEN)) | change), at=START, vantage="")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_whatever_it_answers_is_a_visit_or_nonsense(data: object) -> None:
    for read in (lambda text: read_answer(text, at=START, vantage=""), read_order):
        try:
            read(json.dumps(data))
        except Nonsense:
            continue


def app(pages: Pages | None = None):  # type: ignore[no-untyped-def]
    return vantage_app(KEY, visiting=pages or Pages(), limits=LIMITS, clock=lambda: START)


def signed(order: str, nonce: str = "n") -> dict[str, str]:
    return {TIME: str(NOW), NONCE: nonce, SIGNATURE: signature(KEY, "order", str(NOW), nonce, order)}


def test_the_service_visits_for_those_who_know_the_key_only() -> None:
    pages = Pages()
    client = Door(app(pages))
    order = order_text(Target("https://shop.example.jp/"), 5)
    assert client("POST", PATH, data={"order": order}).status_code == 403
    assert pages.visited == []
    good = client("POST", PATH, data={"order": order}, headers=signed(order))
    assert good.status_code == 200
    assert is_signed(good.headers[SIGNATURE], KEY, "answer", "n", good.text)
    assert client("POST", PATH, data={"order": order}, headers=signed(order)).status_code == 403
    assert pages.visited == ["https://shop.example.jp/"]
    assert client("POST", PATH, data={"order": "x"}, headers=signed("x", "m")).status_code == 400
    assert client("GET", PATH).status_code == 405
    assert client("POST", PATH, content=b"\xff" * 100_000).status_code == 403
    assert client("POST", PATH, content=b"a=1&" * 100).status_code == 403


def test_an_order_may_ask_for_less_time_and_never_for_more() -> None:
    asked: list[float] = []

    def visiting(target: Target, *, limits: Limits, at: datetime) -> Visit:
        asked.append(limits.probe_seconds)
        return SEEN

    client = Door(vantage_app(KEY, visiting=visiting, limits=LIMITS, clock=lambda: START))
    for number, seconds in enumerate((1, 300)):
        order = order_text(Target("https://shop.example.jp/"), seconds)
        client("POST", PATH, data={"order": order}, headers=signed(order, str(number)))
    assert asked == [1, LIMITS.probe_seconds]


@pytest.fixture
def port() -> Iterator[int]:
    """The service on loopback, behind a real server."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(60)
    listener.close()


_clients: list[GuardedClient] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _clients:
        _clients.pop().close()


def vantage(
    url: str, key: str = KEY, clock: Clock | None = None, transport: httpx.BaseTransport | None = None
) -> Vantage:
    _clients.append(GuardedClient(transport=transport))
    return Vantage(url, key, _clients[-1], clock=clock or (lambda: START))


def test_a_page_is_seen_from_elsewhere(port: int) -> None:
    seen = vantage(f"http://127.0.0.1:{port}")(Target("https://shop.example.jp/"), limits=LIMITS, at=START)
    assert (seen.vantage, seen.status, seen.total_ms) == ("127.0.0.1", 200, 120)


def test_what_it_sees_stands_beside_the_tries_and_its_failure_is_only_noted(port: int) -> None:
    pages = Pages()
    world = World(pages, LIMITS, (), lambda: START, lambda: None, vantage=vantage(f"http://127.0.0.1:{port}"))
    done = examine(1, Target("https://shop.example.jp/"), world, one_is_enough=False)
    assert ([each.vantage for each in done.visits], [each.vantage for each in done.beside]) == (["", ""], ["127.0.0.1"])
    assert done.notes == ()
    for broken in (vantage(f"http://127.0.0.1:{port}", OTHER_KEY), vantage("http://127.0.0.1:1")):
        again = examine(1, Target("https://shop.example.jp/"), replace(world, vantage=broken), one_is_enough=False)
        assert (again.visits, again.beside) == (done.visits, ())
        assert again.notes[0].startswith("別地点（127.0.0.1）")


def test_a_clock_that_is_wrong_is_noticed(port: int) -> None:
    wrong = vantage(f"http://127.0.0.1:{port}", clock=Clock(START - timedelta(minutes=5)))
    with pytest.raises(NotVisited, match="403"):
        wrong(Target("https://shop.example.jp/"), limits=LIMITS, at=START)


@pytest.mark.parametrize("text", ["", "{}", "<html>", answer_text(SEEN)])
@pytest.mark.parametrize("how", ["unsigned", "for another order", "signed"])
def test_an_answer_counts_only_signed_and_for_its_own_order(text: str, how: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        nonce = "another" if how == "for another order" else request.headers[NONCE]
        headers = {} if how == "unsigned" else {SIGNATURE: signature(KEY, "answer", nonce, text)}
        return httpx.Response(200, headers=headers, text=text)

    asked = vantage("https://osaka.example.jp", transport=httpx.MockTransport(answer))
    if how == "signed" and text.startswith('{"'):
        assert asked(Target("https://shop.example.jp/"), limits=LIMITS, at=START).vantage == "osaka.example.jp"
        return
    with pytest.raises(NotVisited):
        asked(Target("https://shop.example.jp/"), limits=LIMITS, at=START)
