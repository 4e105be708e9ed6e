"""The push door: the collector's protocol through ASGI, and the real thing over TLS with the simulated pusher."""

import asyncio
import gzip
import json
import shutil
import socket
import ssl
import tracemalloc
import warnings
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import DatabaseError

from sakimori import backends
from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.secrets import issue_collector_token
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.duties import ingest_due
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.receive import gathered
from sakimori.logs.receive.hec import HecDoor, collector
from sakimori.logs.receive.hec_body import BodyLimits
from sakimori.logs.receive.tokens import Tokens
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from sakimori.run.collector import CollectorServer
from sakimori.run.patient import Patience
from sakimori.simulators.hec_pusher import HecPusher, hec_client, queue_lines
from sakimori.simulators.spec import PushTarget
from sakimori.simulators.state import State
from tests.lines import cef
from tests.moments import START, Clock
from tests.people import make_people

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = "/services/collector/event"
RAW = "/services/collector/raw"
LINE = "CEF:0|Incapsula|SIEMintegration|1|1|SQL Injection|0| fileId=1 名前=さきもり"


@dataclass
class Door:
    """The collector with two contracts, called as the vendor would call it."""

    spool: Spool
    folder: Path
    gathered: Path
    a: Contract
    b: Contract
    token_a: str
    token_b: str

    def post(self, body: bytes | AsyncIterator[bytes], *, path: str = EVENT, **headers: str) -> tuple[int, int]:
        """Status and the protocol's code. Headers as keywords; `token` is short for an Authorization."""
        token = headers.pop("token", self.token_a)
        given = {"authorization": f"Splunk {token}"} | {name.replace("_", "-"): text for name, text in headers.items()}
        answer = self.call("POST", path, content=body, headers=given)
        return answer.status_code, answer.json()["code"]

    def call(self, method: str, path: str, **request: object) -> httpx.Response:
        async def ask() -> httpx.Response:
            application = collector(HecDoor(self.gathered, self.spool, Clock()), clock=Clock())
            transport = httpx.ASGITransport(application)
            async with (
                application.router.lifespan_context(application),
                httpx.AsyncClient(transport=transport, base_url="https://collector", timeout=60) as client,
            ):
                return await client.request(method, path, **request)  # type: ignore[arg-type]

        return asyncio.run(ask())

    def content(self) -> list[bytes]:
        """What lies in the spool, in the order of the ledger."""
        return [self.spool.path(file.spool_name).read_bytes() for file in LogFile.objects.order_by("pk")]

    def nothing_kept(self) -> bool:
        return not (LogFile.objects.exists() or list(self.folder.iterdir()) or list(self.gathered.iterdir()))


@pytest.fixture
def door(tmp_path: Path) -> Door:
    people = make_people()
    tokens = {}
    for contract in (people.a, people.b):
        account = VendorAccount(contract=contract, api_id="1", sealed_api_key="x")
        tokens[contract.pk] = issue_collector_token(account)
        account.save()
    folder, gathered_folder = tmp_path / "spool", settings.CONFIG.data / "hec"
    shutil.rmtree(gathered_folder, ignore_errors=True)
    return Door(Spool(folder), folder, gathered_folder, people.a, people.b, tokens[people.a.pk], tokens[people.b.pk])


def events(*lines: object) -> bytes:
    return "".join(json.dumps({"event": line, "host": "x"}, ensure_ascii=False) for line in lines).encode()


