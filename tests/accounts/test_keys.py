import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from generations.accounts.api_keys import (
    Caller,
    ExpiredKeyError,
    NewKey,
    access_key,
    create_key,
    is_well_formed,
    key_by_secret,
    note_use,
    revoke_key,
    rotate_key,
)
from generations.accounts.models import ApiKey, ApiKeySecret, Membership, Team, User
from generations.accounts.roles import Right, Role, Scope
from generations.common.errors import ForbiddenError, NotFoundError
from generations.events.models import Event

Member = Callable[[User, Team], Membership]


@pytest.fixture
def made(team: Team, bob: User, member: Member) -> NewKey:
    return create_key(membership=member(bob, team), name="render farm", scopes=[Scope.GENERATE, Scope.READ])


def caller_of(secret: str) -> Caller:
    caller = key_by_secret(secret)
    assert caller is not None
    return caller


class TestMaking:
    def test_the_secret_can_be_recognised_and_checked_without_the_database(self, made: NewKey) -> None:
        assert re.fullmatch(r"dly_[0-9A-Za-z]{38}", made.secret)
        assert is_well_formed(made.secret)

    def test_only_a_hash_and_a_beginning_are_stored(self, made: NewKey) -> None:
        stored = ApiKeySecret.objects.get()
        assert stored.digest == hashlib.sha256(made.secret.encode()).hexdigest()
        assert stored.prefix == made.secret[:12]
        assert made.secret not in str(ApiKey.objects.values().get()) + str(Event.objects.last())

    def test_it_is_told_of_without_its_secret(self, made: NewKey, bob: User) -> None:
        event = Event.objects.get(kind="key.created")
        assert (event.actor, event.subject_id, event.data["name"]) == (bob, made.key.pk, "render farm")
        assert made.secret not in str(event.data)

    def test_a_key_without_scopes_is_refused(self, team: Team, bob: User, member: Member) -> None:
        with pytest.raises(IntegrityError, match="apikey_scopes_known"):
            create_key(membership=member(bob, team), name="nothing", scopes=[])

    def test_a_service_key_needs_the_right_to_manage_the_team(self, team: Team, bob: User, member: Member) -> None:
        with pytest.raises(ForbiddenError):
            create_key(membership=member(bob, team), name="nightly", scopes=[Scope.GENERATE], is_service=True)
        assert not ApiKey.objects.exists()


