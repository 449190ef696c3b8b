"""From an image URI of the contract, in any of its three forms, to a still of the team."""

import base64
import binascii

from django.core.files.base import ContentFile

from generations.accounts.callers import Caller
from generations.common.errors import DailiesError, NotFoundError
from generations.contract.errors import INVALID_REQUEST
from generations.media.fetch import FetchError, fetcher
from generations.media.models import Asset
from generations.media.stills import BadStillError, store_still
from generations.media.uploads import SCHEME, still_of_upload

from .errors import RefusedError


class BadImageError(DailiesError):
    """The data URI holds no base64."""


def still_of(caller: Caller, field: str, uri: str) -> Asset:
    """Return the still; the same bytes again give the same one. Raises RefusedError, which names the field."""
    try:
        if uri.startswith(SCHEME):
            return still_of_upload(caller.membership, uri)
        data = _decoded(uri) if uri.startswith("data:") else fetcher().fetch(uri)
        return store_still(team=caller.team, uploader=caller.user, file=ContentFile(data))
    except (BadImageError, BadStillError, FetchError, NotFoundError) as error:
        raise RefusedError(INVALID_REQUEST, f"{field}: {error.message}") from error


def _decoded(uri: str) -> bytes:
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise BadImageError("the data is not valid base64") from error
