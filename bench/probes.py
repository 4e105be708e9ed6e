"""`./run bench probes`: visits to HTTPS sites with all phases: how many a second, what a minute's baseline costs.

Beside ours, where it is installed, Debian's prometheus-blackbox-exporter on the same targets.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.doors import environment

_PEER = "prometheus-blackbox-exporter"
_SIDE_BY_SIDE = 16
_START_SECONDS = 20.0


@contextmanager
def _targets(folder: Path) -> Iterator[dict[str, Any]]:
    """The sites, in a process of their own."""
    command = [sys.executable, "-m", "bench.probe_targets", str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        yield json.loads(process.stdout.readline() if process.stdout else "")
    finally:
        process.communicate()


def measure_probes(arguments: Sequence[str]) -> dict[str, object]:
    """Both figures, and the peer's."""
    parser = argparse.ArgumentParser(prog="./run bench probes")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long at full speed")
    parser.add_argument("--sites", type=int, default=1000, help="sites of the baseline")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as name, _targets(Path(name)) as targets:
        url = f"https://127.0.0.1:{targets['port']}/"
        command = [sys.executable, "-m", "bench.probes", url, str(given.seconds), str(given.sites)]
        told = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            stdout=subprocess.PIPE,
            env={**environment(Path(name)), "SSL_CERT_FILE": targets["ca"], "SAKIMORI_ALLOW_DOCUMENTATION": "1"},
            text=True,
            check=True,
        )
        peers = {_PEER: _peer(Path(name), url, targets["ca"], given.seconds)} if shutil.which(_PEER) else {}
    return {**json.loads(told.stdout), "side_by_side": _SIDE_BY_SIDE, "peers": peers}


def _measure_ours(url: str, seconds: float, sites: int) -> dict[str, object]:
    """In a process of its own, so that its processor time is nobody else's. As the duty works: a thread per visit."""
    from sakimori.incidents.probing import visit  # noqa: PLC0415 - only this process has the settings
    from sakimori.incidents.visit import Limits, Target  # noqa: PLC0415
    from sakimori.incidents.visitors import Visitors, World, examine  # noqa: PLC0415
    from sakimori.lib.jst import utc_now  # noqa: PLC0415

    world = World(visit, Limits(30, 10, training=True), (), utc_now, lambda: None)
    look = partial(examine, 1, Target(url, "名産品", whole=False), world, one_is_enough=True)
    runner, seen = Visitors(_SIDE_BY_SIDE), Counter[str]()

    def run(enough: Callable[[int], bool]) -> tuple[int, float, float]:
        done, sent, began, cpu = 0, 0, time.monotonic(), time.process_time()
        while not enough(sent) or done < sent:
            while runner.free() and not enough(sent):
                runner.send(look)
                sent += 1
            if (result := runner.fetch()) is None:
                time.sleep(0.0005)
                continue
            done += 1
            last = result.visits[-1]
            phases = None not in (last.dns_ms, last.connect_ms, last.tls_ms, last.first_byte_ms, last.status)
            seen["good" if phases and last.text_found else str(last.trouble) or "odd"] += 1
        return done, time.monotonic() - began, time.process_time() - cpu

    run(lambda sent: sent >= _SIDE_BY_SIDE)
    stop_at = time.monotonic() + seconds
    done, elapsed, _ = run(lambda _: time.monotonic() >= stop_at)
    count, _, cpu = run(lambda sent: sent >= sites)
    return {
        "probes_per_second": round(done / elapsed),
        "cpu_ms_per_probe": round(cpu / count * 1000, 2),
        "cpu_share_1000_per_minute": round(cpu / count * 1000 / 60, 4),
        "probes": dict(seen),
    }


def _peer(folder: Path, url: str, ca: str, seconds: float) -> int:
    """Probes a second of the exporter, asked by as many at a time, each on a connection that stays open."""
    config = folder / "blackbox.yml"
    config.write_text(
        "modules:\n  https:\n    prober: http\n    timeout: 10s\n    http:\n      preferred_ip_protocol: ip4\n"
        f"      fail_if_body_not_matches_regexp: [名産品]\n      tls_config:\n        ca_file: {ca}\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [_PEER, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - an installed program
    try:
        _wait_for(port)
        return _asked_side_by_side(port, f"/probe?module=https&target={quote(url, safe='')}", seconds)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    stop_at = time.monotonic() + _START_SECONDS
    while time.monotonic() < stop_at:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{_PEER} does not answer")


def _asked_side_by_side(port: int, path: str, seconds: float) -> int:
    counts = [0] * _SIDE_BY_SIDE
    began = time.monotonic()

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() - began < seconds:
            connection.request("GET", path)
            counts[number] += b"\nprobe_success 1" in connection.getresponse().read()
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(_SIDE_BY_SIDE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(sum(counts) / (time.monotonic() - began))


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sakimori.settings")
    django.setup()
    print(json.dumps(_measure_ours(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))))
