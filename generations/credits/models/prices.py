"""Models on offer, and their prices."""

from datetime import date

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class PriceRowQuerySet(models.QuerySet["PriceRow"]):
    def valid_on(self, day: date) -> "PriceRowQuerySet":
        """Return the newest row of each model and tier that is valid on the day."""
        begun = self.filter(valid_from__lte=day)
        return begun.order_by("model", "tier", "-valid_from", "-id").distinct("model", "tier")


class PriceRow(models.Model):
    """Credits per second of one model at one tier, from a day on. A change of price is a new row."""

    model = models.CharField(max_length=40)
    tier = models.CharField(max_length=10)
    credits_per_second = models.PositiveIntegerField()
    valid_from = models.DateField()
    created_at = models.DateTimeField(db_default=Now())

    objects = PriceRowQuerySet.as_manager()

    class Meta:
        ordering = ["model", "tier", "-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(credits_per_second__gt=0), name="price_positive"),
            models.UniqueConstraint(fields=["model", "tier", "valid_from"], name="price_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.tier}: {self.credits_per_second} credits/second"


class OfferedModel(models.Model):
    """A model of the contract: whether it is on offer on this site, and its position in lists."""

    model = models.CharField(max_length=40, unique=True)
    is_on = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "model"]

    def __str__(self) -> str:
        return self.model
