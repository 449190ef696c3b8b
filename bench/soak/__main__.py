"""`make soak`: minutes of random kills of every process, at the end of which every job is settled and the books close.

    python -m bench.soak [--jobs 300] [--minutes 5] [--seed N]

A creator submits through the pages at an even pace while one part after another is killed, stopped, frozen or
restarted, and the provider loses connections. Then everything runs undisturbed until the last job is over. The seed
decides what happens in which order; when exactly it hits is the machine's doing. Ends with 1 when a promise was broken.
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

SHARE_OF_SUBMITS = 0.9  # of the time, so that the last jobs are disturbed as well
END_WITHIN = 300.0  # seconds after the last disturbance


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
        is_sound = soak(cluster, chaos, options.jobs, options.minutes * 60)
    finally:
        cluster.stop_all()
    if not is_sound:
        print(f"the logs are in {folder / 'data' / 'run'}")
        return 1
    shutil.rmtree(folder)
    return 0


def soak(cluster: Cluster, chaos: Chaos, jobs: int, seconds: float) -> bool:
    os.environ.update(cluster.environment({}))
    django.setup()
    from .verdict import Verdict, wait_for_end
    from .visit import start_visitor

    visitor = start_visitor(cluster, jobs=jobs, seconds=seconds * SHARE_OF_SUBMITS)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        chaos.strike()
    chaos.make_peace()
    visitor.join(END_WITHIN)
    wait_for_end(END_WITHIN)
    verdict = Verdict.of(cluster, jobs)
    print(chaos.summary(), verdict.summary(), sep="\n", flush=True)
    return not verdict.violations and not chaos.ended_alone


if __name__ == "__main__":
    sys.exit(main())
