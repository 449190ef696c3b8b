import json

import pytest

from generations.events.models import Notification
from generations.events.notifications import count_unread, notify
from generations.events.streams.feed import stream_key
from tests.web.pages import words


@pytest.fixture
def told(alice, bob, team):
    notify(
        user_ids=[bob.pk, bob.pk], kind="member.added", text="Zoe has joined.", path="/t/lighthouse/", team_id=team.pk
    )
    return Notification.objects.get()


def bell(browser, team) -> str:
    html = browser.get(f"/t/{team.slug}/gallery/").content.decode()
    return html.partition('aria-label="Notifications')[2].partition('"')[0]


def test_the_bell_counts_what_is_unread(client_of, bob, alice, team, told):
    assert bell(client_of(bob), team) == ", 1 unread"
    assert bell(client_of(alice), team) == ""


def test_the_bell_does_not_count_on_for_ever(bob):
    for number in range(120):
        notify(user_ids=[bob.pk], kind="x", text=str(number))
    assert count_unread(bob.pk) == 100


def test_reading_leads_where_it_says(client_of, bob, told):
    browser = client_of(bob)
    assert "Zoe has joined." in words(browser.get("/notices/"))
    assert browser.post(f"/notices/{told.pk}/read")["Location"] == "/t/lighthouse/"
    assert count_unread(bob.pk) == 0


@pytest.mark.parametrize("path", ["https://example.org/", "//example.org", "javascript:alert(1)", ""])
def test_it_leads_to_no_other_site(client_of, bob, path):
    notify(user_ids=[bob.pk], kind="x", text="Look.", path=path)
    assert client_of(bob).post(f"/notices/{Notification.objects.get().pk}/read")["Location"] == "/notices/"


def test_all_are_marked_at_once(client_of, bob, rita, told):
    notify(user_ids=[bob.pk, rita.pk], kind="x", text="Another.")
    client_of(bob).post("/notices/read")
    assert (count_unread(bob.pk), count_unread(rita.pk)) == (0, 1)


def test_another_person_s_is_not_there(client_of, alice, told):
    assert client_of(alice).post(f"/notices/{told.pk}/read").status_code == 404
    assert "Zoe" not in words(client_of(alice).get("/notices/"))
    assert Notification.objects.get().read_at is None


def test_they_come_in_pages(client_of, bob):
    for number in range(60):
        notify(user_ids=[bob.pk], kind="x", text=f"No. {number}.")
    text = words(client_of(bob).get("/notices/"))
    assert "No. 59." in text
    assert "No. 5." not in text
    assert "Load more" in text


def test_the_bell_alone(client_of, bob, told):
    assert "1 unread" in client_of(bob).get("/notices/bell").content.decode()


def test_open_pages_hear_of_it(bob, rita, team, valkey, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        notify(user_ids=[bob.pk], kind="x", text="Zoe has joined.", team_id=team.pk)
    ((_, message),) = valkey.xrange(stream_key(team.pk))
    data = json.loads(message[b"data"])
    assert (data["kind"], data["author_id"]) == ("notice", bob.pk)
    assert "Zoe" not in str(message)
