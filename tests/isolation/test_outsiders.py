"""The pages of a team show nothing to members of another team or to visitors."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from generations.accounts.models import User
from generations.jobs.models import Generation
from generations.media.models import Asset

from .routes import (
    ACCOUNT_PREFIXES,
    ADMIN_NAMESPACE,
    API_NAMESPACE,
    CONTRACT,
    FORMS,
    INVITATION_ROUTES,
    METHODS,
    PERSONAL,
    PUBLIC,
    STAFF_ROUTES,
    TEAM_ROUTES,
    all_patterns,
    send,
)
from .team_data import TeamData, team_urls


def test_every_route_is_classified() -> None:
    unknown = [
        (namespace, name)
        for namespace, pattern in all_patterns(get_resolver().url_patterns)
        for name in [pattern.name or ""]
        if namespace not in (ADMIN_NAMESPACE, API_NAMESPACE)
        and name not in PUBLIC | STAFF_ROUTES | CONTRACT
        and name not in INVITATION_ROUTES | PERSONAL
        and name not in TEAM_ROUTES
        and not name.startswith(ACCOUNT_PREFIXES)
    ]
    assert unknown == []


@pytest.mark.parametrize("name", TEAM_ROUTES)
def test_an_outsider_gets_the_same_response_as_for_a_missing_object(
    name: str, ours: TeamData, charlie: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(charlie)
    missing_id = str(uuid4())
    for url in team_urls(name, ours):
        missing_url = url
        for real in (
            *map(str, (ours.take.pk, ours.queued.pk, ours.key.pk, ours.delivery.pk, ours.delivery.endpoint_id)),
            *(str(a.pk) for a in Asset.objects.all()),
        ):
            missing_url = missing_url.replace(real, missing_id)
        missing_url = missing_url.replace(f"/t/{ours.team.slug}/", "/t/nowhere/")
        for method in METHODS:
            response = getattr(client, method)(url)
            assert response.status_code in (404, 405), f"{method} {url}"
            assert response.status_code == getattr(client, method)(missing_url).status_code
            assert_no_leak(response.content, ours, url)
    assert Generation.objects.get(pk=ours.queued.pk).state == "queued"


@pytest.mark.parametrize("name", [name for name, parts in TEAM_ROUTES.items() if parts and name != "media"])
def test_an_id_of_another_team_is_not_found_under_the_own_team(
    name: str, ours: TeamData, theirs: TeamData, charlie: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(charlie)
    for url in team_urls(name, ours):
        mixed = url.replace(f"/t/{ours.team.slug}/", f"/t/{theirs.team.slug}/")
        assert mixed != url
        for method in ("get", "post"):
            response = getattr(client, method)(mixed)
            assert response.status_code in (404, 405), f"{method} {mixed}"
            assert_no_leak(response.content, ours, mixed)


@pytest.mark.parametrize("name", TEAM_ROUTES)
def test_the_own_pages_show_nothing_of_another_team(
    name: str, ours: TeamData, theirs: TeamData, charlie: User, client_of: Callable[[User], Client]
) -> None:
    """Each route responds with a page: to GET, or if it accepts only POST, the page after the action."""
    client = client_of(charlie)
    for url in team_urls(name, theirs):
        response = send(client, "get", url)
        if response.status_code == 405:
            response = send(client, "post", url, FORMS.get(name), follow=True)
        if response.status_code == 302:
            response = send(client, "get", response["Location"], follow=True)
        assert response.status_code in (200, 404, 409, 422), url
        assert response.content, url
        assert_no_leak(response.content, ours)


@pytest.mark.parametrize("name", TEAM_ROUTES)
def test_a_visitor_sees_nothing(name: str, ours: TeamData, client: Client) -> None:
    for url in team_urls(name, ours):
        for method in METHODS:
            response = getattr(client, method)(url)
            assert response.status_code in (302, 404, 405), f"{method} {url}"
            assert_no_leak(response.content, ours, url)


def test_an_image_of_another_team_cannot_be_used(
    ours: TeamData, theirs: TeamData, charlie: User, client_of: Callable[[User], Client]
) -> None:
    still = Asset.objects.filter(team=ours.team, kind="still").first()
    assert still is not None
    form = {
        "first_frame": str(still.pk),
        "prompt": "Mine now.",
        "model": "ltx-2-3-fast",
        "resolution": "1280x720",
        "fps": "24",
        "duration": "6",
    }
    before = Generation.objects.count()
    response = client_of(charlie).post(reverse("studio", args=[theirs.team.slug]), form)
    assert response.status_code in (404, 422)
    assert_no_leak(response.content, ours, str(still.pk))
    assert Generation.objects.count() == before


@pytest.mark.parametrize("who", ["bob", "alice", "rita"])
def test_the_admin_is_for_site_staff(
    who: str, ours: TeamData, request: pytest.FixtureRequest, client_of: Callable[[User], Client]
) -> None:
    client = client_of(request.getfixturevalue(who))
    for name in ("index", "generations_generation_changelist", "generations_wallet_changelist"):
        response = client.get(reverse(f"admin:{name}"))
        assert response.status_code in (302, 403, 404)
        assert_no_leak(response.content, ours)


def assert_no_leak(content: bytes, owner: TeamData, url: str = "") -> None:
    """The response contains no id and no text of the owner. The page may repeat its own URL."""
    text = content.decode("utf-8", errors="replace")
    assert {secret for secret in owner.secrets if secret in text and secret not in url} == set()
