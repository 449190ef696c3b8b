"""Every response to a submit, and its outcome."""

import asyncio

import pytest

from generations.contract.errors import ERROR_TABLE, ErrorKind
from generations.contract.schemas import ImageToVideoRequest
from generations.upstream.client import Provider
from generations.upstream.errors import RejectedError, UnknownOutcomeError
from generations.upstream.outcomes import Running
from generations.upstream.polling import poll_many
from tests.fakes import behaviors
from tests.fakes.behaviors import Behavior
from tests.fakes.provider import ScriptedProvider

REJECTED = [kind for kind in ERROR_TABLE if kind.status not in (500, 504)]


def submit(provider: Provider, image_request: ImageToVideoRequest) -> object:
    return provider.submit(image_request, idempotency_key="attempt-1")


def test_it_returns_the_accepted_job(provider, scripted, image_request):
    submitted = provider.submit(image_request, idempotency_key="attempt-1")
    [job] = scripted.jobs()
    assert (submitted.id, submitted.status) == (job.id, 202)
    assert submitted.created_at is not None
    assert len(submitted.request_id) == 32


def test_it_sends_the_request_of_the_contract(provider, scripted, image_request):
    submit(provider, image_request)
    [request] = scripted.requests("submit")
    assert (request.method, request.path) == ("POST", "/v2/image-to-video")
    assert request.headers["authorization"] == f"Bearer {provider.api_key}"
    assert request.headers["idempotency-key"] == "attempt-1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"] == "dailies"
    assert scripted.jobs()[0].body == {
        "image_uri": "ltx://uploads/image",
        "prompt": "It rains.",
        "model": "ltx-2-3-fast",
        "duration": 6,
        "resolution": "1280x720",
        "fps": 24,
        "generate_audio": True,
    }


def test_it_sends_an_automatic_duration_as_null(provider, scripted, image_request):
    submit(provider, image_request.model_copy(update={"model": "ltx-2-5-fast", "duration": None}))
    assert scripted.jobs()[0].body["duration"] is None


def test_it_opens_a_fresh_connection_for_every_submit(provider, scripted, image_request):
    for _ in range(3):
        submit(provider, image_request)
    assert len({request.connection for request in scripted.requests("submit")}) == 3


def test_a_trailing_slash_of_the_base_url_is_ignored(provider, scripted, image_request):
    submit(Provider(scripted.base_url + "/", provider.api_key), image_request)
    assert scripted.count("submit") == 1


@pytest.mark.parametrize("kind", REJECTED, ids=lambda kind: f"{kind.status}-{kind.type}")
def test_an_error_of_the_contract_is_a_rejection(
    patient_provider: Provider, scripted: ScriptedProvider, image_request: ImageToVideoRequest, kind: ErrorKind
):
    scripted.script("submit", behaviors.refuse(kind.status, kind.type, "Not now."))
    with pytest.raises(RejectedError) as caught:
        submit(patient_provider, image_request)
    error = caught.value
    assert (error.status, error.type, error.message) == (kind.status, kind.type, "Not now.")
    assert error.can_retry == kind.can_retry
    assert len(error.request_id) == 32
    assert scripted.count("submit") == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_is_unknown(patient_provider, scripted, image_request, status):
    scripted.script("submit", behaviors.refuse(status))
    with pytest.raises(UnknownOutcomeError) as caught:
        submit(patient_provider, image_request)
    assert caught.value.status == status
    assert len(caught.value.request_id) == 32


@pytest.mark.parametrize(
    ("status", "is_rejection"),
    [
        *[(status, True) for status in (400, 401, 402, 403, 404, 405, 413, 418, 422, 429)],
        *[(status, True) for status in (301, 302, 307, 308)],
        *[(status, False) for status in (300, 303, 304)],
        *[(status, False) for status in (408, 409)],
        *[(status, False) for status in (500, 502, 503, 504, 505, 520, 529)],
    ],
)
def test_the_page_of_a_proxy_is_judged_by_its_status(patient_provider, scripted, image_request, status, is_rejection):
    scripted.script("submit", behaviors.html(status))
    with pytest.raises(RejectedError if is_rejection else UnknownOutcomeError) as caught:
        submit(patient_provider, image_request)
    assert caught.value.status == status


def test_the_older_type_of_503_is_accepted(patient_provider, scripted, image_request):
    scripted.script("submit", behaviors.refuse(503, "service_unavailable"))
    with pytest.raises(RejectedError) as caught:
        submit(patient_provider, image_request)
    assert caught.value.type == "service_unavailable"
    assert caught.value.can_retry


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 0.0), (None, None), ("soon", None), ("-1", None)])
def test_it_returns_the_retry_after(provider, scripted, image_request, header, seconds):
    scripted.script("submit", behaviors.refuse(429, retry_after=header))
    with pytest.raises(RejectedError) as caught:
        submit(provider, image_request)
    assert caught.value.retry_after == seconds


