"""The push door under hostile senders: how much one, and all of them together, can make us hold, and for how long."""

import asyncio
import gzip
import json
import tracemalloc
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request

from sakimori.logs.receive.hec_body import BodyLimits, body_of, inflated
from sakimori.logs.receive.hec_events import ENVELOPE_BYTES, EVENTS_PER_REQUEST, BadRequest, event_lines
from sakimori.logs.receive.in_flight import InFlight, Share

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_SMALL = BodyLimits(body_bytes=1000, total_bytes=4000, contract_bytes=3000, bytes_per_second=1e6)


def refused(body: bytes) -> tuple[int, int]:
    with pytest.raises(BadRequest) as caught:
        event_lines(body)
    return caught.value.status, caught.value.code


def is_list_of_objects(event: object) -> bool:
    return isinstance(event, list) and bool(event) and isinstance(event[0], dict)


@given(st.lists(st.tuples(_VALUES, st.booleans()), max_size=5), st.sampled_from(["", " ", "\r\n", "\t"]))
def test_the_walk_finds_what_a_json_parser_finds(given_events: list[tuple[object, bool]], space: str) -> None:
    body = space.join(
        json.dumps({"host": "x", "event": event, "time": 1.5}, ensure_ascii=is_ascii)
        for event, is_ascii in given_events
    ).encode(errors="surrogatepass")
    wanted = [event for event, _ in given_events if event not in ("", None)]
    if given_events and not wanted:
        assert refused(body) == (400, 13)
        return
    lines = event_lines(body).decode(errors="surrogatepass").split("\n")[:-1]
    # Of a list of events, each is one.
    said_each = [inner for event in wanted for inner in (event if is_list_of_objects(event) else [event])]
    for line, event in zip(lines, said_each, strict=True):
        said = event.replace("\r", " ").replace("\n", " ") if isinstance(event, str) else json.dumps(event)
        assert (line if isinstance(event, str) else json.dumps(json.loads(line))) == said


def test_envelopes_across_the_edges_of_what_is_looked_at_are_whole() -> None:
    wanted = [str(number % 10) * (number * 7919 % 100_000 + 1) + "さきもり" for number in range(100)]
    body = b"\n".join(json.dumps({"event": event}, ensure_ascii=False).encode() for event in wanted)
    assert event_lines(body).decode().splitlines() == wanted


def test_a_list_of_events_has_only_so_many_and_costs_a_bounded_amount() -> None:
    body = b'{"time":1700000000,"event":[' + b"{}," * (ENVELOPE_BYTES // 3 - 40) + b"{}]}"
    tracemalloc.start()
    try:
        assert refused(body) == (413, 27)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [b"[],", b"{},", b'"",', b"1.5,", b'{"":[]},'])
def test_an_event_of_a_hostile_shape_costs_a_bounded_amount(shape: bytes) -> None:
    body = b'{"event":[' + shape * (8 * ENVELOPE_BYTES // len(shape)) + b"0]}"
    tracemalloc.start()
    try:
        assert refused(body) == (413, 27)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_the_largest_event_is_taken_and_a_larger_one_is_not() -> None:
    def body(size: int) -> bytes:
        return b'{"event":"' + b"x" * (size - 12) + b'"}'

    assert len(event_lines(body(100) + body(ENVELOPE_BYTES) + body(50))) == ENVELOPE_BYTES - 12 + 88 + 38 + 3
    assert refused(body(100) + body(ENVELOPE_BYTES + 1) + body(50)) == (413, 27)


def test_a_request_has_only_so_many_events() -> None:
    assert event_lines(b'{"event":1}' * EVENTS_PER_REQUEST) == b"1\n" * EVENTS_PER_REQUEST
    assert refused(b'{"event":1}' * (EVENTS_PER_REQUEST + 1)) == (413, 27)


def test_nesting_without_end_is_refused() -> None:
    assert refused(b'{"event":' + b"[" * 30_000) == (400, 6)
    assert refused(b'{"event":' + b"[" * 30_000 + b"]" * 30_000 + b"}") == (400, 6)


def asked(parts: list[bytes | None], **headers: str) -> Request:
    """A request whose body comes in these parts; None: the client is gone. After the last one nothing comes."""
    waiting = list(parts)

    async def receive() -> dict[str, object]:
        if not waiting:
            await asyncio.Event().wait()
        part = waiting.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": part != b"end"}

    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


def taken(request: Request, *, limits: BodyLimits = _SMALL) -> bytes:
    async def take() -> bytes:
        under_way = InFlight(total_bytes=limits.total_bytes, contract_bytes=limits.contract_bytes)
        with under_way.share(1) as share:
            return await body_of(request, share, limits)

    return asyncio.run(take())


def test_a_body_is_taken_whole() -> None:
    assert taken(asked([b"one", b"two", b"end"])) == b"onetwoend"


@pytest.mark.parametrize("parts", [[], [b"begun"], [b"b", b"e"]])
def test_a_client_that_stops_in_the_middle_is_told_that_it_took_too_long(parts: list[bytes | None]) -> None:
    with pytest.raises(BadRequest) as caught:
        taken(asked(parts), limits=replace(_SMALL, begin_seconds=0.05))
    assert caught.value.status == 408


def test_a_client_that_trickles_is_not_waited_for_although_something_always_comes() -> None:
    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x", "more_body": True}

    limits = BodyLimits(begin_seconds=0.05, bytes_per_second=1e9)
    with pytest.raises(BadRequest, match="timed out"):
        taken(Request({"type": "http", "method": "POST", "headers": []}, receive), limits=limits)


def test_a_client_that_leaves_in_the_middle_is_no_error_of_ours() -> None:
    with pytest.raises(ClientDisconnect):
        taken(asked([b"begun", None]))


def test_a_body_that_says_that_it_is_too_large_is_not_read() -> None:
    with pytest.raises(BadRequest, match="too large"):
        taken(asked([], content_length="1001"))
    with pytest.raises(BadRequest, match="too large"):
        taken(asked([b"x" * 600, b"x" * 600]))


def test_what_a_body_inflates_to_is_bounded_and_counted() -> None:
    under_way = InFlight(total_bytes=4000, contract_bytes=900)
    with under_way.share(1) as share:
        assert inflated(gzip.compress(b"x" * 500) + gzip.compress(b"y" * 200), share, _SMALL) == b"x" * 500 + b"y" * 200
        assert share.size_bytes == 700
        with pytest.raises(OSError, match="under way"):
            inflated(gzip.compress(b"x" * 201), share, _SMALL)
        with pytest.raises(BadRequest, match="too large"):
            inflated(gzip.compress(b"x" * 1001), share, _SMALL)


def test_a_contract_holds_only_so_much_and_all_of_them_only_so_much() -> None:
    under_way = InFlight(total_bytes=50, contract_bytes=30)

    def fits(contract_id: int, size_bytes: int) -> bool:
        with under_way.share(contract_id) as share:
            try:
                share.more(size_bytes)
            except OSError:
                return False
            return True

    assert (fits(1, 30), fits(1, 31)) == (True, False)
    with ExitStack() as held:
        first, second = (held.enter_context(under_way.share(contract_id)) for contract_id in (1, 2))
        more(first, 20, 10)
        assert (fits(1, 1), fits(2, 20), fits(2, 21)) == (False, True, False)
        more(second, 15)
        assert (fits(3, 5), fits(3, 6)) == (True, False)
    assert (fits(1, 30), fits(2, 30)) == (True, True)


def more(share: Share, *sizes: int) -> None:
    for size_bytes in sizes:
        share.more(size_bytes)
