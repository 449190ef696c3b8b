"""What happened, told once and never changed.

- An event is one fact with its actor, its subject and everything that is needed to show it.
- Every room writes through `record_event`; no room is read back from here.
- Events commit with the change that they tell of.
- PostgreSQL refuses to change or delete one.
- An alert is what site staff must act on; it is open until its cause has gone.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    team = models.ForeignKey("generations.Team", on_delete=models.PROTECT, null=True, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["team", "-id"], name="event_of_team"),
            models.Index(fields=["subject_id", "-id"], name="event_of_subject"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.kind


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> "AlertQuerySet":
        return self.filter(closed_at__isnull=True)


class Alert(models.Model):
    """Something that site staff must see. Of each kind one may be open; staff are told once, when it opens."""

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
