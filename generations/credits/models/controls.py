"""Credit requests, monthly refills, usage alerts and freezes."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generations.common.ids import uuid7


class RequestState(models.TextChoices):
    PENDING = "pending", "Pending"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class RequestTarget(models.TextChoices):
    QUOTA = "quota", "Personal limit"
    WALLET = "wallet", "Team credits"


class CreditRequest(models.Model):
    """A member requests credits: a higher quota from the team's managers, or team credits from site staff.

    It is decided once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey("generations.Membership", on_delete=models.CASCADE, related_name="credit_requests")
    target = models.CharField(max_length=6, choices=RequestTarget.choices)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.PENDING)
    granted = models.BigIntegerField(null=True)
    note = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="request_amount_positive"),
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="request_state_known"),
            models.CheckConstraint(
                condition=Q(state="approved", granted__gt=0) | (~Q(state="approved") & Q(granted__isnull=True)),
                name="request_approved_has_amount",
            ),
            models.UniqueConstraint(
                fields=["membership", "target"], condition=Q(state="pending"), name="request_pending_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} credits for {self.get_target_display().lower()}"


class RefillMode(models.TextChoices):
    ADD = "add", "Add this amount"
    TOP_UP = "top_up", "Top up to this amount"


class RefillRule(models.Model):
    """On the first of each month, in the team's time zone, the wallet gets credits."""

    team = models.OneToOneField("generations.Team", on_delete=models.CASCADE, related_name="refill")
    amount = models.BigIntegerField()
    mode = models.CharField(max_length=6, choices=RefillMode.choices, default=RefillMode.TOP_UP)
    does_expire = models.BooleanField(default=False, help_text="Credits left from it expire at the next refill.")
    next_at = models.DateTimeField()
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refill_amount_positive")]

    def __str__(self) -> str:
        return f"{self.get_mode_display()}: {self.amount} credits"


class SpendWatcher(models.Model):
    """A recipient of usage alerts. Without any, alerts go to the members who manage the team's credits."""

    membership = models.OneToOneField("generations.Membership", on_delete=models.CASCADE, related_name="spend_watcher")

    def __str__(self) -> str:
        return str(self.membership)


class Crossing(models.Model):
    """A usage alert: `level` percent of a wallet or of a member's quota was reached.

    `basis` names the period or the income, so that each level is alerted once.
    """

    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, related_name="+")
    membership = models.ForeignKey("generations.Membership", on_delete=models.CASCADE, null=True, related_name="+")
    basis = models.CharField(max_length=60)
    level = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "membership", "basis", "level"], nulls_distinct=False, name="crossing_told_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.level}% of {self.basis}"


class Freeze(models.Model):
    """A pause of new jobs, in one team or in all teams. Jobs in progress continue."""

    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team"], condition=Q(ended_at__isnull=True), nulls_distinct=False, name="freeze_once"
            )
        ]

    def __str__(self) -> str:
        return self.reason
