"""The desk's pages of a team with 100,000 entries: the 95th percentile of the report, its CSV and the statement.

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

from bench._ground import report
from generations.accounts.models import Team, User
from generations.accounts.teams import create_team
from generations.credits.models import LedgerEntry

YEAR = timedelta(days=365)
PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"


def make_team(entries: int) -> Team:
    """Each take leaves two entries: its hold and its charge."""
    team = create_team(name="Bench", owner=User.objects.create_user("owner@example.com"))
    call_command("seed_gallery", team=team.slug, count=entries // 2, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return team


def p95(client: Client, address: str, requests: int) -> float:
    """Milliseconds of one page, as its view and its templates take them."""
    spent = []
    for _ in range(requests + 3):
        began = time.perf_counter()
        assert b"".join(client.get(address)).strip()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(spent[3:], n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=40)
    options = parser.parse_args()
    # Addresses of static files without a manifest: nothing is collected here.
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": PLAIN}}
    settings.ALLOWED_HOSTS = ["*"]
    team = make_team(options.entries)
    client = Client()
    client.force_login(User.objects.get())
    end = timezone.now().date()
    begin = end - YEAR
    desk = f"/t/{team.slug}/credits/"
    pages = {
        f"report by {by}": f"{desk}report/?by={by}&first={begin}&last={end}"
        for by in ("member", "model", "project", "day")
    }
    pages |= {"statement": desk, "statement of one kind": f"{desk}?kind=grant"}
    report("reports: entries", LedgerEntry.objects.count(), "")
    for name, address in pages.items():
        report(f"reports: {name}, p95", p95(client, address, options.requests), "ms")
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        report(f"reports: {name}, queries", len(asked), "")


if __name__ == "__main__":
    main()
