"""Shared by the benchmarks of the API: teams with a key and an image each, the two servers, and the load."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from bench._environment import FOLDER
from bench._members import make_members
from generations.accounts.api_keys import create_key
from generations.accounts.models import Membership
from generations.accounts.roles import Scope
from generations.library.takes import create_shot
from generations.media.uploads import create_upload, fill_upload, storage_uri
from project.stack import services
from project.stack.ports import LOOPBACK, free_port
from project.stack.processes import ProcessSpec, start_and_wait

WORKERS = 2
# Rate limits are counted as usual, but high enough for the benchmark.
_ROOM = {"API_RATE_KEY": "100000000", "API_RATE_MEMBER": "100000000", "API_RATE_TEAM": "100000000"}


@dataclass(frozen=True)
class Account:
    """A member with an API key and an uploaded image."""

    membership: Membership
    secret: str
    image: str

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> str:
        """The text of the HTTP request."""
        text = json.dumps(body) if body else ""
        head = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {self.secret}",
            "Content-Type: application/json",
            f"Content-Length: {len(text)}",
        ]
        return "\r\n".join(head) + "\r\n\r\n" + text

    def submit(self) -> str:
        options = {"prompt": "A lantern sways.", "model": "ltx-2-3-fast", "resolution": "1280x720"}
        body = {"image_uri": self.image, "duration": 6, "fps": 24, **options}
        return self.request("POST", "/v2/image-to-video", body)


def make_accounts(count: int) -> list[Account]:
    """Create so many teams with one member each."""
    picture = BytesIO()
    Image.new("RGB", (320, 180), (40, 90, 160)).save(picture, "PNG")
    return [_account(membership, picture.getvalue()) for membership in make_members(teams=count, each=1)]


def _account(membership: Membership, picture: bytes) -> Account:
    upload = create_upload(membership)
    image = fill_upload(upload, ContentFile(picture, name="still.png"))
    create_shot(membership.team_id, None, image)  # the limit program does not create shots
    key = create_key(membership=membership, name="bench", scopes=[Scope.GENERATE, Scope.READ])
    return Account(membership, key.secret, storage_uri(upload))


@contextmanager
def servers(environment: dict[str, str]) -> Iterator[dict[str, int]]:
    """Start the limit program and the product behind granian with two workers each. Yield their ports by name."""
    ports = {"limit": free_port(), "ours": free_port()}
    specs = [_limit(environment, ports["limit"]), _ours(environment, ports["ours"])]
    children = [start_and_wait(spec, log=FOLDER / "run" / f"{spec.name}.log") for spec in specs]
    try:
        yield ports
    finally:
        for child in children:
            child.stop()


def run(port: int, *, clients: int, seconds: float, requests: list[str], expected: int) -> dict[str, float]:
    """Run the load generator and return its figures. Every response must have the expected status."""
    job = {"port": port, "clients": clients, "seconds": seconds, "requests": requests, "expected": expected}
    done = subprocess.run(
        [sys.executable, "-m", "bench._load"], input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    assert not measured.pop("wrong"), "not every response had the expected status"
    return measured


def _ours(environment: dict[str, str], port: int) -> ProcessSpec:
    """The web process of `make run`, with two workers instead of one."""
    spec = services.web({**environment, **_ROOM}, LOOPBACK, port)
    command = list(spec.command)
    command[command.index("--workers") + 1] = str(WORKERS)
    return replace(spec, command=command)


def _limit(environment: dict[str, str], port: int) -> ProcessSpec:
    spec = services.events(environment, LOOPBACK, port)
    command = ["bench._limit:application" if part == "project.asgi:application" else part for part in spec.command]
    command[command.index("--workers") + 1] = str(WORKERS)
    return replace(spec, name="limit", command=command, is_ready=services.responds(f"http://{LOOPBACK}:{port}/"))
