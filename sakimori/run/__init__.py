"""One command per process, and `up`: all of them in one."""
