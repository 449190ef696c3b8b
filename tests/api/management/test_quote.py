import base64
import io

import pytest
from PIL import Image

from generations.accounts.roles import Scope
from generations.credits.models import Hold, OfferedModel, Quota
from generations.jobs.models import Generation, State
from generations.media.models import Asset
from tests.api.management.responses import json_of, problem_of
from tests.library.factories import make_generation


def picture(width: int, height: int) -> str:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


@pytest.fixture
def submit_body() -> dict:
    return {
        "image_uri": picture(1600, 1200),
        "prompt": "The lantern sways.",
        "model": "ltx-2-3-fast",
        "duration": 6,
        "resolution": "1920x1080",
    }


def test_a_quote_has_price_limits_and_crop(program, bob, funded, submit_body):
    quote = json_of(program(bob).post("/quote", submit_body))
    assert (quote["price"], quote["credits_per_second"], quote["seconds"]) == (36, 6, 6)
    assert quote["would_be_taken"] is True
    assert quote["refusals"] == []
    assert quote["limits"] == [{"limit": "wallet", "available": 1000, "held": 0, "left_after": 964, "resets_at": None}]
    crop = {"x": 0, "y": 150, "width": 1600, "height": 900, "of_width": 1600, "of_height": 1200}
    assert quote["crop"] == {"first_frame": crop, "last_frame": None}


def test_nothing_is_stored(program, bob, funded, submit_body):
    json_of(program(bob).post("/quote", submit_body))
    assert not Asset.objects.exists()
    assert not Generation.objects.exists()
    assert not Hold.objects.exists()


def test_an_automatic_duration_is_quoted_at_its_maximum(program, bob, funded, submit_body):
    OfferedModel.objects.filter(model="ltx-2-5-fast").update(is_on=True)
    quote = json_of(program(bob).post("/quote", {**submit_body, "model": "ltx-2-5-fast", "duration": None}))
    assert quote["seconds"] == 20
    assert quote["price"] == 20 * quote["credits_per_second"]


def test_both_frames_are_cropped(program, bob, funded, submit_body):
    quote = json_of(program(bob).post("/quote", {**submit_body, "last_frame_uri": picture(900, 1600)}))
    last = quote["crop"]["last_frame"]
    assert (last["x"], last["width"], last["height"]) == (0, 900, 506)


def test_it_has_every_limit_that_a_submit_would_exceed(program, bob, funded, member, submit_body):
    asked = program(bob)
    rule = {"cap": 40, "max_jobs": 1, "max_seconds": 4, "allowed_models": ["ltx-2-3-fast"]}
    Quota.objects.create(team=funded, membership=member(bob, funded), **rule)
    Quota.objects.create(team=funded, api_key=funded.api_keys.get(), cap=1000)
    make_generation(funded, bob, State.QUEUED)
    quote = json_of(asked.post("/quote", submit_body))
    assert quote["would_be_taken"] is False
    assert [(limit["limit"], limit["left_after"]) for limit in quote["limits"]] == [
        ("wallet", 928),
        ("member", -32),
        ("key", 964),
    ]
    assert [(refusal["code"], refusal["limit"]) for refusal in quote["refusals"]] == [
        ("forbidden", "member"),
        ("out_of_credits", "member"),
        ("too_many_jobs", "member"),
    ]


@pytest.mark.parametrize("limit", [{"cap": 50}, {"max_jobs": 1}])
def test_jobs_of_a_service_key_count_against_its_own_quota_alone(program, alice, funded, member, submit_body, limit):
    """In a quote as in a submit: the key's maker is named, but not charged."""
    service, own = program(alice, is_service=True), program(alice)
    key = funded.api_keys.get(is_service=True)
    Quota.objects.create(team=funded, membership=member(alice, funded), **limit)
    Quota.objects.create(team=funded, api_key=key, **limit)
    submitted = service.send_contract(submit_body)
    assert submitted.status_code == 202, submitted.content
    for asking, is_taken in ((service, False), (own, True), (own, False)):
        assert json_of(asking.post("/quote", submit_body))["would_be_taken"] is is_taken
        assert (asking.send_contract(submit_body).status_code == 202) is is_taken


def test_all_violations_are_listed_by_field(program, bob, funded, submit_body):
    body = {**submit_body, "duration": 7, "camera_motion": "spin", "image_uri": "http://x"}
    problem = problem_of(program(bob).post("/quote", body), 422, "invalid")
    assert {error["field"] for error in problem["errors"]} == {"duration", "camera_motion", "image_uri"}


@pytest.mark.parametrize(
    "uri", ["data:image/png;base64,QUFB", "ltx://uploads/none", "ltx://uploads/00000000-0000-4000-8000-000000000000"]
)
def test_an_invalid_image_is_listed_by_field(program, bob, funded, submit_body, uri):
    problem = problem_of(program(bob).post("/quote", {**submit_body, "image_uri": uri}), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["image_uri"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"{", 400, "bad_request"), (b"\xff", 400, "bad_request"), (b"[]", 422, "invalid"), (b"7", 422, "invalid")],
)
def test_a_body_that_is_no_object_is_rejected(program, bob, body, status, code):
    problem_of(program(bob).send_bytes("/quote", body), status, code)


def test_a_quote_needs_the_generate_scope(program, anonymous, bob, rita, submit_body):
    problem_of(anonymous.post("/quote", submit_body), 401, "unauthenticated")
    problem_of(program(bob, Scope.READ).post("/quote", submit_body), 403, "forbidden")
    problem_of(program(rita).post("/quote", submit_body), 403, "forbidden")
