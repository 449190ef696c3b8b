"""Access to assets, their names and their storage keys."""

import unicodedata
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import given
from hypothesis import strategies as st

from generations.accounts.models import Team, User
from generations.accounts.roles import Right
from generations.common.errors import ForbiddenError, NotFoundError
from generations.media.assets import access_asset, asset_key, asset_membership, clean_name, with_extension
from generations.media.models import Asset


@pytest.fixture
def image(team: Team) -> Asset:
    return Asset.objects.create(
        team=team, kind="still", name="a.jpg", mime="image/jpeg", sha256="aa" * 32, bytes=1, width=1, height=1
    )


def test_every_member_can_access_it(image: Asset, alice: User, bob: User, rita: User):
    for user in (alice, bob, rita):
        assert access_asset(asset_membership(user, image.pk), image.pk) == image


def test_outsiders_cannot_tell_it_from_an_unknown_one(image: Asset, charlie: User, other_team: Team):
    messages = set()
    for user, asset_id in [(charlie, image.pk), (charlie, uuid4()), (AnonymousUser(), image.pk)]:
        with pytest.raises(NotFoundError) as error:
            asset_membership(user, asset_id)
        messages.add(error.value.message)
    with pytest.raises(NotFoundError) as error:
        access_asset(charlie.memberships.get(), image.pk)
    messages.add(error.value.message)

    assert len(messages) == 1


def test_a_former_member_is_an_outsider(image: Asset, bob: User):
    bob.memberships.all().delete()

    with pytest.raises(NotFoundError):
        asset_membership(bob, image.pk)


def test_a_member_without_the_right_is_forbidden(image: Asset, bob: User, rita: User):
    assert access_asset(bob.memberships.get(), image.pk, Right.GENERATE) == image
    with pytest.raises(ForbiddenError):
        access_asset(rita.memberships.get(), image.pk, Right.GENERATE)


def test_the_team_is_loaded_with_it(image: Asset, bob: User, django_assert_num_queries):
    with django_assert_num_queries(2):
        asset = access_asset(asset_membership(bob, image.pk), image.pk)
        assert asset.team.name == "Lighthouse"


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("beach.jpg", "beach.jpg"),
        ("C:\\photos\\beach.jpg", "beach.jpg"),
        ("../../etc/passwd", "passwd"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("a\r\nb\0c\x7f.png", "a bc.png"),
        ("  two   words .png ", "two words .png"),
        ("U\u0308ber.png", "\u00dcber.png"),
        ("x" * 300 + ".png", "x" * 200),
        ("\ud800.png", ".png"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_clean_name_has_only_visible_characters(given_name: str | None, shown: str):
    assert clean_name(given_name) == shown


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=400))
def test_every_name_can_be_stored_and_shown(name: str):
    shown = clean_name(name)

    assert len(shown) <= 200
    assert shown == clean_name(shown)
    assert not any(char in "/\\" or unicodedata.category(char).startswith("C") for char in shown)


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("beach.png", "beach.jpg"),
        ("page.html", "page.jpg"),
        ("beach", "beach.jpg"),
        (".jpg", "jpg.jpg"),
        ("...", "file.jpg"),
    ],
)
def test_the_extension_is_that_of_the_stored_type(name: str, offered: str):
    assert with_extension(name, "jpg") == offered


def test_a_key_depends_on_the_content():
    assert (
        asset_key(team_id=7, kind="still", sha256="ab" * 32, mime="image/webp") == f"teams/7/stills/ab/{'ab' * 32}.webp"
    )


def test_other_types_have_no_key():
    with pytest.raises(KeyError):
        asset_key(team_id=7, kind="still", sha256="ab" * 32, mime="text/html")
