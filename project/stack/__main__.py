"""`python -m project.stack run`."""

import sys

from .console import print_error
from .run import main

if __name__ == "__main__":
    if sys.argv[1:] != ["run"]:
        print_error("usage: python -m project.stack run")
        sys.exit(2)
    sys.exit(main())
