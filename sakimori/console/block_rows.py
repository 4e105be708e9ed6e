"""A block as the desk's lists and pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.queries import DECIDABLE, RESTORABLE
from sakimori.blacklist.stories import Story, sentence_of, stories
from sakimori.blacklist.waiting import Wait, wait_of
from sakimori.console.troubles import Trouble, trouble_of


@dataclass(frozen=True, slots=True)
class BlockRow:
    """One row. wait: the clock of a question. first_yes: one person has said yes, and a second one is asked."""

    block: Block
    story: Story
    reason: str
    trouble: Trouble | None
    wait: Wait | None
    decidable: bool
    restorable: bool
    first_yes: bool

    @property
    def lasts(self) -> timedelta | None:
        """How long a question would last from its approval on; None: for good."""
        ends = self.block.expires_at
        return None if ends is None else ends - self.block.proposed_at


def block_rows(rows: Sequence[Block], *, now: datetime, evidence: bool = False) -> list[BlockRow]:
    """Rows for these blocks: as many queries for many as for one."""
    told = stories(rows, evidence=evidence)
    limit = timedelta(minutes=settings.CONFIG.ask_minutes)
    return [_row(row, told[row.pk], limit, now) for row in rows]


def _row(block: Block, story: Story, limit: timedelta, now: datetime) -> BlockRow:
    asked = block.state == BlockState.PROPOSED
    return BlockRow(
        block,
        story,
        sentence_of(block.reason),
        trouble_of(block.last_error) if block.last_error else None,
        wait_of(block.proposed_at, limit=limit, now=now) if asked else None,
        decidable=block.state in DECIDABLE,
        restorable=block.state in RESTORABLE,
        first_yes=asked and block.decided_by_id is not None,
    )
