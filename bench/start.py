"""The time of the first and the second start of `make run`, until it is ready, and until it has stopped."""

import json
import tempfile
import time
from pathlib import Path

from tests.stack import StackProcess


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="dailies-bench-") as folder:
        for name in ("first", "second"):
            started = time.perf_counter()
            with StackProcess(Path(folder) / "data") as stack:
                report(f"start.{name}", time.perf_counter() - started)
                stopping = time.perf_counter()
                stack.stop()
                report(f"stop.{name}", time.perf_counter() - stopping)


def report(name: str, seconds: float) -> None:
    print(json.dumps({"name": name, "value": round(seconds, 2), "unit": "s"}), flush=True)


if __name__ == "__main__":
    main()
