"""`POST /v2/image-to-video`: what is accepted, and how the rest is refused."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import httpx
import pytest
from PIL import Image

from .process import STILL, EngineProcess, request_body
from .stills import data_uri, encoded, photo

SUBMIT = "/v2/image-to-video"


def stored(engine: EngineProcess, job_id: str) -> dict:
    return json.loads((engine.data_dir / "jobs" / job_id / "job.json").read_text())


def refusal(answer: httpx.Response, status: int, kind: str) -> str:
    """Check the envelope and return the message."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body == {"type": "error", "error": {"type": kind, "message": body["error"]["message"]}}
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    return body["error"]["message"]


def test_it_accepts_with_exactly_an_id_and_a_time(client: httpx.Client, engine: EngineProcess):
    answer = client.post(SUBMIT, json=request_body())
    assert answer.status_code == 202
    assert answer.json().keys() == {"id", "created_at"}
    assert UUID(answer.json()["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.json()["created_at"])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert stored(engine, answer.json()["id"])["clip"] == {
        "width": 1280, "height": 720, "fps": 24, "seconds": 6, "motion": None, "has_sound": True,
    }  # fmt: skip


def test_it_takes_what_clients_in_the_wild_send(client: httpx.Client, engine: EngineProcess):
    body = request_body(duration=6.0, fps=25.0, seed=7, generate_audio=False, camera_motion="jib_up")
    answer = client.post(SUBMIT + "/", json=body, headers={"content-type": "text/plain", "x-more": "1"})
    assert answer.status_code == 202
    clip = stored(engine, answer.json()["id"])["clip"]
    assert (clip["fps"], clip["seconds"], clip["motion"], clip["has_sound"]) == (25, 6, "jib_up", False)


def test_it_takes_retired_models(engine: EngineProcess):
    job_id = engine.submit(model="ltx-2-fast", resolution="1920x1080", fps=25)
    assert stored(engine, job_id)["clip"]["width"] == 1920


def test_it_chooses_a_length_when_that_is_left_to_the_model(engine: EngineProcess):
    assert stored(engine, engine.submit(model="ltx-2-5-fast", duration=None))["clip"]["seconds"] == 8


def test_it_names_every_broken_rule(client: httpx.Client):
    body = request_body(prompt="x" * 5001, resolution="640x480", camera_motion="roll")
    message = refusal(client.post(SUBMIT, json=body), 400, "invalid_request_error")
    assert all(f"{field}: " in message for field in ("prompt", "resolution", "camera_motion"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"null", b"[" * 100_000, b'{"duration": 1e999, "fps": NaN}'],
)
def test_it_refuses_a_body_that_is_not_a_request(client: httpx.Client, content: bytes):
    refusal(client.post(SUBMIT, content=content), 400, "invalid_request_error")


def test_it_refuses_a_prompt_with_half_a_character(client: httpx.Client):
    body = json.dumps(request_body(prompt="\ud800"))
    refusal(client.post(SUBMIT, content=body), 400, "invalid_request_error")


def test_it_refuses_a_body_that_is_too_large(client: httpx.Client):
    refusal(client.post(SUBMIT, content=b" " * 16_000_000), 413, "request_too_large")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic abc", "abc", "Bearer two words"])
def test_it_asks_for_a_key(engine: EngineProcess, header: str | None):
    headers = {"authorization": header} if header is not None else {}
    answer = httpx.post(engine.url + SUBMIT, json=request_body(), headers=headers)
    refusal(answer, 401, "authentication_error")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("uri", "hint"),
    [
        (data_uri(b"no image at all"), "not a PNG, JPEG or WebP"),
        (data_uri(encoded(photo(64, 64), "GIF")), "not a PNG, JPEG or WebP"),
        (data_uri(STILL[: len(STILL) // 2], "image/jpeg"), "damaged"),
        (data_uri(encoded(photo(64, 64))[:-40]), "damaged"),
        (data_uri(encoded(Image.new("1", (8000, 8000)))), "at most 50,000,000"),
        ("data:image/png;base64,AAAAA", "base64"),
        ("data:image/png;base64,", "base64"),
        ("data:image/png;base64,!!!!", "base64"),
        ("data:image/gif;base64,AAAA", "must be one of"),
        ("data:image/png,AAAA", "data:<mime>;base64"),
        ("ltx://uploads/unknown", "no such upload"),
        ("https://stills.invalid/a.png", "host name"),
        ("https://127.0.0.1/a.png", "public host"),
        ("http://stills.example/a.png", "https://"),
        ("file:///etc/passwd", "https://"),
    ],
)
@pytest.mark.parametrize("field", ["image_uri", "last_frame_uri"])
def test_it_refuses_an_image_it_cannot_use(client: httpx.Client, field: str, uri: str, hint: str):
    message = refusal(client.post(SUBMIT, json=request_body(**{field: uri})), 400, "invalid_request_error")
    assert message.startswith(f"{field}: ")
    assert hint in message


def test_the_same_key_and_body_give_the_same_job(client: httpx.Client):
    headers = {"idempotency-key": "once"}
    with ThreadPoolExecutor(4) as crowd:
        answers = list(crowd.map(lambda _: client.post(SUBMIT, json=request_body(), headers=headers), range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1


def test_the_same_key_with_another_body_is_refused(client: httpx.Client):
    headers = {"idempotency-key": "twice"}
    assert client.post(SUBMIT, json=request_body(), headers=headers).status_code == 202
    answer = client.post(SUBMIT, json=request_body(prompt="something else"), headers=headers)
    assert "another body" in refusal(answer, 400, "invalid_request_error")


def test_a_refused_request_does_not_use_up_its_key(client: httpx.Client):
    headers = {"idempotency-key": "third"}
    assert client.post(SUBMIT, json=request_body(duration=7), headers=headers).status_code == 400
    assert client.post(SUBMIT, json=request_body(), headers=headers).status_code == 202


def test_two_owners_may_use_the_same_idempotency_key(engine: EngineProcess):
    with engine.client("alice") as alice, engine.client("charlie") as charlie:
        answers = [
            client.post(SUBMIT, json=request_body(), headers={"idempotency-key": "ours"}) for client in (alice, charlie)
        ]
    assert len({answer.json()["id"] for answer in answers}) == 2


def test_an_overlong_idempotency_key_is_refused(client: httpx.Client):
    answer = client.post(SUBMIT, json=request_body(), headers={"idempotency-key": "k" * 256})
    refusal(answer, 400, "invalid_request_error")


def test_a_full_queue_says_when_to_come_back(start_engine):
    engine = start_engine(queue_size="1")
    long = request_body(resolution="1920x1080", duration=20)
    with engine.client() as client:
        assert [client.post(SUBMIT, json=long).status_code for _ in range(2)] == [202, 202]
        answer = client.post(SUBMIT, json=long)
        refusal(answer, 429, "rate_limit_error")
        assert int(answer.headers["retry-after"]) > 0
        assert len(list((engine.data_dir / "jobs").iterdir())) == 2


def test_created_at_is_the_time_of_the_submit(client: httpx.Client, engine: EngineProcess):
    answer = client.post(SUBMIT, json=request_body()).json()
    status = engine.poll(answer["id"])
    assert status["created_at"] == answer["created_at"]
    assert datetime.fromisoformat(answer["created_at"]).tzinfo is not None
