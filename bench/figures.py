"""From many measurements to the few figures that are quoted."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, by nearest rank."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 100) // 100))
    return ordered[rank - 1]


def summary(name: str, seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and worst of a series."""
    return {
        f"{name}_p50_s": round(percentile(seconds, 0.5), 3),
        f"{name}_p95_s": round(percentile(seconds, 0.95), 3),
        f"{name}_max_s": round(max(seconds), 3),
    }
