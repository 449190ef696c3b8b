import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection

from generations.accounts.access import access_team
from generations.accounts.invitations import (
    AccountExistsError,
    AlreadyMemberError,
    DeactivatedMemberError,
    InvalidInvitationError,
    NotInvitedError,
    accept_invitation,
    access_invitation,
    digest_of,
    find_invitation,
    invite,
    join_with_new_account,
    pending_invitations,
    renew_invitation,
    revoke_invitation,
)
from generations.accounts.members import close_membership
from generations.accounts.models import Invitation, Membership, User
from generations.accounts.roles import Role
from generations.accounts.team_deletion import schedule_team_deletion
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.events.models import Event, Notification
from tests.accounts.conftest import WEEK
from tests.conftest import PASSWORD, make_user


@pytest.fixture
def link(owner):
    return invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, max_uses=3)


@pytest.fixture
def emailed(owner, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        return invite(inviter=owner, role=Role.REVIEWER, lifetime=WEEK, email="Dana@Example.com")


class TestInviting:
    def test_only_the_hash_of_the_secret_is_stored(self, link):
        stored = str(Invitation.objects.values().get()) + str(Event.objects.get(kind="invitation.created").data)
        assert link.secret not in stored
        assert digest_of(link.secret) in stored

    def test_an_email_is_sent_to_the_invited_person_only(self, emailed):
        (sent,) = mail.outbox
        assert (sent.to, sent.subject) == (["dana@example.com"], "Alice invited you to join Lighthouse on Dailies")
        assert f"/invitations/{emailed.secret}" in sent.body
        assert "Alice invited you to join Lighthouse on Dailies as" in sent.body
        assert emailed.invitation.max_uses == 1

    def test_an_admin_cannot_invite_an_owner(self, admin):
        with pytest.raises(ForbiddenError, match="Only an owner can invite someone as owner"):
            invite(inviter=admin, role=Role.OWNER, lifetime=WEEK)

    def test_a_creator_cannot_invite(self, creator):
        with pytest.raises(ForbiddenError):
            invite(inviter=creator, role=Role.REVIEWER, lifetime=WEEK)

    def test_a_member_cannot_be_invited_again(self, owner, bob):
        with pytest.raises(AlreadyMemberError, match=r"Bob is already a member \(Creator\)"):
            invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email="BOB@example.com")

    def test_a_second_email_of_a_member_counts(self, owner, bob):
        EmailAddress.objects.create(user=bob, email="robert@example.com", verified=True)
        with pytest.raises(AlreadyMemberError):
            invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email="robert@example.com")

    def test_a_deactivated_member_must_be_reactivated(self, owner, creator):
        close_membership(membership=creator, actor=owner)
        with pytest.raises(AlreadyMemberError, match="Reactivate them"):
            invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email=creator.user.email)

    def test_the_subject_is_one_line(self, owner, django_capture_on_commit_callbacks):
        owner.team.name = "Two\nlines"
        owner.team.save()
        with django_capture_on_commit_callbacks(execute=True):
            invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email="dana@example.com")
        assert mail.outbox[0].subject == "Alice invited you to join Two lines on Dailies"