LOST_RESPONSES = {
    "drop": behaviors.drop,
    "reset": behaviors.reset,
    "hang": behaviors.hang,
}


@pytest.mark.parametrize("is_carried_out", [False, True], ids=["no job", "job made"])
@pytest.mark.parametrize("name", LOST_RESPONSES)
def test_a_lost_response_is_unknown(provider, scripted, image_request, name, is_carried_out):
    scripted.script("submit", LOST_RESPONSES[name](is_carried_out=is_carried_out))
    with pytest.raises(UnknownOutcomeError) as caught:
        submit(provider, image_request)
    assert caught.value.status is None
    assert scripted.count("submit") == 1
    assert len(scripted.jobs()) == is_carried_out


@pytest.mark.parametrize(
    "behavior",
    [
        behaviors.bad_json(),
        behaviors.missing_id(),
        behaviors.html(200, is_carried_out=True),
        behaviors.respond(202, b"", "application/json", is_carried_out=True),
        behaviors.respond(202, b"[]", "application/json", is_carried_out=True),
        behaviors.respond(202, b"[" * 100_000, "application/json", is_carried_out=True),
        behaviors.respond(204, b"", is_carried_out=True),
        behaviors.amend(id=""),
        behaviors.amend(id="null"),
        behaviors.amend(id=17),
        behaviors.amend(id="../../v1/keys"),
        behaviors.amend(id="x" * 101),
        behaviors.truncated(10),
        behaviors.truncated(10, "chunked"),
        behaviors.truncated(10, "close"),
    ],
)
def test_an_acceptance_without_a_usable_id_is_unknown(provider, scripted, image_request, behavior: Behavior):
    scripted.script("submit", behavior)
    with pytest.raises(UnknownOutcomeError):
        submit(provider, image_request)
    assert len(scripted.jobs()) == 1


@pytest.mark.parametrize(
    "behavior",
    [
        behaviors.Behavior(status=200),
        behaviors.Behavior(status=201),
        behaviors.amend(created_at=None),
        behaviors.amend(created_at="yesterday"),
        behaviors.amend(created_at=5),
        behaviors.amend(extra={"queue": 3}),
        behaviors.typed("text/plain"),
        behaviors.chunked(),
        behaviors.unframed(),
    ],
)
def test_an_id_is_enough_for_an_acceptance(provider, scripted, image_request, behavior: Behavior):
    scripted.script("submit", behavior)
    assert provider.submit(image_request, idempotency_key="attempt-1").id == scripted.jobs()[0].id


def test_a_rejection_with_a_truncated_body_stays_a_rejection(provider, scripted, image_request):
    whole = behaviors.refuse(422)
    scripted.script("submit", behaviors.Behavior(is_carried_out=False, status=422, body=whole.body, cut_after=9))
    with pytest.raises(RejectedError) as caught:
        submit(provider, image_request)
    assert caught.value.type == "content_filtered_error"


@pytest.mark.parametrize(
    "behavior", [behaviors.slow_drip(0.1), behaviors.slow_drip(0.1, in_head=True)], ids=["in the body", "in the head"]
)
def test_a_slow_drip_ends_at_the_deadline(provider, scripted, image_request, behavior):
    scripted.always("submit", behavior)
    with pytest.raises(UnknownOutcomeError):
        submit(provider, image_request)


@pytest.mark.timeout(30)
def test_an_endless_response_is_abandoned(patient_provider, scripted, image_request):
    scripted.script("submit", behaviors.Behavior(is_endless=True, framing="chunked", status=202, body=b"{"))
    with pytest.raises(UnknownOutcomeError):
        submit(patient_provider, image_request)


def test_the_text_of_the_provider_is_made_safe_to_store(provider, scripted, image_request):
    scripted.script("submit", behaviors.refuse(400, "Not A Type\n", "a\0b\r\nSet-Cookie: x" + "y" * 5000))
    with pytest.raises(RejectedError) as caught:
        submit(provider, image_request)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.message.startswith("a b Set-Cookie: xyyy")
    assert len(caught.value.message) == 1000


def test_a_delayed_response_is_accepted(patient_provider, scripted, image_request):
    scripted.script("submit", behaviors.pause_at("gate"))
    scripted.release("gate")
    assert patient_provider.submit(image_request, idempotency_key="attempt-1").id == scripted.jobs()[0].id


@pytest.mark.parametrize("url", ["", "api.example.com", "ftp://example.com", "https://", "https://a:b@example.com/"])
def test_an_invalid_base_url_is_rejected(url):
    with pytest.raises(ValueError, match="must look like"):
        Provider(url, "key")


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_an_invalid_key_is_rejected_and_not_shown(key):
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        Provider("https://api.example.com", key)
    assert not key or key not in str(caught.value)


def test_a_proxy_in_the_environment_is_not_used(provider, scripted, image_request, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    job = provider.submit(image_request, idempotency_key="attempt-1").id
    assert isinstance(provider.poll(job), Running)
    assert isinstance(asyncio.run(poll_many(provider, [job]))[job], Running)
