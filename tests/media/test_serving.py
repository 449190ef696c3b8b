"""The bytes of an asset over HTTP, as RFC 9110 requires."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path as route
from django.utils.http import urlencode
from hypothesis import given
from hypothesis import strategies as st

from generations.accounts.models import Team
from generations.media.models import Asset
from generations.media.serving import MAX_BUFFERED_BYTES, UnsatisfiableRangeError, parse_range, serve_asset
from generations.media.storages import MissingFileError, media_storage

CONTENT = bytes(range(256)) * 8000  # two megabytes: more than one chunk
SIZE = len(CONTENT)
SHA = "5e" * 32
ETAG = f'"{SHA}"'


def show(request: HttpRequest, asset_id: str) -> HttpResponseBase:
    asset = Asset.objects.get(id=asset_id)
    return serve_asset(
        request,
        asset,
        as_attachment="download" in request.GET,
        filename=request.GET.get("name"),
        is_for_player="player" in request.GET,
    )


urlpatterns = [route("asset/<uuid:asset_id>", show)]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def _headers_of_the_site(settings) -> None:
    """Keep only the middleware that sets headers: error pages would need the URLs of the site."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name.startswith(("django.middleware", "csp."))]


def open_files(root: Path) -> list[str]:
    handles = [entry for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return [str(entry.readlink()) for entry in handles if str(entry.readlink()).startswith(str(root))]


@pytest.fixture
def video(team: Team, media_root: Path) -> Asset:
    media_storage().save("teams/1/videos/5e/video.mp4", ContentFile(CONTENT))
    return Asset.objects.create(
        team=team,
        kind="video",
        name="teams/1/videos/5e/video.mp4",
        mime="video/mp4",
        sha256=SHA,
        bytes=SIZE,
        width=1280,
        height=720,
        frames=144,
        fps_numerator=24,
        fps_denominator=1,
    )


@pytest.fixture
def image(team: Team, media_root: Path) -> Asset:
    media_storage().save("teams/1/stills/aa/image.jpg", ContentFile(b"pixels"))
    return Asset.objects.create(
        team=team,
        kind="still",
        name="teams/1/stills/aa/image.jpg",
        original_name="beach \u201cred\u201d.html",
        mime="image/jpeg",
        sha256="aa" * 32,
        bytes=6,
        width=4,
        height=3,
    )


def get(client: Client, asset: Asset, method: str = "get", query: dict | None = None, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"/asset/{asset.pk}?{urlencode(query or {})}"
    return getattr(client, method)(url, headers=named)


def body(response: HttpResponseBase) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_it_serves_the_whole_file(client: Client, video: Asset):
    response = get(client, video)

    assert response.status_code == 200
    assert body(response) == CONTENT
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == str(SIZE)
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == ETAG
    assert "Content-Range" not in response


def test_head_has_no_body(client: Client, video: Asset):
    response = get(client, video, "head", range="bytes=0-9")

    assert response.status_code == 200
    assert body(response) == b""
    assert response["Content-Length"] == str(SIZE)
    assert response["Content-Type"] == "video/mp4"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_other_methods_are_not_allowed(client: Client, video: Asset, method: str):
    response = get(client, video, method)

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=100-199", 100, 199),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        (f"bytes=10-{SIZE * 9}", 10, SIZE - 1),
        ("BYTES=5-9", 5, 9),
        (" bytes=5-9 ", 5, 9),
        (f"bytes=1000-{SIZE - 7}", 1000, SIZE - 7),
    ],
)
def test_it_serves_a_range(client: Client, video: Asset, header: str, first: int, last: int):
    response = get(client, video, range=header)

    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response["Content-Length"] == str(last - first + 1)
    assert body(response) == CONTENT[first : last + 1]
    assert response["ETag"] == ETAG


def test_a_player_gets_the_rest_in_parts(client: Client, video: Asset):
    seen = b""
    while len(seen) < SIZE:
        response = get(client, video, query={"player": ""}, Range=f"bytes={len(seen)}-")
        part = body(response)
        assert response.status_code == 206
        assert response["Content-Range"] == f"bytes {len(seen)}-{len(seen) + len(part) - 1}/{SIZE}"
        assert 0 < len(part) <= MAX_BUFFERED_BYTES
        seen += part
    assert seen == CONTENT


