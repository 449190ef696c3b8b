"""Events, notifications, staff alerts and webhooks.

- An event is one fact with its actor, its subject and all the data that is needed to show it.
- Every room writes events with `record_event`, in the transaction of the change itself. This room reads no other room.
- Events are append-only: a trigger rejects updates and deletes.
- Readers order events by `transaction`, then id, and stop before the oldest open transaction, because ids alone become
  visible out of order.
- A notification is for one user. An alert is for site staff; it is open until its cause is gone.
- A webhook endpoint receives a team's events; a delivery is one event for one endpoint.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.db.models.functions import Cast, Now

from generations.common.encryption import decrypt, encrypt
from generations.common.ids import uuid7

from .kinds import PUBLIC_KINDS, EventKind

if TYPE_CHECKING:
    from .reading import Subscriber

SECRET_PURPOSE = "webhooks"  # noqa: S105  (not a secret)


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, subscriber: "Subscriber", kinds: Iterable[str] = ()) -> "EventQuerySet":
        """Filter to the public events of the team that the key's rights allow, of these kinds or of all."""
        wanted = set(kinds) or set(PUBLIC_KINDS)
        permitted = {name for name, kind in PUBLIC_KINDS.items() if kind.right in subscriber.rights}
        for_author = {name for name, kind in PUBLIC_KINDS.items() if kind.is_for_author} - permitted
        own = Q(kind__in=wanted & for_author) & Exists(_submitted_by(subscriber))
        return self.filter(Q(kind__in=wanted & permitted) | own, team=subscriber.team_id)


class Event(models.Model):
    team = models.ForeignKey("generations.Team", on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    is_audit = models.BooleanField(default=False, help_text="An administrative act, with the values before and after.")
    address = models.GenericIPAddressField(null=True, help_text="The IP address of the actor.")
    created_at = models.DateTimeField(db_default=Now())
    transaction = models.BigIntegerField(
        db_default=Cast(Cast(Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()),
        editable=False,
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["transaction", "id"], name="event_in_order"),
            models.Index(fields=["team", "transaction", "id"], name="event_of_team_in_order"),
            models.Index(fields=["team", "-id"], condition=Q(is_audit=True), name="event_audit"),
            models.Index(fields=["team", "-id"], name="event_of_team"),
            models.Index(fields=["subject_id", "-id"], name="event_of_subject"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.kind


def _submitted_by(subscriber: "Subscriber") -> EventQuerySet:
    submitted = Event.objects.filter(kind=EventKind.GENERATION_SUBMITTED, subject_id=OuterRef("subject_id"))
    if subscriber.user_id is None:
        return submitted.filter(data__api_key=str(subscriber.key_id))
    return submitted.filter(actor=subscriber.user_id)


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> "AlertQuerySet":
        return self.filter(closed_at__isnull=True)


class Alert(models.Model):
    """A problem that site staff must solve. At most one alert of each kind is open; staff are mailed when it opens."""

    kind = models.CharField(max_length=60)
    text = models.TextField()
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=models.Q(closed_at__isnull=True), name="alert_open_once")
        ]

    def __str__(self) -> str:
        return self.text


class Notification(models.Model):
    """One sentence for one user, with the page that it links to."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    path = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_of_user"),
            # Every page counts the unread ones.
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return self.text


class EndpointState(models.TextChoices):
    ON = "on", "On"
    PAUSED = "paused", "Paused after failures"
    OFF = "off", "Off"


class WebhookEndpoint(models.Model):
    """The URL that receives a team's events. An empty `kinds` means all kinds.

    `secret` signs as specified by Standard Webhooks; after a rotation `old_secret` signs too until `old_secret_until`.
    Both are stored encrypted; reading one raises UnreadableSecretError after its SECRET_KEY was removed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, related_name="webhook_endpoints")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    url = models.URLField(max_length=500)
    description = models.CharField(max_length=120, blank=True)
    kinds = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    encrypted_secret = models.TextField()
    encrypted_old_secret = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=6, choices=EndpointState.choices, default=EndpointState.ON)
    state_reason = models.CharField(max_length=200, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=EndpointState.values), name="endpoint_state_known"),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def secret(self) -> str:
        return decrypt(self.encrypted_secret, purpose=SECRET_PURPOSE)

    @secret.setter
    def secret(self, value: str) -> None:
        self.encrypted_secret = encrypt(value, purpose=SECRET_PURPOSE)

    @property
    def old_secret(self) -> str:
        return decrypt(self.encrypted_old_secret, purpose=SECRET_PURPOSE) if self.encrypted_old_secret else ""


class DeliveryState(models.TextChoices):
    PENDING = "pending", "Pending"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"


class WebhookDelivery(models.Model):
    """One event for one endpoint. Its id is the `webhook-id`, the same at each attempt, so receivers can deduplicate.

    `event` is empty for a test message. `lease_until` prevents two workers from sending at the same time.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=60)
    payload = models.JSONField(help_text="The body that every attempt sends.")
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, db_default=Now())
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="pending"), name="delivery_due"),
            models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["created_at"], name="delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.state}"


class DeliveryAttempt(models.Model):
    """One POST to an endpoint and its outcome. `status` is empty when there was no response."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)
    response = models.CharField(max_length=500, blank=True, help_text="The beginning of the response body.")
    milliseconds = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.status or self.error)


class WebhookCursor(models.Model):
    """The last event, in transaction order, for which deliveries were created. One row."""

    transaction = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.transaction}/{self.event_id}"
