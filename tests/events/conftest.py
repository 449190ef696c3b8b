import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client

from generations.accounts.models import Team, User
from project.env import ROOT
from project.stack.ports import free_port

from .sse import Stream, eventually

Connect = Callable[..., Stream]


def _database_url() -> str:
    database = connection.settings_dict
    place = urlencode({name: database[name.upper()] for name in ("host", "port") if database[name.upper()]})
    user = f"{database['USER']}:{database['PASSWORD']}@" if database["USER"] else ""
    return f"postgresql://{user}/{database['NAME']}?{place}"


@contextmanager
def server(*options: str, **environment: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Run the events process on a free port, with this test's database and Valkey."""
    port = free_port()
    flags = ["--interface", "asgi", "--port", str(port), "--no-ws", "--workers-kill-timeout", "10", *options]
    given = {
        "DJANGO_SETTINGS_MODULE": "project.settings.local",
        "DATABASE_URL": _database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "PUBLIC_URL": "http://studio.example.com:8000",
        "EVENTS_PORT": str(port),
    }
    command = [sys.executable, "-m", "granian", *flags, "tests.events.app:application"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | given | environment, stdout=log, stderr=log)
        try:
            eventually(lambda: _responds(process, port))
            yield port, process
        finally:
            process.terminate()
            process.wait(30)


def _responds(process: "subprocess.Popen[bytes]", port: int) -> bool:
    assert process.poll() is None, "the events process has ended"
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="session")
def events_port(django_db_setup: None) -> Iterator[int]:
    with server() as (port, _):
        yield port


@pytest.fixture
def session_of() -> Callable[[User], str]:
    """Sign the user in and return the session key."""

    def go(user: User) -> str:
        client = Client()
        client.force_login(user)
        return str(client.session.session_key)

    return go


@pytest.fixture
def connect(events_port: int, session_of: Callable[[User], str]) -> Iterator[Connect]:
    """Open a team's stream as a user. It is closed at the end of the test."""
    with ExitStack() as streams:

        def go(
            user: User | None,
            team: Team | str,
            query: str = "",
            port: int = events_port,
            receive_buffer: int | None = None,
            **headers: str,
        ) -> Stream:
            slug = team if isinstance(team, str) else team.slug
            cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(user)}"} if user else {}
            return streams.enter_context(
                Stream(port, f"/events/{slug}{query}", receive_buffer=receive_buffer, **cookie, **headers)
            )

        yield go


@pytest.fixture
def readers(valkey: redis.Redis) -> Callable[[], list[int]]:
    """Return the ids of the connections that block on a stream of Valkey now."""
    number = valkey.connection_pool.connection_kwargs.get("db", 0)
    return lambda: [
        int(client["id"])
        for client in valkey.client_list()
        if client["cmd"] == "xread" and "b" in client["flags"] and int(client["db"]) == int(number or 0)
    ]
