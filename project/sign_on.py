"""Single sign-on, by what the environment says; off without it."""

from typing import Any

from project.env import Environment

PROVIDER_ID = "sso"


def sign_on_providers(env: Environment) -> dict[str, Any]:
    """The library's setting for one OpenID Connect provider, or for none."""
    if env.oidc_client_secret is None:
        return {}
    app = {
        "provider_id": PROVIDER_ID,
        "name": env.oidc_name,
        "client_id": env.oidc_client_id,
        "secret": env.oidc_client_secret.get_secret_value(),
        "settings": {
            "server_url": env.oidc_issuer_url,
            "oauth_pkce_enabled": True,
            "email_authentication": env.oidc_trust_email,
        },
    }
    return {"openid_connect": {"APPS": [app]}}
