import pytest

from generations.upstream.errors import NeverSentError, RejectedError
from tests.fakes import behaviors
from tests.fakes.routes import REQUIRED_HEADERS


def test_it_stores_the_image_and_returns_its_uri(provider, scripted):
    uri = provider.upload(b"image", "image/png")
    [(name, stored)] = scripted.uploads.items()
    assert uri == f"ltx://uploads/{name}"
    assert stored == b"image"


def test_the_put_has_the_required_headers_and_no_key(provider, scripted):
    provider.upload(b"image", "image/png")
    [put] = scripted.requests("put")
    assert put.headers["content-type"] == "image/png"
    assert put.headers["content-length"] == "5"
    assert put.headers.items() >= REQUIRED_HEADERS.items()
    assert "authorization" not in put.headers


def test_a_required_content_type_has_priority(provider, scripted):
    required = {**REQUIRED_HEADERS, "Content-Type": "application/octet-stream"}
    scripted.script("upload", behaviors.amend(required_headers=required))
    provider.upload(b"image", "image/png")
    assert scripted.requests("put")[0].headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 429, 503])
def test_a_rejected_ticket_is_a_rejection(provider, scripted, status):
    scripted.script("upload", behaviors.refuse(status, retry_after=4))
    with pytest.raises(RejectedError) as caught:
        provider.upload(b"image", "image/png")
    assert (caught.value.status, caught.value.retry_after) == (status, 4.0)
    assert scripted.count("put") == 0


INVALID_TICKETS = [
    behaviors.refuse(500, retry_after=4),
    behaviors.refuse(408, "timeout_error"),
    behaviors.html(503),
    behaviors.html(200),
    behaviors.bad_json(),
    behaviors.drop(),
    behaviors.hang(),
    behaviors.amend(upload_url=None),
    behaviors.amend(upload_url="file:///etc/passwd"),
    behaviors.amend(upload_url="/relative"),
    behaviors.amend(required_headers={"x-bad": "line\nbreak"}),
    behaviors.amend(required_headers={"x-bad": "\u2713"}),
]


@pytest.mark.parametrize("behavior", INVALID_TICKETS)
def test_an_upload_without_a_valid_ticket_can_be_tried_again(provider, scripted, behavior):
    scripted.script("upload", behavior)
    with pytest.raises(NeverSentError):
        provider.upload(b"image", "image/png")
    assert scripted.count("put") == 0


def test_it_returns_the_retry_after(provider, scripted):
    scripted.script("upload", behaviors.refuse(500, retry_after=4))
    with pytest.raises(NeverSentError) as caught:
        provider.upload(b"image", "image/png")
    assert caught.value.retry_after == 4.0


@pytest.mark.parametrize(
    "behavior",
    [
        behaviors.html(403),
        behaviors.html(500),
        behaviors.html(307),
        behaviors.drop(),
        behaviors.hang(is_carried_out=True),
    ],
)
def test_an_upload_to_a_failing_storage_can_be_tried_again(provider, scripted, behavior):
    scripted.script("put", behavior)
    with pytest.raises(NeverSentError):
        provider.upload(b"image", "image/png")
    assert provider.upload(b"image", "image/png").startswith("ltx://uploads/")


def test_an_image_that_is_too_large_for_the_storage_is_a_rejection(provider, scripted):
    scripted.script("put", behaviors.html(413))
    with pytest.raises(RejectedError) as caught:
        provider.upload(b"image", "image/png")
    assert (caught.value.status, caught.value.type) == (413, "request_too_large")
