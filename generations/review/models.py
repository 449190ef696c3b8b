"""What the team thinks of its takes.

- A decision is one person's verdict on one take; a later one of the same person replaces it.
- A take counts as approved while nobody's verdict asks for changes and at least one approves.
"""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Verdict(models.TextChoices):
    APPROVED = "approved", "Approved"
    CHANGES = "changes", "Needs changes"


class Decision(models.Model):
    generation = models.ForeignKey("generations.Generation", on_delete=models.CASCADE, related_name="decisions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    note = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "user"], name="decision_once_a_person")]

    def __str__(self) -> str:
        return self.get_verdict_display()
