"""`python -m project.stack run`."""

import sys

from .console import complain
from .run import main

if __name__ == "__main__":
    if sys.argv[1:] != ["run"]:
        complain("usage: python -m project.stack run")
        sys.exit(2)
    sys.exit(main())
