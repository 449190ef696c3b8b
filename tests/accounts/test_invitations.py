import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection

from generations.accounts.access import access_team
from generations.accounts.ending import end_team
from generations.accounts.invitations import (
    AlreadyInError,
    access_invitation,
    digest_of,
    invite,
    pending_invitations,
    renew_invitation,
    revoke_invitation,
)
from generations.accounts.joining import (
    AccountExistsError,
    DeactivatedError,
    NoInvitationError,
    NotInvitedError,
    accept_invitation,
    join_with_new_account,
    open_invitation,
)
from generations.accounts.members import close_membership
from generations.accounts.models import Invitation, Membership, User
from generations.accounts.roles import Role
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.events.models import Event, Notification
from tests.accounts.conftest import WEEK
from tests.conftest import PASSWORD, make_user


@pytest.fixture
def link(owner):
    return invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, max_uses=3)


@pytest.fixture
def letter(owner, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        return invite(inviter=owner, role=Role.REVIEWER, lifetime=WEEK, email="Dana@Example.com")


class TestInviting:
    def test_only_the_hash_of_the_secret_is_stored(self, link):
        stored = str(Invitation.objects.values().get()) + str(Event.objects.get(kind="invitation.created").data)
        assert link.secret not in stored
        assert digest_of(link.secret) in stored

    def test_a_letter_goes_to_its_reader_alone(self, letter):
        (sent,) = mail.outbox
        assert (sent.to, sent.subject) == (["dana@example.com"], "Join Lighthouse at Dailies")
        assert f"/invitations/{letter.secret}" in sent.body
        assert "Alice invited you to join Lighthouse on Dailies as" in sent.body
        assert letter.invitation.max_uses == 1

    def test_an_admin_invites_no_owner(self, admin):
        with pytest.raises(ForbiddenError, match="Only an owner can invite somebody as owner"):
            invite(inviter=admin, role=Role.OWNER, lifetime=WEEK)

    def test_a_creator_invites_nobody(self, creator):
        with pytest.raises(ForbiddenError):
            invite(inviter=creator, role=Role.REVIEWER, lifetime=WEEK)

    def test_a_member_is_said_to_be_in_already(self, owner, bob):
        with pytest.raises(AlreadyInError, match="Bob is in this team already, as creator"):
            invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email="BOB@example.com")

    def test_a_second_address_of_a_member_is_theirs_too(self, owner, bob):
        EmailAddress.objects.create(user=bob, email="robert@example.com", verified=True)
        with pytest.raises(AlreadyInError):
            invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email="robert@example.com")

    def test_a_deactivated_member_is_to_be_reactivated(self, owner, creator):
        close_membership(membership=creator, actor=owner)
        with pytest.raises(AlreadyInError, match="Reactivate them"):
            invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email=creator.user.email)

    def test_a_subject_is_one_line(self, owner, django_capture_on_commit_callbacks):
        owner.team.name = "Two\nlines"
        owner.team.save()
        with django_capture_on_commit_callbacks(execute=True):
            invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email="dana@example.com")
        assert mail.outbox[0].subject == "Join Two lines at Dailies"


