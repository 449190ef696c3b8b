import pytest

from generations.media.models import Asset
from tests.web.pages import form_values, picture, words


@pytest.fixture
def stills(team) -> str:
    return f"/t/{team.slug}/stills/"


@pytest.mark.parametrize(("name", "kind"), [("a.jpg", "JPEG"), ("a.png", "PNG"), ("a.webp", "WEBP")])
def test_upload_is_stored_and_returns_its_slot(client_of, bob, stills, name, kind):
    response = client_of(bob).post(stills, {"slot": "first_frame", "first_frame_file": picture(name=name, kind=kind)})
    assert response.status_code == 200
    assert response.content.decode().startswith("<image-slot")
    still = Asset.objects.get(pk=form_values(response)["first_frame"])
    assert (still.uploader, still.original_name) == (bob, name)


def test_enlarged_image_is_noted(client_of, bob, stills):
    values = {"slot": "last_frame", "last_frame_file": picture(640, 360), "resolution": "1280x720"}
    assert "640 × 360 · Image is smaller than the video and will be enlarged 2.0×." in words(
        client_of(bob).post(stills, values)
    )


def test_invalid_file_is_a_422_and_the_old_image_stays(client_of, bob, stills, still):
    bad = picture(kind="GIF", name="a.gif")
    values = {"slot": "first_frame", "first_frame": str(still.pk), "first_frame_file": bad}
    response = client_of(bob).post(stills, values)
    assert response.status_code == 422
    assert "Unsupported file type" in words(response)
    assert form_values(response)["first_frame"] == str(still.pk)


def test_image_can_be_removed(client_of, bob, stills, still):
    response = client_of(bob).post(stills, {"remove": "first_frame", "first_frame": str(still.pk)})
    assert "first_frame" not in form_values(response)
    assert Asset.objects.filter(pk=still.pk).exists()


@pytest.mark.parametrize("values", [{}, {"slot": "middle_frame"}, {"slot": "prompt"}])
def test_unknown_slot_is_a_404(client_of, bob, stills, values):
    assert client_of(bob).post(stills, values).status_code == 404


def test_only_members_who_may_generate_can_upload(client, client_of, rita, charlie, stills):
    def upload(browser) -> int:
        return browser.post(stills, {"slot": "first_frame", "first_frame_file": picture()}).status_code

    assert upload(client_of(rita)) == 403
    assert upload(client_of(charlie)) == 404
    assert upload(client) == 302
    assert client_of(rita).get(stills).status_code == 403
    assert not Asset.objects.exists()
