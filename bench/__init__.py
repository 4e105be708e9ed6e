"""Benchmarks: each measures what an issue names and prints one JSON object with machine facts as its last line."""