def bomb(plain_bytes: int) -> bytes:
    """So many zeros, as gzip."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(plain_bytes >> 20)) + packer.flush()


@pytest.mark.parametrize("path", ["/services/collector", EVENT, f"{EVENT}/1.0"])
def test_events_become_one_file_of_lines(door: Door, path: str) -> None:
    assert door.post(events(LINE, "second"), path=path) == (200, 0)
    assert door.content() == [f"{LINE}\nsecond\n".encode()]
    file = LogFile.objects.get()
    assert (file.contract, file.door, file.state) == (door.a, "hec", LogFileState.RECEIVED)
    assert (file.received_at, file.next_try_at, file.size_bytes) == (START, START, len(door.content()[0]))


@pytest.mark.parametrize("path", [RAW, f"{RAW}/1.0"])
def test_raw_lines_stay_byte_for_byte(door: Door, path: str) -> None:
    body = b"one\r\ntwo \xff\x00\n\nlast"
    assert door.post(body, path=path) == (200, 0)
    assert door.content() == [body]


def test_a_raw_json_document_stays_byte_for_byte_and_its_events_become_rows(door: Door, log_store: LogStore) -> None:
    event = {"@timestamp": 1700000000000, "client": {"ip": "192.0.2.1"}}
    documents = [json.dumps(document, indent=1).encode() for document in ([event, event], {"logs": [event]}, event)]
    for body in documents:
        assert door.post(body, path=RAW) == (200, 0)
    assert door.post(json.dumps({"time": 1700000000.5, "event": [{"a": 1}, event]}).encode()) == (200, 0)
    assert door.content() == [*documents, f'hec.time=1700000000.5 {{"a": 1}}\n{json.dumps(event)}\n'.encode()]
    ingest_due(store=log_store, spool=door.spool, worker="one", clock=Clock())
    assert list(LogFile.objects.order_by("pk").values_list("rows", "quarantined_lines")) == [
        (2, 0),
        (1, 0),
        (1, 0),
        (2, 0),
    ]


@pytest.mark.parametrize("path", [EVENT, RAW])
def test_gzip_is_unpacked(door: Door, path: str) -> None:
    body = events(LINE) if path == EVENT else LINE.encode() + b"\n"
    assert door.post(gzip.compress(body), path=path, content_encoding="GZIP") == (200, 0)
    assert door.content() == [LINE.encode() + b"\n"]


def test_an_event_that_is_an_object_becomes_a_line_of_json(door: Door) -> None:
    assert door.post(events({"a": "さくら\n", "b": [1, None]}, 7, False, ["x"])) == (200, 0)
    lines = door.content()[0].decode().splitlines()
    assert [json.loads(line) for line in lines] == [{"a": "さくら\n", "b": [1, None]}, 7, False, ["x"]]


def test_line_breaks_in_an_event_forge_no_second_line(door: Door) -> None:
    assert door.post(events("one\nCEF:0|forged\r\nCEF:0|forged")) == (200, 0)
    assert door.content() == [b"one CEF:0|forged  CEF:0|forged\n"]


@pytest.mark.parametrize(
    "event",
    [
        b'{"a":1,"a":2,"n":1.10000000000000000001}',
        b'{ "b" :\t"\\u3055\xe3\x81\x8f\xff" , "deep": [[{"event": "no"}]] }',
        b"-0.0e+05",
        b"9" * 9000,
    ],
)
def test_an_event_that_is_no_text_stays_as_it_was_written(door: Door, event: bytes) -> None:
    body = b'{"time": 1, "event": "not this", "event":' + event + b', "fields": {"event": 2}}'
    assert door.post(body) == (200, 0)
    assert door.content() == [event + b"\n"]


def test_a_blank_event_keeps_no_other_out(door: Door) -> None:
    assert door.post(events("one", "", None, "two")) == (200, 0)
    assert door.content() == [b"one\ntwo\n"]


def test_space_between_events_is_no_event(door: Door) -> None:
    body = b" \n" + events("one") + b"\r\n\t " + events("two") + b"\n\n"
    assert door.post(body) == (200, 0)
    assert door.content() == [b"one\ntwo\n"]


def test_a_hundred_thousand_small_events_come_in_one_request(door: Door) -> None:
    assert door.post(events(*range(100_000))) == (200, 0)
    assert door.content()[0].count(b"\n") == 100_000


@pytest.mark.parametrize("body", [b'{"event": "bad \\ud800 half"}', b'{"event": "bad \xff byte"}'])
def test_one_bad_sign_spoils_one_line_not_the_batch(door: Door, body: bytes, log_store: LogStore) -> None:
    """A visitor chooses what stands in a line: he must not be able to keep the whole batch out."""
    good = cef("SQL Injection", "198.51.100.7", at=START).decode()
    assert door.post(events(good) + body + events(good.replace("fileId=", "fileId=1"))) == (200, 0)
    ingest_due(store=log_store, spool=door.spool, worker="one", clock=Clock())
    file = LogFile.objects.get()
    assert (file.state, file.rows, file.quarantined_lines) == (LogFileState.STORED, 2, 1)
    assert file.bad_lines.get().reason == "bad_utf8"


@pytest.mark.parametrize("path", ["/services/collector/health", "/services/collector/health/1.0"])
def test_health_needs_no_token(door: Door, path: str) -> None:
    answer = door.call("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (200, 17)


def test_other_addresses_and_methods_are_closed(door: Door) -> None:
    assert door.call("GET", EVENT).status_code == 405
    assert door.call("POST", "/services/collector/ack").status_code == 404
    assert door.call("GET", "/").status_code == 404


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("", (401, 2)),
        ("Splunk", (401, 2)),
        ("Splunk ", (401, 2)),
        ("Bearer {token}", (401, 3)),
        ("Splunk wrong", (403, 4)),
        ("Splunk {token}x", (403, 4)),
        ("splunk {token}", (200, 0)),
    ],
)
def test_only_a_right_token_opens_the_door(door: Door, authorization: str, expected: tuple[int, int]) -> None:
    given = authorization.format(token=door.token_a)
    assert door.post(events(LINE), authorization=given) == expected
    if expected[0] != 200:
        assert door.nothing_kept()


def test_without_any_authorization_the_door_is_closed(door: Door) -> None:
    answer = door.call("POST", EVENT, content=events(LINE))
    assert (answer.status_code, answer.json()) == (401, {"text": "Token is required", "code": 2})
    assert door.nothing_kept()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Splunk wrong"}])
def test_a_stranger_cannot_make_us_read_a_large_body(door: Door, headers: dict[str, str]) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1 << 20
            yield bytes(1 << 20)

    answer = door.call("POST", RAW, content=endless(), headers=headers)
    assert answer.status_code in (401, 403)
    assert taken <= 2 << 20


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, 5)),
        (b" \r\n\t", (400, 5)),
        (b"CEF:0|Incapsula", (400, 6)),
        (b'{"event": "a"} trailing', (400, 6)),
        (b'{"event": "a"', (400, 6)),
        (b"[" * 100_000, (400, 6)),
        (b'["event"]', (400, 12)),
        (b"{}", (400, 12)),
        (b'{"event": ""}', (400, 13)),
        (b'{"event": null}', (400, 13)),
        (b'{"event": ""} {"event": null}', (400, 13)),
        (b'{"event": "a",}', (400, 6)),
        (b'{event: "a"}', (400, 6)),
        (b'{"event" "a"}', (400, 6)),
        (b'{"event": "a" "host": "b"}', (400, 6)),
        (b'{"event": [1, 2}', (400, 6)),
        (b"true", (400, 12)),
    ],
    ids=range(17),
)
def test_what_cannot_be_understood_is_refused_whole(door: Door, body: bytes, expected: tuple[int, int]) -> None:
    assert door.post(body) == expected
    assert door.nothing_kept()


@pytest.mark.parametrize(
    "body",
    [b"no gzip", b"", gzip.compress(b"x" * 1000)[:-9], gzip.compress(b"x")[:10] + b"\xff" * 50, b"\x1f\x8b\x08"],
    ids=["none", "empty", "cut", "damaged", "header only"],
)
def test_broken_gzip_is_refused(door: Door, body: bytes) -> None:
    status, code = door.post(body, path=RAW, content_encoding="gzip")
    assert (status, code) in ((400, 6), (400, 5))
    assert door.nothing_kept()


def test_a_bomb_is_refused_at_a_bounded_cost(door: Door) -> None:
    body = bomb(512 << 20)
    assert len(body) < 4 << 20
    tracemalloc.start()
    try:
        assert door.post(body, path=RAW, content_encoding="gzip") == (413, 27)
        assert tracemalloc.get_traced_memory()[1] < 256 << 20
    finally:
        tracemalloc.stop()
    assert door.nothing_kept()


def test_too_large_is_refused_before_all_of_it_is_read(door: Door) -> None:
    taken = 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(200):
            taken += 1 << 20
            yield bytes(1 << 20)

    assert door.post(large(), path=RAW) == (413, 27)
    assert taken <= 18 << 20
    assert door.nothing_kept()


def test_the_token_of_a_contract_that_has_ended_is_one_that_nobody_knows(door: Door) -> None:
    Contract.objects.filter(pk=door.a.pk).update(ends_on=day_of(START))
    assert door.post(LINE.encode(), path=RAW) == (403, 4)
    assert door.nothing_kept()
    assert door.post(LINE.encode(), path=RAW, token=door.token_b) == (200, 0)


def test_a_token_that_is_in_use_is_asked_for_once_a_second(
    door: Door, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    seconds = 0.0
    tokens = Tokens(clock=Clock(), steady=lambda: seconds)

    def ask(token: str) -> int | None:
        return async_to_sync(tokens.contract_id)(token)

    assert (ask(door.token_a), ask(door.token_b), ask("wrong")) == (door.a.pk, door.b.pk, None)
    seconds = 0.9
    with django_assert_num_queries(0):
        assert (ask(door.token_a), ask(door.token_b)) == (door.a.pk, door.b.pk)
    Contract.objects.filter(pk=door.a.pk).update(ends_on=day_of(START))
    seconds = 1.0
    assert (ask(door.token_a), ask(door.token_b)) == (None, door.b.pk)


def test_the_token_decides_whose_it_is_whatever_the_line_says(door: Door) -> None:
    line = cef("SQL Injection", "198.51.100.7", at=START, site_id=ord("A"), site="shop-a.example.jp").decode()
    assert door.post(events(line), token=door.token_b) == (200, 0)
    assert LogFile.objects.get().contract == door.b


def test_requests_that_come_together_are_one_file_and_the_same_one_counts_once(door: Door, server: "Server") -> None:
    with httpx.Client(base_url=f"https://127.0.0.1:{server.port}", verify=server.trust) as client:
        for token, body in [(door.token_a, events(LINE))] * 3 + [
            (door.token_b, events(LINE)),
            (door.token_a, events({})),
        ]:
            answer = client.post(EVENT, content=body, headers={"authorization": f"Splunk {token}"})
            assert (answer.status_code, answer.json()["code"]) == (200, 0)
    server.stop()
    whose = [file.contract for file in in_order()]
    assert sorted(zip(door.content(), [c.pk for c in whose], strict=True)) == sorted(
        [(f"{LINE}\n{{}}\n".encode(), door.a.pk), (f"{LINE}\n".encode(), door.b.pk)]
    )


def test_while_the_store_is_behind_fewer_files_come(door: Door) -> None:
    made = HecDoor(door.gathered, door.spool, Clock())
    for number in range(12):
        assert made.gathering_seconds(1, shortest=1.0) == max(1.0, 1.0 + (number - 4) * 0.5)
        (ready := door.gathered / f"{door.a.pk}-{number}.ready").write_bytes(b"%d\n" % number)
        made.hand_over(ready)


def test_what_shows_no_format_is_a_file_of_its_own(door: Door, server: "Server") -> None:
    """A header, a compressed body or an order of fields would count for the lines of others too."""
    bodies = [f"{LINE}\n".encode(), b"format:CEF\n|==|\n" + zlib.compress(LINE.encode()), b"#Fields: date\n2026-11-23"]
    with httpx.Client(base_url=f"https://127.0.0.1:{server.port}", verify=server.trust) as client:
        for body in bodies:
            answer = client.post(RAW, content=body, headers={"authorization": f"Splunk {door.token_a}"})
            assert (answer.status_code, answer.json()["code"]) == (200, 0)
    server.stop()
    assert sorted(door.content()) == sorted(bodies)


def test_a_full_disk_is_busy_and_nothing_is_kept(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("sakimori.logs.spool.os.fsync", full)
        assert door.post(events(LINE)) == (503, 9)
    assert door.nothing_kept()
    assert door.post(events(LINE)) == (200, 0)


def test_while_the_ledger_cannot_be_written_lines_wait_on_our_disk(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise DatabaseError("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(gathered, "accept", locked)
        assert door.post(events(LINE)) == (200, 0)
    assert not LogFile.objects.exists()
    assert door.call("GET", "/services/collector/health").status_code == 200
    assert door.content() == [f"{LINE}\n".encode()]
    assert list(door.gathered.iterdir()) == []


def test_the_next_start_takes_what_a_killed_process_left(door: Door) -> None:
    door.gathered.mkdir()
    name = f"{door.a.pk}-{'0' * 24}"
    for _ in range(2):  # Killed again, between ledger and removal.
        (door.gathered / f"{name}.open").write_bytes(b"answered\n")
        assert door.call("GET", "/services/collector/health").status_code == 200
    assert (LogFile.objects.get().name, door.content()) == (name, [b"answered\n"])


@dataclass
class Server:
    """A running collector behind TLS and the certificate to trust."""

    port: int
    ca_pem: str
    stop: Callable[[], None]

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.ca_pem)


@pytest.fixture
def server(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(backends, "spool", lambda: door.spool)
    made = CollectorServer("127.0.0.1", 0)
    made.start()
    yield Server(made.port, (settings.CONFIG.data / "keys" / "collector.pem").read_text(), made.stop)
    made.stop()


def test_the_pusher_delivers_over_tls_and_its_lines_become_rows(
    door: Door, server: Server, tmp_path: Path, log_store: LogStore
) -> None:
    state = State(tmp_path / "state.sqlite3")
    queue_lines(state, "4001", [cef("SQL Injection", "198.51.100.7", at=START) for _ in range(1500)] + [b"broken"])
    for path, gz in ((EVENT, True), (RAW, False)):
        target = PushTarget(f"https://127.0.0.1:{server.port}{path}", door.token_a, ca_pem=server.ca_pem, is_gzipped=gz)
        push(state, target, lambda pusher: pusher.push_next())
    state.close()
    server.stop()
    ingest_due(store=log_store, spool=door.spool, worker="one", clock=utc_now)
    sums = [(file.state, file.contract, file.lines, file.rows, file.quarantined_lines) for file in in_order()]
    assert sums == [(LogFileState.STORED, door.a, 1501, 1500, 1)]
    rows = log_store.query("SELECT count() AS n FROM events WHERE contract_id = {c:UInt32}", {"c": door.a.pk})
    assert rows == [{"n": 1500}]


def test_a_wrong_token_is_not_acknowledged(door: Door, server: Server, tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite3")
    queue_lines(state, "4001", [b"line"])
    target = PushTarget(f"https://127.0.0.1:{server.port}{EVENT}", "wrong", ca_pem=server.ca_pem)
    assert push(state, target, lambda pusher: pusher.push_next()) is False
    state.close()
    assert door.nothing_kept()


def test_somebody_elses_client_delivers(door: Door, server: Server) -> None:
    """The public client `hass-splunk`, which speaks through aiohttp, with the server's certificate checked."""
    aiohttp = pytest.importorskip("aiohttp", reason="the development requirements are not installed")
    client_of = pytest.importorskip("hass_splunk", reason="the development requirements are not installed").hass_splunk

    async def deliver() -> list[object]:
        connector = aiohttp.TCPConnector(ssl=server.trust)
        async with aiohttp.ClientSession(connector=connector) as session:
            known = client_of(session, door.token_a, "127.0.0.1", server.port)
            unknown = client_of(session, "wrong", "127.0.0.1", server.port)
            for number in range(300):
                await known.queue({"event": f"{LINE} {number}", "host": "cwaf"}, send=False)
            await known.queue({"event": {"act": "さくら"}}, send=False)
            return [await known.check(), await unknown.check(), await known.send(), len(known.batch)]

    assert asyncio.run(deliver()) == [True, False, True, 0]
    server.stop()
    lines = b"".join(door.content()).decode().splitlines()
    assert lines == [*(f"{LINE} {number}" for number in range(300)), json.dumps({"act": "さくら"})]
    assert {file.contract for file in in_order()} == {door.a}


