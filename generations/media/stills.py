"""Stills: what members upload, judged, cleaned and kept."""

import hashlib
import threading

from django.core.files import File
from django.core.files.base import ContentFile

from generations.accounts.models import Team, User
from generations.contract.support import SUPPORT

from .assets import NewAsset, keep_asset
from .decode import MAX_PIXELS, MAX_SIDE, BadStillError, decode_still
from .encode import Encoded, encode_still, make_placeholder
from .models import Asset, AssetKind
from .names import clean_name

__all__ = ["MAX_PIXELS", "MAX_SIDE", "BadStillError", "measure_still", "store_still"]

# One picture at a time in a process: the memory cap of `decode` is then the process's.
_decoder = threading.Lock()


def store_still(*, team: Team, uploader: User | None, file: "File[bytes]") -> Asset:
    """Keep an uploaded JPEG, PNG or WebP as a clean still; the same upload again gives the same asset.

    What is kept is a new file made from the pixels alone: upright, sRGB, opaque (transparent parts white), at most
    12 megapixels and 15 MB, without metadata. PNG stays lossless; JPEG and WebP become JPEG.
    Raises BadStillError with a sentence for the member, StorageError when the storage fails.
    """
    data = _read(file)
    with _decoder:
        encoded, size, placeholder = _clean(data)
    new = NewAsset(
        kind=AssetKind.STILL,
        mime=encoded.mime,
        sha256=hashlib.sha256(encoded.data).hexdigest(),
        width=size[0],
        height=size[1],
        original_name=clean_name(file.name),
        placeholder=placeholder,
    )
    return keep_asset(team=team, uploader=uploader, content=ContentFile(encoded.data), new=new)


def measure_still(file: "File[bytes]") -> tuple[int, int]:
    """Width and height that the still would be kept with. Raises BadStillError as `store_still` does; keeps nothing."""
    data = _read(file)
    with _decoder:
        return decode_still(data).image.size


def _clean(data: bytes) -> tuple[Encoded, tuple[int, int], str]:
    pixels = decode_still(data)
    encoded = encode_still(pixels.image, is_lossless=pixels.is_lossless)
    return encoded, pixels.image.size, make_placeholder(pixels.image)


def _read(file: "File[bytes]") -> bytes:
    """Read the upload, stopping at the cap: what it says of its own size is not believed."""
    most = SUPPORT.image.upload_max_bytes
    file.seek(0)
    data = file.read(most + 1)
    if not data:
        raise BadStillError("This file is empty. Choose another one.")
    if len(data) > most:
        raise BadStillError(f"This file is larger than {most // 1_000_000} MB. Save it smaller, or as JPEG.")
    return bytes(data)
