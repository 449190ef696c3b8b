"""The library: what a team has made.

- A project groups shots.
- A shot is a first frame with its intent: a title and a description. It belongs to one project or to none.
- A take is a finished video of a shot. Takes are numbered 1, 2, 3 within their shot; a number is never used again.
- A take has its own copies of what people filter and sort by, so that the gallery reads one indexed table.
- The id of a take that a generation made is the id of that generation, so links to either stay the same.
- This room does not know jobs. Other rooms keep `review_state` and the counters through functions of `takes.py`.
"""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from generations.accounts.roles import Right
from generations.common.ids import uuid7

if TYPE_CHECKING:
    from generations.accounts.access import Viewer
    from generations.accounts.models import Team


class Project(models.Model):
    """Groups the shots of a team; reports can be grouped by project."""

    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("team", Lower("name"), name="project_name_once")]

    def __str__(self) -> str:
        return self.name


class Shot(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("generations.Team", on_delete=models.PROTECT, related_name="shots", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.SET_NULL, null=True, blank=True, related_name="shots")
    first_frame = models.ForeignKey("generations.Asset", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    last_take_number = models.PositiveIntegerField(default=0, help_text="The highest number given to a take so far.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "project", "first_frame"], name="shot_once_a_first_frame", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)


class ReviewState(models.TextChoices):
    """What the decisions on a take amount to."""

    NONE = "", "Not reviewed"
    APPROVED = "approved", "Approved"
    CHANGES = "changes", "Changes requested"


class TakeQuerySet(models.QuerySet["Take"]):
    def of_team(self, team: "Team") -> Self:
        return self.filter(team=team)

    def visible_to(self, viewer: "Viewer") -> Self:
        """The team's takes with Right.VIEW; else only those that the viewer submitted."""
        takes = self.of_team(viewer.team)
        return takes if viewer.can(Right.VIEW) else takes.filter(viewer.own)

    def with_media(self) -> Self:
        return self.select_related("author", "api_key", "shot__first_frame", "last_frame", "video", "poster")


class Take(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("generations.Team", on_delete=models.PROTECT, related_name="takes", db_index=False)
    shot = models.ForeignKey(Shot, on_delete=models.PROTECT, related_name="takes", db_index=False)
    project = models.ForeignKey(
        Project, on_delete=models.SET_NULL, null=True, blank=True, related_name="takes", db_index=False
    )
    number = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="takes", db_index=False)
    api_key = models.ForeignKey(
        "generations.ApiKey", on_delete=models.PROTECT, null=True, blank=True, related_name="takes", db_index=False
    )

    prompt = models.TextField()
    model = models.CharField(max_length=40)
    resolution = models.CharField(max_length=9)
    seconds = models.PositiveSmallIntegerField(help_text="Duration. A begun second counts whole.")
    fps = models.PositiveSmallIntegerField()
    camera_motion = models.CharField(max_length=20, blank=True)
    has_audio = models.BooleanField()
    price = models.BigIntegerField(help_text="Credits that were charged for it.")
    is_preview = models.BooleanField(
        default=False, help_text="Rendered by the local engine, without a generative model."
    )
    is_late = models.BooleanField(default=False, help_text="Completed after its credits were refunded.")

    # Not one-to-one: the same image and settings can give the same bytes, which are stored as one asset.
    video = models.ForeignKey("generations.Asset", on_delete=models.PROTECT, related_name="takes")
    poster = models.ForeignKey("generations.Asset", on_delete=models.PROTECT, related_name="+")
    last_frame = models.ForeignKey(
        "generations.Asset", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    review_state = models.CharField(max_length=8, choices=ReviewState.choices, default=ReviewState.NONE, blank=True)
    open_note_count = models.PositiveIntegerField(default=0)
    rating = models.PositiveSmallIntegerField(default=0)
    is_pick = models.BooleanField(default=False)

    created_at = models.DateTimeField(db_default=Now(), help_text="When the job was submitted.")
    finished_at = models.DateTimeField(db_default=Now())

    objects = TakeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shot", "number"], name="take_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="take_number_from_one"),
            models.CheckConstraint(condition=Q(price__gte=0), name="take_price_not_negative"),
            models.CheckConstraint(condition=Q(review_state__in=ReviewState.values), name="take_review_state_known"),
        ]
        indexes = [
            # The gallery, newest first: of a team, of a project.
            models.Index(fields=["team", "-created_at", "-id"], name="take_of_team"),
            models.Index(
                fields=["project", "-created_at", "-id"], condition=Q(project__isnull=False), name="take_of_project"
            ),
            models.Index(fields=["last_frame"], condition=Q(last_frame__isnull=False), name="take_last_frame"),
        ]

    def __str__(self) -> str:
        return self.prompt[:60] or str(self.id)
