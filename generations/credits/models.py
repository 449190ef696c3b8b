"""Credits: who has how many, who is using them, and why.

- A team has one wallet: `posted` is what it owns, `held` what jobs under way may still take; the rest is available.
- A hold reserves credits for one job. It leaves `pending` once: captured, released or expired.
- An entry tells one change of a wallet with the balance after it. Entries are only ever added.
- At every commit a wallet's balances equal those of its newest entry; no wallet's `posted - held` is below zero.
- A quota caps what a member or a key may spend in a period inside the wallet; holds count in the period they were
  made in. Team, role, member and key each may set one.
- All of these rules are constraints and triggers in PostgreSQL. Python asks, the database decides.
"""

from datetime import date

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from generations.accounts.roles import Role
from generations.common.ids import uuid7

from .guards import ENTRY_MOVES_LOTS, ENTRY_SUMS, HOLD_SETTLES_ONCE, WALLET_FOLLOWS_ENTRIES


class Wallet(models.Model):
    team = models.OneToOneField("generations.Team", on_delete=models.PROTECT, related_name="wallet")
    posted = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(posted__gte=0), name="wallet_posted_not_negative"),
            models.CheckConstraint(condition=Q(held__gte=0), name="wallet_held_not_negative"),
            models.CheckConstraint(condition=Q(posted__gte=F("held")), name="wallet_available_not_negative"),
        ]
        triggers = [WALLET_FOLLOWS_ENTRIES]

    def __str__(self) -> str:
        return f"wallet of {self.team}"

    @property
    def available(self) -> int:
        return self.posted - self.held


class HoldState(models.TextChoices):
    PENDING = "pending", "Held"
    CAPTURED = "captured", "Charged"
    RELEASED = "released", "Returned"
    EXPIRED = "expired", "Expired"


class Hold(models.Model):
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="holds")
    # Whose quota it counts against: nobody's, when a service key asked.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    api_key = models.ForeignKey("generations.ApiKey", on_delete=models.PROTECT, null=True, related_name="+")
    reference = models.UUIDField(unique=True, help_text="What the credits are held for; the caller's id.")
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=HoldState.choices, default=HoldState.PENDING)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount_positive"),
            models.CheckConstraint(condition=Q(state__in=HoldState.values), name="hold_state_known"),
            models.CheckConstraint(
                condition=Q(state=HoldState.CAPTURED, captured__gte=0, captured__lte=F("amount"))
                | (~Q(state=HoldState.CAPTURED) & Q(captured__isnull=True)),
                name="hold_captures_at_most_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(state=HoldState.PENDING, settled_at__isnull=True)
                | (~Q(state=HoldState.PENDING) & Q(settled_at__isnull=False)),
                name="hold_settled_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["wallet"], condition=Q(state="pending"), name="hold_pending"),
            # What a member has spent in a period.
            models.Index(fields=["wallet", "user", "created_at"], name="hold_of_member"),
            models.Index(fields=["api_key", "created_at"], condition=Q(api_key__isnull=False), name="hold_of_key"),
        ]
        triggers = [HOLD_SETTLES_ONCE, pgtrigger.Protect(name="hold_stays", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.amount} credits, {self.state}"


class EntryKind(models.TextChoices):
    GRANT = "grant", "Grant"
    CORRECTION = "correction", "Correction"
    TRANSFER = "transfer", "Transfer"
    EXPIRY = "expiry", "Expired"
    HOLD = "hold", "Held"
    CAPTURE = "capture", "Charged"
    RELEASE = "release", "Returned"


class LedgerEntry(models.Model):
    """One change of one wallet, in credits. `posted_after` and `held_after` are the balances it left."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    posted_change = models.BigIntegerField(default=0)
    held_change = models.BigIntegerField(default=0)
    posted_after = models.BigIntegerField()
    held_after = models.BigIntegerField()
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="entries")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True, help_text="Until when credits that came in may be spent.")
    lot = models.ForeignKey("Lot", on_delete=models.PROTECT, null=True, related_name="+", help_text="What expired.")
    transfer = models.UUIDField(null=True, help_text="The same in both wallets of a transfer.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(
                fields=["hold"], condition=Q(kind__in=("capture", "release")), name="entry_settles_hold_once"
            ),
            models.UniqueConstraint(fields=["hold"], condition=Q(kind="hold"), name="entry_holds_once"),
            models.CheckConstraint(
                condition=Q(kind="grant", posted_change__gt=0, held_change=0, hold__isnull=True)
                | (Q(kind="correction", held_change=0, hold__isnull=True) & ~Q(posted_change=0))
                | (Q(kind="transfer", held_change=0, hold__isnull=True, transfer__isnull=False) & ~Q(posted_change=0))
                | Q(kind="expiry", posted_change__lt=0, held_change=0, hold__isnull=True, lot__isnull=False)
                | Q(kind="hold", posted_change=0, held_change__gt=0, hold__isnull=False)
                | Q(kind="capture", posted_change__lte=0, held_change__lt=0, hold__isnull=False)
                | Q(kind="release", posted_change=0, held_change__lt=0, hold__isnull=False),
                name="entry_kind_fits_signs",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=("grant", "correction", "transfer")) | ~Q(reason=""),
                name="entry_grant_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(posted_change__gt=0), name="entry_only_income_expires"
            ),
        ]
        indexes = [models.Index(fields=["wallet", "-id"], name="entry_of_wallet")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            ENTRY_SUMS,
            ENTRY_MOVES_LOTS,
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.posted_change or self.held_change}"

    @property
    def available_after(self) -> int:
        return self.posted_after - self.held_after

    @property
    def available_change(self) -> int:
        return self.posted_change - self.held_change


class Lot(models.Model):
    """Credits that came in together. What is spent is taken from the lot that expires soonest.

    The database makes a lot of each entry that brings credits in and takes from lots with each that takes some out,
    so that the `remaining` of a wallet's lots always sum up to its `posted`.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="lots")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True, related_name="brought")
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("amount")), name="lot_remaining_fits"
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "expires_at", "id"], condition=Q(remaining__gt=0), name="lot_in_order"),
            models.Index(fields=["expires_at"], condition=Q(remaining__gt=0, expires_at__isnull=False), name="lot_due"),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.amount} credits"


