"""`make soak`: kill random processes for minutes. At the end every job must be settled and the books must balance.

    python -m bench.soak [--jobs 300] [--minutes 5] [--seed N]

A creator submits jobs through the pages at a constant rate, while processes are killed, stopped, suspended or
restarted, and the provider drops connections. Then everything runs without faults until the last job has finished. The
seed determines the order of the faults; their exact time depends on the machine. Exits with 1 if a rule is violated.
"""

import argparse
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

import django

from tests.faults.cluster import Cluster

from .chaos import Chaos

SUBMIT_SHARE = 0.9  # of the time, so that the last jobs see faults as well
END_SECONDS = 300.0  # after the last fault


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}: {options.jobs} jobs, {options.minutes:g} minutes", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="dailies-soak-"))
    cluster = Cluster(folder / "data")
    chaos = Chaos(cluster, random.Random(options.seed))
    try:
        chaos.start_parts()
        is_ok = soak(cluster, chaos, options.jobs, options.minutes * 60)
    finally:
        cluster.stop_all()
    if not is_ok:
        print(f"the logs are in {folder / 'data' / 'run'}")
        return 1
    shutil.rmtree(folder)
    return 0


def soak(cluster: Cluster, chaos: Chaos, jobs: int, seconds: float) -> bool:
    os.environ.update(cluster.environment({}))
    django.setup()
    from .checks import Result, wait_for_end
    from .submitter import start_submitter

    submitter = start_submitter(cluster, jobs=jobs, seconds=seconds * SUBMIT_SHARE)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        chaos.inject_fault()
    chaos.stop_faults()
    submitter.join(END_SECONDS)
    wait_for_end(END_SECONDS)
    result = Result.of(cluster, jobs)
    print(chaos.summary(), result.summary(), sep="\n", flush=True)
    return not result.violations and not chaos.unexpected_exits


if __name__ == "__main__":
    sys.exit(main())
