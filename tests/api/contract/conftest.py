"""Programs of the cast: keys, and a client that speaks the contract to the views."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from generations.accounts.api_keys import create_key
from generations.accounts.models import ApiKey, Membership, Team, User
from generations.accounts.roles import Scope
from tests.api.contract.bodies import body_with
from tests.media.sample_images import png

Member = Callable[[User, Team], Membership]


class Program:
    """Somebody's program: a key and the three routes of the contract."""

    def __init__(self, key: ApiKey, secret: str) -> None:
        self.key, self.secret = key, secret
        self._client = Client(raise_request_exception=False)

    def submit(self, body: object = None, **headers: str) -> Any:
        return self.send("POST", "/v2/image-to-video", body_with() if body is None else body, **headers)

    def job(self, job_id: object, **headers: str) -> Any:
        return self.send("GET", f"/v2/image-to-video/{job_id}", **headers)

    def upload(self, data: bytes | None = None) -> str:
        """Upload a picture and return its `ltx://` address."""
        ticket = self.send("POST", "/v1/upload").json()
        answer = self.put(ticket["upload_url"], png() if data is None else data)
        assert answer.status_code == 201, answer.content
        return str(ticket["storage_uri"])

    def put(self, url: str, data: bytes, mime: str = "image/png") -> Any:
        return self._client.put(url, data, content_type=mime)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        given = {"Authorization": f"Bearer {self.secret}", **{n.replace("_", "-"): v for n, v in headers.items()}}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self._client.generic(method, path, data, content_type="application/json", headers=given)


@pytest.fixture
def program_of(member: Member) -> Callable[..., Program]:
    """A program of somebody in a team, with a fresh key of all scopes unless some are named."""

    def go(user: User, team: Team, *scopes: Scope, is_service: bool = False) -> Program:
        made = create_key(
            membership=member(user, team), name="render farm", scopes=scopes or list(Scope), is_service=is_service
        )
        return Program(made.key, made.secret)

    return go


@pytest.fixture
def program(program_of: Callable[..., Program], funded: Team, bob: User) -> Program:
    """Bob's, in a team with 1,000 credits."""
    return program_of(bob, funded)


@pytest.fixture
def fresh_key() -> str:
    return str(uuid4())
