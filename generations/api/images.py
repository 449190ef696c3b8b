"""Turn an image URI of the contract, in any of its three forms, into an image of the team."""

import base64
import binascii

from django.core.files.base import ContentFile

from generations.accounts.api_keys import Caller
from generations.common.errors import NotFoundError
from generations.media.fetch import FetchError, fetch_image
from generations.media.images import BadImageError, measure_image, store_image
from generations.media.models import Asset
from generations.media.uploads import SCHEME, uploaded_image

from .errors import InvalidRequestError

IMAGE_ERRORS = (BadImageError, FetchError, NotFoundError)


def image_of(caller: Caller, field: str, uri: str) -> Asset:
    """Return the image. The same bytes give the same image. Raises InvalidRequestError, which names the field."""
    try:
        if uri.startswith(SCHEME):
            return uploaded_image(caller.membership, uri)
        return store_image(team=caller.team, uploader=caller.user, file=ContentFile(_bytes_of(uri)))
    except IMAGE_ERRORS as error:
        raise InvalidRequestError(f"{field}: {error.message}") from error


def size_of(caller: Caller, uri: str) -> tuple[int, int]:
    """Return width and height. Checks the image as `image_of` does and raises IMAGE_ERRORS, but stores nothing."""
    if uri.startswith(SCHEME):
        image = uploaded_image(caller.membership, uri)
        return image.width, image.height
    return measure_image(ContentFile(_bytes_of(uri)))


def _bytes_of(uri: str) -> bytes:
    return _decoded(uri) if uri.startswith("data:") else fetch_image(uri)


def _decoded(uri: str) -> bytes:
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise BadImageError("the data is not valid base64") from error
