"""Errors to a tracker that speaks Sentry's protocol, when there is an address for it."""

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured
from pydantic import SecretStr


def report_errors(dsn: SecretStr | None) -> None:
    """Do nothing without a DSN. No cookies, addresses, request bodies or variables are sent."""
    if dsn is None:
        return
    if find_spec("sentry_sdk") is None:
        raise ImproperlyConfigured("SENTRY_DSN is set but sentry-sdk is not installed; install the extra `sentry`")
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn.get_secret_value(),
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
    )
