"""The form of an API key's secret: recognisable in leaked text, checkable without asking anybody, stored as a hash.

`dly_`, 32 random letters and digits, then six that are the CRC-32 of all before them, in base 62.
"""

import hashlib
import re
import secrets
import string
import zlib

MARK = "dly_"
SHOWN = 12

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 32, 6
_FORM = re.compile(rf"{MARK}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")


def new_secret() -> str:
    body = MARK + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def is_well_formed(secret: str) -> bool:
    """Whether it can be one of ours at all; a typing error is found here, not in the database."""
    return bool(_FORM.fullmatch(secret)) and _checksum(secret[:-_CHECK]) == secret[-_CHECK:]


def digest_of(secret: str) -> str:
    """A plain hash is enough: 190 random bits cannot be guessed through it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def prefix_of(secret: str) -> str:
    return secret[:SHOWN]


def _checksum(body: str) -> str:
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
