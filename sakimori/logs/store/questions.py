"""Questions that somebody else puts to our embedded store: in a session that cannot change anything, and bounded.

The engine itself refuses whatever writes, reaches other files or hosts, or lifts a bound (`readonly = 1`); what it does
not see, several statements and an answer that is written into a file, is refused by its words. Each question has a
session of its own: a setting of this kind can never be taken back.
"""

import re
from collections.abc import Mapping
from typing import Any

from clickhouse_connect.driver.client import Client

from sakimori.logs.store.clickhouse import ClickHouseStore
from sakimori.logs.store.clients import ClientPool, client_maker
from sakimori.logs.store.interface import StoreError

LONGEST_SECONDS = 60
_LARGEST_RESULT_BYTES = 600 << 20  # A page of a walk: two thousand lines, each as long as a line may be.
_QUESTION = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_REFUSED = re.compile(r";|\bOUTFILE\b", re.IGNORECASE)


def ask(url: str, sql: str, parameters: Mapping[str, Any], *, max_seconds: int) -> list[dict[str, Any]]:
    """As `LogStore.query`, of the embedded store of a URL. StoreError for what is not one plain SELECT."""
    if not _QUESTION.match(sql) or _REFUSED.search(sql):
        raise StoreError("only a single SELECT is answered")
    seconds = min(max(int(max_seconds), 1), LONGEST_SECONDS)
    make = client_maker(url)

    def make_bound() -> Client:
        client = make()
        for setting in (f"max_execution_time = {seconds}", f"max_result_bytes = {_LARGEST_RESULT_BYTES}"):
            client.command(f"SET {setting}")
        client.command("SET readonly = 1")
        return client

    pool = ClientPool(make_bound, is_embedded=True)
    try:
        # The store sets the same bound again, which a bound session lets pass.
        return ClickHouseStore(pool).query(sql, parameters, max_seconds=seconds)
    finally:
        pool.close()
