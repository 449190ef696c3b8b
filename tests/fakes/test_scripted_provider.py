"""The scripted provider keeps the contract by default, and can be scripted from another process."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from generations.contract.schemas import Accepted, Completed, ErrorEnvelope, Pending
from tests.fakes import behaviours as meet
from tests.fakes.provider import RemoteProvider, ScriptedProvider

WISH = {
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


def test_a_job_lives_as_the_contract_says(scripted, client):
    answer = client.post("/v2/image-to-video", json=WISH)
    assert answer.status_code == 202
    assert set(answer.json()) == {"id", "created_at"}
    job = Accepted.model_validate(answer.json()).id
    path = f"/v2/image-to-video/{job}"
    assert [Pending.model_validate(client.get(path).json()).status for _ in range(2)] == ["pending", "processing"]
    url = Completed.model_validate(client.get(path).json()).result.video_url
    assert httpx.get(url).content == scripted.video
    assert "content-length" in httpx.head(url).headers


@pytest.mark.parametrize(
    ("wanted", "part"), [("bytes=0-3", slice(0, 4)), ("bytes=8-", slice(8, None)), ("bytes=-5", slice(-5, None))]
)
def test_the_video_can_be_had_in_parts(scripted, wanted, part):
    [job] = scripted.make_jobs(1)
    scripted.finish(job)
    url = f"{scripted.base_url}/_files/{job}.mp4?signature=scripted"
    answer = httpx.get(url, headers={"range": wanted})
    assert (answer.status_code, answer.content) == (206, scripted.video[part])
    assert httpx.get(url, headers={"range": "bytes=999999-"}).status_code == 416


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/v2/image-to-video", WISH | {"duration": 7}, KEY, 400),
        ("POST", "/v2/image-to-video", WISH, {"authorization": ""}, 401),
        ("GET", "/v2/image-to-video/unknown", None, KEY, 404),
        ("GET", "/v2/elsewhere", None, KEY, 404),
    ],
)
def test_it_refuses_with_the_envelope(client, method, path, body, headers, status):
    answer = client.request(method, path, json=body, headers=headers)
    assert answer.status_code == status
    assert ErrorEnvelope.model_validate(answer.json()).error.type == meet.REASONS[status]
    assert len(answer.headers["x-request-id"]) == 32


def test_a_known_key_gets_the_same_job_only_if_it_is_honoured(scripted, client):
    headers = {"idempotency-key": "one"}
    post = lambda: client.post("/v2/image-to-video", json=WISH, headers=headers).json()["id"]  # noqa: E731
    assert post() != post()
    scripted.configure(honours_keys=True)
    assert post() == post()
    assert len(scripted.jobs()) == 2


def test_a_script_is_used_up_and_then_the_regular_answer_returns(scripted, client):
    scripted.script("submit", meet.refuse(429), meet.refuse(500))
    assert [client.post("/v2/image-to-video", json=WISH).status_code for _ in range(3)] == [429, 500, 202]


def test_a_script_for_one_job_leaves_the_others_alone(scripted, client):
    first, second = scripted.make_jobs(2)
    scripted.always("poll", meet.refuse(500), job=first)
    assert client.get(f"/v2/image-to-video/{first}").status_code == 500
    assert client.get(f"/v2/image-to-video/{second}").status_code == 200


def test_it_can_be_scripted_from_another_process(remote):
    remote.script("submit", meet.refuse(429, retry_after=3), meet.respond(202, b"\xff\x00", "application/json"))
    url = f"{remote.base_url}/v2/image-to-video"
    assert httpx.post(url, json=WISH, headers=KEY).headers["retry-after"] == "3"
    assert httpx.post(url, json=WISH, headers=KEY).content == b"\xff\x00"
    assert httpx.post(url, json=WISH, headers=KEY).status_code == 202
    assert remote.count("submit") == 3
    assert remote.requests("submit")[0].headers["authorization"] == "Bearer any"
    [job] = remote.jobs()
    remote.fail(job.id, message="Out of memory.")
    assert httpx.get(f"{url}/{job.id}", headers=KEY).json()["error"]["message"] == "Out of memory."
    remote.forget(job.id)
    assert httpx.get(f"{url}/{job.id}", headers=KEY).status_code == 404


def test_a_wrong_script_is_told_to_the_test(remote):
    with pytest.raises(ValueError, match="is not one of"):
        remote.script("render", meet.drop())
    with pytest.raises(AssertionError, match="in vain"):
        remote.wait_for("put", timeout=0.05)


def test_a_barrier_holds_the_answer(remote):
    [job] = remote.make_jobs(1)
    remote.script("poll", meet.hold("gate"), job=job)
    command = [sys.executable, "-c", "import httpx, sys; httpx.get(sys.argv[1], headers={'authorization': 'Bearer x'})"]
    waiting = subprocess.Popen([*command, f"{remote.base_url}/v2/image-to-video/{job}"])
    remote.wait_held("gate")
    assert waiting.poll() is None
    remote.release("gate")
    assert waiting.wait(10) == 0
