"""The doors through which log files come in. Each ends in `accept.accept`: spool first, then the ledger."""
