"""`POST /v1/upload`, the PUT of the bytes, and the use of the upload."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from generations.contract.support import SUPPORT

from .process import IMAGE, EngineProcess, request_body
from .test_submit import SUBMIT, error_message


@pytest.mark.parametrize("body", [{}, {"json": {}}, {"json": {"file_name": "a.jpg"}}, {"content": b"{"}])
def test_an_upload_ticket_has_the_url_for_the_bytes(client: httpx.Client, engine: EngineProcess, body: dict):
    response = client.post("/v1/upload", **body)
    assert response.status_code == 200
    ticket = response.json()
    assert ticket.keys() == {"upload_url", "storage_uri", "expires_at", "required_headers"}
    assert ticket["upload_url"].startswith(engine.url)
    assert ticket["storage_uri"].startswith("ltx://uploads/")
    life = datetime.fromisoformat(ticket["expires_at"]) - datetime.fromisoformat(_now(client))
    assert timedelta(minutes=59) < life <= timedelta(hours=1, seconds=1)


def test_an_upload_ticket_requires_a_key(engine: EngineProcess):
    error_message(httpx.post(f"{engine.url}/v1/upload"), 401, "authentication_error")


def test_uploaded_bytes_can_be_rendered(client: httpx.Client):
    ticket = client.post("/v1/upload").json()
    response = httpx.put(ticket["upload_url"], content=IMAGE, headers={"content-type": "image/jpeg"})
    assert response.status_code == 201
    assert client.post(SUBMIT, json=request_body(image_uri=ticket["storage_uri"])).status_code == 202


def test_bytes_cannot_be_replaced(client: httpx.Client):
    ticket = client.post("/v1/upload").json()
    assert httpx.put(ticket["upload_url"], content=IMAGE).status_code == 201
    assert "already" in error_message(httpx.put(ticket["upload_url"], content=b"x"), 400, "invalid_request_error")


def test_a_wrong_signature_stores_nothing(client: httpx.Client):
    ticket = client.post("/v1/upload").json()
    parts = urlsplit(ticket["upload_url"])
    for query in ("", "signature=wrong", "signature=%C3%A4"):
        error_message(httpx.put(parts._replace(query=query).geturl(), content=IMAGE), 403, "permission_error")
    assert httpx.put(ticket["upload_url"], content=IMAGE).status_code == 201


def test_too_many_bytes_are_rejected_and_not_stored(client: httpx.Client, engine: EngineProcess):
    ticket = client.post("/v1/upload").json()
    error_message(
        httpx.put(ticket["upload_url"], content=b"x" * (SUPPORT.image.upload_max_bytes + 1)), 413, "request_too_large"
    )
    folder = engine.data_dir / ticket["storage_uri"].removeprefix("ltx://")
    assert [path.name for path in folder.iterdir()] == ["upload.json"]


def test_an_unknown_upload_is_not_found(engine: EngineProcess):
    error_message(httpx.put(f"{engine.url}/uploads/unknown?signature=x", content=IMAGE), 404, "not_found_error")


@pytest.mark.parametrize("has_bytes", [False, True])
def test_only_the_owner_can_use_an_upload_and_only_after_the_put(
    engine: EngineProcess, client: httpx.Client, has_bytes: bool
):
    ticket = client.post("/v1/upload").json()
    if has_bytes:
        httpx.put(ticket["upload_url"], content=IMAGE).raise_for_status()
    with engine.client("charlie" if has_bytes else "key-of-a-test") as client_of_key:
        response = client_of_key.post(SUBMIT, json=request_body(image_uri=ticket["storage_uri"]))
    assert "no such upload" in error_message(response, 400, "invalid_request_error")


def _now(client: httpx.Client) -> str:
    """Return the time of the engine, read from an accepted job."""
    return client.post(SUBMIT, json=request_body()).json()["created_at"]
