"""`GET /v2/image-to-video/{id}` and the result that it names."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from generations.accounts.models import Team, User
from generations.accounts.roles import Scope
from generations.jobs.models import Generation, State
from generations.library.models import Take
from generations.media.storages import media_storage
from tests.api.contract.conftest import Program
from tests.library.factories import make_generation

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def take(funded: Team, bob: User) -> Generation:
    """A finished take of bob's whose file can be read."""
    made = make_generation(funded, bob)
    video = made.take.video
    video.bytes = len(CONTENT)
    video.save(update_fields=["bytes"])
    media_storage().save(video.name, ContentFile(CONTENT))
    return made


def url_of(program: Program, take: Generation) -> str:
    return str(program.job(take.pk).json()["result"]["video_url"])


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.QUEUED, "pending"),
        (State.SUBMITTING, "pending"),
        (State.UNCONFIRMED, "pending"),
        (State.PARKED, "pending"),
        (State.PROCESSING, "processing"),
        (State.SAVING, "processing"),
    ],
)
def test_a_job_in_progress_has_three_fields(program: Program, funded: Team, bob: User, state: State, word: str) -> None:
    job = make_generation(funded, bob, state)
    answer = program.job(job.pk)
    assert answer.status_code == 200
    assert answer.json()["status"] == word
    assert set(answer.json()) == {"id", "status", "created_at"}


def test_it_takes_three_queries(
    program: Program, take: Generation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    program.job(take.pk)  # the time of the key's last use is written once a minute
    with django_assert_num_queries(3):
        assert program.job(take.pk).status_code == 200


class TestFailed:
    @pytest.mark.parametrize(
        ("stored", "told"),
        [
            ("content_filtered_error", "content_filtered_error"),
            ("insufficient_funds_error", "insufficient_funds_error"),
            ("video_lost", "api_error"),
        ],
    )
    def test_the_error_type_is_one_of_the_contract(
        self, program: Program, funded: Team, bob: User, stored: str, told: str
    ) -> None:
        job = make_generation(funded, bob, State.FAILED, error_type=stored, error_message="No.")
        answer = program.job(job.pk).json()
        assert set(answer) == {"id", "status", "created_at", "completed_at", "error"}
        assert (answer["status"], answer["error"]) == ("failed", {"type": told, "message": "No."})

    def test_a_canceled_job_is_failed_with_a_message(self, program: Program, funded: Team, bob: User) -> None:
        job = make_generation(funded, bob, State.CANCELED)
        answer = program.job(job.pk).json()
        assert (answer["status"], answer["error"]["type"]) == ("failed", "invalid_request_error")
        assert "canceled" in answer["error"]["message"]


class TestWhoMaySee:
    @pytest.fixture
    def missing(self, program: Program) -> Any:
        answer = program.job(uuid4())
        assert answer.status_code == 404
        return answer

    def test_a_job_of_another_team_is_not_found(
        self, missing: Any, take: Generation, other_team: Team, charlie: User, program_of: Callable[..., Program]
    ) -> None:
        answer = program_of(charlie, other_team).job(take.pk)
        assert (answer.status_code, answer.content) == (missing.status_code, missing.content)
        ours = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "RateLimit")}
        assert ours == {n: v for n, v in missing.headers.items() if n not in ("x-request-id", "RateLimit")}

    def test_an_unfinished_job_of_another_member_is_not_found(
        self, missing: Any, funded: Team, alice: User, program: Program
    ) -> None:
        assert program.job(make_generation(funded, alice, State.QUEUED).pk).content == missing.content

    def test_a_key_without_read_sees_the_jobs_of_its_user(
        self, missing: Any, take: Generation, funded: Team, alice: User, bob: User, program_of: Callable[..., Program]
    ) -> None:
        program = program_of(bob, funded, Scope.GENERATE)
        assert program.job(take.pk).status_code == 200
        assert program.job(make_generation(funded, alice).pk).content == missing.content

    def test_a_service_key_sees_its_own_jobs_only(
        self, missing: Any, funded: Team, alice: User, program_of: Callable[..., Program]
    ) -> None:
        service = program_of(alice, funded, Scope.GENERATE, is_service=True)
        own = service.submit().json()["id"]
        assert service.job(own).status_code == 200
        assert service.job(make_generation(funded, alice, State.QUEUED).pk).content == missing.content

    @pytest.mark.parametrize("job_id", ["nothing", "1", "..", "%00", "a" * 500, "00000000-0000-0000-0000-00000000000g"])
    def test_an_invalid_id_is_not_found(self, missing: Any, program: Program, job_id: str) -> None:
        assert program.job(job_id).content == missing.content

    def test_an_upper_case_id_is_the_same_id(self, program: Program, take: Generation) -> None:
        assert program.job(str(take.pk).upper()).json()["id"] == str(take.pk)


