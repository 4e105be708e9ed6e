"""Attackers onto the blacklist, innocents off it: findings, decision, guard, applying, reading back, restoring."""
