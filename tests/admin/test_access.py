from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from generations.accounts.models import Team, User
from generations.credits.models import Hold, LedgerEntry, Wallet
from generations.events.models import Event
from generations.jobs.models import Attempt, Generation
from generations.media.models import Asset

from .conftest import ROOMS, page

SERVICES_ONLY = [Asset, Attempt, Event, Generation, Hold, LedgerEntry, Wallet]

every_room = pytest.mark.parametrize("model", ROOMS, ids=lambda model: model._meta.model_name)


@every_room
def test_strangers_are_sent_to_the_sign_in_of_the_site(model: type[Model], client: Client, db: None) -> None:
    address = page(model, "changelist")
    answer = client.get(address, follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("account_login"))


@every_room
def test_members_of_a_team_are_refused(
    model: type[Model], client_of: Callable[[User], Client], alice: User, team: Team
) -> None:
    answer = client_of(alice).get(page(model, "changelist"), follow=True)
    assert answer.status_code == 403


def test_the_admins_own_sign_in_lets_nobody_in(client: Client, staff: Client) -> None:
    form = {"username": "staff@example.com", "password": "correct-horse-battery", "next": "/admin/"}
    answer = client.post(reverse("admin:login"), form)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in client.session


def test_staff_see_only_what_they_were_given(client: Client, db: None, team: Team) -> None:
    helper = User.objects.create_user("desk@example.com", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_generation"))
    client.force_login(helper)
    assert client.get(page(Generation, "changelist")).status_code == 200
    assert client.get(page(Wallet, "changelist")).status_code == 403
    assert client.get(page(Asset, "changelist")).status_code == 403
    assert client.get(reverse("admin:generations_wallet_balance", args=[team.pk])).status_code == 403


@pytest.mark.parametrize("model", SERVICES_ONLY, ids=lambda model: model._meta.model_name)
def test_nobody_writes_what_only_services_write(model: type[Model], staff: Client, fill: Callable[[int], None]) -> None:
    fill(1)
    row = model._default_manager.order_by("-pk").first()
    before = list(model._default_manager.order_by("pk").values())
    assert staff.post(page(model, "add"), {}).status_code == 403
    assert staff.post(page(model, "change", row.pk), {}).status_code == 403
    assert staff.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    staff.post(page(model, "changelist"), action)
    assert list(model._default_manager.order_by("pk").values()) == before


@pytest.mark.parametrize("model", [User, Team])
def test_people_and_teams_are_never_deleted(model: type[Model], staff: Client, team: Team) -> None:
    row = model._default_manager.order_by("pk").first()
    assert staff.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
