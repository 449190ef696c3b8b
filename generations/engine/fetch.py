"""Fetch an image from a stranger's URL: public hosts only, no redirects, and limits on size and time.

The name is resolved once and the connection goes to the address that was checked, so a name that changes its mind
between check and use gains nothing.
"""

import asyncio
import socket

import httpx

from generations.contract.addresses import is_public
from generations.contract.support import SUPPORT

from .images import BadImageError

DEADLINE_SECONDS = 10


async def fetch_image(url: str) -> bytes:
    """Return the bytes behind an https URL. Raises BadImageError with a cause that the client can act on."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            target = httpx.URL(url)
            address = await public_address(target.host, target.port or 443)
            async with httpx.AsyncClient(trust_env=False) as client:
                return await download(client, pinned_request(target, address))
    except TimeoutError as error:
        raise BadImageError(f"the URL did not answer within {DEADLINE_SECONDS} seconds") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise BadImageError(f"the URL cannot be fetched from here ({type(error).__name__})") from error


def pinned_request(url: httpx.URL, address: str) -> httpx.Request:
    """Build a GET that connects to `address` and still speaks to, and verifies, the host of the URL."""
    return httpx.Request(
        "GET",
        url.copy_with(host=address),
        headers={"host": url.netloc.decode("ascii"), "accept": ", ".join(SUPPORT.image.mime)},
        extensions={
            "sni_hostname": url.raw_host.decode("ascii"),
            "timeout": httpx.Timeout(DEADLINE_SECONDS).as_dict(),
        },
    )


async def public_address(host: str, port: int) -> str:
    """Resolve a host name. Raises BadImageError when it is unknown, or when any of its addresses is not public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadImageError("the host name of the URL is not known here; use an upload or a data URI") from error
    addresses = [str(item[4][0]) for item in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise BadImageError("the URL must name a public host")
    return addresses[0]


async def download(client: httpx.AsyncClient, request: httpx.Request) -> bytes:
    """Return the body of a plain 200 answer within the size limit of the contract."""
    limit = SUPPORT.image.https_url_max_bytes
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        if response.status_code != 200:
            hint = "; redirects are not followed" if response.is_redirect else ""
            raise BadImageError(f"the URL answered {response.status_code}{hint}")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > limit:
                raise BadImageError(f"the image behind the URL has more than {limit:,} bytes")
        return bytes(body)
    finally:
        await response.aclose()
