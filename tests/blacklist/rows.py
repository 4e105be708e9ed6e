"""Rows for the pages about the vendor's lists: one that differs in every way, one that cannot be read."""

from datetime import timedelta

from sakimori.blacklist.models import Block, BlockState, ListCheck
from sakimori.blacklist.reasons import Reason
from tests.people import NOW, People


def fill_lists(people: People) -> None:
    """Of the first contract some blocks are hit, and some were removed by hand."""
    for number in range(3):
        Block.objects.create(
            contract=people.a,
            address=f"198.51.100.{200 + number}",
            state=BlockState.ACTIVE,
            reason=Reason.ATTACK_BLOCKED,
            proposed_at=NOW,
            active_at=NOW,
            next_try_at=NOW,
            missing_since=NOW + timedelta(minutes=5),
        )
    Block.objects.filter(contract=people.a, state=BlockState.ACTIVE).update(hits=3, first_hit_at=NOW, last_hit_at=NOW)
    ListCheck.objects.create(
        contract=people.a,
        next_at=NOW,
        checked_at=NOW,
        state="disabled",
        entries=900,
        ours=3,
        foreign=3,
        foreign_entries=["203.0.113.0/24", "203.0.114.1-203.0.114.9", "203.0.115.1-203.0.115.9"],
        back=["203.0.113.0/24"],
        gone_sites=[people.a.sites.earliest("pk").vendor_site_id],
        told="WAF の専用ポリシーが無効にされています。登録済みのアドレスが遮断されていません。",
    )
    ListCheck.objects.create(contract=people.b, next_at=NOW, last_error="WafUnauthorised: no", failures=2)
