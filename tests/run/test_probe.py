"""`sakimori probe`: the verdict in the shell, in words and as JSON, with its exit code, and without an installation."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
import structlog

from sakimori.incidents.beside import NotVisited, Sight
from sakimori.incidents.elsewhere import Vantage
from sakimori.incidents.visit import Limits, Target, Visit
from sakimori.incidents.visitors import World
from sakimori.lib.http import GuardedClient
from sakimori.lib.jst import utc_now
from sakimori.run import probe_server
from sakimori.run.cli import run_command
from sakimori.run.incident_duties import visit_world
from sakimori.run.probe_shell import look
from tests.incidents.post import dead, inner, slow
from tests.incidents.stage import Pages, answer, serving
from tests.moments import START

URL = "https://shop.example.jp/"
LIMITS = Limits(probe_seconds=30, slow_seconds=10, training=False)
PNG = b"\x89PNG\r\n"


def challenge(at: datetime, url: str) -> Visit:
    return Visit(at=at, url=url, status=200, total_ms=50, page="challenge", via="waf", address="203.0.113.9")


def asked(**more: object) -> argparse.Namespace:
    return argparse.Namespace(**{"page": URL, "text": "", "origin": "", "screenshot": "", "json": False, **more})


def world(state: object = None, **more: object) -> World:
    pages = Pages({URL: state} if state else {})  # type: ignore[dict-item]
    return World(pages, LIMITS, ("https://control.example.com/",), lambda: START, lambda: None, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        (None, 0, ["判定: 正常", "2 回中 2 回、120 ミリ秒で正常に表示されました。", "応答 200、900 バイト"]),
        (dead, 1, ["判定: 表示できない", "30 秒以内に表示が完了しませんでした", "時間切れ", "接続先なし"]),
        (slow, 1, ["判定: 極端に遅い", "合計 15000 ms"]),
        (inner, 2, ["判定: 判定不能", "公開アドレスではない"]),
        (challenge, 2, ["判定: 判定不能", "WAF 経由、WAF の確認画面", "→ 203.0.113.9"]),
    ],
)
def test_the_verdict_is_told_in_words_and_by_the_exit_code(
    state: object, code: int, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(asked(), world(state)) == code
    printed = capsys.readouterr().out
    assert [word for word in words if word not in printed] == []


def test_a_bad_page_is_no_verdict_while_no_control_page_opens(capsys: pytest.CaptureFixture[str]) -> None:
    alone = world(dead)
    alone.visiting.states["https://control.example.com/"] = dead  # type: ignore[attr-defined]
    assert look(asked(), alone) == 2
    assert "SOC 側の回線" in capsys.readouterr().out


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert look(asked(json=True, origin="192.0.2.5"), world()) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["判定"], len(told["試行"])) == ("正常", 2)
    assert [each["経路"] for each in told["ほかの経路・地点での確認"]] == ["オリジン直接"]
    assert told["対照ページ（WAF を経由しない）"] == "問題なし"


def test_a_picture_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def browser(target: Target, *, limits: Limits, at: datetime, seconds: float | None = None, **_: object) -> Sight:
        return Sight(Visit(at=at, url=target.url, status=200, path="browser"), PNG)

    file = tmp_path / "page.png"
    assert look(asked(screenshot=str(file)), world(browser=browser)) == 0
    assert file.read_bytes() == PNG
    assert "参考: ブラウザ" in capsys.readouterr().out
    assert look(asked(screenshot=str(tmp_path / "no" / "page.png")), world(browser=browser)) == 2
    assert look(asked(screenshot=str(file)), world()) == 0
    assert "SAKIMORI_BROWSER" in capsys.readouterr().err


@pytest.mark.parametrize("page", ["shop.example.jp", "ftp://shop.example.jp/", ""])
def test_what_is_no_page_is_said_in_one_sentence(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert look(asked(page=page), world()) == 2
    assert "must begin with http" in capsys.readouterr().err


def test_serving_needs_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe_server.serve() == 2
    assert "SAKIMORI_VANTAGE_KEY is missing" in capsys.readouterr().err


def test_the_command_finds_both(capsys: pytest.CaptureFixture[str]) -> None:
    log = structlog.get_config()
    assert run_command(["probe", "no-page"]) == 2
    assert run_command(["probe", "serve"]) == 2
    printed = capsys.readouterr().err
    assert "must begin with http" in printed
    assert "SAKIMORI_VANTAGE_KEY" in printed
    assert structlog.get_config() == log, "the tests that follow would log to this one's stderr, which is closed"


def without_settings() -> dict[str, str]:
    """The environment of somebody who has installed nothing."""
    ours = ("SAKIMORI", "DATABASE", "DJANGO")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2])}


def test_it_works_where_nothing_is_installed() -> None:
    """No data folder, no database, no other setting; 10.0.0.1 is refused before anything is connected to."""
    done = subprocess.run(
        [sys.executable, "-m", "sakimori", "probe", "http://10.0.0.1/"],
        env=without_settings(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("判定: 判定不能\nサイトのアドレスがインターネット上の公開アドレスではない")


def test_the_settings_make_the_world() -> None:
    made = visit_world()
    assert (made.waf_controls, made.vantage) == ((), None)


def test_the_service_runs_as_a_command_and_stops_when_asked_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    key = "k" * 40
    process = subprocess.Popen(
        [sys.executable, "-m", "sakimori", "probe", "serve"],
        env={
            **without_settings(),
            "SAKIMORI_VANTAGE_KEY": key,
            "SAKIMORI_VANTAGE_LISTEN": f"127.0.0.1:{port}",
            "SAKIMORI_ALLOW_DOCUMENTATION": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert f"127.0.0.1:{port}" in process.stdout.readline()
        with serving(answer("さきもり商店".encode(), headers="X-CDN: Imperva\r\n")) as site, GuardedClient() as client:
            seen = asked_there(Vantage(f"http://127.0.0.1:{port}", key, client, clock=utc_now), site.url())
        assert (seen.text_found, seen.via, seen.vantage, seen.address) == (True, "waf", "127.0.0.1", "127.0.0.1")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def asked_there(vantage: Vantage, url: str) -> Visit:
    """The answer, as soon as the service listens: it says so a moment before it does."""
    target, limits = Target(url, "さきもり"), Limits(probe_seconds=60, slow_seconds=30, training=True)
    for _ in range(1200):
        try:
            return vantage(target, limits=limits, at=START)
        except NotVisited:
            threading.Event().wait(0.05)
    return vantage(target, limits=limits, at=START)
