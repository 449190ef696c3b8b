"""The metrics for Prometheus: format, values, cost and access."""

import re
from datetime import timedelta
from math import isnan
from uuid import uuid4

import pytest
from django.test import Client
from prometheus_client import CONTENT_TYPE_LATEST
from pytest_django import Settings

from generations.accounts.models import Membership, Team
from generations.common.clock import database_time
from generations.jobs.models import Generation
from generations.jobs.submit import GenerationRequest, submit_generation
from generations.media.models import Asset
from generations.tasks import record_heartbeat
from project.stack.ports import free_port
from tests.credits.holds import hold_credits

QUEUES = ("dailies", "media", "webhooks")
LINE = re.compile(r'(?:# (?:HELP|TYPE) dailies_\w+ .+)|(?:dailies_\w+(?:\{\w+="\w+"\})? (?:NaN|[-+.e\d]+))')


def read(client: Client, **headers: str) -> dict[str, float]:
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"] == CONTENT_TYPE_LATEST
    lines = response.content.decode().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in samples}


def test_an_empty_installation_has_values(client: Client, db: None) -> None:
    values = read(client)
    assert values['dailies_generations{state="queued"}'] == 0
    assert values["dailies_oldest_queued_seconds"] == 0
    assert isnan(values["dailies_heartbeat_age_seconds"])
    assert [values[f'dailies_broker_messages{{queue="{queue}"}}'] for queue in QUEUES] == [0] * 3


def test_the_values_come_from_the_database(client: Client, funded: Team) -> None:
    record_heartbeat()
    hold_credits(Membership.objects.get(team=funded), 30)
    values = read(client)
    assert values["dailies_wallets"] == 1
    assert values["dailies_credits_posted"] == 1000
    assert values["dailies_credits_held"] == values["dailies_holds_pending_credits"] == 30
    assert values["dailies_holds_pending"] == 1
    assert 0 <= values["dailies_heartbeat_age_seconds"] < 60


def test_jobs_in_progress_are_counted(client: Client, funded: Team) -> None:
    still = Asset.objects.create(
        team=funded, kind="still", name="a", mime="image/png", sha256="a" * 64, bytes=1, width=1280, height=720
    )
    request = GenerationRequest(
        first_frame=still, prompt="Wind.", model="ltx-2-3-fast", resolution="1280x720", fps=24, duration=6
    )
    membership = Membership.objects.select_related("team", "user").get(team=funded)
    for _ in range(2):
        submit_generation(membership=membership, request=request, idempotency_key=str(uuid4()))
    Generation.objects.update(created_at=database_time(-timedelta(minutes=5)))
    values = read(client)
    assert values['dailies_generations{state="queued"}'] == 2
    assert values['dailies_generations_last_hour{state="queued"}'] == 2
    assert 300 <= values["dailies_oldest_queued_seconds"] < 400
    assert values["dailies_holds_pending"] == 2


def test_scraping_takes_few_queries(client: Client, funded: Team, django_assert_max_num_queries: object) -> None:
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
def test_only_scrapers_have_access(
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


def test_a_lost_broker_is_a_503(client: Client, settings: Settings, db: None) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert client.get("/metrics").status_code == 503
