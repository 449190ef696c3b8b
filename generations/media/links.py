"""Addresses that are their own permission: whoever has one may read the file until it ends, without a key."""

import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from generations.common.errors import NotFoundError

from .models import Asset

_signer = "dailies.media.links"


def signed_url(asset_id: UUID, *, name: str, life: timedelta | None = None) -> str:
    """Build the absolute URL of an asset. `name` is the last part, which programs save the file under."""
    ends = int(time.time() + (life or settings.RESULT_URL_LIFE).total_seconds())
    token = Signer(salt=_signer, sep="~").sign(f"{asset_id.hex}.{ends}")
    return settings.PUBLIC_URL + reverse("file", args=[token, name])


def asset_by_token(token: str) -> Asset:
    """The asset of a signed address. Raises NotFoundError when it is forged or its time is over."""
    try:
        asset_id, ends = Signer(salt=_signer, sep="~").unsign(token).split(".")
    except (BadSignature, ValueError) as error:
        raise NotFoundError("This address is not complete.") from error
    if int(ends) <= time.time():
        raise NotFoundError("This address has expired. Ask for the job again to get a new one.")
    asset = Asset.objects.filter(pk=UUID(asset_id)).first()
    if asset is None:
        raise NotFoundError
    return asset
