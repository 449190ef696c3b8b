"""Each URL and method of a team, requested by each role, a deactivated member, an outsider, site staff and a visitor.

Each request is rolled back, so that all requests see the same data. A route without a line here fails the suite.
"""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter
from django.utils import timezone

from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import RIGHTS, Right, Role
from generations.accounts.teams import add_member
from generations.events.notifications import notify
from tests.conftest import make_user

from .routes import FORMS, METHODS, PERSONAL, STAFF_ROUTES, TEAM_ROUTES, all_patterns, send
from .team_data import TeamData, team_urls

_BY_RIGHT: dict[Right, str] = {
    Right.VIEW: "team gallery credits keys key_new key key_rotate key_revoke job_tile take download media leave_team"
    " credit_requests",
    Right.GENERATE: "studio studio_options images jobs job_row cancel retry credit_request_withdraw projects",
    Right.REVIEW: "decision",
    Right.MANAGE_JOBS: "project_rename project_archive",
    Right.MANAGE_CREDITS: (
        "credit_report credit_request_approve credit_request_decline credit_alerts credit_alert_remove quotas quota"
        " quota_increase quota_increase_remove"
    ),
    Right.MANAGE_TEAM: (
        "people invite_by_email invite_link person_role person_deactivate person_reactivate invitation_renew"
        " invitation_revoke team_settings team_time_zone audit webhooks webhook_new webhook webhook_edit webhook_action"
        " webhook_delivery webhook_delivery_row webhook_resend"
    ),
    Right.OWN_TEAM: "team_rename team_delete team_delete_cancel",
}
REQUIRED_RIGHTS = {name: right for right, names in _BY_RIGHT.items() for name in names.split()}
# Only members who can spend credits can request them.
REQUIRED_RIGHTS_FOR_POST = {"credit_requests": Right.GENERATE}
# Only the author, or the recipient of the alert, may do this. The pages' own tests cover them.
OWN_OBJECTS_ONLY = {"cancel", "retry", "credit_request_withdraw", "credit_alert_remove"}
FORBIDDEN = 403
NOT_FOUND = 404


def test_every_route_of_a_team_has_its_right() -> None:
    assert sorted(set(TEAM_ROUTES) - set(REQUIRED_RIGHTS)) == []


_SAMPLE_BY_CONVERTER = {
    IntConverter: 1,
    UUIDConverter: UUID("01980000-0000-7000-8000-000000000000"),
    SlugConverter: "look",
    StringConverter: "look",
}


@pytest.fixture
def people(funded: Team, client_of: Callable[[User], Client]) -> dict[str, Client]:
    """One client for each role."""
    return {role: client_of(add_member(team=funded, user=make_user(f"the-{role}"), role=role).user) for role in Role}


@pytest.mark.parametrize("name", REQUIRED_RIGHTS)
def test_each_role_can_do_what_its_rights_allow(name: str, ours: TeamData, people: dict[str, Client]) -> None:
    reached = set()
    for url in team_urls(name, ours):
        for role, client in people.items():
            for method in METHODS:
                status = send(client, method, url, FORMS.get(name)).status_code
                message = f"{role} {method} {url}: {status}"
                right = (
                    REQUIRED_RIGHTS_FOR_POST.get(name, REQUIRED_RIGHTS[name])
                    if method == "post"
                    else REQUIRED_RIGHTS[name]
                )
                assert status < 500, message
                if right not in RIGHTS[role]:
                    assert status == FORBIDDEN, message
                elif name not in OWN_OBJECTS_ONLY:
                    assert status != FORBIDDEN, message
                    reached.add((role, status))
    owners = {status for role, status in reached if role == Role.OWNER}
    assert name in OWN_OBJECTS_ONLY or owners - {NOT_FOUND, 405, 409}, "not even an owner got through"


