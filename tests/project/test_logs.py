import logging

import pytest

from project.logs import NewsFilter


def record(**event: object) -> logging.LogRecord:
    return logging.LogRecord("request", logging.INFO, "", 0, event, None, None)


@pytest.mark.parametrize(
    ("event", "is_news"),
    [
        ({"event": "request_started", "request": "GET /"}, False),
        ({"event": "request_finished", "request": "GET /", "code": 200}, True),
        ({"event": "request_finished", "request": "GET /healthz", "code": 200}, False),
        ({"event": "request_finished", "request": "GET /readyz", "code": 503}, True),
    ],
)
def test_only_news_is_logged(event: dict[str, object], is_news: bool) -> None:
    assert NewsFilter().filter(record(**event)) is is_news


def test_plain_messages_pass() -> None:
    assert NewsFilter().filter(logging.LogRecord("x", logging.INFO, "", 0, "text", None, None))
