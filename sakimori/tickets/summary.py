"""Blocks with what happened, as a mail tells of them."""

from collections.abc import Sequence

from sakimori.blacklist.models import Block
from sakimori.blacklist.stories import Story, stories
from sakimori.tickets.texts.blacklist import BlockedAddress


def summarise(blocks: Sequence[Block]) -> list[BlockedAddress]:
    """One record per active block, in the order given. One query, however many blocks."""
    told = stories(blocks)
    return [_summary(block, told[block.pk]) for block in blocks]


def _summary(block: Block, story: Story) -> BlockedAddress:
    moment = block.active_at or block.proposed_at
    return BlockedAddress(
        address=block.address,
        kinds=[kind.label for kind in story.kinds],
        sites=story.sites,
        country="、".join(story.countries),
        blocked=story.blocked,
        passed=story.passed,
        first_at=story.first_at or moment,
        last_at=story.last_at or moment,
        active_at=moment,
    )
