"""Programs with keys: each of the cast may have some, and asks as a client would."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from generations.accounts.api_keys import create_key
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Scope

ALL = tuple(Scope)


class Program:
    """A client of the API that sends JSON and a key. Addresses are those below `/api/v1`."""

    def __init__(self, secret: str = "") -> None:
        self._client = Client(headers={"Authorization": f"Bearer {secret}"} if secret else {})

    def get(self, path: str, **parameters: Any) -> HttpResponse:
        return self._client.get(f"/api/v1{path}", parameters)

    def send(self, method: str, path: str, body: Any = None) -> HttpResponse:
        given = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(self._client, method)(f"/api/v1{path}", **given)

    def post(self, path: str, body: Any = None) -> HttpResponse:
        return self.send("post", path, body)

    def send_bytes(self, path: str, body: bytes) -> HttpResponse:
        return self._client.post(f"/api/v1{path}", data=body, content_type="application/json")

    def send_contract(self, body: Any) -> HttpResponse:
        """Submit by the contract's own route."""
        return self._client.post("/v2/image-to-video", data=body, content_type="application/json")

    def put(self, path: str, body: Any) -> HttpResponse:
        return self.send("put", path, body)


@pytest.fixture
def secret_of() -> Callable[..., str]:
    """Make a key of somebody in a team and return its secret."""

    def make(user: User, team: Team, *scopes: Scope, is_service: bool = False) -> str:
        membership = Membership.objects.select_related("team", "user").get(user=user, team=team)
        made = create_key(membership=membership, name="render farm", scopes=scopes or ALL, is_service=is_service)
        return made.secret

    return make


@pytest.fixture
def program(team: Team, secret_of: Callable[..., str]) -> Callable[..., Program]:
    """A program of a member of the team; all scopes unless some are named."""
    return lambda user, *scopes, **options: Program(secret_of(user, team, *scopes, **options))


@pytest.fixture
def stranger(charlie: User, other_team: Team, secret_of: Callable[..., str]) -> Program:
    """Charlie's program, with every scope in a team of his own."""
    return Program(secret_of(charlie, other_team))


@pytest.fixture
def anonymous() -> Program:
    return Program()
