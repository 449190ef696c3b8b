import re
from datetime import timedelta

import pytest
from django.utils import timezone

from generations.accounts.api_keys import create_key, key_by_secret, revoke_key, rotate_key
from generations.accounts.models import ApiKey
from generations.accounts.roles import Scope
from generations.credits.models import Quota
from tests.web.pages import words

SECRET = re.compile(r"dly_[0-9A-Za-z]{38}")


@pytest.fixture
def page(team) -> str:
    return f"/t/{team.slug}/keys/"


@pytest.fixture
def key_of(team, member):
    """Return a function that creates a key of a member, with its secret."""
    return lambda user, *, name="render farm", **options: create_key(
        membership=member(user, team), name=name, scopes=[Scope.READ], **options
    )


def secret_on(response) -> str:
    return SECRET.search(response.content.decode())[0]


def test_secret_of_a_new_key_is_shown_once(client_of, bob, team, page):
    browser = client_of(bob)
    made = browser.post(f"{page}new", {"name": "render farm", "scopes": ["generate", "read"], "life": "90"})
    assert made.status_code == 200
    assert made["Cache-Control"] == "no-store"
    caller = key_by_secret(secret_on(made))
    assert (caller.user, caller.team, caller.key.scopes) == (bob, team, ["generate", "read"])
    assert timedelta(days=89) < caller.key.expires_at - timezone.now() < timedelta(days=91)
    for address in (page, f"{page}{caller.key.pk}/"):
        shown = browser.get(address).content.decode()
        assert not SECRET.search(shown)
        assert caller.key.secrets.get().prefix in shown


def test_key_can_have_limits(client_of, bob, page):
    given = {"name": "cheap", "scopes": ["generate"], "cap": "300", "period": "week", "max_jobs": "2"}
    client_of(bob).post(f"{page}new", {**given, "allowed_models": ["ltx-2-3-fast"]})
    quota = Quota.objects.get(api_key__name="cheap")
    assert (quota.cap, quota.period, quota.max_jobs, quota.allowed_models) == (300, "week", 2, ["ltx-2-3-fast"])
    shown = words(client_of(bob).get(f"{page}{quota.api_key_id}/"))
    assert "Credit limit 300 a week" in shown
    assert "Concurrency limit 2 jobs" in shown
    assert "LTX 2.3 Fast" in shown


def test_key_without_limits_has_no_quota(client_of, bob, page):
    client_of(bob).post(f"{page}new", {"name": "free", "scopes": ["generate"]})
    assert not Quota.objects.exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "", "scopes": ["read"]}, "Enter a name."),
        ({"name": "x" * 81, "scopes": ["read"]}, "at most 80 characters"),
        ({"name": "a\x00b", "scopes": ["read"]}, "Null characters are not allowed"),
        ({"name": "farm"}, "Choose at least one scope."),
        ({"name": "farm", "scopes": ["everything"]}, "everything is not one of the available choices"),
        ({"name": "farm", "scopes": ["manage"]}, "manage is not one of the available choices"),
        ({"name": "farm", "scopes": ["read"], "life": "9999"}, "9999 is not one of the available choices"),
        ({"name": "farm", "scopes": ["read"], "cap": "-1"}, "greater than or equal to 0"),
        ({"name": "farm", "scopes": ["read"], "cap": "9" * 30}, "less than or equal to"),
        ({"name": "farm", "scopes": ["read"], "max_jobs": "none"}, "whole number"),
        ({"name": "farm", "scopes": ["read"], "allowed_models": ["sora"]}, "sora is not one of"),
    ],
)
def test_invalid_form_shows_the_error(client_of, bob, page, values, message):
    response = client_of(bob).post(f"{page}new", values)
    assert response.status_code == 422
    assert message in words(response)
    assert not ApiKey.objects.exists()


def test_members_see_their_own_keys_and_managers_all(client_of, alice, bob, rita, page, key_of):
    key_of(bob, name="farm of Bob")
    key_of(rita, name="farm of Rita")
    key_of(alice, name="the team's farm", is_service=True)
    mine = words(client_of(bob).get(page))
    assert "farm of Bob" in mine
    assert "farm of Rita" not in mine
    assert "the team's farm" not in mine
    everybodys = words(client_of(alice).get(page))
    assert all(name in everybodys for name in ("farm of Bob", "farm of Rita", "the team's farm"))


