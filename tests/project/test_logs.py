"""Log lines: no noise, and no secrets of links."""

import logging

import pytest

from project.logs import NoiseFilter, mask_secrets


def record(**event: object) -> logging.LogRecord:
    return logging.LogRecord("request", logging.INFO, "", 0, event, None, None)


@pytest.mark.parametrize(
    ("event", "is_logged"),
    [
        ({"event": "request_started", "request": "GET /"}, False),
        ({"event": "request_finished", "request": "GET /", "code": 200}, True),
        ({"event": "request_finished", "request": "GET /healthz", "code": 200}, False),
        ({"event": "request_finished", "request": "GET /readyz", "code": 503}, True),
    ],
)
def test_noise_is_not_logged(event: dict[str, object], is_logged: bool) -> None:
    assert NoiseFilter().filter(record(**event)) is is_logged


@pytest.mark.parametrize(
    ("request_line", "logged"),
    [
        ("GET /invitations/s3cret-of-43_characters", "GET /invitations/…"),
        ("GET /account/password/reset/key/1-abc-def/", "GET /account/password/reset/key/…/"),
        ("POST /account/confirm-email/MQ:1abc:def/", "POST /account/confirm-email/…/"),
        ("GET /t/demo/gallery/", "GET /t/demo/gallery/"),
    ],
)
def test_secrets_of_email_links_are_not_logged(request_line: str, logged: str) -> None:
    assert mask_secrets(None, "info", {"request": request_line})["request"] == logged


def test_plain_messages_pass() -> None:
    assert NoiseFilter().filter(logging.LogRecord("x", logging.INFO, "", 0, "text", None, None))
