"""Imperva Cloud WAF: the API client and the log pull."""
