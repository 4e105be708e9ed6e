"""Telling people: the mail outbox, and the alarms of the SOC."""
