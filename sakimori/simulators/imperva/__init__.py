"""The simulated Imperva Cloud WAF: Cloud v1 API, policies v2/v3, statistics and the pull of log files."""
