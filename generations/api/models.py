"""What the API itself remembers.

- A replay is the answer to one Idempotency-Key of one API key, kept for a day.
- The row is made before the work begins, so that a second request with the same key finds it.
- A row without a status belongs to a request that is under way, or that died; the generation tells which.
"""

from django.db import models
from django.db.models.functions import Now

from generations.common.ids import uuid7


class Replay(models.Model):
    """`digest` is of the request's body; `status` and `body` are the answer, empty while the first request runs."""

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
