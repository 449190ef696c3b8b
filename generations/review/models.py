"""Decisions of the team on its takes.

- A decision is one person's verdict on one take; a later one of the same person replaces it.
- A take counts as approved while at least one person approved it and nobody requests changes. `Take.review_state`
  stores this, written in the transaction of the decision.
"""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Verdict(models.TextChoices):
    APPROVED = "approved", "Approved"
    CHANGES = "changes", "Changes requested"


class Decision(models.Model):
    take = models.ForeignKey("generations.Take", on_delete=models.CASCADE, related_name="decisions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    note = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["take", "user"], name="decision_once_a_member")]

    def __str__(self) -> str:
        return self.get_verdict_display()
