"""HecPusher: sends lines to a Splunk HEC collector over TLS until each batch is acknowledged.

Batches wait in the state, so a killed process goes on where it stopped. Delivered at least once, in order: after a
time-out the same batch is sent again.
"""

import asyncio
import gzip
import json
import ssl
from collections.abc import Sequence

import httpx

from sakimori.simulators.spec import PushTarget
from sakimori.simulators.state import State

PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
TIMEOUT_SECONDS = 10.0
BATCH_LINES = 1000


def queue_lines(state: State, sink: str, lines: Sequence[bytes]) -> None:
    """Put lines behind those that wait for the sink already, in batches of at most 1,000."""
    with state.change() as db:
        for first in range(0, len(lines), BATCH_LINES):
            batch = b"\n".join(lines[first : first + BATCH_LINES])
            db.execute("INSERT INTO hec_batch (sink, lines, tries, is_acknowledged) VALUES (?, ?, 0, 0)", (sink, batch))


def hec_client(target: PushTarget) -> httpx.AsyncClient:
    """An HTTPS client that trusts the target's certificate. The caller closes it."""
    context = ssl.create_default_context(cadata=target.ca_pem or None)
    return httpx.AsyncClient(verify=context, timeout=TIMEOUT_SECONDS, trust_env=False)


class HecPusher:
    """Pushes the batches of one sink to its target."""

    def __init__(self, state: State, sink: str, target: PushTarget, client: httpx.AsyncClient) -> None:
        self._state = state
        self._sink = sink
        self._target = target
        self._client = client

    async def run(self) -> None:
        """Until cancelled. Failures make the pauses longer, a success makes them short again."""
        pause = PAUSE_SECONDS
        while True:
            is_fine = True
            while self.waiting() and is_fine:
                is_fine = await self.push_next()
            pause = PAUSE_SECONDS if is_fine else min(LONGEST_PAUSE_SECONDS, pause * 2)
            await asyncio.sleep(pause)

    def waiting(self) -> int:
        """Number of batches without an acknowledgement."""
        query = "SELECT count(*) AS n FROM hec_batch WHERE sink = ? AND is_acknowledged = 0"
        return int(self._state.rows(query, self._sink)[0]["n"])

    async def push_next(self) -> bool:
        """Send the oldest waiting batch once. False if it was not acknowledged; True also if there was none."""
        query = "SELECT id, lines FROM hec_batch WHERE sink = ? AND is_acknowledged = 0 ORDER BY id LIMIT 1"
        rows = self._state.rows(query, self._sink)
        if not rows:
            return True
        is_acknowledged = await self._send(bytes(rows[0]["lines"]).split(b"\n"))
        with self._state.change() as db:
            db.execute(
                "UPDATE hec_batch SET tries = tries + 1, is_acknowledged = ?1,"
                " lines = CASE WHEN ?1 THEN '' ELSE lines END WHERE id = ?2",
                (is_acknowledged, rows[0]["id"]),
            )
        return is_acknowledged

    async def _send(self, lines: Sequence[bytes]) -> bool:
        headers = {"Authorization": f"Splunk {self._target.token}", "Content-Type": "application/json"}
        body = self._body(lines)
        if self._target.is_gzipped:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body)
        try:
            answer = await self._client.post(self._target.url, content=body, headers=headers)
            return answer.status_code == 200 and answer.json().get("code") == 0
        except (httpx.HTTPError, ValueError, AttributeError):
            return False  # Unreachable, timed out or an answer that is no acknowledgement: it is sent again.

    def _body(self, lines: Sequence[bytes]) -> bytes:
        """Raw lines for a `/raw` address, else one JSON event after the other, as Splunk takes them."""
        if httpx.URL(self._target.url).path.endswith("/raw"):
            return b"\n".join(lines) + b"\n"
        events = (json.dumps({"event": line.decode("utf-8", "replace")}, ensure_ascii=False) for line in lines)
        return "".join(events).encode()
