import pytest
from django.test import Client
from django.urls import reverse

from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Role
from generations.events.models import Event

from .conftest import page

NEW = {"email": "Dora@Example.com", "name": "Dora", "usable_password": "true"}
PASSWORDS = {"password1": "lantern-over-water", "password2": "lantern-over-water"}


def test_a_new_person_can_sign_in_and_has_a_place_to_work(staff: Client, client: Client) -> None:
    answer = staff.post(page(User, "add"), NEW | PASSWORDS)
    assert answer.status_code == 302
    dora = User.objects.get(email="dora@example.com")
    assert dora.memberships.get().role == Role.OWNER
    assert client.login(email="dora@example.com", password="lantern-over-water")


@pytest.mark.parametrize(
    "answers",
    [{"email": "ALICE@example.com"}, {"email": "nobody"}, {"password2": "other"}, {"password1": "1", "password2": "1"}],
)
def test_a_person_who_will_not_do_is_refused(answers: dict[str, str], staff: Client, alice: User) -> None:
    before = User.objects.count()
    answer = staff.post(page(User, "add"), NEW | PASSWORDS | answers)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert User.objects.count() == before


def test_a_password_is_changed(staff: Client, client: Client, alice: User) -> None:
    address = reverse("admin:auth_user_password_change", args=[alice.pk])
    assert staff.get(address).status_code == 200
    assert staff.post(address, PASSWORDS).status_code == 302
    assert client.login(email=alice.email, password="lantern-over-water")


def test_switching_somebody_off_ends_their_sessions(staff: Client, client: Client, alice: User, team: Team) -> None:
    client.force_login(alice)
    form = {"email": alice.email, "name": alice.name}
    inline = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert staff.post(page(User, "change", alice.pk), form | inline).status_code == 302
    assert "_auth_user_id" in client.session
    assert client.get(reverse("admin:index")).status_code == 302
    assert not User.objects.get(pk=alice.pk).is_active


def test_a_new_team_has_an_owner(staff: Client, alice: User) -> None:
    assert staff.post(page(Team, "add"), {"name": "Night Shift", "owner": "Alice@Example.com"}).status_code == 302
    team = Team.objects.get(slug="night-shift")
    assert team.memberships.get().user == alice


def test_a_new_team_of_nobody_is_refused(staff: Client) -> None:
    answer = staff.post(page(Team, "add"), {"name": "Night Shift", "owner": "who@example.com"})
    assert "No active account with this email" in answer.content.decode()
    assert not Team.objects.filter(name="Night Shift").exists()


def roles(team: Team, new: dict[Membership, Role]) -> dict[str, object]:
    form: dict[str, object] = {"name": team.name, "slug": team.slug}
    form |= {"memberships-TOTAL_FORMS": len(new), "memberships-INITIAL_FORMS": len(new)}
    for index, (membership, role) in enumerate(new.items()):
        form |= {f"memberships-{index}-{name}": value for name, value in (("id", membership.pk), ("role", role))}
        form[f"memberships-{index}-team"] = team.pk
    return form


def test_a_role_is_changed_and_told(staff: Client, team: Team, bob: User) -> None:
    owner, creator = team.memberships.order_by("id")
    answer = staff.post(page(Team, "change", team.pk), roles(team, {owner: Role.OWNER, creator: Role.ADMIN}))
    assert answer.status_code == 302
    assert Membership.objects.get(user=bob).role == Role.ADMIN
    event = Event.objects.get(kind="member.role_changed")
    assert event.data == {"user": bob.pk, "email": bob.email, "role": "admin"}
    assert event.actor.email == "staff@example.com"


def test_a_team_keeps_an_owner(staff: Client, team: Team, alice: User) -> None:
    owner = team.memberships.get()
    answer = staff.post(page(Team, "change", team.pk), roles(team, {owner: Role.CREATOR}))
    assert "must have an owner" in answer.content.decode()
    assert Membership.objects.get(user=alice).role == Role.OWNER


def test_nobody_is_taken_out_of_a_team(staff: Client, team: Team, bob: User) -> None:
    owner, creator = team.memberships.order_by("id")
    form = roles(team, {owner: Role.OWNER, creator: Role.CREATOR}) | {"memberships-1-DELETE": "on"}
    assert "memberships-1-DELETE" not in staff.get(page(Team, "change", team.pk)).content.decode()
    assert staff.post(page(Team, "change", team.pk), form).status_code == 302
    assert Membership.objects.filter(user=bob).exists()


def test_somebody_is_added_to_a_team_once(staff: Client, team: Team, charlie: User) -> None:
    form = {"team": team.pk, "user": charlie.pk, "role": Role.REVIEWER}
    assert staff.post(page(Membership, "add"), form).status_code == 302
    assert staff.post(page(Membership, "add"), form).status_code == 200
    assert team.memberships.filter(user=charlie, role=Role.REVIEWER).count() == 1
    assert Event.objects.get(kind="member.added").actor.email == "staff@example.com"
