"""Pages elsewhere may call the API where a setting names them, and nobody's pages by default."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.api.contract.conftest import Program

ORIGIN = "https://pipeline.example.com"
PATHS = ["/v2/image-to-video", "/v1/upload", "/v1/uploads/00000000-0000-0000-0000-000000000000", "/api/v1/me"]


def preflight(path: str) -> Any:
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    headers["Access-Control-Request-Headers"] = "authorization, idempotency-key, content-type"
    return Client().options(path, headers=headers)


@pytest.mark.parametrize("path", PATHS)
def test_no_origin_is_allowed_by_default(path: str, db: None) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(path)


@pytest.mark.parametrize("path", PATHS)
def test_a_configured_origin_is_allowed(path: str, settings: Settings, db: None) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    answer = preflight(path)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert {"authorization", "idempotency-key"} <= set(answer["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in answer


def test_responses_and_errors_are_readable_by_scripts(program: Program, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    for answer in (program.submit(Origin=ORIGIN), program.submit({}, Origin=ORIGIN), program.job("x", Origin=ORIGIN)):
        assert answer["Access-Control-Allow-Origin"] == ORIGIN
        assert "x-request-id" in answer["Access-Control-Expose-Headers"]


def test_pages_are_never_opened_to_other_origins(settings: Settings, db: None) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    assert "Access-Control-Allow-Origin" not in Client().get("/", headers={"Origin": ORIGIN})
