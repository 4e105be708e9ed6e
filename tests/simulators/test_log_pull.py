"""The pull of log files: index, names, header, every encoding, keys, gaps, the 48 hours and the 500 MB."""

import base64
import hashlib
import zlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sakimori.simulators.imperva import log_files
from sakimori.simulators.imperva.log_files import LogBatch, file_content
from sakimori.simulators.switches import set_switches
from tests.simulators.stage import LEGACY_ACCOUNT, POLICY_ACCOUNT, LocalClient, Stage

LINES = [b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| a=1", "顧客=さきもり".encode()]
PLAIN = b"".join(line + b"\n" for line in LINES)


def split(content: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = content.partition(b"|==|\n")
    return dict(line.split(":", 1) for line in head.decode().splitlines()), body


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def decrypted(header: dict[str, str], body: bytes, private_key: rsa.RSAPrivateKey) -> bytes:
    wrapped = private_key.decrypt(base64.b64decode(header["key"]), padding.PKCS1v15())
    decryptor = Cipher(algorithms.AES(base64.b64decode(wrapped)), modes.CBC(bytes(16))).decryptor()
    padded = decryptor.update(body) + decryptor.finalize()
    return padded[: -padded[-1]]


@pytest.mark.parametrize("is_compressed", [True, False])
@pytest.mark.parametrize("is_encrypted", [True, False])
def test_every_encoding_can_be_read_and_the_checksum_is_right(
    private_key: rsa.RSAPrivateKey, is_compressed: bool, is_encrypted: bool
) -> None:
    pem = private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key = {"public_key_pem": pem.decode(), "public_key_id": 3} if is_encrypted else {}
    account = replace(POLICY_ACCOUNT, is_compressed=is_compressed, **key)
    header, body = split(file_content(account, LogBatch(LINES, 1000, 2000)))
    if is_encrypted:
        assert header["publicKeyId"] == "3"
        body = decrypted(header, body, private_key)
    plain = zlib.decompress(body) if is_compressed else body
    assert plain == PLAIN
    assert header["checksum"] == hashlib.md5(PLAIN, usedforsecurity=False).hexdigest()
    assert (header["accountId"], header["configId"], header["format"]) == ("4001", "55", "CEF")
    assert (header["startTime"], header["endTime"]) == ("1000", "2000")


def test_there_is_no_index_before_the_first_file(stage: Stage) -> None:
    assert stage.read_log("logs.index").status_code == 404


def test_names_rise_with_gaps_and_the_files_are_there(stage: Stage) -> None:
    names = [stage.edge.publish_lines(POLICY_ACCOUNT, LINES) for _ in range(12)]
    assert stage.read_log("logs.index").text.splitlines() == names
    assert [int(name[5:-4]) for name in names] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13]
    assert stage.read_log("4001_10.log").status_code == 404
    header, body = split(stage.read_log("4001_13.log").content)
    assert (zlib.decompress(body), header["accountId"]) == (PLAIN, "4001")


def test_numbers_go_on_after_reopening(stage: Stage) -> None:
    stage.edge.publish_lines(POLICY_ACCOUNT, LINES)
    stage.reopen()
    assert stage.edge.publish_lines(POLICY_ACCOUNT, LINES) == "4001_2.log"
    assert stage.read_log("logs.index").text.splitlines() == ["4001_1.log", "4001_2.log"]


def test_wrong_and_foreign_keys_get_401(stage: Stage) -> None:
    stage.edge.publish_lines(POLICY_ACCOUNT, LINES)
    client, path = LocalClient(stage.app), f"/logs/{POLICY_ACCOUNT.log_path}/logs.index"
    assert client.get(path, auth=("log-4001", "wrong")).status_code == 401
    assert client.get(path, auth=(LEGACY_ACCOUNT.log_api_id, LEGACY_ACCOUNT.log_api_key)).status_code == 401
    answer = client.get(path, headers={"Authorization": "Basic !"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="logs"')


def test_a_delayed_file_cannot_be_read_before_its_time(stage: Stage) -> None:
    set_switches(stage.state, delivery_delay_seconds=1800)
    stage.edge.publish_lines(POLICY_ACCOUNT, LINES)
    assert stage.read_log("4001_1.log").status_code == 404
    stage.clock.forward(1800)
    assert stage.read_log("4001_1.log").status_code == 200


def test_files_are_gone_after_48_hours(stage: Stage) -> None:
    stage.edge.publish_lines(POLICY_ACCOUNT, LINES)
    stage.clock.forward(47 * 3600)
    stage.edge.publish_lines(POLICY_ACCOUNT, LINES)
    stage.clock.forward(2 * 3600)
    assert stage.read_log("logs.index").text.splitlines() == ["4001_2.log"]
    assert stage.read_log("4001_1.log").status_code == 404
    kept = [file.name for file in (stage.folder / "logs" / POLICY_ACCOUNT.log_path).iterdir()]
    assert kept == ["4001_2.log"]


def test_the_oldest_files_make_room(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(file_content(POLICY_ACCOUNT, LogBatch(LINES, 1_700_000_000_000, 1_700_000_000_000)))
    monkeypatch.setattr(log_files, "KEPT_BYTES", size * 3)
    for _ in range(5):
        stage.edge.publish_lines(POLICY_ACCOUNT, LINES)
    assert stage.read_log("logs.index").text.splitlines() == ["4001_3.log", "4001_4.log", "4001_5.log"]


def test_lines_are_pushed_too(stage: Stage) -> None:
    stage.edge.publish_lines(POLICY_ACCOUNT, LINES)
    assert stage.pushed == LINES
