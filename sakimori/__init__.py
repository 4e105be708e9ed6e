"""Sakimori: the system with which a SOC runs a managed web site protection service on Imperva Cloud WAF."""
