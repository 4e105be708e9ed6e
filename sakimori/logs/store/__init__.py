"""The column store for events: one contract, one implementation for the embedded engine and for a server."""
