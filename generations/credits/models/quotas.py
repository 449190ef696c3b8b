"""Quotas of teams, roles, members and keys, and temporary increases."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generations.accounts.roles import Role

if TYPE_CHECKING:
    from generations.accounts.models import ApiKey, Membership


class Period(models.TextChoices):
    DAY = "day", "a day"
    WEEK = "week", "a week"
    MONTH = "month", "a month"
    NONE = "none", "in all"


class QuotaQuerySet(models.QuerySet["Quota"]):
    def of_submitter(self, membership: "Membership", api_key: "ApiKey | None") -> Self:
        """The quotas that apply to a submit: at most one of each level. A service key has its own alone."""
        applies = Q(api_key=api_key) if api_key else Q()
        if api_key is None or not api_key.is_service:
            of_member = Q(membership=membership) | Q(membership=None, role__in=("", membership.role))
            applies |= Q(api_key=None) & of_member
        return self.filter(applies, team=membership.team_id)


class Quota(models.Model):
    """Limits inside the team's wallet, at one of four levels. An empty field inherits from the level above.

    Team default (neither role, member nor key), role, member: the most specific level that sets a field decides it. A
    key's quota applies beside its member's: a job must fit both. `cap` is in credits per period, in the team's time
    zone; `max_jobs` counts jobs in progress, `max_seconds` and `max_tier` limit one job.
    """

    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, related_name="quotas")
    role = models.CharField(max_length=10, choices=Role.choices, blank=True)
    membership = models.OneToOneField(
        "generations.Membership", on_delete=models.CASCADE, null=True, blank=True, related_name="quota"
    )
    api_key = models.OneToOneField(
        "generations.ApiKey", on_delete=models.CASCADE, null=True, blank=True, related_name="quota"
    )
    cap = models.BigIntegerField(null=True, blank=True)
    period = models.CharField(max_length=5, choices=Period.choices, default=Period.MONTH)
    is_uncapped = models.BooleanField(default=False, help_text="Unlimited; overrides inherited limits.")
    max_jobs = models.PositiveSmallIntegerField(null=True, blank=True)
    max_seconds = models.PositiveSmallIntegerField(null=True, blank=True)
    max_tier = models.CharField(max_length=10, blank=True)
    allowed_models = ArrayField(models.CharField(max_length=40), null=True, blank=True)

    objects = QuotaQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(cap__gte=0), name="quota_cap_not_negative"),
            models.CheckConstraint(condition=Q(cap__isnull=True) | Q(is_uncapped=False), name="quota_cap_or_uncapped"),
            models.CheckConstraint(condition=Q(period__in=Period.values), name="quota_period_known"),
            models.CheckConstraint(
                condition=Q(role="", membership__isnull=True)
                | Q(role="", api_key__isnull=True)
                | (Q(role__in=Role.values, membership__isnull=True) & Q(api_key__isnull=True)),
                name="quota_has_one_level",
            ),
            models.UniqueConstraint(
                fields=["team", "role"],
                condition=Q(membership__isnull=True, api_key__isnull=True),
                name="quota_once_a_level",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cap} credits {self.get_period_display()}"


class QuotaRaiseQuerySet(models.QuerySet["QuotaRaise"]):
    def live(self) -> Self:
        """Not ended yet, by the database's clock."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()))


class QuotaRaise(models.Model):
    """A temporary increase of one member's quota, until `expires_at`; without it, until it is removed."""

    membership = models.ForeignKey("generations.Membership", on_delete=models.CASCADE, related_name="raises")
    amount = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects = QuotaRaiseQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="raise_amount_positive")]
        indexes = [models.Index(fields=["membership", "expires_at"], name="raise_of_member")]

    def __str__(self) -> str:
        return f"+{self.amount} credits"
