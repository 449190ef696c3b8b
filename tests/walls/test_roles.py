"""Every address and method of a team, asked by each role, a deactivated member, a stranger, site staff and nobody.

Each request is rolled back, so that all of them find the same team. A route without a line here fails the suite.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter
from django.utils import timezone

from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import RIGHTS, Right, Role
from generations.accounts.teams import add_member
from generations.credits.grants import grant_credits
from generations.events.notices import notify
from tests.conftest import make_user
from tests.walls.test_walls import METHODS, OF_A_TEAM, OWN, STAFF, Property, addresses, give

_BY_RIGHT: dict[Right, str] = {
    Right.VIEW: "team gallery credits keys key_new key key_rotate key_revoke job_tile take download media leave_team"
    " credit_requests",
    Right.GENERATE: "studio options stills jobs job_row cancel retry credit_request_withdraw projects",
    Right.REVIEW: "decision",
    Right.MANAGE_JOBS: "project_rename project_archive",
    Right.MANAGE_CREDITS: (
        "credit_report credit_request_approve credit_request_decline credit_alerts credit_alert_drop quotas quota"
        " quota_raise quota_raise_end"
    ),
    Right.MANAGE_TEAM: (
        "people invite_letter invite_link person_role person_deactivate person_reactivate invitation_renew"
        " invitation_revoke team_settings team_time_zone audit webhooks webhook_new webhook webhook_edit webhook_act"
        " webhook_delivery webhook_delivery_row webhook_again"
    ),
    Right.OWN_TEAM: "team_rename team_end team_keep",
}
NEEDS = {name: right for right, names in _BY_RIGHT.items() for name in names.split()}
# To ask for credits one must be able to spend them.
TO_POST = {"credit_requests": Right.GENERATE}
# The thing itself says who may besides: its author, or those who get such letters. Their own tests ask as these.
ONLY_OWN = {"cancel", "retry", "credit_request_withdraw", "credit_alert_drop"}
# Without these the address is right and the request is not.
FORMS = {"stills": {"remove": "first_frame"}, "person_role": {"role": Role.CREATOR}}
REFUSED = 403
MISSING = 404


def test_every_route_of_a_team_has_its_right() -> None:
    assert sorted(set(OF_A_TEAM) - set(NEEDS)) == []


@pytest.fixture
def ours(funded: Team, bob: User) -> Property:
    return give(funded, bob, "heron")


@pytest.fixture
def theirs(other_team: Team, charlie: User) -> Property:
    grant_credits(team=other_team, amount=1000, reason="opening balance", actor=charlie)
    return give(other_team, charlie, "gull")


def all_patterns(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from all_patterns(pattern.url_patterns)
        else:
            yield pattern


_SAMPLE = {
    IntConverter: 1,
    UUIDConverter: UUID("01980000-0000-7000-8000-000000000000"),
    SlugConverter: "look",
    StringConverter: "look",
}


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, method: str, address: str, form: dict[str, str] | None = None) -> HttpResponse:
    with undone():
        answer: HttpResponse = getattr(client, method)(address, **({"data": form} if method == "post" and form else {}))
        if answer.streaming:
            b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        return answer


@pytest.fixture
def people(funded: Team, client_of: Callable[[User], Client]) -> dict[str, Client]:
    """Somebody else of every role."""
    return {role: client_of(add_member(team=funded, user=make_user(f"the-{role}"), role=role).user) for role in Role}


@pytest.mark.parametrize("name", NEEDS)
def test_each_role_reaches_what_its_rights_allow(name: str, ours: Property, people: dict[str, Client]) -> None:
    reached = set()
    for address in addresses(name, ours):
        for role, client in people.items():
            for method in METHODS:
                status = ask(client, method, address, FORMS.get(name)).status_code
                about = f"{role} {method} {address}: {status}"
                right = TO_POST.get(name, NEEDS[name]) if method == "post" else NEEDS[name]
                assert status < 500, about
                if right not in RIGHTS[role]:
                    assert status == REFUSED, about
                elif name not in ONLY_OWN:
                    assert status != REFUSED, about
                    reached.add((role, status))
    owners = {status for role, status in reached if role == Role.OWNER}
    assert name in ONLY_OWN or owners - {MISSING, 405, 409}, "not even an owner got through"


@pytest.fixture
def outsiders(funded: Team, charlie: User, client_of: Callable[[User], Client]) -> dict[str, Client]:
    """Who may see nothing of the team: it is not even there."""
    gone = add_member(team=funded, user=make_user("gone"), role=Role.OWNER)
    Membership.objects.filter(pk=gone.pk).update(deactivated_at=timezone.now())
    staff = make_user("staff")
    User.objects.filter(pk=staff.pk).update(is_staff=True, is_superuser=True)
    staff.refresh_from_db()
    return {"stranger": client_of(charlie), "deactivated": client_of(gone.user), "staff": client_of(staff)}


@pytest.mark.parametrize("name", NEEDS)
def test_for_others_there_is_nothing(name: str, ours: Property, outsiders: dict[str, Client]) -> None:
    for address in addresses(name, ours):
        for who, client in outsiders.items():
            answers = {method: ask(client, method, address).status_code for method in METHODS}
            assert set(answers.values()) <= {MISSING, 405}, f"{who} {address} {answers}"
            assert answers["get"] == MISSING or answers["post"] == MISSING, f"{who} {address} {answers}"


@pytest.mark.parametrize("name", NEEDS)
def test_nobody_is_sent_to_sign_in(name: str, ours: Property, client: Client) -> None:
    for address in addresses(name, ours):
        for method in METHODS:
            answer = ask(client, method, address)
            assert (answer.status_code, answer["Location"][:15]) == (302, "/account/login/"), f"{method} {address}"


@pytest.mark.parametrize("name", [name for name, parts in OF_A_TEAM.items() if parts])
def test_what_is_another_team_s_answers_as_what_is_missing(
    name: str, ours: Property, theirs: Property, alice: User, client_of: Callable[[User], Client]
) -> None:
    """Byte for byte, but for the address itself and the form's token."""
    client, slug = client_of(alice), f"/t/{ours.team.slug}/"
    for address in addresses(name, theirs):
        foreign = address.replace(f"/t/{theirs.team.slug}/", slug)
        missing = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda _: str(uuid4()), foreign)
        missing = re.sub(r"/\d+(?=/|$)", "/987654321", missing)
        assert foreign != missing
        for method in METHODS:
            one, other = ask(client, method, foreign), ask(client, method, missing)
            assert one.status_code == other.status_code, f"{method} {foreign}"
            assert plain(one, foreign) == plain(other, missing), f"{method} {foreign}"


