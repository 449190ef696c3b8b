"""Stored responses of requests with an Idempotency-Key.

- A replay is the response to one Idempotency-Key of one API key, kept for a day.
- The row is created before the work starts, so that a second request with the same key finds it.
- A row without a status belongs to a request in progress, or to a process that died. If its generation exists, the
  response can be built from it.
"""

from django.db import models
from django.db.models.functions import Now

from generations.common.ids import uuid7


class Replay(models.Model):
    """`digest` is the hash of the request body. Without a response `status` and `body` are empty."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    api_key = models.ForeignKey("generations.ApiKey", on_delete=models.CASCADE, related_name="+")
    idempotency_key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "idempotency_key"], name="replay_once_a_key")]
        indexes = [models.Index(fields=["created_at"], name="replay_by_age")]

    def __str__(self) -> str:
        return self.idempotency_key
