"""Usage: bandwidth and its 95th percentile, the load-balancing licence, bypassed sites, certificates."""
