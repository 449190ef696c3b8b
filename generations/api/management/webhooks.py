"""Webhook endpoints and their deliveries, for keys that may manage the team."""

import re
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, WithJsonSchema

from generations.accounts.roles import Right
from generations.common.pagination import keyset_page
from generations.events.kinds import PUBLIC_KINDS
from generations.events.models import DeliveryAttempt, DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint
from generations.events.webhooks import delivery_log, endpoints
from generations.events.webhooks.http import MAX_URL_CHARACTERS

from .auth import MANAGE, ApiRequest, require_right
from .openapi import errors
from .schemas import Input, Moment, PageOut, PageParams, Text, one_of

router = Router(tags=["Webhooks"])

_PORT = r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}"
_PATH = r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
_URL = rf"^https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:({_PORT}))?{_PATH}$"


def _check_url(url: str) -> str:
    if len(url) > MAX_URL_CHARACTERS or not re.fullmatch(_URL, url):
        raise ValueError(
            "must be a URL such as https://example.com/hook: with a host name, without a user name or fragment, "
            f"and with at most {MAX_URL_CHARACTERS} characters, none of which need escaping"
        )
    return url


Url = Annotated[
    str,
    AfterValidator(_check_url),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _URL,
            "maxLength": MAX_URL_CHARACTERS,
            "description": "An https:// URL of a public host.",
        }
    ),
]
Kind = Annotated[str, one_of(*PUBLIC_KINDS)]
Kinds = Annotated[list[Kind], Field(description="Event types; empty means all, including future ones.")]
Description = Annotated[Text, Field(max_length=120)]


class WebhookOut(BaseModel):
    id: UUID
    url: str
    description: str
    kinds: list[str]
    state: EndpointState
    state_reason: str = Field(description="Reason it is paused or off.")
    failing_since: Moment | None
    created_at: Moment

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "WebhookOut":
        return cls.model_validate({name: getattr(endpoint, name) for name in WebhookOut.model_fields})


class WebhookDetail(WebhookOut):
    secret: str = Field(description="Signing secret (Standard Webhooks): `whsec_` and the key in base64.")
    old_secret_until: Moment | None = Field(description="Until then, messages are signed with the old secret as well.")

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "WebhookDetail":
        return cls.model_validate({name: getattr(endpoint, name) for name in cls.model_fields})


class WebhookInput(Input):
    url: Url
    kinds: Kinds = []
    description: Description = ""


class WebhookChanges(Input):
    """Omitted fields do not change."""

    url: Url | None = None
    kinds: Kinds | None = None
    description: Description | None = None


class SecretRotation(Input):
    overlap_hours: int = Field(24, ge=0, le=30 * 24, description="How long the old secret also signs messages.")


class Recovery(Input):
    since: AwareDatetime


class Recovered(BaseModel):
    count: int = Field(description="Number of deliveries queued again.")


class DeliveryOut(BaseModel):
    """A delivery of one event. The id is the `webhook-id` header of every attempt."""

    id: UUID
    type: str
    state: DeliveryState
    tries: int
    next_try_at: Moment | None
    created_at: Moment
    settled_at: Moment | None

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> "DeliveryOut":
        return cls.model_validate(_members(delivery))


class TryOut(BaseModel):
    status: int | None = Field(description="HTTP status; null without a response. `error` has the reason.")
    error: str
    answer: str = Field(description="The first characters of the response body.")
    milliseconds: int
    created_at: Moment

    @classmethod
    def of(cls, attempt: DeliveryAttempt) -> "TryOut":
        return cls(
            status=attempt.status,
            error=attempt.error,
            answer=attempt.response,
            milliseconds=attempt.milliseconds,
            created_at=attempt.created_at,
        )


class DeliveryDetail(DeliveryOut):
    payload: dict[str, Any] = Field(description="The request body.")
    log: list[TryOut]

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> "DeliveryDetail":
        log = [TryOut.of(attempt) for attempt in delivery.attempts.all()]
        return cls.model_validate({**_members(delivery), "payload": delivery.payload, "log": log})


