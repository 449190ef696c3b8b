"""What the benchmarks of the API share: teams with a key and a still each, the two servers, and a run of the load."""

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

from bench._ground import FOLDER
from bench._members import make_members
from generations.accounts.keys import create_key
from generations.accounts.models import Membership
from generations.accounts.roles import Scope
from generations.media.uploads import create_upload, fill_upload, storage_uri
from project.stack import services
from project.stack.ports import LOOPBACK, free_port
from project.stack.processes import ProcessSpec, start_and_wait

WORKERS = 2
# As the limits of a request are counted, but with room for all that a benchmark sends.
_ROOM = {"API_RATE_KEY": "100000000", "API_RATE_MEMBER": "100000000", "API_RATE_TEAM": "100000000"}


@dataclass(frozen=True)
class Account:
    """A member with a key, who has uploaded a still."""

    membership: Membership
    secret: str
    still: str

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> str:
        """The request as it goes over the wire."""
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
        wish = {"prompt": "A lantern sways.", "model": "ltx-2-3-fast", "resolution": "1280x720"}
        body = {"image_uri": self.still, "duration": 6, "fps": 24, **wish}
        return self.request("POST", "/v2/image-to-video", body)


def make_accounts(count: int) -> list[Account]:
    """So many teams of one member each."""
    picture = BytesIO()
    Image.new("RGB", (320, 180), (40, 90, 160)).save(picture, "PNG")
    return [_account(membership, picture.getvalue()) for membership in make_members(teams=count, each=1)]


def _account(membership: Membership, picture: bytes) -> Account:
    upload = create_upload(membership)
    fill_upload(upload, ContentFile(picture, name="still.png"))
    made = create_key(membership=membership, name="bench", scopes=[Scope.GENERATE, Scope.READ])
    return Account(membership, made.secret, storage_uri(upload))


@contextmanager
def servers(environment: dict[str, str]) -> Iterator[dict[str, int]]:
    """The limit and the product, each behind granian with two workers: their ports by name."""
    ports = {"limit": free_port(), "ours": free_port()}
    specs = [_limit(environment, ports["limit"]), _ours(environment, ports["ours"])]
    children = [start_and_wait(each, log=FOLDER / "run" / f"{each.name}.log") for each in specs]
    try:
        yield ports
    finally:
        for child in children:
            child.stop()


def run(port: int, *, clients: int, seconds: float, requests: list[str], expected: int) -> dict[str, float]:
    """Let the load generator run, and return what it measured. Every answer has to be the expected one."""
    order = {"port": port, "clients": clients, "seconds": seconds, "requests": requests, "expected": expected}
    done = subprocess.run(
        [sys.executable, "-m", "bench._load"], input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    assert not measured.pop("wrong"), "not every answer was the expected one"
    return measured


def _ours(environment: dict[str, str], port: int) -> ProcessSpec:
    """The web process of `make run`, with two workers instead of one."""
    made = services.web({**environment, **_ROOM}, LOOPBACK, port)
    command = list(made.command)
    command[command.index("--workers") + 1] = str(WORKERS)
    return replace(made, command=command)


def _limit(environment: dict[str, str], port: int) -> ProcessSpec:
    made = services.events(environment, LOOPBACK, port)
    command = ["bench._limit:application" if part == "project.asgi:application" else part for part in made.command]
    command[command.index("--workers") + 1] = str(WORKERS)
    return replace(made, name="limit", command=command, is_ready=services.responds(f"http://{LOOPBACK}:{port}/"))
