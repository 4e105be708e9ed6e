"""What the record says of a block is told in words: every action that blacklist writes down has its own."""

import re
from pathlib import Path

import sakimori
from sakimori.blacklist.models import BlockState
from sakimori.console.records import ACTIONS

_WRITTEN = re.compile(r'"(block\.[a-z_.]+)"')


def test_every_action_about_a_block_has_words() -> None:
    room = Path(sakimori.__file__).parent / "blacklist"
    written = {found for file in room.glob("*.py") for found in _WRITTEN.findall(file.read_text("utf-8"))}
    moved = {f"block.{state}" for state in BlockState}
    assert len(written) > 8
    assert (written | moved) - ACTIONS.keys() == set()