class DeliveryFilters(PageParams):
    state: DeliveryState | None = None


@router.get("", auth=MANAGE, response=PageOut[WebhookOut], operation_id="list_webhooks")
def list_webhooks(request: ApiRequest) -> PageOut[WebhookOut]:
    """List all webhooks of the team, 20 at most."""
    found = WebhookEndpoint.objects.filter(team=_managed_team_id(request)).order_by("created_at", "pk")
    return PageOut(data=[WebhookOut.of(endpoint) for endpoint in found], next_cursor=None)


@router.post("", auth=MANAGE, response={201: WebhookDetail}, operation_id="create_webhook", openapi_extra=errors(409))
def create(request: ApiRequest, data: WebhookInput) -> WebhookDetail:
    """Create a webhook for events from now on. The response contains the secret."""
    team_id = _managed_team_id(request)
    made = endpoints.create_endpoint(team_id=team_id, actor_id=_actor(request), **data.model_dump())
    return _shown(team_id, made)


@router.get(
    "/{uuid:webhook_id}",
    auth=MANAGE,
    response=WebhookDetail,
    operation_id="get_webhook",
    openapi_extra=errors(404),
)
def get_webhook(request: ApiRequest, webhook_id: UUID) -> WebhookDetail:
    """Get a webhook with its secret."""
    return WebhookDetail.of(_access(request, webhook_id))


@router.patch(
    "/{uuid:webhook_id}",
    auth=MANAGE,
    response=WebhookDetail,
    operation_id="change_webhook",
    openapi_extra=errors(404),
)
def change(request: ApiRequest, webhook_id: UUID, changes: WebhookChanges) -> WebhookDetail:
    """Change URL, event types or description. Pending deliveries go to the new URL."""
    endpoint = _access(request, webhook_id)
    endpoints.change_endpoint(endpoint=endpoint, actor_id=_actor(request), **changes.model_dump())
    return WebhookDetail.of(endpoint)


@router.delete(
    "/{uuid:webhook_id}",
    auth=MANAGE,
    response={204: None},
    operation_id="delete_webhook",
    openapi_extra=errors(404),
)
def delete(request: ApiRequest, webhook_id: UUID) -> HttpResponse:
    """Delete the webhook, its log and its pending deliveries."""
    endpoints.delete_endpoint(endpoint=_access(request, webhook_id), actor_id=_actor(request))
    return HttpResponse(status=204)


@router.post(
    "/{uuid:webhook_id}/on",
    auth=MANAGE,
    response=WebhookDetail,
    operation_id="switch_webhook_on",
    openapi_extra=errors(404),
)
def switch_on(request: ApiRequest, webhook_id: UUID) -> WebhookDetail:
    """Enable the webhook. Deliveries that were pending while it was paused are sent first."""
    endpoint = _access(request, webhook_id)
    endpoints.turn_on(endpoint=endpoint, actor_id=_actor(request))
    return WebhookDetail.of(endpoint)


@router.post(
    "/{uuid:webhook_id}/off",
    auth=MANAGE,
    response=WebhookDetail,
    operation_id="switch_webhook_off",
    openapi_extra=errors(404),
)
def switch_off(request: ApiRequest, webhook_id: UUID) -> WebhookDetail:
    """Disable the webhook. Events that occur while it is off are not delivered later."""
    endpoint = _access(request, webhook_id)
    endpoints.turn_off(endpoint=endpoint, actor_id=_actor(request))
    return WebhookDetail.of(endpoint)


@router.post(
    "/{uuid:webhook_id}/rotate",
    auth=MANAGE,
    response=WebhookDetail,
    operation_id="rotate_webhook_secret",
    openapi_extra=errors(404),
)
def rotate(request: ApiRequest, webhook_id: UUID, rotation: SecretRotation) -> WebhookDetail:
    """Create a new secret. During the overlap, messages are signed with both."""
    endpoint = _access(request, webhook_id)
    overlap = timedelta(hours=rotation.overlap_hours)
    endpoints.rotate_secret(endpoint=endpoint, actor_id=_actor(request), overlap=overlap)
    return WebhookDetail.of(endpoint)


