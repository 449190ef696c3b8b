from collections.abc import Callable

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.events.streams.origins import events_url, is_allowed_origin

from .conftest import Connect


@pytest.mark.parametrize(
    ("port", "host", "url"),
    [
        (None, "studio.example.com", "/events/lighthouse"),
        (8001, "localhost:8000", "http://localhost:8001/events/lighthouse"),
        (8001, "127.0.0.1:8000", "http://127.0.0.1:8001/events/lighthouse"),
        (8001, "studio.example.com", "http://studio.example.com:8001/events/lighthouse"),
        (8001, "[::1]:8000", "http://[::1]:8001/events/lighthouse"),
    ],
)
def test_the_url_has_the_host_of_the_page(port: int | None, host: str, url: str, settings: Settings) -> None:
    settings.EVENTS_PORT = port
    assert events_url(RequestFactory().get("/", headers={"Host": host}), Team(slug="lighthouse")) == url


@pytest.mark.parametrize(
    ("origin", "host", "with_port", "behind_proxy"),
    [
        ("http://localhost:8000", "localhost:8001", True, True),  # PUBLIC_URL itself
        ("http://127.0.0.1:8000", "127.0.0.1:8001", True, False),  # this site under another name of the machine
        ("http://[::1]:8000", "[::1]:8001", True, False),
        ("http://LOCALHOST:8000", "localhost:8001", True, True),
        ("http://localhost:3000", "localhost:8001", False, False),  # another program on this machine
        ("http://localhost:8001", "localhost:8001", False, False),
        ("http://localhost", "localhost:8001", False, False),
        ("https://localhost:8000", "localhost:8001", False, False),
        ("http://127.0.0.1:8000", "localhost:8001", False, False),  # another name than that of the stream
        ("http://evil.example.com:8000", "localhost:8001", False, False),
        ("http://localhost:8000.evil.example.com", "localhost:8001", False, False),
        ("http://localhost@evil.example.com:8000", "localhost:8001", False, False),
        ("null", "localhost:8001", False, False),
        ("", "localhost:8001", False, False),
        ("file://", "localhost:8001", False, False),
        ("http://", "localhost:8001", False, False),
        ("http://localhost:99999", "localhost:8001", False, False),
        ("http://[", "localhost:8001", False, False),
        ("http://127.0.0.1:8000", "[", False, False),
        ("http://127.0.0.1:8000", "", False, False),
    ],
)
def test_only_pages_of_this_site_may_read(
    origin: str, host: str, with_port: bool, behind_proxy: bool, settings: Settings
) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.EVENTS_PORT = 8001
    assert is_allowed_origin(origin, host) is with_port
    settings.EVENTS_PORT = None
    assert is_allowed_origin(origin, host) is behind_proxy


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://studio.example.com:8000", 200),
        ("http://127.0.0.1:8000", 200),
        ("http://127.0.0.1:3000", 404),
        ("https://evil.example.com", 404),
        ("null", 404),
    ],
)
def test_an_allowed_page_gets_cors_headers(origin: str, status: int, connect: Connect, bob: User, team: Team) -> None:
    response = connect(bob, team, Origin=origin).response
    assert response.status == status
    assert response.headers["Access-Control-Allow-Origin"] == (origin if status == 200 else None)
    assert response.headers["Access-Control-Allow-Credentials"] == ("true" if status == 200 else None)
    assert "Origin" in response.headers["Vary"]


@pytest.mark.django_db
@pytest.mark.parametrize(("port", "sources"), [(None, "'self'"), (8001, "'self' http://testserver:8001")])
def test_connect_src_contains_the_origin_of_the_stream(
    port: int | None, sources: str, settings: Settings, client_of: Callable[[User], Client], alice: User
) -> None:
    settings.EVENTS_PORT = port
    policy = client_of(alice).get("/admin/login/", follow=True)["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["connect-src"] == sources
