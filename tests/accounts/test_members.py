import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from generations.accounts.access import access_team
from generations.accounts.api_keys import create_key, key_by_secret
from generations.accounts.invitations import invite
from generations.accounts.members import (
    OwnerNeededError,
    access_member,
    assignable_roles,
    change_role,
    close_membership,
    list_members,
    may_change,
    reactivate_member,
)
from generations.accounts.models import Invitation, User
from generations.accounts.roles import Role, Scope
from generations.accounts.teams import UnknownTimeZoneError, add_member, rename_team, set_time_zone, teams_of
from generations.common.errors import ForbiddenError, NotFoundError
from generations.events.models import Event
from tests.accounts.conftest import WEEK
from tests.conftest import PASSWORD, make_user


def sign_in(client: Client, user: User) -> Client:
    """By the form, as a person does."""
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    return client


def test_members_assign_only_roles_within_their_own_permissions(owner, admin, member, bob, team):
    assert set(assignable_roles(owner)) == set(Role)
    assert set(assignable_roles(admin)) == set(Role) - {Role.OWNER}
    assert Role.BILLING not in assignable_roles(member(bob, team))


class TestRoles:
    def test_a_role_change_is_audited_with_the_old_role(self, owner, creator):
        change_role(membership=creator, role=Role.REVIEWER, actor=owner)
        creator.refresh_from_db()
        event = Event.objects.get(kind="member.role_changed")
        assert (creator.role, event.is_audit, event.actor) == (Role.REVIEWER, True, owner.user)
        assert (event.data["before"], event.data["after"]) == ({"role": "creator"}, {"role": "reviewer"})

    def test_the_same_role_is_not_audited(self, owner, creator):
        change_role(membership=creator, role=Role.CREATOR, actor=owner)
        assert not Event.objects.filter(kind="member.role_changed").exists()

    def test_an_admin_cannot_make_an_owner(self, admin, creator):
        with pytest.raises(ForbiddenError, match="Only an owner can make someone owner"):
            change_role(membership=creator, role=Role.OWNER, actor=admin)

    def test_an_admin_cannot_change_an_owner(self, admin, owner):
        with pytest.raises(ForbiddenError, match="Only an owner can change an owner"):
            change_role(membership=owner, role=Role.CREATOR, actor=admin)
        assert not may_change(admin, owner)

    def test_a_creator_cannot_change_roles(self, creator, member, rita, team):
        with pytest.raises(ForbiddenError):
            change_role(membership=member(rita, team), role=Role.CREATOR, actor=creator)

    def test_the_only_owner_cannot_step_down(self, owner):
        with pytest.raises(OwnerNeededError, match="A team must have an owner"):
            change_role(membership=owner, role=Role.ADMIN, actor=owner)

    def test_a_deactivated_owner_does_not_count(self, owner, team):
        second = add_member(team=team, user=make_user("olive"), role=Role.OWNER)
        close_membership(membership=second, actor=owner)
        with pytest.raises(OwnerNeededError):
            change_role(membership=owner, role=Role.ADMIN, actor=owner)

    def test_an_owner_can_step_down_if_there_is_another(self, owner, team):
        add_member(team=team, user=make_user("olive"), role=Role.OWNER)
        change_role(membership=owner, role=Role.ADMIN, actor=owner)
        owner.refresh_from_db()
        assert owner.role == Role.ADMIN

    def test_members_of_another_team_are_not_found(self, owner, member, charlie, other_team):
        with pytest.raises(NotFoundError):
            change_role(membership=member(charlie, other_team), role=Role.CREATOR, actor=owner)
        with pytest.raises(NotFoundError):
            access_member(owner, member(charlie, other_team).pk)


