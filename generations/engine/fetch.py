"""Fetch an image from a URL of a request: public hosts only, no redirects, limits on size and time."""

import asyncio
import ssl

import httpx

from generations.common.ssrf import AddressPolicy, BodyTooLargeError, HostRejectedError, read_body, safe_client
from generations.contract.support import SUPPORT

from .images import BadImageError

DEADLINE_SECONDS = 10


async def fetch_image(
    url: str,
    *,
    policy: AddressPolicy = AddressPolicy(),  # noqa: B008 - it is immutable
    tls: ssl.SSLContext | None = None,
) -> bytes:
    """Return the body of an https URL. Raises BadImageError with a cause that the client can act on."""
    limit = SUPPORT.image.https_url_max_bytes
    headers = {"Accept": ", ".join(SUPPORT.image.mime)}
    try:
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            safe_client(policy, tls=tls) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code != 200:
                hint = "; redirects are not followed" if response.is_redirect else ""
                raise BadImageError(f"the URL returned HTTP {response.status_code}{hint}")
            return await read_body(response, limit)
    except TimeoutError as error:
        raise BadImageError(f"the URL did not respond within {DEADLINE_SECONDS} seconds") from error
    except HostRejectedError as error:
        raise BadImageError(f"the URL cannot be fetched: {error}; use an upload or a data URI") from error
    except BodyTooLargeError as error:
        raise BadImageError(f"the image at the URL has more than {limit:,} bytes") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise BadImageError(f"the URL cannot be fetched from here ({type(error).__name__})") from error
