"""Statements for a replicated cluster: the whole schema is written for it, in words that the engine understands."""

from importlib.resources import files
from pathlib import Path

import pytest

import sakimori.logs.store
from sakimori.logs.store import statements
from sakimori.logs.store.clickhouse import ClickHouseStore, _migrations, _statements
from sakimori.logs.store.clients import layout_of
from sakimori.logs.store.interface import LogStore, StoreError
from sakimori.logs.store.layout import Layout

CLUSTER = Layout(is_replicated=True, cluster="soc-1")
SERVER = "clickhouse://user:secret@db.example.jp/sakimori"


def schema() -> list[str]:
    return [statement for _, sql in _migrations() for statement in _statements(sql)]


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("CREATE TABLE IF NOT EXISTS a\n(b Int8)\nENGINE = MergeTree ORDER BY b",
         "CREATE TABLE IF NOT EXISTS a ON CLUSTER 'soc-1'\n(b Int8)\nENGINE = ReplicatedMergeTree ORDER BY b"),
        ("CREATE TABLE a (b Int8) ENGINE=AggregatingMergeTree() ORDER BY b",
         "CREATE TABLE a ON CLUSTER 'soc-1' (b Int8) ENGINE = ReplicatedAggregatingMergeTree() ORDER BY b"),
        ("CREATE VIEW IF NOT EXISTS a AS SELECT 1", "CREATE VIEW IF NOT EXISTS a ON CLUSTER 'soc-1' AS SELECT 1"),
        ("CREATE OR REPLACE VIEW a AS SELECT 1", "CREATE OR REPLACE VIEW a ON CLUSTER 'soc-1' AS SELECT 1"),
        ("DROP TABLE IF EXISTS a SYNC", "DROP TABLE IF EXISTS a ON CLUSTER 'soc-1' SYNC"),
        ("EXCHANGE TABLES a AND b", "EXCHANGE TABLES a AND b ON CLUSTER 'soc-1'"),
        ("RENAME TABLE a TO b", "RENAME TABLE a TO b ON CLUSTER 'soc-1'"),
        ("ALTER TABLE a ADD COLUMN c Int8", "ALTER TABLE a ON CLUSTER 'soc-1' ADD COLUMN c Int8"),
        ("INSERT INTO a SELECT * FROM b", "INSERT INTO a SELECT * FROM b"),
    ],
)  # fmt: skip
def test_a_statement_goes_to_every_server_and_tables_are_replicated(statement: str, written: str) -> None:
    assert CLUSTER.everywhere(statement) == written
    assert Layout().everywhere(statement) == statement


def test_where_the_database_passes_statements_on_only_the_engine_changes() -> None:
    made = Layout(is_replicated=True).everywhere("CREATE TABLE a (b Int8) ENGINE = MergeTree ORDER BY b")
    assert made == "CREATE TABLE a (b Int8) ENGINE = ReplicatedMergeTree ORDER BY b"
    assert Layout(is_replicated=True).everywhere(made) == made


def test_a_statement_that_nobody_has_thought_about_is_refused() -> None:
    with pytest.raises(ValueError, match="OPTIMIZE"):
        CLUSTER.everywhere("OPTIMIZE TABLE events FINAL")


def test_the_whole_schema_can_be_written_for_a_cluster_and_the_engine_understands_it(log_store: LogStore) -> None:
    whole = [statements.MAKE_VERSIONS, *schema(), statements.drop_table("staging_1_2")]
    for statement in whole:
        written = CLUSTER.everywhere(statement)
        assert ("ON CLUSTER 'soc-1'" in written) != written.startswith("INSERT")
        assert ("ENGINE = ReplicatedMergeTree" in written) == ("ENGINE = MergeTree" in statement)
        log_store.query(f"EXPLAIN AST {written}")
    for statement in (statements.catch_up("events"), statements.move_partition("staging_1_2", "1-20261123")):
        log_store.query(f"EXPLAIN AST {statement}")


@pytest.mark.parametrize(
    ("options", "layout"),
    [
        ("", Layout()),
        ("?replicated=0", Layout()),
        ("?replicated=1", Layout(is_replicated=True)),
        ("?cluster=soc-1&replicated=1", CLUSTER),
    ],
)
def test_options_of_the_url(options: str, layout: Layout) -> None:
    assert layout_of(SERVER + options) == layout


@pytest.mark.parametrize("options", ["?cluster=a", "?replicated=yes", "?shards=2", "?replicated=1&cluster=a'b"])
def test_options_that_would_keep_rows_apart_or_mean_nothing_are_refused(options: str) -> None:
    with pytest.raises(ValueError, match="LOGSTORE_URL"):
        layout_of(SERVER + options)


def test_the_embedded_engine_is_one_server() -> None:
    assert layout_of("chdb:///folder?database=x") == Layout()


class Recording(ClickHouseStore):
    """A store over no server that remembers what it would have said."""

    def __init__(self, layout: Layout, engine: str) -> None:
        super().__init__(None, layout)  # type: ignore[arg-type]
        self.said: list[str] = []
        self._engine = engine

    def _command(self, sql: str, **parameters: object) -> None:
        self.said.append(" ".join(sql.split()))

    def query(self, sql: str, parameters: object = None, *, max_seconds: int = 60) -> list[dict[str, object]]:
        self.said.append(" ".join(sql.split()))
        if "system.tables" in sql and "engine" in sql:
            return [{"engine": self._engine}]
        if "clusterAllReplicas" in sql:
            return [{"name": "staging_7_8", "rows": 5}]
        if "match(name" in sql:
            return []
        return [{"number": 0, "name": "sakimori", "id": "7-20261123", "rows": 2}]


def test_what_would_be_said_to_a_cluster() -> None:
    store = Recording(CLUSTER, "ReplicatedMergeTree")
    store.migrate()
    assert store.said[0].startswith("CREATE TABLE IF NOT EXISTS schema_versions ON CLUSTER 'soc-1'")
    assert store.said[1] == "SYSTEM SYNC REPLICA schema_versions LIGHTWEIGHT"
    store.said.clear()
    assert store.count_contract(7) == 2 + 5
    assert any("FROM clusterAllReplicas('soc-1', system.tables)" in said for said in store.said)
    store.said.clear()
    store.forget_contract(7)
    assert store.said[0] == "SYSTEM SYNC REPLICA events LIGHTWEIGHT"
    assert "ALTER TABLE events DROP PARTITION ID '7-20261123'" in store.said
    assert store.said[-1] == "DROP TABLE IF EXISTS staging_7_8 ON CLUSTER 'soc-1' SYNC"


@pytest.mark.parametrize(("layout", "engine"), [(CLUSTER, "MergeTree"), (Layout(), "ReplicatedMergeTree")])
def test_a_store_that_was_begun_otherwise_is_refused(layout: Layout, engine: str) -> None:
    with pytest.raises(StoreError, match="replicated="):
        Recording(layout, engine).migrate()


def test_every_statement_of_a_replicated_store_waits_for_all_servers_that_are_up() -> None:
    assert CLUSTER.settings == {"alter_sync": "2", "replication_wait_for_inactive_replica_timeout": "0"}
    assert Layout().settings == {}


def test_every_file_of_the_schema_is_seen() -> None:
    folder = files(sakimori.logs.store) / "schema"
    assert len(list(_migrations())) == len(list(Path(str(folder)).glob("*.sql")))
