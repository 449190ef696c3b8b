import pytest
from django.core.files.base import ContentFile

from generations.media.images import store_image
from tests.web.pages import picture


@pytest.fixture
def kept(team, bob):
    return store_image(team=team, uploader=bob, file=ContentFile(picture().read(), name="still.png"))


def test_members_can_load_the_file(client_of, rita, kept):
    response = client_of(rita).get(f"/media/{kept.pk}")
    assert response.status_code == 200
    assert response["Content-Type"] == kept.mime
    assert len(b"".join(response)) == kept.bytes


def test_range_and_head_requests(client_of, rita, kept):
    browser = client_of(rita)
    part = browser.get(f"/media/{kept.pk}", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 0-9/{kept.bytes}")
    assert browser.head(f"/media/{kept.pk}")["Content-Length"] == str(kept.bytes)


def test_only_get_and_head_are_allowed(client_of, rita, kept):
    assert client_of(rita).post(f"/media/{kept.pk}").status_code == 405
