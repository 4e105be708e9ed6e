"""The log pull: the index, one file, and every way in which they fail."""

from collections.abc import Iterator

import httpx
import pytest

from sakimori.lib.http import GuardedClient
from sakimori.waf.imperva import ImpervaLogCredentials, ImpervaLogs
from sakimori.waf.interface import WafError, WafMissing, WafRefused, WafUnauthorised, WafUnavailable
from tests.waf.contract import LogsContract

KEY = "c0de-log-key"
PAGE = "<html>please wait</html>"


class FakeLogServer:
    def __init__(self, base_url: str = "https://logs1.example.jp/31_9") -> None:
        self.files: dict[str, bytes] = {}
        self.next_answers: list[httpx.Response | Exception] = []
        self.paths: list[str] = []
        self.slept: list[float] = []
        self.logs = ImpervaLogs(
            ImpervaLogCredentials(base_url=base_url, api_id="4711", api_key=KEY),
            GuardedClient(transport=httpx.MockTransport(self.answer)),
            sleep=self.slept.append,
            random=lambda: 0.5,
            clock=lambda: sum(self.slept),
        )

    def put(self, name: str, body: bytes) -> None:
        self.files[name] = body

    def drop(self, name: str) -> None:
        del self.files[name]

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        if self.next_answers:
            answer = self.next_answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if request.headers["authorization"] != httpx.BasicAuth("4711", KEY)._auth_header:
            return httpx.Response(401)
        name = request.url.path.removeprefix("/31_9/")
        if name == "logs.index" and self.files:
            return httpx.Response(200, text="\r\n".join(self.files))
        if name in self.files:
            return httpx.Response(200, content=self.files[name])
        return httpx.Response(404, headers={"content-type": "text/html"}, text="<html>Not found</html>")


class TestImpervaLogs(LogsContract):
    def make_log_world(self) -> FakeLogServer:
        return FakeLogServer()


@pytest.fixture
def server() -> FakeLogServer:
    return FakeLogServer()


@pytest.mark.parametrize("slashes", ["", "/", "//"])
def test_the_base_address_may_end_as_it_likes(slashes: str) -> None:
    server = FakeLogServer(base_url="https://logs1.example.jp/31_9" + slashes)
    server.put("31_1.log", b"x")
    server.logs.log_index()
    assert server.paths == ["/31_9/logs.index"]


def test_names_come_once_in_the_order_of_the_list_and_nothing_else_does(server: FakeLogServer) -> None:
    text = "\ufeff31_9.log\n31_10.log\r\n\n31_9.log\n ../31_1.log\n31_1.log.bak\nx31_1.log\n31_٣.log\n 31_2.log \n"
    server.next_answers.append(httpx.Response(200, content=text.encode()))
    assert list(server.logs.log_index()) == ["31_9.log", "31_10.log", "31_2.log"]


def test_an_empty_index_is_no_error(server: FakeLogServer) -> None:
    server.next_answers.append(httpx.Response(200, content=b"\n"))
    assert list(server.logs.log_index()) == []


@pytest.mark.parametrize("body", [PAGE, "please come back later", "\xff\xfe"])
def test_text_without_a_name_is_not_an_empty_index(server: FakeLogServer, body: str) -> None:
    server.next_answers.extend(httpx.Response(200, text=body) for _ in range(4))
    with pytest.raises(WafUnavailable):
        server.logs.log_index()
    assert len(server.paths) == 4


STATUSES = [
    (400, WafRefused, 1),
    (401, WafUnauthorised, 1),
    (403, WafUnauthorised, 1),
    (404, WafMissing, 1),
    (429, WafUnavailable, 4),
    (204, WafUnavailable, 4),
    (302, WafUnavailable, 4),
    (500, WafUnavailable, 4),
    (502, WafUnavailable, 4),
    (503, WafUnavailable, 4),
    (504, WafUnavailable, 4),
]


@pytest.mark.parametrize(("status", "error", "calls"), STATUSES)
def test_each_status_has_its_error(server: FakeLogServer, status: int, error: type[WafError], calls: int) -> None:
    for ask in (server.logs.log_index, lambda: read(server)):
        server.paths.clear()
        server.next_answers = [httpx.Response(status, text=PAGE) for _ in range(calls)]
        with pytest.raises(error):
            ask()
        assert len(server.paths) == calls


def test_the_vendors_wish_is_heard(server: FakeLogServer) -> None:
    server.put("31_1.log", b"x")
    server.next_answers = [httpx.Response(429, headers={"retry-after": "7"}), httpx.ConnectError("x")]
    assert read(server) == b"x"
    assert server.slept == [7.0, 1.5]


@pytest.mark.parametrize(
    "name",
    ["", "logs.index", "../31_1.log", "31_1.log/..", "31_1.log\n", "31_1.log?x", "31_1", "31_٣.log", "%2e_1.log"],
)
def test_a_name_that_is_no_log_file_is_never_asked_for(server: FakeLogServer, name: str) -> None:
    with pytest.raises(WafRefused), server.logs.read_log(name):
        pass
    assert server.paths == []


def test_a_page_instead_of_a_file_is_tried_again(server: FakeLogServer) -> None:
    server.put("31_1.log", b"good")
    server.next_answers = [httpx.Response(200, html=PAGE)]
    assert read(server) == b"good"


def test_a_body_that_breaks_off_is_unavailable_and_the_rest_is_not_made_up(server: FakeLogServer) -> None:
    server.next_answers = [httpx.Response(200, stream=BreaksOff())]
    with server.logs.read_log("31_1.log") as chunks:
        assert next(chunks) == b"first"
        with pytest.raises(WafUnavailable):
            next(chunks)


def test_the_connection_is_let_go_when_the_reader_stops_early(server: FakeLogServer) -> None:
    stream = BreaksOff()
    server.next_answers = [httpx.Response(200, stream=stream)]
    with server.logs.read_log("31_1.log") as chunks:
        next(chunks)
        assert not stream.closed
    assert stream.closed


def test_the_connection_of_a_failed_try_is_let_go_at_once(server: FakeLogServer) -> None:
    server.put("31_1.log", b"good")
    failed = BreaksOff()
    server.next_answers = [httpx.Response(503, stream=failed)]
    with server.logs.read_log("31_1.log") as chunks:
        assert failed.closed
        assert b"".join(chunks) == b"good"


class BreaksOff(httpx.SyncByteStream):
    closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"first"
        raise httpx.ReadError("connection lost")

    def close(self) -> None:
        self.closed = True


def read(server: FakeLogServer) -> bytes:
    with server.logs.read_log("31_1.log") as chunks:
        return b"".join(chunks)