def test_only_managers_can_create_service_keys(client_of, alice, bob, page):
    assert "Team: keeps working" not in words(client_of(bob).get(f"{page}new"))
    client_of(bob).post(f"{page}new", {"name": "sly", "scopes": ["read"], "kind": "service"})
    assert not ApiKey.objects.get(name="sly").is_service
    client_of(alice).post(f"{page}new", {"name": "ours", "scopes": ["manage"], "kind": "service"})
    assert ApiKey.objects.get(name="ours").is_service


def test_reviewer_can_choose_only_scopes_of_the_role(client_of, rita, page):
    form = words(client_of(rita).get(f"{page}new"))
    assert "Read:" in form
    assert "Generate:" not in form
    assert "Manage:" not in form


def test_rotation_shows_a_new_secret_and_keeps_the_old_one(client_of, bob, page, key_of):
    made = key_of(bob)
    response = client_of(bob).post(f"{page}{made.key.pk}/rotate", {"overlap": "24"})
    assert key_by_secret(secret_on(response)).key == made.key
    assert key_by_secret(made.secret).key == made.key
    assert words(client_of(bob).get(f"{page}{made.key.pk}/")).count("until") == 1


def test_rotation_without_overlap_ends_the_old_secret(client_of, bob, page, key_of):
    made = key_of(bob)
    client_of(bob).post(f"{page}{made.key.pk}/rotate", {"overlap": "0"})
    assert key_by_secret(made.secret) is None


def test_reload_redirects_to_the_key(client_of, bob, page, key_of):
    key = key_of(bob).key
    response = client_of(bob).get(f"{page}{key.pk}/rotate")
    assert (response.status_code, response["Location"]) == (302, f"{page}{key.pk}/")


def test_invalid_overlap_changes_nothing(client_of, bob, page, key_of):
    key = key_of(bob).key
    assert client_of(bob).post(f"{page}{key.pk}/rotate", {"overlap": "99999"}).status_code == 302
    assert key.secrets.count() == 1


def test_revoked_key_stops_working(client_of, bob, page, key_of):
    made = key_of(bob)
    response = client_of(bob).post(f"{page}{made.key.pk}/revoke", follow=True)
    assert key_by_secret(made.secret) is None
    assert "Key render farm revoked." in words(response)
    assert "Revoked" in words(client_of(bob).get(page))


def test_revoked_key_has_no_actions(client_of, bob, page, key_of):
    key = key_of(bob).key
    revoke_key(key=key, actor=bob)
    shown = words(client_of(bob).get(f"{page}{key.pk}/"))
    assert "Rotate" not in shown
    assert "Permanently revoke this key" not in shown
    assert client_of(bob).post(f"{page}{key.pk}/rotate", {"overlap": "0"}).status_code == 409


def test_manager_can_revoke_but_not_rotate_keys_of_others(client_of, alice, bob, page, key_of):
    made = key_of(bob)
    browser = client_of(alice)
    assert "Rotate" not in words(browser.get(f"{page}{made.key.pk}/"))
    assert browser.post(f"{page}{made.key.pk}/rotate", {"overlap": "0"}).status_code == 403
    assert made.key.secrets.count() == 1
    browser.post(f"{page}{made.key.pk}/revoke")
    assert key_by_secret(made.secret) is None


@pytest.mark.parametrize("act", ["", "rotate", "revoke"])
def test_key_of_another_member_is_a_404(client_of, bob, rita, page, key_of, act):
    key = key_of(rita).key
    response = getattr(client_of(bob), "post" if act else "get")(f"{page}{key.pk}/{act}", {"overlap": "0"})
    assert response.status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None


def test_query_count_does_not_depend_on_the_number_of_keys(
    client_of, alice, page, key_of, django_assert_max_num_queries
):
    browser = client_of(alice)
    key_of(alice)
    browser.get(page)
    with django_assert_max_num_queries(9) as few:
        browser.get(page)
    for n in range(4):
        made = key_of(alice, name=f"farm {n}")
        rotate_key(key=made.key, actor=alice, overlap=timedelta(days=1))
    with django_assert_max_num_queries(len(few)):
        browser.get(page)
