"""`./run bench doors`: lines pushed over TLS at a fixed rate: how soon answered, how soon searchable, and none lost."""

import argparse
import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from bench.figures import percentile
from bench.load import Lines, Load, Sent, push, stream

_SETTLE_SECONDS = 120.0


def environment(data: Path) -> dict[str, str]:
    """Settings of a process of ours whose data folder is `data`; the outside is not there."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "sakimori.settings",
        "SAKIMORI_DATA": str(data),
        "SAKIMORI_BASE_URL": "https://portal.example.jp",
        "SAKIMORI_MAIL_URL": "smtp://127.0.0.1:1",
        "SAKIMORI_MAIL_FROM": "soc@example.jp",
        "SAKIMORI_SOC_PHONE": "03-0000-0000",
    }


class Receiver:
    """The receiving process (`receiver.py`) and what it says."""

    def __init__(self, data: Path, contracts: int) -> None:
        command = [sys.executable, "-m", "bench.receiver", str(contracts)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(data), text=True
        )
        self.found: dict[str, float] = {}
        self._sums: list[dict[str, Any]] = []
        self._heard = threading.Condition()
        self.doors = json.loads(self._line())
        threading.Thread(target=self._listen, daemon=True).start()

    def _line(self) -> str:
        return self._process.stdout.readline() if self._process.stdout else ""

    def _listen(self) -> None:
        while line := self._line():
            answer = json.loads(line)
            with self._heard:
                if "found" in answer:
                    self.found[answer["found"]] = answer["at"]
                else:
                    self._sums.append(answer)
                self._heard.notify_all()

    def ask(self, question: dict[str, object]) -> None:
        """Send a question."""
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()

    def sums(self) -> dict[str, Any]:
        """What lies where by now."""
        with self._heard:
            self._sums.clear()
            self.ask({"sums": True})
            if not self._heard.wait_for(lambda: self._sums, timeout=60):
                raise RuntimeError("the receiver does not answer")
            return self._sums[0]

    def settled(self, lines: int) -> dict[str, Any]:
        """Wait until so many lines are counted in the ledger and nothing waits, or nothing more comes."""
        stop_at = time.monotonic() + _SETTLE_SECONDS
        while True:
            sums = self.sums()
            if (sums["lines"] >= lines and not sums["waiting"]) or time.monotonic() > stop_at:
                return sums
            time.sleep(0.5)

    def stop(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()


def measure_doors(arguments: Sequence[str]) -> dict[str, object]:
    """First the HEC door, then the syslog door, each for so many seconds."""
    parser = argparse.ArgumentParser(prog="./run bench doors")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each door")
    parser.add_argument("--rate", type=float, default=5000.0, help="events a second")
    parser.add_argument("--contracts", type=int, default=1, help="that send in turn")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as name:
        receiver = Receiver(Path(name), given.contracts)
        try:
            return {"seconds": given.seconds, "contracts": given.contracts, **_measure(receiver, given, Path(name))}
        finally:
            receiver.stop()


def _measure(receiver: Receiver, given: argparse.Namespace, data: Path) -> dict[str, object]:
    authority, doors = data / "keys" / "collector.pem", receiver.doors
    trust = ssl.create_default_context(cafile=str(authority))
    tokens = [contract["token"] for contract in doors["contracts"]]
    lines = Lines()
    asyncio.run(
        push(doors["hec"], tokens, trust, Load(lines, given.rate, 1.0, lambda _: None))
    )  # Everybody is awake from here on.
    first = receiver.settled(round(given.rate))
    load = Load(lines, given.rate, given.seconds, lambda probe: receiver.ask({"find": [probe]}))
    pushed, waits = _watched(receiver, push(doors["hec"], tokens, trust, load))
    after_hec = receiver.settled(first["lines"] + pushed.events)
    trusts = [_sender(authority, contract) for contract in doors["contracts"]]
    streamed, more = _watched(receiver, stream(doors["syslog"], trusts, load))
    end = receiver.settled(after_hec["lines"] + streamed.events)
    return {
        **_push_figures(pushed),
        "hec_lost": pushed.events - _new(first, after_hec),
        "syslog_lost": streamed.events - _new(after_hec, end),
        "syslog_events": streamed.events,
        "syslog_events_per_second": round(streamed.per_second),
        "syslog_cuts": end["cuts"],
        "searchable_p50_s": round(percentile([*waits, *more], 0.5), 2),
        "searchable_p95_s": round(percentile([*waits, *more], 0.95), 2),
        "hec_searchable_p95_s": round(percentile(waits, 0.95), 2),
        "syslog_searchable_p95_s": round(percentile(more, 0.95), 2),
        "searchable_max_s": round(max([*waits, *more]), 2),
        "probes": len(waits) + len(more),
        "files": end["files"] - first["files"],
        "parts": end["parts"],
        "quarantined_lines": end["bad"],
        "hec_processor_us_per_event": _processor_us(first, after_hec),
        "syslog_processor_us_per_event": _processor_us(after_hec, end),
    }


def _push_figures(pushed: Sent) -> dict[str, object]:
    """What the sender has seen of the HEC door."""
    answers = pushed.seconds
    return {
        "hec_p50_ms": round(percentile(answers, 0.5) * 1000, 1),
        "hec_p99_ms": round(percentile(answers, 0.99) * 1000, 1),
        "hec_max_ms": round(max(answers) * 1000, 1),
        "hec_refused": pushed.refused,
        "hec_repeated": pushed.repeated,
        "hec_events": pushed.events,
        "hec_events_per_second": round(pushed.per_second),
        "hec_sender_processor_us_per_event": round(pushed.processor_seconds / max(1, pushed.events) * 1e6, 1),
    }


def _new(before: dict[str, Any], after: dict[str, Any]) -> int:
    """Different events that the store has more, and lines that lie in quarantine."""
    return int(after["events"] - before["events"] + after["bad"] - before["bad"])


def _processor_us(before: dict[str, Any], after: dict[str, Any]) -> float:
    """What the receiving process needs for an event, from the door to the log store and the searches for attacks."""
    seconds = after["processor_seconds"] - before["processor_seconds"]
    return round(float(seconds / max(1, after["lines"] - before["lines"]) * 1e6), 1)


def _watched(receiver: Receiver, sending: Coroutine[Any, Any, Sent]) -> tuple[Sent, list[float]]:
    """Send, and then tell how long each probe took from delivered to searchable."""
    sent = asyncio.run(sending)
    stop_at = time.monotonic() + _SETTLE_SECONDS
    while missing := sent.delivered.keys() - receiver.found.keys():
        if time.monotonic() > stop_at:
            raise RuntimeError(f"{len(missing)} probes cannot be searched")
        time.sleep(0.2)
    return sent, [max(0.0, receiver.found[probe] - at) for probe, at in sent.delivered.items()]


def _sender(authority: Path, contract: dict[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    context.load_cert_chain(contract["certificate"], contract["key"])
    return context
