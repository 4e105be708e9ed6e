"""Fixtures that every test may use."""

from tests.fixtures_logstore import any_log_store, log_store

__all__ = ["any_log_store", "log_store"]
