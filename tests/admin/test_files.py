from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.media.images import store_image
from generations.media.models import Asset

from .conftest import page


@pytest.fixture
def still(team: Team, alice: User, settings: Settings, tmp_path: Path) -> Asset:
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    picture = BytesIO()
    Image.new("RGB", (320, 180), (40, 90, 160)).save(picture, "PNG")
    return store_image(team=team, uploader=alice, file=ContentFile(picture.getvalue(), name="still.png"))


def test_staff_see_the_picture_in_the_list(staff: Client, still: Asset) -> None:
    address = reverse("admin:generations_asset_file", args=[still.pk])
    assert f'src="{address}"' in staff.get(page(Asset, "changelist")).content.decode()
    answer = staff.get(address)
    assert answer.status_code == 200
    assert Image.open(BytesIO(b"".join(answer))).size == (320, 180)


def test_others_do_not(client: Client, client_of: Callable[[User], Client], still: Asset, charlie: User) -> None:
    address = reverse("admin:generations_asset_file", args=[still.pk])
    assert client.get(address).status_code == 302
    assert client_of(charlie).get(address, follow=True).status_code == 403
