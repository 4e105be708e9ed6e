"""On which servers the tables of the log store lie, and how its statements are written for them.

A store on one server has plain tables. A replicated one holds every row on each server of a cluster (one shard): its
statements that make or change tables go out to all of them. What is inserted or moved goes to one server and is copied
by the engine. See decision 12 for what is promised then.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_ENGINE = re.compile(r"\bENGINE\s*=\s*(?=(?!Replicated)\w*MergeTree\b)", re.IGNORECASE)
_MAKES_OR_CHANGES = re.compile(
    r"""\s*(?:
        CREATE\s+(?:OR\s+REPLACE\s+)?(?:MATERIALIZED\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?\w+
      | DROP\s+(?:TABLE|VIEW)\s+(?:IF\s+EXISTS\s+)?\w+
      | ALTER\s+TABLE\s+\w+
      | EXCHANGE\s+TABLES\s+\w+\s+AND\s+\w+
      | RENAME\s+TABLE\s+\w+\s+TO\s+\w+
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_MOVES_ROWS = re.compile(r"\s*INSERT\s+INTO\b", re.IGNORECASE)
# A partition that is moved or dropped is so on every server that is up; one that is down catches up when it is back.
_REPLICATED_SETTINGS = {"alter_sync": "2", "replication_wait_for_inactive_replica_timeout": "0"}


@dataclass(frozen=True, slots=True)
class Layout:
    """cluster: its name in the servers' configuration; empty where the database itself passes statements on."""

    is_replicated: bool = False
    cluster: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for what would keep rows apart."""
        if self.cluster and not _NAME.fullmatch(self.cluster):
            raise ValueError("The name of a cluster in LOGSTORE_URL has letters, digits, dots, dashes and underscores.")
        if self.cluster and not self.is_replicated:
            raise ValueError(
                "LOGSTORE_URL: cluster= needs replicated=1; plain tables would hold each row on one server."
            )

    @property
    def settings(self) -> Mapping[str, str]:
        """Settings of every statement."""
        return _REPLICATED_SETTINGS if self.is_replicated else {}

    @property
    def tables(self) -> str:
        """Where to read which tables there are, on whichever server."""
        return f"clusterAllReplicas('{self.cluster}', system.tables)" if self.cluster else "system.tables"

    def everywhere(self, statement: str) -> str:
        """A statement that makes or changes tables, for all servers. Inserts are left as they are.

        ValueError for a statement of another kind: it has to be thought about first.
        """
        if self.is_replicated:
            statement = _ENGINE.sub("ENGINE = Replicated", statement)
        if not self.cluster or _MOVES_ROWS.match(statement):
            return statement
        found = _MAKES_OR_CHANGES.match(statement)
        if found is None:
            raise ValueError(f"not known how to send this to a cluster: {statement[:60]}")
        return f"{statement[: found.end()]} ON CLUSTER '{self.cluster}'{statement[found.end() :]}"