class TestEnding:
    def test_revoked_it_leads_nowhere(self, owner, link, charlie):
        revoke_invitation(invitation=link.invitation, actor=owner)
        with pytest.raises(NoInvitationError):
            accept_invitation(digest=digest_of(link.secret), user=charlie)
        assert link.invitation not in pending_invitations(owner)

    def test_expired_it_leads_nowhere(self, link, charlie):
        Invitation.objects.update(expires_at=link.invitation.created_at - timedelta(seconds=1))
        with pytest.raises(NoInvitationError):
            accept_invitation(digest=digest_of(link.secret), user=charlie)

    def test_used_up_it_leads_nowhere(self, link, charlie):
        Invitation.objects.update(uses=3)
        with pytest.raises(NoInvitationError):
            accept_invitation(digest=digest_of(link.secret), user=charlie)

    def test_a_team_that_ends_takes_nobody_in(self, owner, link, charlie):
        end_team(actor=owner, typed_name="Lighthouse")
        with pytest.raises(NoInvitationError):
            accept_invitation(digest=digest_of(link.secret), user=charlie)

    def test_renewed_it_has_another_link(self, owner, letter, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            again = renew_invitation(invitation=letter.invitation, actor=owner)
        assert open_invitation(digest_of(again.secret)) == letter.invitation
        assert again.secret in mail.outbox[1].body
        with pytest.raises(NoInvitationError):
            open_invitation(digest_of(letter.secret))

    def test_what_was_revoked_is_not_renewed(self, owner, letter):
        revoke_invitation(invitation=letter.invitation, actor=owner)
        with pytest.raises(NotFoundError):
            renew_invitation(invitation=letter.invitation, actor=owner)

    def test_an_owner_s_invitation_is_an_owner_s_matter(self, owner, admin):
        made = invite(inviter=owner, role=Role.OWNER, lifetime=WEEK)
        with pytest.raises(ForbiddenError):
            access_invitation(admin, made.invitation.pk)

    def test_another_team_s_is_not_there(self, link, member, charlie, other_team):
        with pytest.raises(NotFoundError):
            access_invitation(member(charlie, other_team), link.invitation.pk)

    def test_it_is_found_in_one_query(self, link, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert open_invitation(digest_of(link.secret)).team.name == "Lighthouse"


class TestAccepting:
    def test_a_link_takes_in_who_has_it(self, link, charlie, team):
        membership = accept_invitation(digest=digest_of(link.secret), user=charlie)
        assert (membership.role, access_team(charlie, team.slug).user) == (Role.CREATOR, charlie)
        link.invitation.refresh_from_db()
        assert link.invitation.uses == 1

    def test_whoever_invited_is_told(self, link, charlie, alice):
        accept_invitation(digest=digest_of(link.secret), user=charlie)
        notice = Notification.objects.get(user=alice)
        assert (notice.text, notice.path) == ("Charlie has joined Lighthouse as creator.", "/t/lighthouse/people/")

    def test_a_member_stays_as_they_are(self, link, alice):
        membership = accept_invitation(digest=digest_of(link.secret), user=alice)
        link.invitation.refresh_from_db()
        assert (membership.role, link.invitation.uses) == (Role.OWNER, 0)

    def test_a_deactivated_member_does_not_come_back_by_a_link(self, owner, creator, link):
        close_membership(membership=creator, actor=owner)
        with pytest.raises(DeactivatedError, match="Ask an owner or admin"):
            accept_invitation(digest=digest_of(link.secret), user=creator.user)

    def test_a_letter_is_for_its_reader(self, letter, charlie):
        with pytest.raises(NotInvitedError, match=r"for dana@example\.com, and you are signed in as charlie"):
            accept_invitation(digest=digest_of(letter.secret), user=charlie)

    def test_any_confirmed_address_of_theirs_will_do(self, letter, charlie):
        address = EmailAddress.objects.create(user=charlie, email="dana@example.com", verified=False)
        with pytest.raises(NotInvitedError):
            accept_invitation(digest=digest_of(letter.secret), user=charlie)
        address.verified = True
        address.save()
        assert accept_invitation(digest=digest_of(letter.secret), user=charlie).user == charlie


class TestNewAccounts:
    def test_the_letter_has_proved_the_address(self, letter, team):
        membership = join_with_new_account(digest=digest_of(letter.secret), name="Dana", password=PASSWORD)
        user = membership.user
        assert (user.email, user.name, user.check_password(PASSWORD)) == ("dana@example.com", "Dana", True)
        assert EmailAddress.objects.get(user=user).verified
        assert [team.name for team in user.teams.all()] == ["Lighthouse"]

    def test_a_link_proves_no_address(self, link):
        with pytest.raises(NoInvitationError):
            join_with_new_account(digest=digest_of(link.secret), name="Dana", password=PASSWORD)

    def test_there_is_an_account_already(self, letter):
        make_user("dana")
        with pytest.raises(AccountExistsError):
            join_with_new_account(digest=digest_of(letter.secret), name="Dana", password=PASSWORD)
        assert User.objects.filter(email="dana@example.com").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_for_three_takes_in_three(owner):
    made = invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, max_uses=3)
    people = [make_user(f"guest{number}") for number in range(20)]
    line = Barrier(len(people))

    def accept(user: User) -> bool:
        try:
            line.wait()
            accept_invitation(digest=digest_of(made.secret), user=user)
        except DailiesError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        assert sum(pool.map(accept, people)) == 3
    assert Membership.objects.filter(team=owner.team, user__in=people).count() == 3
    made.invitation.refresh_from_db()
    assert made.invitation.uses == 3


def test_the_letter_names_when_it_ends(letter):
    assert re.search(r"expires on \d+ \w+ \d{4}, \d\d:\d\d UTC", str(mail.outbox[0].body))