class TestRevoking:
    def test_a_revoked_invitation_is_invalid(self, owner, link, charlie):
        revoke_invitation(invitation=link.invitation, actor=owner)
        with pytest.raises(InvalidInvitationError):
            accept_invitation(digest=digest_of(link.secret), user=charlie)
        assert link.invitation not in pending_invitations(owner)

    def test_an_expired_invitation_is_invalid(self, link, charlie):
        Invitation.objects.update(expires_at=link.invitation.created_at - timedelta(seconds=1))
        with pytest.raises(InvalidInvitationError):
            accept_invitation(digest=digest_of(link.secret), user=charlie)

    def test_a_used_up_invitation_is_invalid(self, link, charlie):
        Invitation.objects.update(uses=3)
        with pytest.raises(InvalidInvitationError):
            accept_invitation(digest=digest_of(link.secret), user=charlie)

    def test_no_one_can_join_a_team_that_is_scheduled_for_deletion(self, owner, link, charlie):
        schedule_team_deletion(actor=owner, typed_name="Lighthouse")
        with pytest.raises(InvalidInvitationError):
            accept_invitation(digest=digest_of(link.secret), user=charlie)

    def test_renewal_replaces_the_link(self, owner, emailed, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            again = renew_invitation(invitation=emailed.invitation, actor=owner)
        assert find_invitation(digest_of(again.secret)) == emailed.invitation
        assert again.secret in mail.outbox[1].body
        with pytest.raises(InvalidInvitationError):
            find_invitation(digest_of(emailed.secret))

    def test_a_revoked_invitation_cannot_be_renewed(self, owner, emailed):
        revoke_invitation(invitation=emailed.invitation, actor=owner)
        with pytest.raises(NotFoundError):
            renew_invitation(invitation=emailed.invitation, actor=owner)

    def test_only_owners_change_an_owner_invitation(self, owner, admin):
        made = invite(inviter=owner, role=Role.OWNER, lifetime=WEEK)
        with pytest.raises(ForbiddenError):
            access_invitation(admin, made.invitation.pk)

    def test_an_invitation_of_another_team_is_not_found(self, link, member, charlie, other_team):
        with pytest.raises(NotFoundError):
            access_invitation(member(charlie, other_team), link.invitation.pk)

    def test_it_is_found_in_one_query(self, link, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert find_invitation(digest_of(link.secret)).team.name == "Lighthouse"


class TestAccepting:
    def test_anyone_with_the_link_can_join(self, link, charlie, team):
        membership = accept_invitation(digest=digest_of(link.secret), user=charlie)
        assert (membership.role, access_team(charlie, team.slug).user) == (Role.CREATOR, charlie)
        link.invitation.refresh_from_db()
        assert link.invitation.uses == 1

    def test_the_inviter_is_notified(self, link, charlie, alice):
        accept_invitation(digest=digest_of(link.secret), user=charlie)
        notice = Notification.objects.get(user=alice)
        assert (notice.text, notice.path) == ("Charlie joined Lighthouse as Creator.", "/t/lighthouse/people/")

    def test_a_member_keeps_their_role_and_the_link_is_not_used(self, link, alice):
        membership = accept_invitation(digest=digest_of(link.secret), user=alice)
        link.invitation.refresh_from_db()
        assert (membership.role, link.invitation.uses) == (Role.OWNER, 0)

    def test_a_deactivated_member_cannot_return_by_a_link(self, owner, creator, link):
        close_membership(membership=creator, actor=owner)
        with pytest.raises(DeactivatedMemberError, match="Ask an owner or admin"):
            accept_invitation(digest=digest_of(link.secret), user=creator.user)

    def test_another_user_cannot_accept_an_emailed_invitation(self, emailed, charlie):
        with pytest.raises(NotInvitedError, match=r"for dana@example\.com, but you're signed in as charlie"):
            accept_invitation(digest=digest_of(emailed.secret), user=charlie)

    def test_any_verified_email_of_the_user_counts(self, emailed, charlie):
        address = EmailAddress.objects.create(user=charlie, email="dana@example.com", verified=False)
        with pytest.raises(NotInvitedError):
            accept_invitation(digest=digest_of(emailed.secret), user=charlie)
        address.verified = True
        address.save()
        assert accept_invitation(digest=digest_of(emailed.secret), user=charlie).user == charlie


class TestNewAccounts:
    def test_the_emailed_link_verifies_the_email(self, emailed, team):
        membership = join_with_new_account(digest=digest_of(emailed.secret), name="Dana", password=PASSWORD)
        user = membership.user
        assert (user.email, user.name, user.check_password(PASSWORD)) == ("dana@example.com", "Dana", True)
        assert EmailAddress.objects.get(user=user).verified
        assert [team.name for team in user.teams.all()] == ["Lighthouse"]

    def test_a_link_verifies_no_email(self, link):
        with pytest.raises(InvalidInvitationError):
            join_with_new_account(digest=digest_of(link.secret), name="Dana", password=PASSWORD)

    def test_an_email_with_an_account_is_rejected(self, emailed):
        make_user("dana")
        with pytest.raises(AccountExistsError):
            join_with_new_account(digest=digest_of(emailed.secret), name="Dana", password=PASSWORD)
        assert User.objects.filter(email="dana@example.com").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_with_three_uses_admits_three(owner):
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


def test_the_email_says_when_it_expires(emailed):
    assert re.search(r"expires on \d+ \w+ \d{4}, \d\d:\d\d UTC", str(mail.outbox[0].body))
