"""Signatures of the Standard Webhooks specification, checked by hand and by its library."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from generations.common.encryption import encrypt
from generations.events.models import SECRET_PURPOSE, WebhookDelivery, WebhookEndpoint
from generations.events.webhooks.signing import body_bytes, new_secret, signed_headers

OLD, NEW = "whsec_" + base64.b64encode(b"o" * 32).decode(), "whsec_" + base64.b64encode(b"n" * 32).decode()
PAYLOAD = {"data": {"team": "lighthouse", "note": "naïve \N{CLAPPER BOARD}"}, "type": "webhook.test", "timestamp": "t"}


@pytest.fixture
def now() -> datetime:
    """The time at the start of each test: the library rejects signatures older than five minutes."""
    return datetime.now(UTC)


def make_delivery(**changes: object) -> WebhookDelivery:
    endpoint = WebhookEndpoint(encrypted_secret=encrypt(NEW, purpose=SECRET_PURPOSE), **changes)
    return WebhookDelivery(id=UUID(int=7), endpoint=endpoint, payload=PAYLOAD)


def by_hand(secret: str, message_id: str, moment: datetime, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{int(moment.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_the_signature_follows_the_specification(now: datetime) -> None:
    body = body_bytes(PAYLOAD)
    headers = signed_headers(make_delivery(), body, now)
    assert headers["webhook-id"] == str(UUID(int=7))
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))
    assert headers["webhook-signature"] == by_hand(NEW, str(UUID(int=7)), now, body)
    assert Webhook(NEW).verify(body, headers) == PAYLOAD


def test_the_test_vector_of_the_standard() -> None:
    secret, message_id, moment = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert by_hand(secret, message_id, datetime.fromtimestamp(moment, UTC), b'{"test": 2432232314}') == expected
    assert Webhook(secret).sign(message_id, datetime.fromtimestamp(moment, UTC), '{"test": 2432232314}') == expected


@pytest.mark.parametrize(("offset", "signs"), [(1, [NEW, OLD]), (-1, [NEW])])
def test_both_secrets_sign_during_a_rotation(now: datetime, offset: int, signs: list[str]) -> None:
    body = body_bytes(PAYLOAD)
    delivery = make_delivery(
        encrypted_old_secret=encrypt(OLD, purpose=SECRET_PURPOSE), old_secret_until=now + timedelta(hours=offset)
    )
    headers = signed_headers(delivery, body, now)
    assert headers["webhook-signature"].split() == [by_hand(secret, str(delivery.pk), now, body) for secret in signs]
    for secret in signs:
        Webhook(secret).verify(body, headers)


def test_a_changed_body_is_rejected(now: datetime) -> None:
    headers = signed_headers(make_delivery(), body_bytes(PAYLOAD), now)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(body_bytes({**PAYLOAD, "type": "other"}), headers)


def test_the_body_does_not_depend_on_the_stored_order() -> None:
    turned = dict(reversed(PAYLOAD.items()))
    assert body_bytes(turned) == body_bytes(PAYLOAD)
    assert list(json.loads(body_bytes(turned))) == ["type", "timestamp", "data"]


def test_secrets_are_32_random_bytes() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in made} == {32}
