"""`POST /v2/image-to-video`: accepted requests and the errors for all others."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import httpx
import pytest
from PIL import Image

from .images import data_uri, encoded, photo
from .process import IMAGE, EngineProcess, request_body

SUBMIT = "/v2/image-to-video"


def stored(engine: EngineProcess, job_id: str) -> dict:
    return json.loads((engine.data_dir / "jobs" / job_id / "job.json").read_text())


def error_message(response: httpx.Response, status: int, kind: str) -> str:
    """Check the envelope and return the message."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body == {"type": "error", "error": {"type": kind, "message": body["error"]["message"]}}
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])
    return body["error"]["message"]


def test_an_accepted_submit_returns_an_id_and_a_time(client: httpx.Client, engine: EngineProcess):
    response = client.post(SUBMIT, json=request_body())
    assert response.status_code == 202
    assert response.json().keys() == {"id", "created_at"}
    assert UUID(response.json()["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", response.json()["created_at"])
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])
    assert stored(engine, response.json()["id"])["clip"] == {
        "width": 1280, "height": 720, "fps": 24, "seconds": 6, "motion": None, "has_sound": True,
    }  # fmt: skip


def test_it_accepts_variations_that_real_clients_send(client: httpx.Client, engine: EngineProcess):
    body = request_body(duration=6.0, fps=25.0, seed=7, generate_audio=False, camera_motion="jib_up")
    response = client.post(SUBMIT + "/", json=body, headers={"content-type": "text/plain", "x-more": "1"})
    assert response.status_code == 202
    clip = stored(engine, response.json()["id"])["clip"]
    assert (clip["fps"], clip["seconds"], clip["motion"], clip["has_sound"]) == (25, 6, "jib_up", False)


def test_it_accepts_retired_models(engine: EngineProcess):
    job_id = engine.submit(model="ltx-2-fast", resolution="1920x1080", fps=25)
    assert stored(engine, job_id)["clip"]["width"] == 1920


def test_a_null_duration_becomes_the_automatic_length(engine: EngineProcess):
    assert stored(engine, engine.submit(model="ltx-2-5-fast", duration=None))["clip"]["seconds"] == 8


def test_it_names_every_broken_rule(client: httpx.Client):
    body = request_body(prompt="x" * 5001, resolution="640x480", camera_motion="roll")
    message = error_message(client.post(SUBMIT, json=body), 400, "invalid_request_error")
    assert all(f"{field}: " in message for field in ("prompt", "resolution", "camera_motion"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"null", b"[" * 100_000, b'{"duration": 1e999, "fps": NaN}'],
)
def test_it_rejects_a_body_that_is_not_a_request(client: httpx.Client, content: bytes):
    error_message(client.post(SUBMIT, content=content), 400, "invalid_request_error")


def test_it_rejects_a_prompt_with_a_lone_surrogate(client: httpx.Client):
    body = json.dumps(request_body(prompt="\ud800"))
    error_message(client.post(SUBMIT, content=body), 400, "invalid_request_error")


def test_it_rejects_a_body_that_is_too_large(client: httpx.Client):
    error_message(client.post(SUBMIT, content=b" " * 16_000_000), 413, "request_too_large")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic abc", "abc", "Bearer two words"])
def test_it_requires_a_key(engine: EngineProcess, header: str | None):
    headers = {"authorization": header} if header is not None else {}
    response = httpx.post(engine.url + SUBMIT, json=request_body(), headers=headers)
    error_message(response, 401, "authentication_error")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("uri", "hint"),
    [
        (data_uri(b"no image at all"), "not a PNG, JPEG or WebP"),
        (data_uri(encoded(photo(64, 64), "GIF")), "not a PNG, JPEG or WebP"),
        (data_uri(IMAGE[: len(IMAGE) // 2], "image/jpeg"), "damaged"),
        (data_uri(encoded(photo(64, 64))[:-40]), "damaged"),
        (data_uri(encoded(Image.new("1", (8000, 8000)))), "at most 50,000,000"),
        ("data:image/png;base64,AAAAA", "base64"),
        ("data:image/png;base64,", "base64"),
        ("data:image/png;base64,!!!!", "base64"),
        ("data:image/gif;base64,AAAA", "must be one of"),
        ("data:image/png,AAAA", "data:<mime>;base64"),
        ("ltx://uploads/unknown", "no such upload"),
        ("https://images.invalid/a.png", "host name"),
        ("https://127.0.0.1/a.png", "public host"),
        ("http://images.example/a.png", "https://"),
        ("file:///etc/passwd", "https://"),
    ],
)
@pytest.mark.parametrize("field", ["image_uri", "last_frame_uri"])
def test_it_rejects_an_image_it_cannot_use(client: httpx.Client, field: str, uri: str, hint: str):
    message = error_message(client.post(SUBMIT, json=request_body(**{field: uri})), 400, "invalid_request_error")
    assert message.startswith(f"{field}: ")
    assert hint in message


def test_the_same_key_and_body_return_the_same_job(client: httpx.Client):
    headers = {"idempotency-key": "once"}
    with ThreadPoolExecutor(4) as executor:
        responses = list(executor.map(lambda _: client.post(SUBMIT, json=request_body(), headers=headers), range(4)))
    assert {response.status_code for response in responses} == {202}
    assert len({response.text for response in responses}) == 1


def test_the_same_key_with_another_body_is_rejected(client: httpx.Client):
    headers = {"idempotency-key": "twice"}
    assert client.post(SUBMIT, json=request_body(), headers=headers).status_code == 202
    response = client.post(SUBMIT, json=request_body(prompt="something else"), headers=headers)
    assert "another body" in error_message(response, 400, "invalid_request_error")


def test_a_rejected_request_does_not_use_up_its_key(client: httpx.Client):
    headers = {"idempotency-key": "third"}
    assert client.post(SUBMIT, json=request_body(duration=7), headers=headers).status_code == 400
    assert client.post(SUBMIT, json=request_body(), headers=headers).status_code == 202


def test_two_owners_may_use_the_same_idempotency_key(engine: EngineProcess):
    with engine.client("alice") as alice, engine.client("charlie") as charlie:
        responses = [
            client.post(SUBMIT, json=request_body(), headers={"idempotency-key": "ours"}) for client in (alice, charlie)
        ]
    assert len({response.json()["id"] for response in responses}) == 2


def test_an_overlong_idempotency_key_is_rejected(client: httpx.Client):
    response = client.post(SUBMIT, json=request_body(), headers={"idempotency-key": "k" * 256})
    error_message(response, 400, "invalid_request_error")


def test_a_full_queue_returns_retry_after(start_engine):
    engine = start_engine(queue_size="1")
    long = request_body(resolution="1920x1080", duration=20)
    with engine.client() as client:
        assert [client.post(SUBMIT, json=long).status_code for _ in range(2)] == [202, 202]
        response = client.post(SUBMIT, json=long)
        error_message(response, 429, "rate_limit_error")
        assert int(response.headers["retry-after"]) > 0
        assert len(list((engine.data_dir / "jobs").iterdir())) == 2


def test_created_at_is_the_time_of_the_submit(client: httpx.Client, engine: EngineProcess):
    response = client.post(SUBMIT, json=request_body()).json()
    status = engine.poll(response["id"])
    assert status["created_at"] == response["created_at"]
    assert datetime.fromisoformat(response["created_at"]).tzinfo is not None
