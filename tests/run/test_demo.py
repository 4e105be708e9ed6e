"""The demo's notes, and the whole demo played unattended in a process of its own."""

import json
import os
import re
import stat
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from sakimori.run.demo.notes import FILE, free_port, is_taken, load_or_make

ROOT = Path(__file__).parents[2]


def test_notes_are_made_once_and_kept(tmp_path: Path) -> None:
    first = load_or_make(tmp_path / "demo", port=0)
    again = load_or_make(tmp_path / "demo", port=8123)
    assert again == first
    assert first.port > 0
    other = load_or_make(tmp_path / "other", port=8800)
    assert (other.port, other.simulator_port) == (8800, 8801)
    assert other.password != first.password
    assert not set(other.api_keys.values()) & set(first.api_keys.values())


def test_notes_are_private_and_never_printed(tmp_path: Path) -> None:
    notes = load_or_make(tmp_path, port=8800)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    for secret in (notes.password, notes.private_pem[40:80], *notes.api_keys.values()):
        assert secret not in f"{notes!r} {notes}"


def test_a_free_port_is_not_taken() -> None:
    assert not is_taken(free_port())


def test_no_two_parts_of_the_check_attack_from_the_same_address() -> None:
    """What one part blocks, restores or announces would change what another one sees."""
    parts: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "sakimori/run/demo").glob("*_steps.py"):
        for address in re.findall(r'"((?:198\.51\.100|203\.0\.113)\.\d+)"', path.read_text()):
            parts[address].add(path.stem)
    entries_of_somebody_else = {"203.0.113.66", "203.0.113.77"}
    assert len(parts) > len(entries_of_somebody_else)
    shared = {address: names for address, names in parts.items() if len(names) > 1}
    assert set(shared) <= entries_of_somebody_else, shared


@pytest.mark.parametrize("kills", [0])
def test_the_demo_plays_all_promises_unattended(tmp_path: Path, kills: int) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "sakimori", "demo", "--check", "--kills", str(kills), "--json", str(report)]
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("SAKIMORI_", "DJANGO_"))}
    environment |= {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    played = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=3600, check=False
    )
    assert played.stdout.splitlines()[-1:] == ["demo: ok"], played.stdout + played.stderr
    assert played.returncode == 0
    result = json.loads(report.read_text())
    assert result["ok"] is True
    assert len(result["steps"]) >= 15
    assert result["measured"]["attack_to_blocked_s"] > 0
