"""`POST /v1/upload` and the PUT to the address that it gives."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from generations.accounts.models import Team, User
from generations.accounts.roles import Scope
from generations.common.clock import database_time
from generations.media.cleanup import delete_unused_images
from generations.media.models import Asset, Upload
from generations.media.uploads import delete_expired_uploads
from tests.api.contract.bodies import body_with
from tests.api.contract.conftest import Program
from tests.media.sample_images import jpeg, png, webp


def ticket_of(program: Program, body: object = None) -> dict[str, Any]:
    answer = program.send("POST", "/v1/upload", body)
    assert answer.status_code == 200
    ticket: dict[str, Any] = answer.json()
    return ticket


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["type"]


@pytest.mark.parametrize("body", [None, {}, {"name": "still.png"}, b"{", b"\0" * 1000])
def test_a_ticket_has_four_fields_whatever_the_body(program: Program, body: object) -> None:
    ticket = ticket_of(program, body)
    assert set(ticket) == {"upload_url", "storage_uri", "expires_at", "required_headers"}
    assert ticket["storage_uri"].startswith("ltx://uploads/")
    assert ticket["required_headers"] == {}
    ends = datetime.fromisoformat(ticket["expires_at"]) - Upload.objects.get().created_at
    assert timedelta(minutes=59) < ends <= timedelta(hours=1, seconds=1)


@pytest.mark.parametrize("data", [png(), jpeg(), webp()])
def test_the_type_is_detected_from_the_bytes(program: Program, data: bytes) -> None:
    ticket = ticket_of(program)
    assert program.put(ticket["upload_url"], data, "application/octet-stream").status_code == 201
    assert program.submit(body_with(image_uri=ticket["storage_uri"])).status_code == 202


def test_bytes_are_never_replaced(program: Program) -> None:
    ticket = ticket_of(program)
    assert program.put(ticket["upload_url"], png()).status_code == 201
    assert error_of(program.put(ticket["upload_url"], jpeg())) == (400, "invalid_request_error")
    assert Upload.objects.get().asset.mime == "image/png"  # type: ignore[union-attr]


@pytest.mark.parametrize("data", [b"", b"<html></html>", b"%PDF-1.7", png()[:100], b"GIF89a" + b"\0" * 50])
def test_an_invalid_image_is_rejected_and_can_be_uploaded_again(program: Program, data: bytes) -> None:
    ticket = ticket_of(program)
    assert error_of(program.put(ticket["upload_url"], data)) == (400, "invalid_request_error")
    assert program.put(ticket["upload_url"], png()).status_code == 201


def test_more_than_15_mb_is_413(program: Program) -> None:
    ticket = ticket_of(program)
    answer = program.put(ticket["upload_url"], b"\x89PNG" + bytes(15 * 1024 * 1024))
    assert error_of(answer) == (413, "request_too_large")
    assert not Asset.objects.exists()


def test_a_changed_or_expired_upload_url_is_rejected(program: Program) -> None:
    ticket, other = ticket_of(program), ticket_of(program)
    url, signature = ticket["upload_url"].split("=")
    foreign = other["upload_url"].split("=")[1]
    for wrong in (f"{url}={foreign}", f"{url}={signature[:-1]}", f"{url}=", url.removesuffix("?signature")):
        assert error_of(program.put(wrong, png())) == (403, "permission_error")
    Upload.objects.update(expires_at=Now())
    assert error_of(program.put(ticket["upload_url"], png())) == (403, "permission_error")


def test_an_upload_is_usable_for_a_day(program: Program) -> None:
    uri = program.upload()
    Upload.objects.update(created_at=database_time(-timedelta(hours=23, minutes=59)))
    assert program.submit(body_with(image_uri=uri)).status_code == 202
    Upload.objects.update(created_at=database_time(-timedelta(hours=24)))
    assert error_of(program.submit(body_with(image_uri=uri))) == (400, "invalid_request_error")


def test_an_upload_without_bytes_is_no_image(program: Program) -> None:
    uri = ticket_of(program)["storage_uri"]
    assert error_of(program.submit(body_with(image_uri=uri))) == (400, "invalid_request_error")


def test_unused_uploads_are_deleted_after_a_day(program: Program) -> None:
    program.upload()
    assert delete_expired_uploads() == 0
    Asset.objects.update(created_at=database_time(-timedelta(hours=25)))
    assert delete_unused_images() == 0  # the upload still holds it
    Upload.objects.update(created_at=database_time(-timedelta(hours=25)))
    assert (delete_expired_uploads(), delete_unused_images(), Asset.objects.count()) == (1, 1, 0)


def test_an_image_of_a_generation_stays(program: Program) -> None:
    program.submit(body_with(image_uri=program.upload()))
    Upload.objects.update(created_at=database_time(-timedelta(hours=25)))
    Asset.objects.update(created_at=database_time(-timedelta(hours=25)))
    assert (delete_expired_uploads(), delete_unused_images(), Asset.objects.count()) == (1, 0, 1)


def test_an_upload_needs_the_generate_scope(program_of: Callable[..., Program], funded: Team, bob: User) -> None:
    answer = program_of(bob, funded, Scope.READ).send("POST", "/v1/upload")
    assert error_of(answer) == (403, "permission_error")


def test_the_upload_url_accepts_only_put(program: Program) -> None:
    url = ticket_of(program)["upload_url"]
    for method in ("GET", "POST", "DELETE"):
        answer = program.send(method, url)
        assert (error_of(answer), answer["Allow"]) == ((405, "invalid_request_error"), "PUT")