class Period(models.TextChoices):
    DAY = "day", "a day"
    WEEK = "week", "a week"
    MONTH = "month", "a month"
    NONE = "none", "in all"


class Quota(models.Model):
    """Caps inside the team's wallet, at one of four levels. What is empty is left to the level above.

    Team default (neither role, member nor key), role, member: the nearest level that sets a field decides it. A key's
    quota holds beside its member's: a job must fit both. `cap` is in credits a period, in the team's time zone;
    `max_jobs` counts jobs at once, `max_seconds` and `max_tier` are of one job.
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
    is_uncapped = models.BooleanField(default=False, help_text="No cap, whatever the level above says.")
    max_jobs = models.PositiveSmallIntegerField(null=True, blank=True)
    max_seconds = models.PositiveSmallIntegerField(null=True, blank=True)
    max_tier = models.CharField(max_length=10, blank=True)
    allowed_models = ArrayField(models.CharField(max_length=40), null=True, blank=True)

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


class QuotaRaise(models.Model):
    """More than the quota says, for one member, until it ends by itself; without an end, until it is taken back."""

    membership = models.ForeignKey("generations.Membership", on_delete=models.CASCADE, related_name="raises")
    amount = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="raise_amount_positive")]
        indexes = [models.Index(fields=["membership", "expires_at"], name="raise_of_member")]

    def __str__(self) -> str:
        return f"{self.amount} credits more"


class RequestState(models.TextChoices):
    PENDING = "pending", "Waiting"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class RequestTarget(models.TextChoices):
    QUOTA = "quota", "Own quota"
    WALLET = "wallet", "Team's wallet"


class CreditRequest(models.Model):
    """A member asks for more: of the own quota, which the team's managers raise, or of the wallet, which site staff
    fill. It is decided once."""

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
    ADD = "add", "Add the amount"
    TOP_UP = "top_up", "Fill up to the amount"


class RefillRule(models.Model):
    """On the first of each month, in the team's time zone, the wallet gets credits."""

    team = models.OneToOneField("generations.Team", on_delete=models.CASCADE, related_name="refill")
    amount = models.BigIntegerField()
    mode = models.CharField(max_length=6, choices=RefillMode.choices, default=RefillMode.TOP_UP)
    does_expire = models.BooleanField(default=False, help_text="What is left of it goes at the next refill.")
    next_at = models.DateTimeField()
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refill_amount_positive")]

    def __str__(self) -> str:
        return f"{self.get_mode_display()}: {self.amount} credits"


class SpendWatcher(models.Model):
    """Who is told when a wallet or a quota runs low; without any, whoever manages the team's credits."""

    membership = models.OneToOneField("generations.Membership", on_delete=models.CASCADE, related_name="spend_watcher")

    def __str__(self) -> str:
        return str(self.membership)


class Crossing(models.Model):
    """A wallet or a member's quota went past `level` percent. `basis` names the period or the grant, so that each
    crossing is told once."""

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
        return f"{self.level} % of {self.basis}"


class Freeze(models.Model):
    """While it lasts nothing new is submitted: in one team, or everywhere. Jobs under way go on."""

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


class PriceRowQuerySet(models.QuerySet["PriceRow"]):
    def valid_on(self, day: date) -> "PriceRowQuerySet":
        """The newest row of each model and tier that has begun."""
        begun = self.filter(valid_from__lte=day)
        return begun.order_by("model", "tier", "-valid_from", "-id").distinct("model", "tier")


class PriceRow(models.Model):
    """Credits for one second of one model at one tier, from a day on. A change of price is a new row."""

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
        return f"{self.model} {self.tier}: {self.credits_per_second} a second"


class OfferedModel(models.Model):
    """Whether a model of the contract is on offer here, and in which order."""

    model = models.CharField(max_length=40, unique=True)
    is_on = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "model"]

    def __str__(self) -> str:
        return self.model
