"""From an image URI of the contract to the bytes it names."""

import asyncio
import base64
import binascii

from .fetch import fetch_image
from .images import BadImageError
from .uploads import SCHEME, UploadStore


async def read_image_uri(uri: str, *, owner: str, uploads: UploadStore) -> bytes:
    """Return the bytes behind one of the three forms. Raises BadImageError."""
    if uri.startswith("data:"):
        return await asyncio.to_thread(_decoded, uri)
    if uri.startswith(SCHEME):
        data = await asyncio.to_thread(uploads.read, uri.removeprefix(SCHEME), owner)
        if data is None:
            raise BadImageError("there is no such upload, or it has expired, or its bytes were never sent")
        return data
    return await fetch_image(uri)


def _decoded(uri: str) -> bytes:
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadImageError("the data is not valid base64") from error
