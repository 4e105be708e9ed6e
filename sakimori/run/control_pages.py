"""What too few control pages mean: said by `sakimori doctor`, and whenever the duties start."""

import sys
from collections.abc import Iterator

from sakimori.lib.config import Config

_FEWEST = 2


def lacking(config: Config) -> Iterator[str]:
    """One English sentence per kind of control pages of which there are too few: one alone may be down by itself."""
    for name, pages, without in (
        ("SAKIMORI_CONTROL_URLS", config.control_urls, "our own broken line looks like sites that are down"),
        (
            "SAKIMORI_CONTROL_WAF_URLS",
            config.control_waf_urls,
            "an outage of the vendor looks like one of single sites",
        ),
    ):
        if len(pages) < _FEWEST:
            yield f"{name} names {len(pages)} pages; with fewer than {_FEWEST}, {without}."


def warn(config: Config) -> None:
    """Say so on standard error."""
    for sentence in lacking(config):
        print(f"Warning: {sentence}", file=sys.stderr, flush=True)
