"""Which addresses a webhook may be sent to."""

import httpx
from django.conf import settings

from generations.common.errors import DailiesError
from generations.contract.addresses import is_public

MOST_CHARACTERS = 500
"""Of an address."""


class BadEndpointError(DailiesError):
    """An address or a kind that cannot be taken; `field` says which."""

    status = 422
    code = "invalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def may_connect(address: str) -> bool:
    """Whether a webhook may go to this address: a public one, or this machine where the settings say so."""
    return is_public(address) or (settings.WEBHOOKS_TO_LOOPBACK and _is_loopback(address))


def checked_url(url: str) -> str:
    """The address as it will be called. Raises BadEndpointError; the host is looked up only when something is sent."""
    try:
        target = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise BadEndpointError("url", "This is not an address. It begins with https:// and a host name.") from error
    if target.scheme != "https" and not (settings.WEBHOOKS_TO_LOOPBACK and target.scheme == "http"):
        raise BadEndpointError("url", "The address must begin with https://.")
    if not target.host or target.userinfo or target.fragment or target.port == 0:
        raise BadEndpointError("url", "The address needs a host name, and neither a user name nor a #part.")
    if len(str(target)) > MOST_CHARACTERS:
        raise BadEndpointError("url", f"The address may have at most {MOST_CHARACTERS} characters.")
    return str(target)


def host_of(url: str) -> str:
    """What of an address may be shown to many: the rest of it may hold a secret of its receiver."""
    return httpx.URL(url).host


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
