"""The credit pages of a team with 100,000 ledger entries: 95th percentile of the report, its CSV and the statement.

python -m bench.reports [--entries 100000] [--requests 40]
"""

import argparse
import statistics
import time
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench._environment import report
from generations.accounts.models import Team, User
from generations.accounts.teams import create_team
from generations.credits.models import LedgerEntry

YEAR = timedelta(days=365)
PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"


def make_team(entries: int) -> Team:
    """Each take has two entries: its hold and its capture."""
    team = create_team(name="Bench", owner=User.objects.create_user("owner@example.com"))
    call_command("seed_gallery", team=team.slug, count=entries // 2, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return team


def p95(client: Client, url: str, requests: int) -> float:
    """Milliseconds for the view and the templates of one page."""
    times = []
    for _ in range(requests + 3):
        started = time.perf_counter()
        assert b"".join(client.get(url)).strip()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(times[3:], n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=40)
    options = parser.parse_args()
    # Static URLs without a manifest, because no static files are collected here.
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": PLAIN}}
    settings.ALLOWED_HOSTS = ["*"]
    team = make_team(options.entries)
    client = Client()
    client.force_login(User.objects.get())
    end = timezone.now().date()
    begin = end - YEAR
    base = f"/t/{team.slug}/credits/"
    pages = {
        f"report by {by}": f"{base}report/?by={by}&first={begin}&last={end}"
        for by in ("member", "model", "project", "day")
    }
    pages |= {"statement": base, "statement of one kind": f"{base}?kind=grant"}
    report("reports: entries", LedgerEntry.objects.count(), "")
    for name, url in pages.items():
        report(f"reports: {name}, p95", p95(client, url, options.requests), "ms")
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        report(f"reports: {name}, queries", len(queries), "")


if __name__ == "__main__":
    main()
