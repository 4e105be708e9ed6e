"""The command line tool as an operator meets it: in a process of its own."""

import base64
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from sakimori.run.cli import COMMANDS
from tests.customers.log_keys import log_key_pem
from tests.lines import cef, log_file
from tests.moments import START

ROOT = Path(__file__).parents[2]
NEEDED = {
    "SAKIMORI_BASE_URL": "https://portal.example.jp",
    "SAKIMORI_MAIL_URL": "smtp+plain://127.0.0.1:25",
    "SAKIMORI_MAIL_FROM": "soc@example.jp",
    "SAKIMORI_SOC_PHONE": "03-0000-0000",
}


def call(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `sakimori` with these settings and no others."""
    dropped = ("SAKIMORI_", "DJANGO_", "DATABASE_URL", "LOGSTORE_URL")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    environment |= {"PYTHONPATH": str(ROOT), "SAKIMORI_DATA": str(folder / "data"), **settings}
    return subprocess.run(
        [sys.executable, "-m", "sakimori", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("command", "missing"), list(zip(["up", "web", "work", "doctor"], NEEDED, strict=True)))
def test_a_missing_setting_is_one_sentence_and_code_2(tmp_path: Path, command: str, missing: str) -> None:
    ended = call(tmp_path, command, **{name: text for name, text in NEEDED.items() if name != missing})
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith(f"The setting {missing} is missing: ")
    assert not (tmp_path / "data").exists()


def test_a_wrong_setting_is_one_sentence_without_its_secret(tmp_path: Path) -> None:
    ended = call(tmp_path, "receive", **{**NEEDED, "SAKIMORI_MAIL_URL": "http://user:hunter2@mail.example.jp"})
    assert ended.returncode == 2
    assert ended.stderr.startswith("The setting SAKIMORI_MAIL_URL is wrong: ")
    assert ended.stderr.count("\n") == 1
    assert "hunter2" not in ended.stderr


def test_a_collector_without_an_address_says_so(tmp_path: Path) -> None:
    ended = call(tmp_path, "receive", **NEEDED)
    assert ended.returncode == 2
    assert "SAKIMORI_HEC_LISTEN" in ended.stderr


def test_a_taken_port_is_one_sentence_and_code_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        ended = call(tmp_path, "web", **NEEDED, SAKIMORI_LISTEN=listen)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "SAKIMORI_LISTEN" in ended.stderr


def test_an_unknown_command_is_code_2_and_names_the_known_ones(tmp_path: Path) -> None:
    ended = call(tmp_path, "dance")
    assert ended.returncode == 2
    assert "dance" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_command_shows_all_of_them(tmp_path: Path) -> None:
    ended = call(tmp_path)
    assert ended.returncode == 2
    assert all(name in ended.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_helps_without_settings_and_leaves_nothing_behind(tmp_path: Path, command: str) -> None:
    ended = call(tmp_path, command, "--help", SAKIMORI_BASE_URL="nonsense", TMPDIR=str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"usage: sakimori {command}")
    assert list(tmp_path.iterdir()) == []


def test_help_of_a_command_needs_no_settings(tmp_path: Path) -> None:
    ended = call(tmp_path, "logs", "parse", "--help")
    assert ended.returncode == 0
    assert "--key" in ended.stdout


def test_a_good_file_becomes_one_json_object_per_event(tmp_path: Path) -> None:
    lines = [cef("SQL Injection", f"198.51.100.{last}", at=START) for last in (7, 8)]
    (tmp_path / "good.log").write_bytes(log_file(lines))
    ended = call(tmp_path, "logs", "parse", "good.log")
    assert (ended.returncode, ended.stderr) == (0, "")
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [event["client_ip"] for event in events] == ["198.51.100.7", "198.51.100.8"]
    assert {event["time"] for event in events} == {"2026-11-23T03:00:00.000Z"}


def test_bad_lines_go_to_stderr_with_their_number(tmp_path: Path) -> None:
    (tmp_path / "mixed.log").write_bytes(log_file([cef("Normal", "198.51.100.7", at=START), b"nonsense", b"\xff"]))
    ended = call(tmp_path, "logs", "parse", "mixed.log")
    assert ended.returncode == 1
    assert len(ended.stdout.splitlines()) == 1
    reports = ended.stderr.splitlines()
    assert [report.split(": ")[:3] for report in reports] == [
        ["mixed.log", "line 2", "no_header"],
        ["mixed.log", "line 3", "bad_utf8"],
    ]
    assert all(report.endswith("。") for report in reports)


def test_a_broken_file_is_named_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "cut.log").write_bytes(log_file([cef("Normal", "198.51.100.7", at=START)] * 50)[:-30])
    ended = call(tmp_path, "logs", "parse", "cut.log")
    assert ended.returncode == 1
    assert "cut.log: unreadable (truncated): ファイルが途中で切れています。" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", ["missing.log", "."])
def test_what_is_no_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    ended = call(tmp_path, "logs", "parse", name)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{name}: ")
    assert ended.stderr.count("\n") == 1


def test_an_encrypted_file_wants_its_key(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "secret.log").write_bytes(encrypted(log_file([cef("Normal", "198.51.100.7", at=START)]), key))
    opened = call(tmp_path, "logs", "parse", "secret.log", "--key", "7=key.pem")
    assert (opened.returncode, len(opened.stdout.splitlines())) == (0, 1)
    closed = call(tmp_path, "logs", "parse", "secret.log")
    assert (closed.returncode, closed.stdout) == (1, "")
    assert "unknown_key_id" in closed.stderr
    (tmp_path / "sealed.pem").write_text(log_key_pem(password="secret"))
    for wrong in ("7=missing.pem", "key.pem", "7=secret.log", "7=sealed.pem"):
        ended = call(tmp_path, "logs", "parse", "secret.log", "--key", wrong)
        assert ended.returncode == 2, wrong
        assert ended.stderr.startswith("--key: ")
        assert ended.stderr.count("\n") == 1


def encrypted(file: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """The file for key 7, as the vendor does it."""
    header, separator, body = file.partition(b"|==|\n")
    padder, aes = padding.PKCS7(128).padder(), bytes(range(32))
    encryptor = Cipher(AES(aes), CBC(bytes(16))).encryptor()
    sealed = encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()
    wrapped = base64.b64encode(key.public_key().encrypt(base64.b64encode(aes), PKCS1v15()))
    return header + b"publicKeyId:7\nkey:%s\n" % wrapped + separator + sealed