class TestDeactivation:
    def test_a_deactivated_member_does_not_find_the_team(self, owner, creator, team):
        assert close_membership(membership=creator, actor=owner)
        with pytest.raises(NotFoundError):
            access_team(creator.user, team.slug)
        assert team not in teams_of(creator.user)

    def test_personal_keys_are_revoked_and_service_keys_stay(self, owner, admin):
        own = create_key(membership=admin, name="mine", scopes=[Scope.READ])
        service = create_key(membership=admin, name="farm", scopes=[Scope.READ], is_service=True)
        close_membership(membership=admin, actor=owner)
        assert key_by_secret(own.secret) is None
        caller = key_by_secret(service.secret)
        assert caller is not None
        assert caller.key == service.key

    def test_sessions_end_with_the_last_team(self, owner, creator, client):
        browser = sign_in(client, creator.user)
        assert browser.get("/account/password/change/").status_code == 200
        close_membership(membership=creator, actor=owner)
        assert browser.get("/account/password/change/").status_code == 302

    def test_sessions_stay_with_another_team(self, owner, creator, other_team, client):
        add_member(team=other_team, user=creator.user, role=Role.CREATOR)
        browser = sign_in(client, creator.user)
        close_membership(membership=creator, actor=owner)
        assert browser.get("/account/password/change/").status_code == 200

    def test_their_invitations_are_revoked(self, owner, admin):
        made = invite(inviter=admin, role=Role.CREATOR, lifetime=WEEK)
        close_membership(membership=admin, actor=owner)
        assert not Invitation.objects.open().filter(pk=made.invitation.pk).exists()

    def test_a_second_call_does_nothing(self, owner, creator):
        close_membership(membership=creator, actor=owner)
        assert not close_membership(membership=creator, actor=owner)
        assert Event.objects.filter(kind="member.deactivated").count() == 1

    def test_the_only_owner_cannot_leave(self, owner):
        with pytest.raises(OwnerNeededError):
            close_membership(membership=owner, actor=owner)

    def test_an_admin_cannot_deactivate_an_owner(self, owner, admin):
        with pytest.raises(ForbiddenError):
            close_membership(membership=owner, actor=admin)

    def test_leaving_needs_no_right(self, creator):
        assert close_membership(membership=creator, actor=creator)
        assert Event.objects.get(kind="member.left").actor == creator.user

    def test_a_reactivated_member_keeps_the_role(self, owner, creator, team):
        close_membership(membership=creator, actor=owner)
        reactivate_member(membership=creator, actor=owner)
        assert access_team(creator.user, team.slug).role == Role.CREATOR
        assert Event.objects.filter(kind="member.reactivated").count() == 1


class TestTheList:
    def test_search_by_name_and_email(self, owner, creator, admin):
        assert [m.user.name for m in list_members(owner, search="BOB")] == ["Bob"]
        assert [m.user.name for m in list_members(owner, search="ada example")] == ["Ada"]
        assert not list_members(owner, search="bob ada")

    def test_active_and_deactivated_members_are_listed_separately(self, owner, creator):
        close_membership(membership=creator, actor=owner)
        assert creator not in list_members(owner)
        assert list(list_members(owner, is_active=False)) == [creator]
        assert {owner, creator} <= set(list_members(owner, is_active=None))

    def test_it_is_for_managers(self, creator):
        with pytest.raises(ForbiddenError):
            list_members(creator)


class TestTheTeam:
    def test_an_owner_renames_the_team_and_the_slug_stays(self, owner, team):
        rename_team(actor=owner, name="Beacon")
        team.refresh_from_db()
        event = Event.objects.get(kind="team.renamed")
        assert (team.name, team.slug) == ("Beacon", "lighthouse")
        assert (event.data["before"], event.data["after"]) == ({"name": "Lighthouse"}, {"name": "Beacon"})

    def test_an_admin_cannot_rename_it(self, admin):
        with pytest.raises(ForbiddenError):
            rename_team(actor=admin, name="Mine")

    def test_an_admin_sets_the_time_zone(self, admin, team):
        set_time_zone(actor=admin, time_zone="Europe/Zurich")
        team.refresh_from_db()
        assert team.time_zone == "Europe/Zurich"

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "\x00"])
    def test_an_unknown_time_zone_is_rejected(self, admin, zone):
        with pytest.raises(UnknownTimeZoneError):
            set_time_zone(actor=admin, time_zone=zone)