class TestRecognising:
    def test_it_takes_two_queries_for_key_team_user_and_membership(
        self, made: NewKey, team: Team, bob: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(2):
            caller = caller_of(made.secret)
            told = (caller.team.slug, caller.user.email, caller.membership.role, caller.key.name)
        assert told == (team.slug, bob.email, Role.CREATOR, "render farm")
        assert caller.membership.team == team

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda secret: "",
            lambda secret: secret[:-1],
            lambda secret: secret + "0",
            lambda secret: secret.replace("dly_", "sk__"),
            lambda secret: secret[:-1] + ("0" if secret[-1] != "0" else "1"),
            lambda secret: secret[:10] + ("a" if secret[10] != "a" else "b") + secret[11:],
            lambda secret: secret + "\n",
            lambda secret: "ключ" + secret[4:],
        ],
    )
    def test_what_cannot_be_a_key_costs_no_query(
        self, made: NewKey, spoil: Callable[[str], str], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            assert key_by_secret(spoil(made.secret)) is None

    def test_an_expired_key_is_unknown(self, team: Team, bob: User, member: Member) -> None:
        past = timezone.now() - timedelta(seconds=1)
        made = create_key(membership=member(bob, team), name="old", scopes=[Scope.READ], expires_at=past)
        assert key_by_secret(made.secret) is None

    def test_it_lives_until_it_expires(self, team: Team, bob: User, member: Member) -> None:
        soon = timezone.now() + timedelta(minutes=1)
        made = create_key(membership=member(bob, team), name="new", scopes=[Scope.READ], expires_at=soon)
        assert caller_of(made.secret).key.expires_at == soon

    def test_a_personal_key_dies_with_the_account_and_with_the_membership(
        self, made: NewKey, team: Team, bob: User, member: Member
    ) -> None:
        User.objects.filter(pk=bob.pk).update(is_active=False)
        assert key_by_secret(made.secret) is None
        User.objects.filter(pk=bob.pk).update(is_active=True)
        assert key_by_secret(made.secret) is not None
        Membership.objects.filter(user=bob, team=team).update(deactivated_at=timezone.now())
        assert key_by_secret(made.secret) is None
        member(bob, team).delete()
        assert key_by_secret(made.secret) is None

    def test_a_service_key_outlives_its_makers_account(self, team: Team, alice: User, member: Member) -> None:
        made = create_key(membership=member(alice, team), name="nightly", scopes=[Scope.GENERATE], is_service=True)
        User.objects.filter(pk=alice.pk).update(is_active=False)
        Membership.objects.filter(user=alice, team=team).update(deactivated_at=timezone.now())
        assert caller_of(made.secret).can(Right.GENERATE)

    def test_membership_of_another_team_does_not_count(
        self, made: NewKey, other_team: Team, bob: User, team: Team
    ) -> None:
        Membership.objects.create(team=other_team, user=bob, role=Role.OWNER)
        assert caller_of(made.secret).membership.team == team
        assert caller_of(made.secret).membership.role == Role.CREATOR

    def test_the_last_use_is_noted_once_a_minute(
        self, made: NewKey, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        note_use(made.key, now=timezone.now())
        used = caller_of(made.secret).key
        assert used.last_used_at is not None
        with django_assert_num_queries(0):
            note_use(used, now=used.last_used_at + timedelta(seconds=59))
        long_ago = timezone.now() - timedelta(minutes=1)
        ApiKey.objects.update(last_used_at=long_ago)
        note_use(caller_of(made.secret).key, now=timezone.now())
        assert caller_of(made.secret).key.last_used_at != long_ago


class TestRights:
    @pytest.mark.parametrize(
        ("scopes", "rights"),
        [
            ([Scope.GENERATE], {Right.GENERATE}),
            ([Scope.READ], {Right.VIEW}),
            ([Scope.MANAGE], {Right.MANAGE_JOBS, Right.MANAGE_CREDITS, Right.MANAGE_TEAM}),
            ([Scope.READ, Scope.GENERATE], {Right.VIEW, Right.GENERATE}),
        ],
    )
    def test_an_owners_key_has_what_its_scopes_give(
        self, team: Team, alice: User, member: Member, scopes: list[Scope], rights: set[Right]
    ) -> None:
        caller = caller_of(create_key(membership=member(alice, team), name="key", scopes=scopes).secret)
        assert {right for right in Right if caller.can(right)} == rights
        assert {scope for scope in Scope if caller.can(scope)} == set(scopes)

    def test_a_personal_key_gives_no_more_than_the_role(self, team: Team, rita: User, member: Member) -> None:
        caller = caller_of(create_key(membership=member(rita, team), name="key", scopes=list(Scope)).secret)
        assert {right for right in Right if caller.can(right)} == {Right.VIEW, Right.REVIEW}

    def test_a_service_key_keeps_its_scopes_when_its_maker_is_set_back(
        self, team: Team, alice: User, member: Member
    ) -> None:
        made = create_key(membership=member(alice, team), name="nightly", scopes=[Scope.GENERATE], is_service=True)
        Membership.objects.filter(user=alice, team=team).update(role=Role.REVIEWER)
        assert caller_of(made.secret).can(Right.GENERATE)
        assert not caller_of(made.secret).can(Right.MANAGE_TEAM)


class TestEnding:
    def test_a_revoked_key_is_unknown_at_once_and_told_of_once(self, made: NewKey, bob: User) -> None:
        revoke_key(key=made.key, actor=bob)
        assert key_by_secret(made.secret) is None
        first = made.key.revoked_at
        revoke_key(key=made.key, actor=bob)
        assert (made.key.revoked_at, Event.objects.filter(kind="key.revoked").count()) == (first, 1)

    def test_after_a_rotation_both_secrets_open_until_the_overlap_has_passed(self, made: NewKey, bob: User) -> None:
        new = rotate_key(key=made.key, actor=bob, overlap=timedelta(hours=1))
        assert caller_of(made.secret).key == caller_of(new.secret).key == made.key
        ApiKeySecret.objects.filter(prefix=made.secret[:12]).update(expires_at=timezone.now())
        assert key_by_secret(made.secret) is None
        assert caller_of(new.secret).key == made.key

    def test_without_an_overlap_the_old_secret_ends_at_once(self, made: NewKey, bob: User) -> None:
        new = rotate_key(key=made.key, actor=bob, overlap=timedelta(0))
        assert key_by_secret(made.secret) is None
        assert key_by_secret(new.secret) is not None

    def test_a_second_rotation_lets_no_secret_live_longer(self, made: NewKey, bob: User) -> None:
        rotate_key(key=made.key, actor=bob, overlap=timedelta(0))
        rotate_key(key=made.key, actor=bob, overlap=timedelta(days=7))
        assert key_by_secret(made.secret) is None

    def test_an_ended_key_is_not_rotated(self, made: NewKey, bob: User) -> None:
        revoke_key(key=made.key, actor=bob)
        with pytest.raises(ExpiredKeyError, match="render farm"):
            rotate_key(key=made.key, actor=bob, overlap=timedelta(0))
        assert made.key.secrets.count() == 1


class TestReaching:
    def test_a_key_is_reached_by_its_user_and_by_managers(
        self, made: NewKey, team: Team, alice: User, bob: User, rita: User, member: Member
    ) -> None:
        assert access_key(member(bob, team), made.key.pk) == access_key(member(alice, team), made.key.pk) == made.key
        with pytest.raises(NotFoundError):
            access_key(member(rita, team), made.key.pk)

    def test_it_is_not_there_for_another_team(
        self, made: NewKey, other_team: Team, charlie: User, member: Member
    ) -> None:
        with pytest.raises(NotFoundError):
            access_key(member(charlie, other_team), made.key.pk)
