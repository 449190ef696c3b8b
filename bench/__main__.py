"""`make bench [ARGS=name]`: run the programs of this folder and print their figures.

Each program prints JSON lines `{"name": …, "value": …, "unit": …}` on standard output and anything else on standard
error. The figures are printed as a table, and then as JSON lines to compare runs.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    known = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    if unknown := set(names) - set(known):
        print(f"Unknown benchmark: {', '.join(sorted(unknown))}. Known are: {', '.join(known)}", file=sys.stderr)
        return 2
    figures: list[dict[str, Any]] = []
    failed: list[str] = []
    for name in names or known:
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
