import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from generations.accounts.access import access_team
from generations.accounts.invitations import invite
from generations.accounts.keys import create_key, key_by_secret
from generations.accounts.members import (
    OwnerNeededError,
    access_member,
    change_role,
    close_membership,
    list_members,
    may_change,
    reactivate_member,
    roles_within,
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


def test_nobody_gives_what_they_do_not_have(owner, admin, member, bob, team):
    assert set(roles_within(owner)) == set(Role)
    assert set(roles_within(admin)) == set(Role) - {Role.OWNER}
    assert Role.BILLING not in roles_within(member(bob, team))


class TestRoles:
    def test_a_change_is_told_with_what_was_before(self, owner, creator):
        change_role(membership=creator, role=Role.REVIEWER, actor=owner)
        creator.refresh_from_db()
        event = Event.objects.get(kind="member.role_changed")
        assert (creator.role, event.is_audit, event.actor) == (Role.REVIEWER, True, owner.user)
        assert (event.data["before"], event.data["after"]) == ({"role": "creator"}, {"role": "reviewer"})

    def test_the_same_role_again_is_no_event(self, owner, creator):
        change_role(membership=creator, role=Role.CREATOR, actor=owner)
        assert not Event.objects.filter(kind="member.role_changed").exists()

    def test_an_admin_makes_no_owner(self, admin, creator):
        with pytest.raises(ForbiddenError, match="Only an owner can make somebody owner"):
            change_role(membership=creator, role=Role.OWNER, actor=admin)

    def test_an_admin_unmakes_no_owner(self, admin, owner):
        with pytest.raises(ForbiddenError, match="Only an owner can change an owner"):
            change_role(membership=owner, role=Role.CREATOR, actor=admin)
        assert not may_change(admin, owner)

    def test_a_creator_changes_nobody(self, creator, member, rita, team):
        with pytest.raises(ForbiddenError):
            change_role(membership=member(rita, team), role=Role.CREATOR, actor=creator)

    def test_the_last_owner_stays_one(self, owner):
        with pytest.raises(OwnerNeededError, match="Lighthouse needs an owner"):
            change_role(membership=owner, role=Role.ADMIN, actor=owner)

    def test_a_deactivated_owner_does_not_count(self, owner, team):
        second = add_member(team=team, user=make_user("olive"), role=Role.OWNER)
        close_membership(membership=second, actor=owner)
        with pytest.raises(OwnerNeededError):
            change_role(membership=owner, role=Role.ADMIN, actor=owner)

    def test_an_owner_may_step_back_when_there_is_another(self, owner, team):
        add_member(team=team, user=make_user("olive"), role=Role.OWNER)
        change_role(membership=owner, role=Role.ADMIN, actor=owner)
        owner.refresh_from_db()
        assert owner.role == Role.ADMIN

    def test_nobody_reaches_into_another_team(self, owner, member, charlie, other_team):
        with pytest.raises(NotFoundError):
            change_role(membership=member(charlie, other_team), role=Role.CREATOR, actor=owner)
        with pytest.raises(NotFoundError):
            access_member(owner, member(charlie, other_team).pk)


class TestDeactivation:
    def test_the_team_is_gone_for_them(self, owner, creator, team):
        assert close_membership(membership=creator, actor=owner)
        with pytest.raises(NotFoundError):
            access_team(creator.user, team.slug)
        assert team not in teams_of(creator.user)

    def test_personal_keys_end_and_service_keys_stay(self, owner, admin):
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

    def test_invitations_they_made_end(self, owner, admin):
        made = invite(inviter=admin, role=Role.CREATOR, lifetime=WEEK)
        close_membership(membership=admin, actor=owner)
        assert not Invitation.objects.open().filter(pk=made.invitation.pk).exists()

    def test_a_second_time_does_nothing(self, owner, creator):
        close_membership(membership=creator, actor=owner)
        assert not close_membership(membership=creator, actor=owner)
        assert Event.objects.filter(kind="member.deactivated").count() == 1

    def test_the_last_owner_cannot_leave(self, owner):
        with pytest.raises(OwnerNeededError):
            close_membership(membership=owner, actor=owner)

    def test_an_admin_deactivates_no_owner(self, owner, admin):
        with pytest.raises(ForbiddenError):
            close_membership(membership=owner, actor=admin)

    def test_leaving_needs_no_right(self, creator):
        assert close_membership(membership=creator, actor=creator)
        assert Event.objects.get(kind="member.left").actor == creator.user

    def test_they_come_back_with_their_role(self, owner, creator, team):
        close_membership(membership=creator, actor=owner)
        reactivate_member(membership=creator, actor=owner)
        assert access_team(creator.user, team.slug).role == Role.CREATOR
        assert Event.objects.filter(kind="member.reactivated").count() == 1


class TestTheList:
    def test_it_finds_by_name_and_address(self, owner, creator, admin):
        assert [m.user.name for m in list_members(owner, search="BOB")] == ["Bob"]
        assert [m.user.name for m in list_members(owner, search="ada example")] == ["Ada"]
        assert not list_members(owner, search="bob ada")

    def test_it_tells_active_from_deactivated(self, owner, creator):
        close_membership(membership=creator, actor=owner)
        assert creator not in list_members(owner)
        assert list(list_members(owner, is_active=False)) == [creator]
        assert {owner, creator} <= set(list_members(owner, is_active=None))

    def test_it_is_for_managers(self, creator):
        with pytest.raises(ForbiddenError):
            list_members(creator)


class TestTheTeam:
    def test_an_owner_renames_it_and_the_address_stays(self, owner, team):
        rename_team(actor=owner, name="Beacon")
        team.refresh_from_db()
        event = Event.objects.get(kind="team.renamed")
        assert (team.name, team.slug) == ("Beacon", "lighthouse")
        assert (event.data["before"], event.data["after"]) == ({"name": "Lighthouse"}, {"name": "Beacon"})

    def test_an_admin_does_not(self, admin):
        with pytest.raises(ForbiddenError):
            rename_team(actor=admin, name="Mine")

    def test_an_admin_sets_the_time_zone(self, admin, team):
        set_time_zone(actor=admin, time_zone="Europe/Zurich")
        team.refresh_from_db()
        assert team.time_zone == "Europe/Zurich"

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "\x00"])
    def test_there_is_no_such_time_zone(self, admin, zone):
        with pytest.raises(UnknownTimeZoneError):
            set_time_zone(actor=admin, time_zone=zone)