@pytest.mark.parametrize("name", sorted(OWN))
def test_ones_own_is_nobody_else_s(
    name: str, bob: User, charlie: User, client: Client, client_of: Callable[[User], Client]
) -> None:
    notify(user_ids=[bob.pk], kind="x", text="For bob alone.")
    notice = bob.notices.get()
    address = reverse(name, args=[notice.pk] if name == "notice_read" else [])
    for method in METHODS:
        assert ask(client, method, address).status_code == 302
        assert b"For bob alone" not in ask(client_of(charlie), method, address).content
    notice.refresh_from_db()
    assert notice.read_at is None


SAMPLES: dict[str, dict[str, Any]] = {
    pattern.name: {part: _SAMPLE[type(converter)] for part, converter in pattern.pattern.converters.items()}
    for pattern in all_patterns(get_resolver().url_patterns)
    if pattern.name in STAFF
}


@pytest.mark.parametrize("name", sorted(STAFF))
def test_site_pages_are_for_staff(
    name: str, ours: Property, alice: User, client: Client, client_of: Callable[[User], Client]
) -> None:
    address = reverse(name, kwargs=SAMPLES.get(name, {}))
    for method in METHODS:
        assert ask(client_of(alice), method, address).status_code == MISSING, method
        assert ask(client, method, address).status_code == 302, method


def plain(answer: HttpResponse, address: str) -> str:
    text = answer.content.decode().replace(address, "…")
    return re.sub(r'(?<=csrfmiddlewaretoken" value=")\w+|(?<="X-CSRFToken": ")\w+', "…", text)
