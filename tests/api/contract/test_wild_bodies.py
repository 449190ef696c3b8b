"""Ten thousand bad bodies: each is refused in words, none leaves a trace."""

import json
from random import Random

import pytest
from pytest_django import Settings

from generations.api.models import Replay
from generations.credits.models import Hold, LedgerEntry
from generations.events.models import Event
from generations.jobs.models import Generation
from generations.media.models import Asset, Upload
from tests.api.contract.conftest import Program
from tests.api.contract.wild import bad_body

BODIES = 10_000
STORED = (Generation, Hold, LedgerEntry, Event, Upload, Replay)


@pytest.mark.timeout(900)
def test_invalid_bodies_are_rejected_without_a_server_error(program: Program, settings: Settings) -> None:
    settings.API_RATE_KEY = settings.API_RATE_MEMBER = settings.API_RATE_TEAM = 0
    chance = Random(20261122)
    before = {model: model.objects.count() for model in STORED}
    for number in range(BODIES):
        body = bad_body(chance)
        answer = program.submit(body)
        told = json.loads(answer.content)
        assert (answer.status_code, told["error"]["type"]) == (400, "invalid_request_error"), (number, body[:500], told)
    assert {model: model.objects.count() for model in STORED} == before
    # A good first frame beside a bad last one is kept for a day, as every unused still.
    assert Asset.objects.count() <= 1
