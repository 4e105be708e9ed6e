"""The chain of stored log files: a link per file, a chain per contract and day, days chained to each other."""
