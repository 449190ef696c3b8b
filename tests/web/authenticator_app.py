"""An authenticator app: RFC 6238 with six digits and thirty seconds."""

import base64
import hashlib
import hmac
import time


def code_now(secret: str) -> str:
    counter = int(time.time()) // 30
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"