@pytest.mark.parametrize(("version", "taken"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_old_tls_is_refused(server: Server, version: str, taken: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=server.ca_pem)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Asking for the old version is the point here.
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as plain:
        if taken:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                assert secure.version() == version.replace("_", ".")
        else:
            with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|HANDSHAKE|EOF"):
                context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_port_that_is_taken_is_an_error_at_the_start(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        second = CollectorServer("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            second.start()


def in_order() -> list[LogFile]:
    return list(LogFile.objects.order_by("pk"))


def push(state: State, target: PushTarget, act: Callable[[HecPusher], Awaitable[bool]]) -> bool:
    async def run() -> bool:
        async with hec_client(target) as client:
            return await act(HecPusher(state, "4001", target, client))

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", b""),
        (b"POST /services/collector HTTP/1.1\r\nHost: x\r\n", b""),
        (b"GET /services/collector/health HTTP/1.1\r\nHost: x\r\n\r\nGET /services", b"HTTP/1.1 200"),
        (b"POST /services/collector/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"HTTP/1.1 401"),
        (b"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: 9\r\n\r\nbegun", b"HTTP/1.1 408"),
    ],
    ids=["nothing", "half a head", "half a second head", "no token and no body", "half a body"],
)
def test_a_client_that_stops_in_the_middle_is_let_go(
    door: Door, impatient: Server, sent: bytes, answered: bytes
) -> None:
    if b"%s" in sent:
        sent %= RAW.encode(), f"Splunk {door.token_a}".encode()
    with spoken_to(impatient) as connection:
        connection.sendall(sent)
        assert everything(connection)[: len(answered)] == answered
    impatient.stop()
    assert door.nothing_kept()


def test_a_client_that_never_begins_the_handshake_is_let_go(impatient: Server) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=60) as plain:
        assert everything(plain) == b""


def test_there_are_only_so_many_connections(door: Door, impatient: Server) -> None:
    with ExitStack() as held:
        for _ in range(3):
            connection = held.enter_context(spoken_to(impatient))
            connection.sendall(b"GET /services/collector/health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"
        with spoken_to(impatient) as one_more:
            assert everything(one_more) == b""
    impatient.stop()
    assert door.nothing_kept()


def test_while_as_much_as_may_be_is_under_way_others_are_told_to_wait(door: Door, impatient: Server) -> None:
    answer = httpx.post(
        f"https://127.0.0.1:{impatient.port}{RAW}",
        content=b"x" * 5000,
        headers={"authorization": f"Splunk {door.token_a}"},
        verify=impatient.trust,
    )
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, 9, "5")
    impatient.stop()
    assert door.nothing_kept()


def test_a_client_that_leaves_in_the_middle_leaves_no_traceback(
    door: Door, impatient: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with spoken_to(impatient) as connection:
        head = f"POST {RAW} HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk {door.token_a}\r\nContent-Length: 9\r\n\r\nbe"
        connection.sendall(head.encode())
    impatient.stop()
    assert door.nothing_kept()
    assert not [record for record in caplog.records if record.exc_info]


@pytest.fixture
def impatient(door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A collector that waits for nobody longer than a busy machine needs, and takes little at once."""
    monkeypatch.setattr(backends, "spool", lambda: door.spool)
    bodies = BodyLimits(begin_seconds=2, contract_bytes=4000)
    patience = Patience(handshake_seconds=2, head_seconds=2, keep_alive_seconds=2, connections=3)
    made = CollectorServer("127.0.0.1", 0, patience=patience, bodies=bodies)
    made.start()
    yield Server(made.port, (settings.CONFIG.data / "keys" / "collector.pem").read_text(), made.stop)
    made.stop()


def spoken_to(server: Server) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    return server.trust.wrap_socket(plain, server_hostname="127.0.0.1")


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side lets go."""
    came = b""
    with suppress(ConnectionResetError, ssl.SSLEOFError):
        while data := connection.recv(4096):
            came += data
    return came
