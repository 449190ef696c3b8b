"""The scripted provider follows the contract by default, and another process can script it."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from generations.contract.schemas import Accepted, Completed, ErrorEnvelope, Pending
from tests.fakes import behaviors
from tests.fakes.provider import RemoteProvider, ScriptedProvider

GENERATION_REQUEST = {
    "image_uri": "ltx://uploads/still",
    "prompt": "It rains.",
    "model": "ltx-2-3-fast",
    "duration": 6,
    "resolution": "1280x720",
}
KEY = {"authorization": "Bearer any"}


@pytest.fixture
def scripted() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture
def client(scripted: ScriptedProvider) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=scripted.base_url, headers=KEY, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def remote() -> Iterator[RemoteProvider]:
    command = [sys.executable, "-m", "tests.fakes.provider", "--port", "0", "--polls-until-done", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield RemoteProvider(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(10)


def test_a_job_follows_the_contract(scripted, client):
    response = client.post("/v2/image-to-video", json=GENERATION_REQUEST)
    assert response.status_code == 202
    assert set(response.json()) == {"id", "created_at"}
    job = Accepted.model_validate(response.json()).id
    path = f"/v2/image-to-video/{job}"
    assert [Pending.model_validate(client.get(path).json()).status for _ in range(2)] == ["pending", "processing"]
    url = Completed.model_validate(client.get(path).json()).result.video_url
    assert httpx.get(url).content == scripted.video
    assert "content-length" in httpx.head(url).headers


@pytest.mark.parametrize(
    ("wanted", "part"), [("bytes=0-3", slice(0, 4)), ("bytes=8-", slice(8, None)), ("bytes=-5", slice(-5, None))]
)
def test_the_video_supports_range_requests(scripted, wanted, part):
    [job] = scripted.make_jobs(1)
    scripted.finish(job)
    url = f"{scripted.base_url}/_files/{job}.mp4?signature=scripted"
    response = httpx.get(url, headers={"range": wanted})
    assert (response.status_code, response.content) == (206, scripted.video[part])
    assert httpx.get(url, headers={"range": "bytes=999999-"}).status_code == 416


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/v2/image-to-video", GENERATION_REQUEST | {"duration": 7}, KEY, 400),
        ("POST", "/v2/image-to-video", GENERATION_REQUEST, {"authorization": ""}, 401),
        ("GET", "/v2/image-to-video/unknown", None, KEY, 404),
        ("GET", "/v2/elsewhere", None, KEY, 404),
    ],
)
def test_errors_use_the_envelope(client, method, path, body, headers, status):
    response = client.request(method, path, json=body, headers=headers)
    assert response.status_code == status
    assert ErrorEnvelope.model_validate(response.json()).error.type == behaviors.REASONS[status]
    assert len(response.headers["x-request-id"]) == 32


def test_a_known_key_returns_the_same_job_only_with_honors_keys(scripted, client):
    headers = {"idempotency-key": "one"}
    post = lambda: client.post("/v2/image-to-video", json=GENERATION_REQUEST, headers=headers).json()["id"]  # noqa: E731
    assert post() != post()
    scripted.configure(honors_keys=True)
    assert post() == post()
    assert len(scripted.jobs()) == 2


def test_the_regular_response_returns_after_the_script(scripted, client):
    scripted.script("submit", behaviors.refuse(429), behaviors.refuse(500))
    assert [client.post("/v2/image-to-video", json=GENERATION_REQUEST).status_code for _ in range(3)] == [429, 500, 202]


def test_a_script_for_one_job_does_not_affect_others(scripted, client):
    first, second = scripted.make_jobs(2)
    scripted.always("poll", behaviors.refuse(500), job=first)
    assert client.get(f"/v2/image-to-video/{first}").status_code == 500
    assert client.get(f"/v2/image-to-video/{second}").status_code == 200


def test_it_can_be_scripted_from_another_process(remote):
    remote.script(
        "submit", behaviors.refuse(429, retry_after=3), behaviors.respond(202, b"\xff\x00", "application/json")
    )
    url = f"{remote.base_url}/v2/image-to-video"
    assert httpx.post(url, json=GENERATION_REQUEST, headers=KEY).headers["retry-after"] == "3"
    assert httpx.post(url, json=GENERATION_REQUEST, headers=KEY).content == b"\xff\x00"
    assert httpx.post(url, json=GENERATION_REQUEST, headers=KEY).status_code == 202
    assert remote.count("submit") == 3
    assert remote.requests("submit")[0].headers["authorization"] == "Bearer any"
    [job] = remote.jobs()
    remote.fail(job.id, message="Out of memory.")
    assert httpx.get(f"{url}/{job.id}", headers=KEY).json()["error"]["message"] == "Out of memory."
    remote.forget(job.id)
    assert httpx.get(f"{url}/{job.id}", headers=KEY).status_code == 404


def test_a_wrong_script_is_an_error_in_the_test(remote):
    with pytest.raises(ValueError, match="is not one of"):
        remote.script("render", behaviors.drop())
    with pytest.raises(AssertionError, match="timed out"):
        remote.wait_for("put", timeout=0.05)


def test_a_barrier_delays_the_response(remote):
    [job] = remote.make_jobs(1)
    remote.script("poll", behaviors.pause_at("barrier"), job=job)
    command = [sys.executable, "-c", "import httpx, sys; httpx.get(sys.argv[1], headers={'authorization': 'Bearer x'})"]
    waiting = subprocess.Popen([*command, f"{remote.base_url}/v2/image-to-video/{job}"])
    remote.wait_until_paused("barrier")
    assert waiting.poll() is None
    remote.release("barrier")
    assert waiting.wait(10) == 0