@pytest.mark.parametrize("headers", [{}, {"Range": f"bytes=0-{SIZE - 1}"}, {"Range": f"bytes=-{SIZE}"}])
def test_a_player_gets_a_whole_range_with_an_end(client: Client, video: Asset, headers: dict[str, str]):
    assert body(get(client, video, query={"player": ""}, **headers)) == CONTENT


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0", "bytes=999999999999-"])
def test_a_range_after_the_end_is_rejected(client: Client, video: Asset, header: str):
    response = get(client, video, range=header)

    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{SIZE}"
    assert body(response) == b""
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "header",
    [
        "bytes=5-2",
        "bytes=-",
        "bytes=a-b",
        "bytes=1-2,4-5",
        "bytes=0-0,-1",
        "items=0-5",
        "bytes",
        "bytes=0x0-0x5",
        "bytes=+1-5",
        "bytes=\u0661-\u0665".encode().decode("latin-1"),
        "bytes=0-" + "9" * 5000,
        "",
    ],
)
def test_it_serves_the_whole_file_for_ignored_ranges(client: Client, video: Asset, header: str):
    response = get(client, video, range=header)

    assert response.status_code == 200
    assert response["Content-Length"] == str(SIZE)
    assert "Content-Range" not in response


@given(st.text(max_size=30), st.integers(1, 1000))
def test_every_range_header_is_parsed_or_ignored(header: str, size: int):
    try:
        part = parse_range(header, size)
    except UnsatisfiableRangeError:
        return
    assert part is None or 0 <= part[0] <= part[1] < size


@pytest.mark.parametrize(
    ("if_range", "status"),
    [(ETAG, 206), (f"W/{ETAG}", 200), ('"another"', 200), ("Sun, 22 Nov 2026 10:00:00 GMT", 200)],
)
def test_a_range_is_served_only_of_the_same_content(client: Client, video: Asset, if_range: str, status: int):
    response = get(client, video, range="bytes=0-9", if_range=if_range)

    assert response.status_code == status
    assert len(body(response)) == (10 if status == 206 else SIZE)


@pytest.mark.parametrize("known", [ETAG, f"W/{ETAG}", f'"older", {ETAG}', "*"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_cached_file_is_not_sent_again(client: Client, video: Asset, known: str, method: str):
    response = get(client, video, method, if_none_match=known, range="bytes=0-9")

    assert response.status_code == 304
    assert body(response) == b""
    assert response["ETag"] == ETAG
    assert response["Cache-Control"] == "private, max-age=86400, immutable"


def test_a_changed_file_is_sent(client: Client, video: Asset):
    assert get(client, video, if_none_match='"older"').status_code == 200


def test_a_precondition_on_other_content_fails(client: Client, video: Asset):
    assert get(client, video, if_match='"older"').status_code == 412
    assert get(client, video, if_match=ETAG).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-9"}, {"if_none_match": ETAG}, {"range": "bytes=-0"}])
def test_every_response_has_security_headers(client: Client, video: Asset, headers: dict[str, str]):
    response = get(client, video, **headers)

    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sandbox" in response["Content-Security-Policy"]
    assert "script" not in response["Content-Security-Policy"]
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"


def test_only_the_browser_may_cache_it(client: Client, video: Asset):
    assert get(client, video)["Cache-Control"] == "private, max-age=86400, immutable"


def test_an_unknown_type_is_served_as_bytes(client: Client, image: Asset):
    Asset.objects.filter(pk=image.pk).update(mime="text/html")

    response = get(client, image)

    assert response["Content-Type"] == "application/octet-stream"
    assert ".html" not in response["Content-Disposition"]


@pytest.mark.parametrize(
    ("query", "disposition"),
    [
        ({}, "inline; filename*=utf-8''beach%20%E2%80%9Cred%E2%80%9D.jpg"),
        ({"download": "1"}, "attachment; filename*=utf-8''beach%20%E2%80%9Cred%E2%80%9D.jpg"),
        ({"name": "take-4.mp4"}, 'inline; filename="take-4.jpg"'),
        ({"name": "a\r\nSet-Cookie: b=c.jpg"}, 'inline; filename="a Set-Cookie: b=c.jpg"'),
        ({"name": '../"quoted".png'}, 'inline; filename="\\"quoted\\".jpg"'),
    ],
)
def test_it_has_a_safe_file_name(client: Client, image: Asset, query: dict[str, str], disposition: str):
    assert get(client, image, query=query)["Content-Disposition"] == disposition


def test_a_file_without_a_name_is_named_by_its_kind(client: Client, video: Asset):
    assert get(client, video, query={"download": 1})["Content-Disposition"] == 'attachment; filename="video.mp4"'


def test_a_missing_file_raises_before_the_first_byte(client: Client, video: Asset):
    media_storage().delete(video.name)

    with pytest.raises(MissingFileError):
        get(client, video)


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-1500000"}])
def test_a_closed_response_closes_the_file(client: Client, video: Asset, media_root: Path, headers: dict[str, str]):
    response = get(client, video, **headers)
    next(iter(response.streaming_content))
    assert len(open_files(media_root)) == 1

    response.close()

    assert open_files(media_root) == []


@pytest.mark.django_db(transaction=True)
def test_a_slow_client_occupies_no_database_connection(client: Client, video: Asset):
    assert connection.connection is not None

    response = get(client, video)

    assert connection.connection is None
    assert body(response) == CONTENT
