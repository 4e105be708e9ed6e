"""`python -m sakimori` is the command line tool."""

import sys

from sakimori.run.cli import main

sys.exit(main())
