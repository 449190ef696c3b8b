import json

import pytest

from generations.events.models import Notification
from generations.events.notifications import count_unread, notify
from generations.events.streams.feed import stream_key
from tests.web.pages import words


@pytest.fixture
def notification(alice, bob, team):
    notify(
        user_ids=[bob.pk, bob.pk], kind="member.added", text="Zoe has joined.", path="/t/lighthouse/", team_id=team.pk
    )
    return Notification.objects.get()


def notifications_label(browser, team) -> str:
    html = browser.get(f"/t/{team.slug}/gallery/").content.decode()
    return html.partition('aria-label="Notifications')[2].partition('"')[0]


def test_header_shows_the_number_of_unread_notifications(client_of, bob, alice, team, notification):
    assert notifications_label(client_of(bob), team) == ", 1 unread"
    assert notifications_label(client_of(alice), team) == ""


def test_count_of_unread_notifications_is_limited(bob):
    for number in range(120):
        notify(user_ids=[bob.pk], kind="x", text=str(number))
    assert count_unread(bob.pk) == 100


def test_reading_redirects_to_the_page(client_of, bob, notification):
    browser = client_of(bob)
    assert "Zoe has joined." in words(browser.get("/notices/"))
    assert browser.post(f"/notices/{notification.pk}/read")["Location"] == "/t/lighthouse/"
    assert count_unread(bob.pk) == 0


@pytest.mark.parametrize("path", ["https://example.org/", "//example.org", "javascript:alert(1)", ""])
def test_reading_does_not_redirect_to_another_site(client_of, bob, path):
    notify(user_ids=[bob.pk], kind="x", text="Look.", path=path)
    assert client_of(bob).post(f"/notices/{Notification.objects.get().pk}/read")["Location"] == "/notices/"


def test_all_can_be_marked_as_read(client_of, bob, rita, notification):
    notify(user_ids=[bob.pk, rita.pk], kind="x", text="Another.")
    client_of(bob).post("/notices/read")
    assert (count_unread(bob.pk), count_unread(rita.pk)) == (0, 1)


def test_notification_of_another_user_is_a_404(client_of, alice, notification):
    assert client_of(alice).post(f"/notices/{notification.pk}/read").status_code == 404
    assert "Zoe" not in words(client_of(alice).get("/notices/"))
    assert Notification.objects.get().read_at is None


def test_list_is_paged(client_of, bob):
    for number in range(60):
        notify(user_ids=[bob.pk], kind="x", text=f"No. {number}.")
    text = words(client_of(bob).get("/notices/"))
    assert "No. 59." in text
    assert "No. 5." not in text
    assert "Load more" in text


def test_header_link_can_be_loaded_alone(client_of, bob, notification):
    assert "1 unread" in client_of(bob).get("/notices/bell").content.decode()


def test_new_notification_is_announced_to_open_pages(bob, rita, team, valkey, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        notify(user_ids=[bob.pk], kind="x", text="Zoe has joined.", team_id=team.pk)
    ((_, message),) = valkey.xrange(stream_key(team.pk))
    data = json.loads(message[b"data"])
    assert (data["kind"], data["author_id"]) == ("notice", bob.pk)
    assert "Zoe" not in str(message)
