import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from generations.accounts.models import Membership, Team
from generations.common.clock import database_time
from generations.credits.holds import place_hold
from generations.jobs.models import Generation
from generations.jobs.submit import Wish, submit_generation
from generations.media.models import Asset
from generations.tasks import canary
from project.stack.ports import free_port

QUEUES = ("dailies", "saving", "webhooks")
LINE = re.compile(r'(?:# (?:HELP|TYPE) dailies_\w+ .+)|(?:dailies_\w+(?:\{\w+="\w+"\})? (?:NaN|[-+.e\d]+))')


def read(client: Client, **headers: str) -> dict[str, str]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_an_empty_studio_has_figures(client: Client, db: None) -> None:
    figures = read(client)
    assert figures['dailies_generations{state="queued"}'] == "0"
    assert figures["dailies_oldest_queued_seconds"] == "0"
    assert figures["dailies_canary_age_seconds"] == "NaN"
    assert [figures[f'dailies_broker_messages{{queue="{queue}"}}'] for queue in QUEUES] == ["0"] * 3


def test_the_figures_are_those_of_the_database(client: Client, funded: Team) -> None:
    canary()
    place_hold(membership=Membership.objects.get(team=funded), reference=uuid4(), amount=30)
    figures = read(client)
    assert figures["dailies_wallets"] == "1"
    assert figures["dailies_credits_posted"] == "1000"
    assert figures["dailies_credits_held"] == figures["dailies_holds_pending_credits"] == "30"
    assert figures["dailies_holds_pending"] == "1"
    assert 0 <= float(figures["dailies_canary_age_seconds"]) < 60


def test_jobs_under_way_are_counted(client: Client, funded: Team) -> None:
    still = Asset.objects.create(
        team=funded, kind="still", name="a", mime="image/png", sha256="a" * 64, bytes=1, width=1280, height=720
    )
    wish = Wish(first_frame=still, prompt="Wind.", model="ltx-2-3-fast", resolution="1280x720", fps=24, duration=6)
    membership = Membership.objects.select_related("team", "user").get(team=funded)
    for _ in range(2):
        submit_generation(membership=membership, wish=wish, idempotency_key=str(uuid4()))
    Generation.objects.update(created_at=database_time(-timedelta(minutes=5)))
    figures = read(client)
    assert figures['dailies_generations{state="queued"}'] == "2"
    assert figures['dailies_generations_last_hour{state="queued"}'] == "2"
    assert 300 <= float(figures["dailies_oldest_queued_seconds"]) < 400
    assert figures["dailies_holds_pending"] == "2"


def test_scraping_costs_a_few_queries(client: Client, funded: Team, django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(9):
        read(client)


@pytest.mark.parametrize(
    ("token", "is_local", "address", "headers", "status"),
    [
        ("", True, "127.0.0.1", {}, 200),
        ("", True, "::1", {}, 200),
        ("", True, "192.0.2.7", {}, 404),
        ("", True, "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 404),
        ("", True, "127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 404),
        ("", False, "127.0.0.1", {}, 404),
        ("s3cret", True, "127.0.0.1", {}, 404),
        ("s3cret", False, "192.0.2.7", {"Authorization": "Bearer s3cret"}, 200),
        ("s3cret", False, "192.0.2.7", {"Authorization": "Bearer s3cre"}, 404),
        ("s3cret", False, "192.0.2.7", {"Authorization": "Bearer é"}, 404),
        ("s3cret", False, "192.0.2.7", {"Authorization": "s3cret"}, 404),
    ],
)
def test_only_scrapers_may_read(
    token: str,
    is_local: bool,
    address: str,
    headers: dict[str, str],
    status: int,
    settings: Settings,
    client: Client,
    db: None,
) -> None:
    settings.METRICS_TOKEN = token
    settings.IS_DEMO = is_local
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


def test_a_lost_broker_is_no_error_of_ours(client: Client, settings: Settings, db: None) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert client.get("/metrics").status_code == 503