@router.post(
    "/{uuid:webhook_id}/test",
    auth=MANAGE,
    response={202: DeliveryOut},
    operation_id="test_webhook",
    openapi_extra=errors(404, 409),
)
def test(request: ApiRequest, webhook_id: UUID) -> DeliveryOut:
    """Send a `webhook.test` message once. Get the delivery to see the result."""
    return DeliveryOut.of(delivery_log.send_test(_access(request, webhook_id)))


@router.post(
    "/{uuid:webhook_id}/recover",
    auth=MANAGE,
    response={202: Recovered},
    operation_id="recover_webhook",
    openapi_extra=errors(404, 409),
)
def recover(request: ApiRequest, webhook_id: UUID, recovery: Recovery) -> Recovered:
    """Resend all failed deliveries since a time."""
    return Recovered(count=delivery_log.resend_failed(_access(request, webhook_id), since=recovery.since))


@router.get(
    "/{uuid:webhook_id}/deliveries",
    auth=MANAGE,
    response=PageOut[DeliveryOut],
    operation_id="list_deliveries",
    openapi_extra=errors(404),
)
def list_deliveries(request: ApiRequest, webhook_id: UUID, filters: Query[DeliveryFilters]) -> PageOut[DeliveryOut]:
    """List deliveries of the last month, newest first."""
    log = delivery_log.deliveries_of(_access(request, webhook_id), filters.state or "")
    page = keyset_page(log, cursor=filters.cursor, size=filters.limit)
    return PageOut(data=[DeliveryOut.of(delivery) for delivery in page.rows], next_cursor=page.next_cursor)


@router.get(
    "/{uuid:webhook_id}/deliveries/{uuid:delivery_id}",
    auth=MANAGE,
    response=DeliveryDetail,
    operation_id="get_delivery",
    openapi_extra=errors(404),
)
def get_delivery(request: ApiRequest, webhook_id: UUID, delivery_id: UUID) -> DeliveryDetail:
    """Get a delivery with its body and all attempts."""
    return DeliveryDetail.of(delivery_log.access_delivery(_access(request, webhook_id), delivery_id))


@router.post(
    "/{uuid:webhook_id}/deliveries/{uuid:delivery_id}/again",
    auth=MANAGE,
    response={202: DeliveryOut},
    operation_id="send_delivery_again",
    openapi_extra=errors(404, 409),
)
def send_again(request: ApiRequest, webhook_id: UUID, delivery_id: UUID) -> DeliveryOut:
    """Resend the delivery now with the same id, and restart its retry schedule."""
    endpoint = _access(request, webhook_id)
    delivery_log.resend(delivery_log.access_delivery(endpoint, delivery_id))
    return DeliveryOut.of(delivery_log.access_delivery(endpoint, delivery_id))


def _managed_team_id(request: ApiRequest) -> int:
    """Return the id of the caller's team. Raises ForbiddenError without permission to manage it."""
    require_right(request.auth, Right.MANAGE_TEAM)
    return request.auth.team.pk


def _access(request: ApiRequest, webhook_id: UUID) -> WebhookEndpoint:
    return endpoints.access_endpoint(_managed_team_id(request), webhook_id)


def _actor(request: ApiRequest) -> int:
    return request.auth.user.pk


def _shown(team_id: int, endpoint: WebhookEndpoint) -> WebhookDetail:
    return WebhookDetail.of(endpoints.access_endpoint(team_id, endpoint.pk))


def _members(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "type": delivery.kind,
        "state": delivery.state,
        "tries": delivery.attempt_count,
        "next_try_at": delivery.next_attempt_at,
        "created_at": delivery.created_at,
        "settled_at": delivery.finished_at,
    }
