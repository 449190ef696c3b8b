"""The independent client against the running product, which it need not know from the vendor."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.api.client import ApiError, Client
from tests.api.contract.bodies import DATA_URI, body_with
from tests.data_dirs import used_data_dir
from tests.media.sample_images import jpeg, sample_image, webp
from tests.stack import StackProcess, manage


@pytest.fixture(scope="module")
def stack() -> Iterator[StackProcess]:
    with used_data_dir() as folder, StackProcess(folder) as running:
        yield running


@pytest.fixture(scope="module")
def client(stack: StackProcess) -> Client:
    made = manage(
        "create_api_key", "--user", "creator@example.com", "--name", "client", "--team", "demo", data_dir=stack.data_dir
    )
    assert made.returncode == 0, made.stderr
    return Client(stack.url, made.stdout.strip())


def test_it_submits_polls_and_downloads(client: Client) -> None:
    uploaded = client.upload(jpeg(sample_image(640, 360)), "image/jpeg", {})
    job = client.submit(**body_with(image_uri=uploaded, last_frame_uri=DATA_URI, camera_motion="dolly_in", seed=1))
    done = client.wait(job)
    assert done["status"] == "completed", done
    assert len(client.download(done["result"]["video_url"])) > 10_000
    assert client.download(client.poll(job)["result"]["video_url"])


def test_the_model_can_choose_the_duration(client: Client) -> None:
    key = str(uuid4())
    body = body_with(model="ltx-2-5-fast", duration=None, fps=24.0, generate_audio=False)
    job = client.submit(**body, idempotency_key=key)
    assert client.submit(**body, idempotency_key=key) == job
    assert client.wait(job)["status"] == "completed"


def test_an_upload_is_used_from_a_base_url_with_a_slash(client: Client) -> None:
    sloppy = Client(f"{client.base_url}/", client.key)
    sloppy.base_url += "/"
    assert sloppy.submit(**body_with(image_uri=sloppy.upload(webp(), "image/webp")))


@pytest.mark.parametrize(
    ("status", "type_", "method", "path", "body"),
    [
        (400, "invalid_request_error", "POST", "/v2/image-to-video", {}),
        (400, "invalid_request_error", "POST", "/v2/image-to-video", b"{"),
        (
            400,
            "invalid_request_error",
            "POST",
            "/v2/image-to-video",
            body_with(image_uri="https://localhost.localdomain/"),
        ),
        (404, "not_found_error", "GET", "/v2/image-to-video/7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
        (404, "not_found_error", "GET", "/v2/text-to-video", None),
        (405, "invalid_request_error", "DELETE", "/v2/image-to-video", None),
        (413, "request_too_large", "POST", "/v2/image-to-video", b" " * 16_000_000),
    ],
)
def test_errors_are_those_of_the_contract(
    client: Client, status: int, type_: str, method: str, path: str, body: object
) -> None:
    with pytest.raises(ApiError) as caught:
        client.call(method, path, body)
    assert (caught.value.status, caught.value.type) == (status, type_)


def test_a_wrong_key_is_401(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        Client(client.base_url, "dly_wrong").submit(**body_with())
    assert (caught.value.status, caught.value.type) == (401, "authentication_error")


def test_402_when_credits_run_out(client: Client) -> None:
    refusal = first_refusal(client, **body_with(model="ltx-2-5-pro", resolution="3840x2160", duration=10))
    assert (refusal.status, refusal.type) == (402, "insufficient_funds_error")
    assert {"required", "available", "held", "limit", "resets_at"} <= set(refusal.body)


def first_refusal(client: Client, **body: object) -> ApiError:
    for _ in range(10):
        try:
            client.submit(**body)
        except ApiError as error:
            return error
    raise AssertionError("it was never refused")
