"""Which version of our parser made a row: how lines are read, and how columns are derived from them.

Whoever changes what becomes of any line raises `PARSER_VERSION` and says in CHANGELOG.md what is read otherwise now. A
test reads the project's own sample lines and fails when the outcome is not that of `OUTCOME`. Each stored file's row
in the ledger says by which version its rows were made (`LogFile.parser_version`; none: before versions were counted),
and `sakimori logs reparse` makes older ones anew.
"""

PARSER_VERSION = 2
# SHA-256 over what becomes of the sample lines; `tests/logs/test_parser_version.py` computes and compares it.
OUTCOME = "a8cc86623309a6863f7bda2ecdd106ade8399ebfe04884716769d294f27d693b"
