"""A change of a key, its owner or its team applies from the next request on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from generations.accounts.api_keys import revoke_key, rotate_key
from generations.accounts.models import ApiKey, ApiKeySecret, Membership, Team, User
from generations.accounts.roles import Role
from generations.common.clock import database_time
from generations.jobs.models import Generation
from tests.api.contract.bodies import body_with
from tests.api.contract.conftest import Program

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[[Program, Team, User], object]


@pytest.fixture
def known(program: Program) -> Program:
    """Bob's program, which has used its key before."""
    assert program.job("nothing").status_code == 404
    return program


def deactivate(_program: Program, team: Team, user: User) -> None:
    Membership.objects.filter(team=team, user=user).update(deactivated_at=Now())


def expire(program: Program, _team: Team, _user: User) -> None:
    ApiKey.objects.filter(pk=program.key.pk).update(expires_at=database_time(timedelta(seconds=-1)))


def end_secret(program: Program, _team: Team, _user: User) -> None:
    ApiKeySecret.objects.filter(key=program.key).update(expires_at=database_time(timedelta(seconds=-1)))


def block(_program: Program, _team: Team, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def revoke(program: Program, _team: Team, user: User) -> None:
    revoke_key(key=program.key, actor=user)


def rotate_at_once(program: Program, _team: Team, user: User) -> None:
    rotate_key(key=program.key, actor=user, overlap=timedelta(0))


ENDS: list[Change] = [deactivate, expire, end_secret, block, revoke, rotate_at_once]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "ask",
    [
        lambda program: program.submit(),
        lambda program: program.submit({"prompt": "no still"}),
        lambda program: program.submit(body_with(image_uri="ltx://uploads/0")),
        lambda program: program.submit(Idempotency_Key="once"),
        lambda program: program.job("nothing"),
    ],
    ids=["submit", "bad body", "no such still", "once", "status"],
)
def test_a_revoked_caller_is_rejected_at_once(
    known: Program, funded: Team, bob: User, end: Change, ask: Callable[[Program], Any]
) -> None:
    assert known.submit(Idempotency_Key="once").status_code == 202
    end(known, funded, bob)
    assert ask(known).status_code == 401
    assert Generation.objects.count() == 1


def test_an_upload_is_rejected_as_well(known: Program, funded: Team, bob: User) -> None:
    body = body_with(image_uri=known.upload())
    deactivate(known, funded, bob)
    assert known.submit(body).status_code == 401
    assert not Generation.objects.exists()


def test_a_lesser_role_counts_at_once(known: Program, funded: Team, bob: User) -> None:
    body = body_with(image_uri=known.upload())
    Membership.objects.filter(team=funded, user=bob).update(role=Role.REVIEWER)
    assert known.submit(body).status_code == 403
    assert not Generation.objects.exists()


def test_a_greater_role_counts_at_once(known: Program, funded: Team, bob: User) -> None:
    body = body_with(image_uri=known.upload())
    Membership.objects.filter(team=funded, user=bob).update(role=Role.REVIEWER)
    assert [known.submit(body).status_code for _ in range(2)] == [403, 403]
    Membership.objects.filter(team=funded, user=bob).update(role=Role.CREATOR)
    assert known.submit(body).status_code == 202


def test_a_team_scheduled_for_deletion_accepts_no_jobs(known: Program, funded: Team) -> None:
    body = body_with(image_uri=known.upload())
    Team.objects.filter(pk=funded.pk).update(ends_at=database_time(timedelta(days=7)))
    assert known.submit(body).status_code == 403
    assert not Generation.objects.exists()
