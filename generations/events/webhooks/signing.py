"""Secrets and signatures as specified by Standard Webhooks."""

import base64
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from ..models import WebhookDelivery, WebhookEndpoint

SECRET_BYTES = 32


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def body_bytes(payload: dict[str, Any]) -> bytes:
    """Return the body as it is signed and sent: the same bytes at every attempt, type first."""
    ordered = {name: payload[name] for name in ("type", "timestamp", "data")}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(delivery: WebhookDelivery, body: bytes, now: datetime) -> dict[str, str]:
    """Return the three headers of the standard, with a signature by each valid secret."""
    moment = now.astimezone(UTC)
    signers = [Webhook(secret) for secret in valid_secrets(delivery.endpoint, now)]
    signatures = [signer.sign(str(delivery.pk), moment, body.decode()) for signer in signers]
    return {
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def valid_secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first. Raises UnreadableSecretError."""
    has_two = endpoint.old_secret_until is not None and endpoint.old_secret_until > now
    return [endpoint.secret, endpoint.old_secret] if has_two else [endpoint.secret]
