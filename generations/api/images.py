"""From an image URI of the contract, in any of its three forms, to a still of the team."""

import base64
import binascii

from django.core.files.base import ContentFile

from generations.accounts.callers import Caller
from generations.common.errors import NotFoundError
from generations.media.fetch import FetchError, fetch_image
from generations.media.images import BadImageError, measure_image, store_image
from generations.media.models import Asset
from generations.media.uploads import SCHEME, uploaded_image

from .errors import InvalidRequestError

IMAGE_FAULTS = (BadImageError, FetchError, NotFoundError)


def still_of(caller: Caller, field: str, uri: str) -> Asset:
    """Return the image; the same bytes again give the same one. Raises InvalidRequestError, which names the field."""
    try:
        if uri.startswith(SCHEME):
            return uploaded_image(caller.membership, uri)
        return store_image(team=caller.team, uploader=caller.user, file=ContentFile(_bytes_of(uri)))
    except IMAGE_FAULTS as error:
        raise InvalidRequestError(f"{field}: {error.message}") from error


def size_of(caller: Caller, uri: str) -> tuple[int, int]:
    """Width and height that the still would have. Looks at it as `still_of` does and raises IMAGE_FAULTS, but stores
    nothing."""
    if uri.startswith(SCHEME):
        still = uploaded_image(caller.membership, uri)
        return still.width, still.height
    return measure_image(ContentFile(_bytes_of(uri)))


def _bytes_of(uri: str) -> bytes:
    return _decoded(uri) if uri.startswith("data:") else fetch_image(uri)


def _decoded(uri: str) -> bytes:
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise BadImageError("the data is not valid base64") from error
