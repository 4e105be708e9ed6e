"""The sending side of `./run bench doors`: lines at a fixed rate, whatever the answers do (an open loop).

A request that is late because the one before it was slow counts from the moment at which it was due.
"""

import asyncio
import json
import re
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle, islice

from bench.lines import bench_lines

EVENTS_PER_REQUEST = 100
_DIFFERENT = 2000
_ID = re.compile(r"(deviceExternalI[dD])=\d+")
_MOMENTS = re.compile(r"\b(start|end)=\d+")
_FIRST_ID = 10**18
_CONNECTIONS = 64
_PROBE_EVERY = 5


class Lines:
    """Lines of the ingest benchmark, each with an id of its own and the moment of now.

    All that can be done before is done before: the sender must not be what is measured.
    """

    def __init__(self) -> None:
        some = [line.decode() for line in bench_lines(1, _DIFFERENT)]
        texts = [_MOMENTS.sub(r"\1=%(ms)d", _ID.sub(r"\1=%(id)d", text.replace("%", "%%"))) for text in some]
        self._events = cycle([json.dumps({"event": text}, ensure_ascii=False).encode() for text in texts])
        self._messages = cycle([f"<134>1 - shop.example.jp cwaf - - - {text}".encode() for text in texts])
        self._ids = count(_FIRST_ID)

    def events(self) -> tuple[bytes, str]:
        """What a request brings, and the id of its last event."""
        return self._take(self._events, _plain)

    def frames(self) -> tuple[bytes, str]:
        """As many messages with their lengths, and the id of the last."""
        return self._take(self._messages, _counted)

    def _take(self, templates: Iterator[bytes], framed: Callable[[bytes], bytes]) -> tuple[bytes, str]:
        values, parts = {b"ms": int(time.time() * 1000), b"id": 0}, []
        for template in islice(templates, EVENTS_PER_REQUEST):
            values[b"id"] = next(self._ids)
            parts.append(framed(template % values))
        return b"".join(parts), str(values[b"id"])


def _plain(event: bytes) -> bytes:
    return event


def _counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


@dataclass
class Sent:
    """What was sent through one door. `delivered`: when each probe, an event's id, had been delivered."""

    events: int = 0
    refused: int = 0
    repeated: int = 0
    seconds: list[float] = field(default_factory=list)
    delivered: dict[str, float] = field(default_factory=dict)
    began: float = 0.0
    ended: float = 0.0
    processor_seconds: float = 0.0
    _requests: int = 0

    def begin(self) -> None:
        """Sending begins."""
        self.began, self.processor_seconds = time.monotonic(), time.process_time()

    def end(self) -> None:
        """Everything is answered."""
        self.ended, self.processor_seconds = time.monotonic(), time.process_time() - self.processor_seconds

    def deliver(self, probe: str, at: float, tell: Callable[[str], None]) -> None:
        """A request has been delivered. Every few of them are looked for in the log store."""
        self._requests += 1
        if self._requests % _PROBE_EVERY == 0:
            self.delivered[probe] = at
            tell(probe)

    @property
    def per_second(self) -> float:
        """Events per second from the first to the last."""
        return self.events / max(1e-9, self.ended - self.began)


@dataclass(frozen=True)
class Load:
    """What is sent: `rate` events a second for so many seconds. `tell` is told each probe when it is delivered."""

    lines: Lines
    rate: float
    seconds: float
    tell: Callable[[str], None]

    def moments(self, began: float) -> Iterator[float]:
        """When each request is due."""
        pause = EVENTS_PER_REQUEST / self.rate
        return (began + number * pause for number in range(round(self.seconds / pause)))


class _Pool:
    """Connections to the HEC door that are kept open. HTTP by hand, for a client library costs more than the door."""

    def __init__(self, port: int, trust: ssl.SSLContext) -> None:
        self._port, self._trust = port, trust
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._free = asyncio.Semaphore(_CONNECTIONS)

    async def post(self, token: str, body: bytes, *, anew: bool = False) -> int:
        """The status of the answer. OSError or EOFError if the connection ends before it. anew: on a new one."""
        head = (
            "POST /services/collector/event HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Splunk {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with self._free:
            pair = (None if anew else self._kept()) or await self._open()
            reader, writer = pair
            writer.write(head.encode() + body)
            await writer.drain()
            answer = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(answer.lower().partition(b"content-length:")[2].split(None, 1)[0]))
            self._idle.append(pair)
        return int(answer.split(None, 2)[1])

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """One that the server has not closed meanwhile."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
        return None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port, ssl=self._trust)

    def close(self) -> None:
        """Close all of them."""
        for _, writer in self._idle:
            writer.close()


async def push(port: int, tokens: list[str], trust: ssl.SSLContext, load: Load) -> Sent:
    """Through the HEC door, in requests of 100 events."""
    sent, pool, under_way = Sent(), _Pool(port, trust), []

    async def post(due: float, body: bytes, token: str, probe: str) -> None:
        try:
            status = await pool.post(token, body)
        except (OSError, EOFError):  # As every sender does: once more, and it counts from when it was due.
            sent.repeated += 1
            status = await pool.post(token, body, anew=True)
        done = time.monotonic()
        sent.seconds.append(done - due)
        if status == 200:
            sent.events += EVENTS_PER_REQUEST
            sent.deliver(probe, done, load.tell)
        else:
            sent.refused += 1

    sent.begin()
    for token, due in zip(cycle(tokens), load.moments(sent.began), strict=False):
        body, probe = load.lines.events()
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        under_way.append(asyncio.create_task(post(due, body, token, probe)))
    await asyncio.gather(*under_way)
    sent.end()
    pool.close()
    return sent


async def stream(port: int, trusts: list[ssl.SSLContext], load: Load) -> Sent:
    """Through the syslog door, one connection per sender, counted frames."""
    sent = Sent()
    streams = [await asyncio.open_connection("127.0.0.1", port, ssl=trust) for trust in trusts]
    sent.begin()
    for (_, writer), due in zip(cycle(streams), load.moments(sent.began), strict=False):
        frames, probe = load.lines.frames()
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        writer.write(frames)
        await writer.drain()
        sent.events += EVENTS_PER_REQUEST
        sent.deliver(probe, time.monotonic(), load.tell)
        sent.seconds.append(time.monotonic() - due)
    for _, writer in streams:
        writer.close()
        await writer.wait_closed()
    sent.end()
    return sent
