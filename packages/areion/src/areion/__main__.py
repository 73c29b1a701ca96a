"""``python -m areion``: the ``areion`` command."""

import sys

from areion.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
