"""Secrets at rest: a ciphertext opens only in its own place and with its own key."""

import stat
from pathlib import Path

import pytest

from sakimori.lib.crypto import CannotOpen, Keyring, load_or_create_keyring, new_key, write_durably


@pytest.fixture
def ring() -> Keyring:
    return Keyring("k2", {"k1": new_key(), "k2": new_key()})


def test_what_is_sealed_opens_in_the_same_place(ring: Keyring) -> None:
    sealed = ring.seal("秘密".encode(), context="customer:1")
    assert ring.open(sealed, context="customer:1").decode() == "秘密"
    assert "秘密" not in sealed


def test_a_copy_in_another_place_does_not_open(ring: Keyring) -> None:
    sealed = ring.seal(b"secret", context="customer:1")
    with pytest.raises(CannotOpen):
        ring.open(sealed, context="customer:2")


def test_an_older_key_still_opens_after_rotation(ring: Keyring) -> None:
    sealed = Keyring("k1", ring.keys).seal(b"secret", context="here")
    assert ring.open(sealed, context="here") == b"secret"


def test_without_its_key_nothing_opens(ring: Keyring) -> None:
    sealed = ring.seal(b"secret", context="here")
    with pytest.raises(CannotOpen):
        Keyring("k1", {"k1": ring.keys["k1"]}).open(sealed, context="here")


@pytest.mark.parametrize("damaged", ["", "v1", "v1.k2.%%%", "v2.k2.AAAA", "v1.k2.AAAA"])
def test_damaged_text_is_refused(ring: Keyring, damaged: str) -> None:
    with pytest.raises(CannotOpen):
        ring.open(damaged, context="here")


def test_keys_are_never_printed(ring: Keyring) -> None:
    assert ring.keys["k1"].hex() not in repr(ring)
    assert str(ring.keys["k1"]) not in repr(ring)


def test_a_keyring_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "fields.json"
    first = load_or_create_keyring(path)
    assert load_or_create_keyring(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durably(path, b"old")
    with pytest.raises(TypeError):
        write_durably(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
