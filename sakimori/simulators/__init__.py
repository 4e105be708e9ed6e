"""Stand-ins for the outside world: Imperva's service with its attackers, a web site, a mailbox, a phone.

They speak the real wire formats, keep all state in one SQLite file, survive kill -9, and write down every call
they received. They listen on loopback only. For the demo, training and tests; nothing here is for production.
"""
