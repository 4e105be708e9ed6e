"""The 95th percentile as bandwidth is billed, and the overage that follows from it (chapter 3-2). Pure."""

from collections.abc import Collection

MEGA = 1_000_000
_DROPPED_PERCENT = 5


def percentile_95(values: Collection[int]) -> int | None:
    """Drop the highest five of a hundred, rounded down in number; the highest of the rest. None without values.

    The vendor has not published how it rounds; dropping fewer is the reading that never understates a bill.
    """
    if not values:
        return None
    dropped = len(values) * _DROPPED_PERCENT // 100
    return sorted(values)[-1 - dropped]


def overage_mbps(bits_per_second: int | None, plan_mbps: int | None) -> int | None:
    """Started megabits per second above the plan. None: there is no plan, or the bandwidth is not known."""
    if bits_per_second is None or plan_mbps is None:
        return None
    return max(0, mbps_to_cover(bits_per_second) - plan_mbps)


def mbps_to_cover(bits_per_second: int) -> int:
    """The smallest plan that covers it."""
    return -(-bits_per_second // MEGA)
