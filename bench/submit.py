"""Submits a second by key, next to what one statement of bare psycopg behind raw ASGI can do.

    python -m bench.submit [--teams 64] [--seconds 2] [--rounds 3]

`limit` is bench/_limit.py, `ours` the product's own `POST /v2/image-to-video`; both behind granian with two workers,
and the load generator on the same machine. Each client has a team of its own; in `hot` all share one. `quota` is the
product again, with a quota that caps credits and jobs at once. Rounds are interleaved; the median of the ratios counts.
"""

import argparse
import os
import statistics
from collections import defaultdict

from bench._api import Account, make_accounts, run, servers
from bench._environment import report
from bench._limit import make_tables
from generations.accounts.models import Team
from generations.credits.models import Quota
from generations.credits.reconciliation import CHECKS, run_checks

CLIENTS = (1, 16, 64)
Figures = dict[str, list[dict[str, float]]]


def measure(accounts: list[Account], seconds: float, rounds: int) -> Figures:
    requests = [account.submit() for account in accounts]
    cases = {str(clients): (clients, requests) for clients in CLIENTS} | {"hot": (16, requests[:1])}
    figures: Figures = defaultdict(list)
    with servers(dict(os.environ)) as ports:
        for port in ports.values():
            run(port, clients=16, seconds=1, requests=requests, expected=202)
        for _ in range(rounds):
            for case, (clients, texts) in cases.items():
                for program, port in ports.items():
                    measured = run(port, clients=clients, seconds=seconds, requests=texts, expected=202)
                    figures[f"{program}_{case}"].append(measured)
        set_quotas()
        for _ in range(rounds):
            for program, port in ports.items():
                measured = run(port, clients=16, seconds=seconds, requests=requests, expected=202)
                figures[f"{program}_quota"].append(measured)
    return figures


def set_quotas() -> None:
    Quota.objects.bulk_create(Quota(team=team, cap=10**8, max_jobs=30_000) for team in Team.objects.all())


def ratio(figures: Figures, case: str, figure: str) -> float:
    pairs = zip(figures[f"ours_{case}"], figures[f"limit_{case}"], strict=True)
    return statistics.median(mine[figure] / most[figure] for mine, most in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    accounts = make_accounts(options.teams)
    make_tables()
    figures = measure(accounts, options.seconds, options.rounds)
    assert not list(run_checks(CHECKS)), "the books do not balance"
    for name, measured in figures.items():
        report(f"submit.{name}", statistics.median(one["rate"] for one in measured), "requests/s")
    for name in ("limit_16", "ours_16"):
        for figure in ("p50", "p99"):
            report(f"submit.{name}_{figure}", statistics.median(one[figure] for one in figures[name]), "ms")
    for case in (*map(str, CLIENTS), "hot", "quota"):
        report(f"submit.ours_to_limit_{case}", ratio(figures, case, "rate"), "ratio")
    report("submit.p99_ours_to_limit_16", ratio(figures, "16", "p99"), "x")


if __name__ == "__main__":
    main()
