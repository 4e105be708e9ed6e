"""The demo: everything in one process with the simulators, and the same played unattended (`--check`)."""
