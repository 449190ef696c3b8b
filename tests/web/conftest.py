from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import Settings

from generations.accounts.models import Membership, Team, User
from generations.credits.models import Quota
from generations.media.models import Asset
from tests.conftest import PASSWORD
from tests.library.factories import make_asset
from tests.web.pages import form_values


@pytest.fixture(autouse=True)
def _own_media_folder(settings: Settings, tmp_path: Path) -> None:
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "media", "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}


@pytest.fixture
def own_cache(settings: Settings) -> None:
    """Use cache keys of this test only, because other tests run at the same time."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}}


@pytest.fixture
def still(team: Team) -> Asset:
    return make_asset(team)


@pytest.fixture
def studio(team: Team) -> str:
    return f"/t/{team.slug}/studio/"


@pytest.fixture
def filled(client_of: Callable[[User], Client], bob: User, still: Asset, studio: str) -> Callable[..., dict[str, str]]:
    """Return a function that fills in bob's new form."""

    def fill(**changes: object) -> dict[str, str]:
        page = client_of(bob).get(studio)
        return form_values(page, **{"first_frame": str(still.pk), "prompt": "The lantern sways.", **changes})

    return fill


@pytest.fixture
def give_quota(team: Team) -> Callable[[User, int], Quota]:
    return lambda user, cap: Quota.objects.create(
        team=team, membership=Membership.objects.get(team=team, user=user), cap=cap
    )


@pytest.fixture
def verified(bob: User) -> User:
    """Bob with a confirmed email address, so he can sign in with the form."""
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    return bob


@pytest.fixture
def proven() -> Callable[[User], Client]:
    """Return a function that signs in a user who has just entered the password again."""

    def prove(user: User) -> Client:
        client = Client()
        client.post("/account/login/", {"login": user.email, "password": PASSWORD})
        done = client.post("/account/reauthenticate/", {"password": PASSWORD})
        assert done.status_code == 302
        return client

    return prove
