"""Bytes that the studio keeps, and the facts about them.

- An asset is immutable: its name in the storage is made from the hash of its content.
- Stills are re-encoded on arrival: orientation applied, metadata gone, within our own pixel cap.
- Videos are kept as the provider made them, after every frame has been decoded once.
- Each asset belongs to one team; the same bytes in two teams are two assets.
- Frame rates are fractions, lengths are frames. Seconds are derived.
- An upload is a place that an API client may fill once; what it holds is a still like any other.
"""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generations.common.ids import uuid7


class AssetKind(models.TextChoices):
    STILL = "still", "Still"
    VIDEO = "video", "Video"
    POSTER = "poster", "Poster"


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
    name = models.CharField(max_length=200, help_text="Key in the storage, made from the content.")
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
    placeholder = models.TextField(
        blank=True, help_text="A few pixels as a data URI, shown until the picture is there."
    )
    created_at = models.DateTimeField(db_default=Now())

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


class Upload(models.Model):
    """`ltx://uploads/<id>`: filled by one PUT until `expires_at`, usable for a day."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, related_name="uploads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="uploads")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(help_text="Of the address to PUT to.")
    filled_at = models.DateTimeField(null=True, blank=True)

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
