"""The three forms an image may be named in. Only the form is checked here; fetching is somebody else's job."""

import ipaddress
import re
from urllib.parse import urlsplit

from .support import SUPPORT

_UPLOAD = re.compile(r"ltx://uploads/[A-Za-z0-9_-]{1,200}")
_DATA_HEAD = re.compile(r"data:(?P<mime>[a-z]+/[a-z0-9.+-]+);base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def image_uri_problem(uri: str) -> str | None:
    """Say what is wrong with the form of an image URI, or None when it is one of the three forms."""
    if uri.startswith("data:"):
        return _data_uri_problem(uri)
    if uri.startswith("ltx:"):
        return None if _UPLOAD.fullmatch(uri) else "an upload is written ltx://uploads/<id>"
    return _https_problem(uri)


def _data_uri_problem(uri: str) -> str | None:
    limit = SUPPORT.image.data_uri_max_encoded_bytes
    if len(uri) > limit:
        return f"a data URI may have at most {limit:,} bytes; this one has {len(uri):,}. Use an upload instead"
    head = _DATA_HEAD.match(uri)
    if not head:
        return "a data URI must be data:<mime>;base64,<data>"
    if head["mime"].lower() not in SUPPORT.image.mime:
        return f"the image must be one of {', '.join(SUPPORT.image.mime)}"
    if not _BASE64.fullmatch(uri, head.end()):
        return "the data is not base64"
    return None


def _https_problem(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "this is not a valid URL"
    if parts.scheme != "https":
        return "use an https:// URL, a data: URI or an ltx://uploads/ URI"
    if parts.username is not None or parts.password is not None:
        return "the URL must not carry a user name or password"
    if "." not in host.strip(".") or _is_ip_literal(host):
        return "the URL must name a public host, not an IP address"
    return None


def _is_ip_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # 0x7f.1, 2130706433 and 127.1 are addresses too: no public host name ends in a number.
        return bool(re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", host.rstrip(".").rsplit(".", 1)[-1], re.IGNORECASE))
    return True
