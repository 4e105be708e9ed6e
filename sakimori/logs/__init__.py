"""Logs: from a delivered file to rows that can be searched. Reading and storing need no Django."""
