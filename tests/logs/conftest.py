from tests.fixtures_logstore import log_store

__all__ = ["log_store"]
