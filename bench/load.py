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

import httpx

from bench import ingest

EVENTS_PER_REQUEST = 100
_DIFFERENT = 2000
_ID = re.compile(r"(deviceExternalI[dD])=\d+")
_MOMENTS = re.compile(r"\b(start|end)=\d+")
_FIRST_ID = 10**18
_CONNECTIONS = 64
_PROBE_EVERY = 5


class Lines:
    """Lines of the ingest benchmark, each with an id of its own and the moment of now."""

    def __init__(self) -> None:
        some = [line.decode() for line in islice(ingest.bench_lines(1), _DIFFERENT)]
        self._texts = cycle([_MOMENTS.sub(r"\1=%(ms)d", _ID.sub(r"\1=%(id)d", t.replace("%", "%%"))) for t in some])
        self._ids = count(_FIRST_ID)

    def take(self, number: int) -> tuple[list[str], str]:
        """So many lines, and the id of the last."""
        ms, lines, last = int(time.time() * 1000), [], 0
        for text in islice(self._texts, number):
            last = next(self._ids)
            lines.append(text % {"id": last, "ms": ms})
        return lines, str(last)


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
    _requests: int = 0

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


async def push(url: str, tokens: list[str], trust: ssl.SSLContext, load: Load) -> Sent:
    """Through the HEC door, in requests of 100 events."""
    sent = Sent()
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    async with httpx.AsyncClient(verify=trust, limits=limits, timeout=60) as client:
        under_way = []

        async def post(due: float, body: bytes, token: str, probe: str) -> None:
            headers = {"authorization": f"Splunk {token}"}
            try:
                answer = await client.post(url, content=body, headers=headers)
            except httpx.TransportError:  # As every sender does: once more, and it counts from when it was due.
                sent.repeated += 1
                answer = await client.post(url, content=body, headers=headers)
            done = time.monotonic()
            sent.seconds.append(done - due)
            if answer.status_code == 200:
                sent.events += EVENTS_PER_REQUEST
                sent.deliver(probe, done, load.tell)
            else:
                sent.refused += 1

        sent.began = time.monotonic()
        for token, due in zip(cycle(tokens), load.moments(sent.began), strict=False):
            texts, probe = load.lines.take(EVENTS_PER_REQUEST)
            body = "".join(json.dumps({"event": text}, ensure_ascii=False) for text in texts).encode()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            under_way.append(asyncio.create_task(post(due, body, token, probe)))
        await asyncio.gather(*under_way)
        sent.ended = time.monotonic()
    return sent


async def stream(port: int, trusts: list[ssl.SSLContext], load: Load) -> Sent:
    """Through the syslog door, one connection per sender, counted frames."""
    sent = Sent()
    streams = [await asyncio.open_connection("127.0.0.1", port, ssl=trust) for trust in trusts]
    sent.began = time.monotonic()
    for (_, writer), due in zip(cycle(streams), load.moments(sent.began), strict=False):
        texts, probe = load.lines.take(EVENTS_PER_REQUEST)
        frames = b"".join(_counted(f"<134>1 - shop.example.jp cwaf - - - {text}".encode()) for text in texts)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        writer.write(frames)
        await writer.drain()
        sent.events += EVENTS_PER_REQUEST
        sent.deliver(probe, time.monotonic(), load.tell)
        sent.seconds.append(time.monotonic() - due)
    for _, writer in streams:
        writer.close()
        await writer.wait_closed()
    sent.ended = time.monotonic()
    return sent


def _counted(frame: bytes) -> bytes:
    return b"%d %s" % (len(frame), frame)
