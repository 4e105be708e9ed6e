"""Incidents: what keeps visitors from a site. Signals, the visit that proves it, the verdict, who is told."""
