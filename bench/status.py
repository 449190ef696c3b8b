"""Status requests per second with a key, compared with one statement of psycopg behind raw ASGI.

    python -m bench.status [--teams 64] [--seconds 2] [--rounds 3]

Like bench.submit, for `GET /v2/image-to-video/{id}`: each client requests a queued job of its own team.
"""

import argparse
import os
import statistics
from collections import defaultdict

from bench._api import Account, make_accounts, run, servers
from bench._environment import report
from bench._limit import make_tables
from bench._members import add_generations, make_request
from generations.jobs.models import Generation, State

CLIENTS = (1, 16, 64)


def requests_of(accounts: list[Account]) -> list[str]:
    request = make_request(accounts[0].membership)
    add_generations(request, 10 * len(accounts), State.QUEUED)
    newest = dict(Generation.objects.order_by("created_at").values_list("team_id", "pk"))
    return [each.request("GET", f"/v2/image-to-video/{newest[each.membership.team_id]}") for each in accounts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    requests = requests_of(make_accounts(options.teams))
    make_tables()
    rates: dict[str, list[float]] = defaultdict(list)
    with servers(dict(os.environ)) as ports:
        for port in ports.values():
            run(port, clients=16, seconds=1, requests=requests, expected=200)
        for _ in range(options.rounds):
            for clients in CLIENTS:
                for program, port in ports.items():
                    measured = run(port, clients=clients, seconds=options.seconds, requests=requests, expected=200)
                    rates[f"{program}_{clients}"].append(measured["rate"])
    for name, measured in rates.items():
        report(f"status.{name}", statistics.median(measured), "requests/s")
    for clients in CLIENTS:
        pairs = zip(rates[f"ours_{clients}"], rates[f"limit_{clients}"], strict=True)
        report(f"status.ours_to_limit_{clients}", statistics.median(mine / most for mine, most in pairs), "ratio")


if __name__ == "__main__":
    main()
