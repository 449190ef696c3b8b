"""`make bench [ARGS=name]`: run the programs of this folder and show their figures.

Each program prints JSON lines `{"name": …, "value": …, "unit": …}` on standard output and anything else on standard
error. The figures follow as a table, then once more as JSON lines for whoever compares runs.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def main(wanted: list[str]) -> int:
    known = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    if unknown := set(wanted) - set(known):
        print(f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    figures: list[dict[str, Any]] = []
    failed: list[str] = []
    for name in wanted or known:
        print(f"running {name}", file=sys.stderr, flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, text=True, check=False)
        figures += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode:
            failed.append(name)
    show(figures)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def show(figures: list[dict[str, Any]]) -> None:
    width = max((len(figure["name"]) for figure in figures), default=0)
    for figure in figures:
        print(f"{figure['name']:<{width}}  {figure['value']:>12,.6g}  {figure['unit']}")
    print()
    for figure in figures:
        print(json.dumps(figure))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