class TestResult:
    def test_it_has_exactly_the_fields_of_the_contract(
        self, program: Program, take: Generation, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = "https://studio.example.com"
        answer = program.job(take.pk).json()
        assert set(answer) == {"id", "status", "created_at", "completed_at", "result"}
        assert (UUID(answer["id"]), answer["status"], set(answer["result"])) == (take.pk, "completed", {"video_url"})
        assert answer["result"]["video_url"].startswith("https://studio.example.com/v1/files/")

    def test_it_needs_no_key_and_does_not_redirect(self, program: Program, take: Generation) -> None:
        answer: Any = Client().get(url_of(program, take))
        assert (answer.status_code, answer["Content-Type"]) == (200, "video/mp4")
        assert b"".join(answer) == CONTENT

    def test_it_supports_head_and_ranges(self, program: Program, take: Generation) -> None:
        url, client = url_of(program, take), Client()
        head: Any = client.head(url)
        assert (head.status_code, head["Content-Length"], head["Accept-Ranges"]) == (200, str(len(CONTENT)), "bytes")
        part: Any = client.get(url, headers={"Range": "bytes=1-3"})
        assert (part.status_code, b"".join(part)) == (206, CONTENT[1:4])
        assert part["Content-Range"] == f"bytes 1-3/{len(CONTENT)}"

    def test_a_range_beyond_the_end_is_416_in_the_envelope(self, program: Program, take: Generation) -> None:
        answer: Any = Client().get(url_of(program, take), headers={"Range": "bytes=99999-"})
        assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")
        assert answer.json()["error"]["type"] == "invalid_request_error"

    def test_the_url_expires(self, program: Program, take: Generation, settings: Settings) -> None:
        settings.RESULT_URL_LIFE = timedelta(seconds=-1)
        answer: Any = Client().get(url_of(program, take))
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")
        assert "expired" in answer.json()["error"]["message"]

    def test_the_url_is_valid_for_a_day_by_default(self, settings: Settings) -> None:
        assert timedelta(hours=24) == settings.RESULT_URL_LIFE

    def test_a_changed_signature_is_rejected(self, program: Program, take: Generation) -> None:
        path = urlsplit(url_of(program, take)).path
        asset, rest = path.split("/")[3].split(".", 1)
        other = make_generation(take.team, take.author).take.video
        assert other is not None
        for token in (f"{other.pk.hex}.{rest}", f"{asset}.9{rest}", f"{asset}.{rest}x", "x", f"{asset}.{rest[:-1]}"):
            answer: Any = Client().get(f"/v1/files/{token}/take.mp4")
            assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")

    def test_a_late_success_is_completed(self, program: Program, take: Generation) -> None:
        Generation.objects.filter(pk=take.pk).update(is_late=True, finished_at=timezone.now())
        assert program.job(take.pk).json()["status"] == "completed"


def test_the_take_has_the_key_that_submitted_it(
    program: Program, take: Generation, bob: User, client_of: Callable[[User], Client]
) -> None:
    Take.objects.filter(pk=take.pk).update(api_key=program.key)
    page = client_of(bob).get(f"/t/{take.team.slug}/takes/{take.pk}/")
    assert "via key render farm" in page.content.decode()