@pytest.fixture
def outsiders(funded: Team, charlie: User, client_of: Callable[[User], Client]) -> dict[str, Client]:
    """Signed-in users for whom the team does not exist: every page is a 404."""
    gone = add_member(team=funded, user=make_user("gone"), role=Role.OWNER)
    Membership.objects.filter(pk=gone.pk).update(deactivated_at=timezone.now())
    staff = make_user("staff")
    User.objects.filter(pk=staff.pk).update(is_staff=True, is_superuser=True)
    staff.refresh_from_db()
    return {"stranger": client_of(charlie), "deactivated": client_of(gone.user), "staff": client_of(staff)}


@pytest.mark.parametrize("name", REQUIRED_RIGHTS)
def test_outsiders_get_404(name: str, ours: TeamData, outsiders: dict[str, Client]) -> None:
    for url in team_urls(name, ours):
        for who, client in outsiders.items():
            statuses = {method: send(client, method, url).status_code for method in METHODS}
            assert set(statuses.values()) <= {NOT_FOUND, 405}, f"{who} {url} {statuses}"
            assert statuses["get"] == NOT_FOUND or statuses["post"] == NOT_FOUND, f"{who} {url} {statuses}"


@pytest.mark.parametrize("name", REQUIRED_RIGHTS)
def test_visitors_are_sent_to_sign_in(name: str, ours: TeamData, client: Client) -> None:
    for url in team_urls(name, ours):
        for method in METHODS:
            response = send(client, method, url)
            assert (response.status_code, response["Location"][:15]) == (302, "/account/login/"), f"{method} {url}"


@pytest.mark.parametrize("name", [name for name, parts in TEAM_ROUTES.items() if parts])
def test_an_object_of_another_team_looks_like_a_missing_one(
    name: str, ours: TeamData, theirs: TeamData, alice: User, client_of: Callable[[User], Client]
) -> None:
    """The responses are equal, byte for byte, except for the URL and the form token."""
    client, slug = client_of(alice), f"/t/{ours.team.slug}/"
    for url in team_urls(name, theirs):
        foreign = url.replace(f"/t/{theirs.team.slug}/", slug)
        missing = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda _: str(uuid4()), foreign)
        missing = re.sub(r"/\d+(?=/|$)", "/987654321", missing)
        assert foreign != missing
        for method in METHODS:
            one, other = send(client, method, foreign), send(client, method, missing)
            assert one.status_code == other.status_code, f"{method} {foreign}"
            assert normalized(one, foreign) == normalized(other, missing), f"{method} {foreign}"


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_personal_pages_show_only_own_data(
    name: str, bob: User, charlie: User, client: Client, client_of: Callable[[User], Client]
) -> None:
    notify(user_ids=[bob.pk], kind="x", text="For bob alone.")
    notice = bob.notifications.get()
    url = reverse(name, args=[notice.pk] if name == "notification_read" else [])
    for method in METHODS:
        assert send(client, method, url).status_code == 302
        assert b"For bob alone" not in send(client_of(charlie), method, url).content
    notice.refresh_from_db()
    assert notice.read_at is None


SAMPLE_ARGUMENTS: dict[str, dict[str, Any]] = {
    pattern.name: {
        part: _SAMPLE_BY_CONVERTER[type(converter)] for part, converter in pattern.pattern.converters.items()
    }
    for _, pattern in all_patterns(get_resolver().url_patterns)
    if pattern.name in STAFF_ROUTES
}


@pytest.mark.parametrize("name", sorted(STAFF_ROUTES))
def test_site_pages_are_for_staff(
    name: str, ours: TeamData, alice: User, client: Client, client_of: Callable[[User], Client]
) -> None:
    url = reverse(name, kwargs=SAMPLE_ARGUMENTS.get(name, {}))
    for method in METHODS:
        assert send(client_of(alice), method, url).status_code == NOT_FOUND, method
        assert send(client, method, url).status_code == 302, method


def normalized(response: HttpResponse, url: str) -> str:
    text = response.content.decode().replace(url, "…")
    return re.sub(r'(?<=csrfmiddlewaretoken" value=")\w+|(?<="X-CSRFToken": ")\w+', "…", text)
