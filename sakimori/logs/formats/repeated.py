"""Which of several values of one column is the vendor's, when a key comes more than once in a line. Pure.

Then a visitor has typed one of them: the vendor writes `\\=` for `=` in what visitors send, but nobody promises that
it does so everywhere. Neither the first nor the last is right for all columns: of two times, the one in a user agent
stands before the vendor's, the one in an address or a forwarded-for behind it. So the order counts in which the vendor
writes columns: its own value has behind it what belongs behind it, and before it what belongs before it. Of values
that stand equally well the last is taken; to stand as well as the vendor's, a visitor has to imitate all of the line
around it.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

# As in all live lines that are known; lines in another order are read as well as long as no key comes twice.
ORDER = (
    "session_id", "site", "site_id", "account_id", "user_agent", "pop", "javascript_support", "cookie_support",
    "captcha_support", "visitor_id", "client_signature", "client_type", "client_app", "country", "account_tag", "city",
    "latitude", "longitude", "account_name", "site_tag", "time", "url", "referrer", "method", "query", "post_body",
    "status", "protocol", "act", "request_id", "origin_ip", "origin_port", "response_bytes", "xff", "client_port",
    "client_ip_text", "tls", "end_time", "request_headers", "response_headers", "rule_types", "rule_ids", "rule_names",
    "delivery_rules", "rule_info",
)  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(ORDER)}


def vendors_own(column: str, places: Sequence[int], found: Mapping[str, Sequence[int]]) -> int:
    """Which of the places (ascending) holds the vendor's value of a column.

    found: for each column of the line all places where it stands, ascending.
    """
    rank = _RANK[column]
    before = sorted(found[name][0] for name in ORDER[:rank] if name in found)
    behind = sorted(found[name][-1] for name in ORDER[rank + 1 :] if name in found)

    def standing(place: int) -> tuple[int, int]:
        return bisect_left(before, place) + len(behind) - bisect_left(behind, place), place

    return max(places, key=standing)
