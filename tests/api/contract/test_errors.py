"""Each row of the contract's error table, over a real socket, as an independent client meets it."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from generations.accounts.models import Team, User
from generations.accounts.roles import Scope
from generations.credits.models import Hold, Quota
from generations.jobs.models import Generation, State
from project.stack.ports import free_port
from tests.api.client import ApiError, Client
from tests.api.contract.bodies import body_with
from tests.api.contract.conftest import Program
from tests.api.process import WebProcess, web_process
from tests.library.factories import make_generation
from tests.media.sample_images import png

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    with web_process(tmp_path_factory.mktemp("web")) as process:
        yield process


@pytest.fixture
def client(web: WebProcess, program: Program) -> Client:
    return Client(web.url, program.secret)


@contextmanager
def refused(status: int, type_: str) -> Iterator[list[ApiError]]:
    caught: list[ApiError] = []
    with pytest.raises(ApiError) as found:
        yield caught
    caught.append(found.value)
    assert (found.value.status, found.value.type) == (status, type_), found.value


def test_400_for_a_violated_rule(client: Client) -> None:
    for body in (body_with(duration=7), body_with(prompt=...), body_with(resolution="1x1"), b"{", b"\xff", [], None):
        with refused(400, "invalid_request_error"):
            client.call("POST", "/v2/image-to-video", body)
    with refused(400, "invalid_request_error"):
        client.submit(**body_with(), idempotency_key="x" * 256)


def test_401_for_an_invalid_key(web: WebProcess, client: Client) -> None:
    for key in (
        "",
        "dly_wrong",
        client.key[:-1],
        client.key + "x",
        "ключ".encode().decode("latin-1"),
        f"{client.key} x",
    ):
        for method, path in (
            ("POST", "/v2/image-to-video"),
            ("GET", f"/v2/image-to-video/{uuid4()}"),
            ("POST", "/v1/upload"),
        ):
            with refused(401, "authentication_error") as caught:
                Client(web.url, key).call(method, path, {})
            assert caught[0].headers["WWW-Authenticate"] == "Bearer"
    for scheme in ("", "Basic", client.key):
        with refused(401, "authentication_error"):
            client.call("POST", "/v1/upload", headers={"Authorization": f"{scheme} {client.key}"})


def test_402_with_its_numbers(client: Client, funded: Team, bob: User) -> None:
    Quota.objects.create(team=funded, membership=bob.memberships.get(team=funded), cap=20, period="month")
    client.submit(**body_with())
    with refused(402, "insufficient_funds_error") as caught:
        client.submit(**body_with())
    told = {name: caught[0].body[name] for name in ("required", "available", "held", "limit")}
    assert told == {"required": 18, "available": 2, "held": 18, "limit": "member"}
    assert caught[0].body["resets_at"]
    assert Hold.objects.count() == 1


def test_403_for_a_scope_a_role_and_a_quota(
    web: WebProcess, client: Client, program_of: Callable[..., Program], funded: Team, bob: User, rita: User
) -> None:
    Quota.objects.create(team=funded, membership=bob.memberships.get(team=funded), allowed_models=["ltx-2-3-pro"])
    for program in (program_of(bob, funded, Scope.READ), program_of(rita, funded), program_of(bob, funded)):
        with refused(403, "permission_error"):
            Client(web.url, program.secret).submit(**body_with())


def test_404_for_unknown_foreign_and_misplaced_jobs(
    web: WebProcess, client: Client, program_of: Callable[..., Program], other_team: Team, charlie: User
) -> None:
    job = client.submit(**body_with())
    strangers = Client(web.url, program_of(charlie, other_team).secret)
    answers = []
    for asking, job_id in ((strangers, job), (strangers, str(uuid4())), (client, str(uuid4())), (client, "nothing")):
        with refused(404, "not_found_error") as caught:
            asking.poll(job_id)
        answers.append((caught[0].body, sorted(name.lower() for name in caught[0].headers)))
    assert answers == answers[:1] * len(answers)
    for path in (
        f"/v2/text-to-video/{job}",
        "/v2/",
        "/v2",
        "/v1",
        "/v1/nothing",
        "/v2/image-to-video/a/b",
        "/v1/files/x/y",
        "/v2/%ff",
        "/v2/%00",
    ):
        with refused(404, "not_found_error"):
            client.call("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v2/image-to-video", "POST"),
        ("DELETE", "/v2/image-to-video/", "POST"),
        ("POST", "/v2/image-to-video/1", "GET, HEAD"),
        ("OPTIONS", "/v2/image-to-video/1", "GET, HEAD"),
        ("PROPFIND", "/v1/upload", "POST"),
        ("GET", "/v1/uploads/00000000-0000-0000-0000-000000000000", "PUT"),
        ("PUT", "/v1/files/x/take.mp4", "GET, HEAD"),
    ],
)
def test_405_names_the_allowed_methods(client: Client, method: str, path: str, allow: str) -> None:
    with refused(405, "invalid_request_error") as caught:
        client.call(method, path)
    assert caught[0].headers["Allow"] == allow


def test_409_and_422_for_a_key_used_twice(client: Client) -> None:
    key = str(uuid4())
    job = client.submit(**body_with(), idempotency_key=key)
    assert client.submit(**body_with(), idempotency_key=key) == job
    with refused(422, "invalid_request_error"):
        client.submit(**body_with(prompt="Another."), idempotency_key=key)


def test_413_for_too_large_bodies(client: Client) -> None:
    with refused(413, "request_too_large"):
        client.call("POST", "/v2/image-to-video", b" " * 16_000_000)
    ticket = client.call("POST", "/v1/upload").json()
    with refused(413, "request_too_large"):
        client.open("PUT", ticket["upload_url"], b"x" * (15 * 1024 * 1024 + 1), {"Content-Type": "image/png"})
    assert client.submit(**body_with())  # the server is well


def test_422_is_for_moderation_and_is_an_error_of_the_job(client: Client, funded: Team, bob: User) -> None:
    job = make_generation(funded, bob, State.FAILED, error_type="content_filtered_error", error_message="Filtered.")
    assert client.poll(str(job.pk))["error"] == {"type": "content_filtered_error", "message": "Filtered."}


def test_429_for_too_many_at_once(client: Client, funded: Team, bob: User) -> None:
    Quota.objects.create(team=funded, membership=bob.memberships.get(team=funded), max_jobs=1)
    client.submit(**body_with())
    with refused(429, "concurrency_limit_error") as caught:
        client.submit(**body_with())
    assert (caught[0].retry_after or 0) >= 1


def test_429_for_too_many_a_minute(program: Program, tmp_path: Path) -> None:
    with web_process(tmp_path, API_RATE_KEY="3") as strict:
        client = Client(strict.url, program.secret)
        for _ in range(3):
            client.call("POST", "/v1/upload")
        with refused(429, "rate_limit_error") as caught:
            client.call("POST", "/v1/upload")
        assert 1 <= (caught[0].retry_after or 0) <= 20


def test_500_reveals_no_internals(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE generations_upload RENAME TO mislaid")
        try:
            with refused(500, "api_error") as caught:
                client.call("POST", "/v1/upload")
        finally:
            cursor.execute("ALTER TABLE mislaid RENAME TO generations_upload")
    assert "mislaid" not in json.dumps(caught[0].body)
    assert "generations_upload" not in json.dumps(caught[0].body)


def test_503_while_the_database_is_down(program: Program, tmp_path: Path) -> None:
    with web_process(tmp_path, DATABASE_URL=f"postgresql://127.0.0.1:{free_port()}/nothing") as lonely:
        with refused(503, "service_unavailable_error") as caught:
            Client(lonely.url, program.secret).submit(**body_with())
        assert (caught[0].retry_after or 0) >= 1


class TestTheWire:
    """What only a socket shows."""

    def speak(self, web: WebProcess, *parts: bytes) -> tuple[int, dict[str, str], Any]:
        with socket.create_connection(("127.0.0.1", web.port), timeout=20) as connected:
            for part in parts:
                connected.sendall(part)
            answer = b""
            while chunk := connected.recv(65536):
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return int(status.split()[1]), headers, body

    def head(self, client: Client, method: str, path: str, *more: str) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {client.key}",
            "Connection: close",
            *more,
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    @pytest.mark.parametrize(
        "path", ["/v2/image-to-video", "/v2/image-to-video/", "//v2/image-to-video", "///v2//image-to-video/?a=b"]
    )
    def test_slashes_do_not_count(self, web: WebProcess, client: Client, path: str) -> None:
        body = json.dumps(body_with()).encode()
        status, headers, _ = self.speak(web, self.head(client, "POST", path, f"Content-Length: {len(body)}"), body)
        assert (status, len(headers["x-request-id"])) == (202, 32)

    def test_a_body_may_come_in_chunks(self, web: WebProcess, client: Client) -> None:
        body = json.dumps(body_with()).encode()
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:100], body[100:])) + b"0\r\n\r\n"
        head = self.head(client, "POST", "/v2/image-to-video", "Transfer-Encoding: chunked")
        assert self.speak(web, head, chunked)[0] == 202

    def test_an_upload_may_come_in_chunks(self, web: WebProcess, client: Client) -> None:
        ticket = client.call("POST", "/v1/upload").json()
        path, data = ticket["upload_url"].removeprefix(web.url), png()
        head = self.head(client, "PUT", path, "Transfer-Encoding: chunked")
        assert self.speak(web, head, b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))[0] == 201

    def test_a_too_large_chunked_body_is_rejected(self, web: WebProcess, client: Client) -> None:
        ticket = client.call("POST", "/v1/upload").json()
        head = self.head(client, "PUT", ticket["upload_url"].removeprefix(web.url), "Transfer-Encoding: chunked")
        chunk = b"100000\r\n" + bytes(1024 * 1024) + b"\r\n"
        assert self.speak(web, head, chunk * 16, b"0\r\n\r\n")[0] == 413

    def test_clients_cannot_choose_the_request_id(self, web: WebProcess, client: Client) -> None:
        _, headers, _ = self.speak(web, self.head(client, "GET", "/v2/nothing", "x-request-id: chosen"))
        assert headers["x-request-id"] != "chosen"
        _, headers, _ = self.speak(web, self.head(client, "GET", "/healthz"))
        assert len(headers["x-request-id"]) == 32

    def test_no_cookie_and_no_page_policy_is_sent(self, web: WebProcess, client: Client) -> None:
        _, headers, _ = self.speak(web, self.head(client, "GET", "/v2/nothing"))
        assert {"set-cookie", "content-security-policy"}.isdisjoint(headers)
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")

    def test_a_session_cookie_gives_no_access(
        self, web: WebProcess, bob: User, client_of: Callable[[User], Any]
    ) -> None:
        cookie = client_of(bob).cookies["sessionid"].value
        request = f"POST /v1/upload HTTP/1.1\r\nHost: x\r\nCookie: sessionid={cookie}\r\nConnection: close\r\n\r\n"
        assert self.speak(web, request.encode())[0] == 401


def test_a_submitted_job_belongs_to_the_team(client: Client, bob: User) -> None:
    job = client.submit(**body_with(camera_motion="dolly_in", generate_audio=False))
    stored = Generation.objects.get(pk=job)
    assert (stored.author, stored.camera_motion, stored.generate_audio) == (bob, "dolly_in", False)
