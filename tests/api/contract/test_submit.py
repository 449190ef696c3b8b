"""`POST /v2/image-to-video`: what goes in becomes a generation like any other."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries

from generations.accounts.models import Team, User
from generations.accounts.roles import Scope
from generations.credits.models import Hold, HoldState, Quota
from generations.jobs.models import Generation
from generations.media.models import Asset
from tests.api.contract.bodies import DATA_URI, body_with
from tests.api.contract.conftest import Program
from tests.media.sample_images import jpeg, png, sample_image


def error_of(answer: Any) -> tuple[int, str]:
    body = answer.json()
    assert body["type"] == "error"
    assert re.fullmatch(r"[0-9a-f]{32}", answer["x-request-id"])
    assert body["error"]["message"]
    return answer.status_code, body["error"]["type"]


def test_it_accepts_with_exactly_two_fields(program: Program, bob: User) -> None:
    answer = program.submit()
    assert answer.status_code == 202, answer.content
    assert set(answer.json()) == {"id", "created_at"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.json()["created_at"])
    assert re.fullmatch(r"[0-9a-f]{32}", answer["x-request-id"])
    generation = Generation.objects.get(pk=UUID(answer.json()["id"]))
    assert (generation.author, generation.api_key, generation.state) == (bob, program.key, "queued")
    assert (generation.fps, generation.generate_audio, generation.camera_motion) == (24, True, "")


def test_it_accepts_bodies_of_existing_clients(program: Program) -> None:
    body = body_with(duration=6.0, fps=24.0, seed=7, negative_prompt="blur", webhook=None, camera_motion=None)
    assert program.submit(body).status_code == 202


@pytest.mark.parametrize("path", ["/v2/image-to-video", "/v2/image-to-video/", "/v2//image-to-video"])
def test_it_works_with_and_without_a_trailing_slash(program: Program, path: str) -> None:
    answer = program.send("POST", path, body_with())
    assert answer.status_code == 202
    assert program.send("GET", f"{path.rstrip('/')}/{answer.json()['id']}/").status_code == 200


@pytest.mark.django_db(transaction=True)  # without the savepoints of a test that is itself a transaction
def test_a_submit_with_an_uploaded_image_takes_few_queries(
    program: Program, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    body = body_with(image_uri=program.upload())
    program.submit(body)  # the time of the key's last use is written once a minute
    with django_assert_max_num_queries(14):  # two for the key, one for the image, BEGIN and COMMIT
        assert program.submit(body).status_code == 202


def test_both_frames_accept_every_form(program: Program) -> None:
    uri = program.upload(jpeg(sample_image(64, 96)))
    answer = program.submit(body_with(image_uri=uri, last_frame_uri=DATA_URI))
    generation = Generation.objects.get(pk=answer.json()["id"])
    assert generation.last_frame is not None
    assert (generation.first_frame.mime, generation.last_frame.mime) == ("image/jpeg", "image/png")


def test_an_upload_of_another_team_does_not_exist(
    program: Program, program_of: Callable[..., Program], other_team: Team, charlie: User
) -> None:
    theirs = program_of(charlie, other_team).upload()
    missing = theirs[:-12] + "0" * 12
    one, other = program.submit(body_with(image_uri=theirs)), program.submit(body_with(image_uri=missing))
    assert error_of(one) == error_of(other) == (400, "invalid_request_error")
    assert one.content == other.content


class TestTheLengthIsTheModels:
    def test_the_maximum_price_is_held(self, program: Program) -> None:
        answer = program.submit(body_with(model="ltx-2-5-fast", duration=None))
        generation = Generation.objects.get(pk=answer.json()["id"])
        assert (generation.duration, generation.price) == (None, 9 * 20)
        assert generation.hold.amount == 9 * 20

    def test_only_2_5_models_accept_it(self, program: Program) -> None:
        assert error_of(program.submit(body_with(duration=None))) == (400, "invalid_request_error")

    def test_never_with_a_last_frame(self, program: Program) -> None:
        body = body_with(model="ltx-2-5-pro", duration=None, last_frame_uri=DATA_URI)
        assert error_of(program.submit(body)) == (400, "invalid_request_error")


class TestRefusals:
    def test_a_shortage_has_its_numbers(self, program: Program, funded: Team) -> None:
        funded.wallet.refresh_from_db()
        while (answer := program.submit(body_with(model="ltx-2-5-pro", resolution="3840x2160"))).status_code == 202:
            pass
        assert error_of(answer) == (402, "insufficient_funds_error")
        told = answer.json()["error"]
        numbers = {name: told[name] for name in ("required", "available", "held", "limit", "resets_at")}
        assert numbers == {"required": 234, "available": 64, "held": 936, "limit": "wallet", "resets_at": None}

    def test_a_members_quota_says_when_it_resets(self, program: Program, bob: User, funded: Team) -> None:
        Quota.objects.create(team=funded, membership=bob.memberships.get(team=funded), cap=10, period="day")
        answer = program.submit()
        assert error_of(answer) == (402, "insufficient_funds_error")
        told = answer.json()["error"]
        assert (told["limit"], told["available"]) == ("member", 10)
        assert told["resets_at"].endswith("Z")
        assert not Hold.objects.exists()

    def test_too_many_at_once_is_429_with_retry_after(self, program: Program, bob: User, funded: Team) -> None:
        Quota.objects.create(team=funded, membership=bob.memberships.get(team=funded), max_jobs=1)
        assert program.submit().status_code == 202
        answer = program.submit()
        assert error_of(answer) == (429, "concurrency_limit_error")
        assert int(answer["Retry-After"]) >= 1

    def test_a_model_that_the_quota_excludes_is_403(self, program: Program, funded: Team) -> None:
        Quota.objects.create(team=funded, api_key=program.key, allowed_models=["ltx-2-3-pro"])
        assert error_of(program.submit()) == (403, "permission_error")

    @pytest.mark.parametrize("scopes", [[Scope.READ], [Scope.MANAGE], [Scope.REVIEW]])
    def test_a_key_without_the_scope_is_403(
        self, program_of: Callable[..., Program], funded: Team, bob: User, scopes: list[Scope]
    ) -> None:
        answer = program_of(bob, funded, *scopes).submit()
        assert error_of(answer) == (403, "permission_error")
        assert "scope generate" in answer.json()["error"]["message"]

    def test_a_role_without_the_right_is_403(
        self, program_of: Callable[..., Program], funded: Team, rita: User
    ) -> None:
        answer = program_of(rita, funded).submit()
        assert error_of(answer) == (403, "permission_error")
        assert "Reviewer" in answer.json()["error"]["message"]

    def test_a_service_key_needs_no_role(self, program_of: Callable[..., Program], funded: Team, alice: User) -> None:
        service = program_of(alice, funded, Scope.GENERATE, is_service=True)
        alice.memberships.filter(team=funded).update(role="reviewer")
        answer = service.submit()
        assert answer.status_code == 202
        hold = Hold.objects.get(reference=answer.json()["id"])
        assert (hold.user, hold.state) == (None, HoldState.PENDING)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"prompt": ...}, "prompt"),
            ({"prompt": "x" * 5001}, "prompt"),
            ({"prompt": "\ud800"}, "prompt"),
            ({"prompt": "a\0b"}, "prompt"),
            ({"prompt": "  "}, "prompt"),
            ({"model": "sora"}, "model"),
            ({"model": "ltx-2-fast", "resolution": "1920x1080", "fps": 25}, "model"),
            ({"duration": ...}, "duration"),
            ({"duration": 7}, "duration"),
            ({"duration": 6.5}, "duration"),
            ({"duration": "6"}, "duration"),
            ({"duration": True}, "duration"),
            ({"resolution": "1x1"}, "resolution"),
            ({"fps": 30}, "fps"),
            ({"camera_motion": "spin"}, "camera_motion"),
            ({"generate_audio": "no"}, "generate_audio"),
            ({"image_uri": ...}, "image_uri"),
            ({"image_uri": "http://example.com/a.png"}, "image_uri"),
            ({"image_uri": "data:image/png;base64,AAAA"}, "image_uri"),
            ({"image_uri": "data:image/png;base64,A"}, "image_uri"),
            ({"image_uri": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}, "image_uri"),
            ({"image_uri": "ltx://uploads/nowhere"}, "image_uri"),
            ({"image_uri": "ltx://elsewhere/1"}, "image_uri"),
            ({"image_uri": "data:image/png;base64," + "A" * 7_340_033}, "image_uri"),
            ({"last_frame_uri": "data:image/png;base64,AAAA"}, "last_frame_uri"),
        ],
    )
    def test_it_names_the_field_that_breaks_a_rule(self, program: Program, changes: dict[str, Any], field: str) -> None:
        answer = program.submit(body_with(**changes))
        assert error_of(answer) == (400, "invalid_request_error")
        assert answer.json()["error"]["message"].startswith(f"{field}: ")
        assert not Generation.objects.exists()
        assert not Hold.objects.exists()

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b'"text"']
    )
    def test_a_body_that_is_no_object_is_400(self, program: Program, body: bytes) -> None:
        assert error_of(program.submit(body)) == (400, "invalid_request_error")

    def test_a_huge_body_is_413(self, program: Program) -> None:
        assert error_of(program.submit(b" " * 17_000_000)) == (413, "request_too_large")

    def test_an_image_too_large_as_data_uri_works_as_an_upload(self, program: Program) -> None:
        noise = sample_image(2000, 1500).effect_spread(400)
        big = png(noise, compress_level=0)
        assert len(big) > 7_340_032
        assert program.submit(body_with(image_uri=program.upload(big))).status_code == 202


def test_the_same_image_is_stored_once(program: Program) -> None:
    program.submit()
    program.submit()
    assert Asset.objects.filter(kind="still").count() == 1
