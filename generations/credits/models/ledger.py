"""The wallet and its ledger: holds, entries, and lots of credits."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ..database_rules import ENTRY_MOVES_LOTS, ENTRY_SUMS, HOLD_SETTLES_ONCE, WALLET_FOLLOWS_ENTRIES


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
    PENDING = "pending", "Reserved"
    CAPTURED = "captured", "Charged"
    RELEASED = "released", "Refunded"
    EXPIRED = "expired", "Expired"


class Hold(models.Model):
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="holds")
    # The member whose quota it counts against; empty for a service key.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    api_key = models.ForeignKey(
        "generations.ApiKey", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    reference = models.UUIDField(unique=True, help_text="Id of the job that the credits are reserved for.")
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
            # Jobs in progress.
            models.Index(fields=["wallet", "user"], condition=Q(state="pending"), name="hold_pending"),
            # Credits that a member has spent in a period.
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
    HOLD = "hold", "Reserved"
    CAPTURE = "capture", "Charged"
    RELEASE = "release", "Refunded"


class LedgerEntry(models.Model):
    """One change of one wallet, in credits. `posted_after` and `held_after` are the balances after it."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    posted_change = models.BigIntegerField(default=0)
    held_change = models.BigIntegerField(default=0)
    posted_after = models.BigIntegerField()
    held_after = models.BigIntegerField()
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="entries")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True, help_text="Expiry of the added credits.")
    lot = models.ForeignKey(
        "Lot", on_delete=models.PROTECT, null=True, db_index=False, related_name="+", help_text="Lot that expired."
    )
    transfer = models.UUIDField(null=True, help_text="Id shared by all entries of a transfer.")
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
        indexes = [
            models.Index(fields=["wallet", "-id"], name="entry_of_wallet"),
            models.Index(fields=["lot"], condition=Q(lot__isnull=False), name="entry_of_lot"),
        ]
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


class Lot(models.Model):
    """Credits that were added together. Credits are spent from the lot that expires first.

    A trigger creates a lot for each entry that adds credits, and takes credits from lots for each entry that removes
    some, so that the `remaining` of a wallet's lots always sum up to its `posted`.
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
