"""An asset belongs to one team; for everybody else it is not there."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser

from generations.accounts.models import Team, User
from generations.accounts.roles import Right
from generations.common.errors import ForbiddenError, NotFoundError
from generations.media.access import access_asset
from generations.media.models import Asset


@pytest.fixture
def still(team: Team) -> Asset:
    return Asset.objects.create(
        team=team, kind="still", name="a.jpg", mime="image/jpeg", sha256="aa" * 32, bytes=1, width=1, height=1
    )


def test_every_member_reaches_it(still: Asset, alice: User, bob: User, rita: User):
    for user in (alice, bob, rita):
        assert access_asset(user, still.pk) == still
        assert access_asset(user, str(still.pk)) == still


def test_outsiders_cannot_tell_it_from_nothing(still: Asset, charlie: User, other_team: Team):
    messages = set()
    for user, asset_id in [(charlie, still.pk), (charlie, uuid4()), (charlie, "no id"), (AnonymousUser(), still.pk)]:
        with pytest.raises(NotFoundError) as refusal:
            access_asset(user, asset_id)
        messages.add(refusal.value.message)

    assert len(messages) == 1


def test_a_member_who_left_is_an_outsider(still: Asset, bob: User):
    bob.memberships.all().delete()

    with pytest.raises(NotFoundError):
        access_asset(bob, still.pk)


def test_members_without_the_right_are_told_so(still: Asset, bob: User, rita: User):
    assert access_asset(bob, still.pk, Right.GENERATE) == still
    with pytest.raises(ForbiddenError):
        access_asset(rita, still.pk, Right.GENERATE)


def test_the_team_comes_with_it(still: Asset, bob: User, django_assert_num_queries):
    with django_assert_num_queries(2):
        asset = access_asset(bob, still.pk)
        assert asset.team.name == "Lighthouse"
