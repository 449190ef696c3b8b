"""The OpenAPI document is true: requests made up from it, right and wrong ones, are answered as it says."""

from collections.abc import Callable, Iterator

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from pytest_django import Settings
from schemathesis.config import SchemathesisConfig

from generations.accounts.models import Team, User
from generations.jobs.models import State
from project.wsgi import application
from tests.library.factories import make_generation

# What a schema cannot say: which image exists, decodes and is public, what goes together, which cursor is ours.
REFUSALS_OF_WHAT_FITS = ["400", "402", "422"]
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "401", "403", "404", "409", "429", *REFUSALS_OF_WHAT_FITS]
            }
        }
    }
)
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, config=CONFIG)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Requests leave the test's connection open, as they do for Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def secret(secret_of: Callable[..., str], alice: User, funded: Team, settings: Settings) -> str:
    """A key that may do everything, with something of each noun to find."""
    settings.API_RATE_KEY = settings.API_RATE_MEMBER = settings.API_RATE_TEAM = 0
    for state in (State.COMPLETED, State.QUEUED, State.FAILED):
        make_generation(funded, alice, state)
    return secret_of(alice, funded)


@schema.parametrize()
@settings(max_examples=8, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_response_matches_the_document(case: schemathesis.Case, secret: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {secret}"})
