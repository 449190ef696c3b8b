"""Stored files and their facts.

- An asset is immutable: its name in the storage is made from the hash of its content.
- Images are encoded again when they are uploaded: upright, without metadata, within our own pixel limit.
- Videos are stored as the provider made them, after every frame has been decoded once.
- Each asset belongs to one team; the same bytes in two teams are two assets.
- Frame rates are fractions and lengths are frames. Seconds are derived.
- An upload accepts the bytes of one image from an API client, once. The result is an image like any other.
"""

from datetime import timedelta
from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generations.accounts.models import Membership
from generations.common.clock import database_time
from generations.common.ids import uuid7

UPLOAD_LIFE = timedelta(hours=24)


class AssetKind(models.TextChoices):
    IMAGE = "still", "Image"  # "still" is the value in existing databases and storage keys
    VIDEO = "video", "Video"
    POSTER = "poster", "Poster"


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, membership: Membership) -> Self:
        """Return the assets of the member's team. Every room uses this visibility rule."""
        return self.filter(team=membership.team_id)


class Asset(models.Model):
    EXTENSIONS: ClassVar = {
        "image/jpeg": "jpg",
        "image/png": "png",
        "image/webp": "webp",
        "video/mp4": "mp4",
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("generations.Team", on_delete=models.PROTECT, related_name="assets")
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=AssetKind.choices)
    name = models.CharField(max_length=200, help_text="Storage key, made from the content.")
    original_name = models.CharField(max_length=200, blank=True)
    mime = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    bytes = models.BigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    frames = models.PositiveIntegerField(null=True)
    fps_numerator = models.PositiveIntegerField(null=True)
    fps_denominator = models.PositiveIntegerField(null=True)
    has_audio = models.BooleanField(default=False)
    placeholder = models.TextField(blank=True, help_text="A few pixels as a data URI, shown until the image is loaded.")
    created_at = models.DateTimeField(db_default=Now())

    objects = AssetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "kind", "sha256"], name="asset_once_a_team"),
            models.CheckConstraint(condition=Q(bytes__gt=0), name="asset_not_empty"),
            models.CheckConstraint(
                condition=~Q(kind="video") | Q(frames__gt=0, fps_numerator__gt=0, fps_denominator__gt=0),
                name="asset_video_has_frames",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.width}×{self.height}"

    @property
    def fps(self) -> float | None:
        return self.fps_numerator / self.fps_denominator if self.fps_numerator and self.fps_denominator else None

    @property
    def seconds(self) -> float | None:
        return self.frames / self.fps if self.frames and self.fps else None


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, membership: Membership) -> Self:
        """Return the uploads of the member's team. Every room uses this visibility rule."""
        return self.filter(team=membership.team_id)

    def usable(self) -> Self:
        """Return the uploads that have their bytes and have not expired."""
        return self.filter(asset__isnull=False, created_at__gt=database_time(-UPLOAD_LIFE))

    def expired(self) -> Self:
        return self.filter(created_at__lt=database_time(-UPLOAD_LIFE))


class Upload(models.Model):
    """`ltx://uploads/<id>`: accepts one PUT until `expires_at`, and can be used for a day."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, related_name="uploads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="uploads")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(help_text="Of the URL for the PUT.")
    filled_at = models.DateTimeField(null=True, blank=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="upload_by_age")]
        constraints = [
            models.CheckConstraint(
                condition=Q(asset__isnull=True, filled_at__isnull=True)
                | Q(asset__isnull=False, filled_at__isnull=False),
                name="upload_filled_has_time",
            )
        ]

    def __str__(self) -> str:
        return f"ltx://uploads/{self.id}"
