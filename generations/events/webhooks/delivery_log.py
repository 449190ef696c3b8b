"""The deliveries of an endpoint: list, test, resend and delete old ones."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations.common.clock import database_time
from generations.common.errors import DailiesError, NotFoundError

from ..kinds import TEST_KIND
from ..models import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint

RETENTION = timedelta(days=30)
_SWEEP_BATCH = 5_000


class EndpointOffError(DailiesError):
    """Nothing is sent to an endpoint that is off."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("This webhook is off. Turn it on first.")


def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Queue a test message, which is attempted once. Raises EndpointOffError."""
    _require_on(endpoint)
    now = timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"team": endpoint.team.slug, "webhook": str(endpoint.pk), "links": {"self": settings.PUBLIC_URL + "/"}}
    payload = {"type": TEST_KIND, "timestamp": now, "data": data}
    return WebhookDelivery.objects.create(endpoint=endpoint, kind=TEST_KIND, payload=payload)


def resend(delivery: WebhookDelivery) -> None:
    """Send it now under the same id, with the whole retry schedule. Raises EndpointOffError."""
    _require_on(delivery.endpoint)
    _reset(WebhookDelivery.objects.filter(pk=delivery.pk))


def resend_failed(endpoint: WebhookEndpoint, *, since: datetime) -> int:
    """Resend the deliveries created since then that failed, and return their number. Raises EndpointOffError."""
    _require_on(endpoint)
    failed = endpoint.deliveries.filter(state=DeliveryState.FAILED, event__isnull=False, created_at__gte=since)
    return _reset(failed)


def access_delivery(endpoint: WebhookEndpoint, delivery_id: UUID) -> WebhookDelivery:
    """Return one delivery of the endpoint with its attempts. Raises NotFoundError."""
    found = deliveries_of(endpoint).prefetch_related("attempts").filter(pk=delivery_id).first()
    if found is None:
        raise NotFoundError
    return found


def deliveries_of(endpoint: WebhookEndpoint, state: str = "") -> QuerySet[WebhookDelivery]:
    """Return the deliveries of the endpoint, all or those in one state."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).select_related("endpoint__team")
    return rows.filter(state=state) if state in DeliveryState.values else rows


def sweep_deliveries() -> int:
    """Delete deliveries older than RETENTION, one batch per call, and return the number of deleted rows."""
    old = Q(created_at__lt=database_time(-RETENTION))
    rows = WebhookDelivery.objects.filter(old).order_by("created_at").values("pk")[:_SWEEP_BATCH]
    return WebhookDelivery.objects.filter(pk__in=rows).delete()[0]


def _reset(rows: QuerySet[WebhookDelivery]) -> int:
    return rows.update(
        state=DeliveryState.PENDING, attempt_count=0, next_attempt_at=Now(), lease_until=None, finished_at=None
    )


def _require_on(endpoint: WebhookEndpoint) -> None:
    if endpoint.state == EndpointState.OFF:
        raise EndpointOffError
