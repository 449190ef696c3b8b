"""Generations: jobs that turn an image and a prompt into a take, delivered exactly once or refunded.

- A generation is one request of one member, with its settings, its price and its hold.
- Its state changes only along `TRANSITIONS`, only in `transitions.py`, by compare-and-set on state and fence.
- The row is the truth. A message to a worker is a hint to look at it; `next_action_at` says when to look without one.
- A worker holds a lease on the row it works on. Each claim raises the fence, so that a delayed worker writes nothing.
- An attempt is one POST to the provider. Its row is committed before the socket opens; it ends in one of four outcomes.
- Completion captures the hold and creates the take of the shot, both in one transaction.
"""

from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generations.accounts.roles import Right
from generations.common.ids import uuid7
from generations.library.models import Project, Shot, Take

if TYPE_CHECKING:
    from generations.accounts.access import Viewer
    from generations.accounts.models import Team


class State(models.TextChoices):
    QUEUED = "queued", "Queued"
    SUBMITTING = "submitting", "Submitting"
    UNCONFIRMED = "unconfirmed", "Checking status (not charged)"
    PARKED = "parked", "Paused: provider account problem"
    PROCESSING = "processing", "Generating"
    SAVING = "saving", "Saving"
    COMPLETED = "completed", "Ready"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


FINAL = (State.COMPLETED, State.FAILED, State.CANCELED)
ACTIVE = tuple(state for state in State if state not in FINAL)
# States in which the provider may be working on the job: they count against its concurrency limit.
AT_PROVIDER = (State.SUBMITTING, State.UNCONFIRMED, State.PROCESSING)

# The only state changes. A trigger in PostgreSQL refuses every other one.
TRANSITIONS: tuple[tuple[State, State], ...] = (
    (State.QUEUED, State.SUBMITTING),
    (State.QUEUED, State.CANCELED),
    (State.QUEUED, State.FAILED),
    (State.SUBMITTING, State.PROCESSING),
    (State.SUBMITTING, State.FAILED),
    (State.SUBMITTING, State.QUEUED),
    (State.SUBMITTING, State.PARKED),
    (State.SUBMITTING, State.UNCONFIRMED),
    # Only while nothing has been posted.
    (State.SUBMITTING, State.CANCELED),
    (State.UNCONFIRMED, State.SUBMITTING),
    (State.UNCONFIRMED, State.PROCESSING),
    (State.UNCONFIRMED, State.FAILED),
    (State.PARKED, State.QUEUED),
    (State.PARKED, State.CANCELED),
    (State.PARKED, State.FAILED),
    (State.PROCESSING, State.SAVING),
    (State.PROCESSING, State.FAILED),
    (State.SAVING, State.COMPLETED),
    (State.SAVING, State.PROCESSING),
    (State.SAVING, State.FAILED),
    # A late success: delivered, not charged.
    (State.FAILED, State.SAVING),
)


class GenerationQuerySet(models.QuerySet["Generation"]):
    def of_team(self, team: "Team") -> Self:
        return self.filter(team=team)

    def visible_to(self, viewer: "Viewer") -> Self:
        """The team's with Right.MANAGE_JOBS; else the viewer's own, and with Right.VIEW those with a take."""
        jobs = self.of_team(viewer.team)
        if viewer.can(Right.MANAGE_JOBS):
            return jobs
        return jobs.filter(viewer.own | Q(take__isnull=False)) if viewer.can(Right.VIEW) else jobs.filter(viewer.own)

    def listed_for(self, viewer: "Viewer") -> Self:
        """What a list of jobs shows: everyone's with Right.MANAGE_JOBS, else the viewer's own."""
        jobs = self.of_team(viewer.team)
        return jobs if viewer.can(Right.MANAGE_JOBS) else jobs.filter(viewer.own)

    def in_flight(self) -> Self:
        return self.filter(state__in=ACTIVE)

    def at_provider(self) -> Self:
        return self.filter(state__in=AT_PROVIDER)

    def with_media(self) -> Self:
        return self.select_related("author", "first_frame", "last_frame", "take__video", "take__poster")


class Generation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Every submit inserts this row, so foreign keys have no index of their own where an index below covers the lookup.
    team = models.ForeignKey("generations.Team", on_delete=models.PROTECT, db_index=False, related_name="generations")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="generations"
    )
    api_key = models.ForeignKey(
        "generations.ApiKey",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="generations",
    )
    shot = models.ForeignKey(Shot, on_delete=models.PROTECT, related_name="generations")
    project = models.ForeignKey(
        Project, on_delete=models.SET_NULL, null=True, blank=True, db_index=False, related_name="generations"
    )
    idempotency_key = models.CharField(max_length=80)

    first_frame = models.ForeignKey("generations.Asset", on_delete=models.PROTECT, related_name="+")
    last_frame = models.ForeignKey(
        "generations.Asset", on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    prompt = models.TextField()
    model = models.CharField(max_length=40)
    duration = models.PositiveSmallIntegerField(null=True, help_text="Seconds. Empty: the model chooses the duration.")
    resolution = models.CharField(max_length=9)
    fps = models.PositiveSmallIntegerField()
    camera_motion = models.CharField(max_length=20, blank=True)
    generate_audio = models.BooleanField(default=True)

    price = models.BigIntegerField(help_text="Credits, as quoted and held.")
    credits_per_second = models.PositiveIntegerField(help_text="From the price row that was valid at submit.")
    hold = models.OneToOneField("generations.Hold", on_delete=models.PROTECT, related_name="generation")
    is_preview = models.BooleanField(
        default=False, help_text="Rendered by the local engine, without a generative model."
    )

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    fence = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_action_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    failures = models.PositiveIntegerField(default=0, help_text="Consecutive failed tries of the current step.")
    losses = models.PositiveIntegerField(default=0, help_text="Worker crashes in a row on this job.")
    prioritized_at = models.DateTimeField(null=True, blank=True, help_text="Staff moved it to the front of the queue.")
    retry_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="retries"
    )
    is_late = models.BooleanField(default=False, help_text="Completed after its credits were refunded.")
    error_type = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    take = models.OneToOneField(Take, on_delete=models.PROTECT, null=True, blank=True, related_name="generation")

    created_at = models.DateTimeField(db_default=Now())
    state_since = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key", "author", "team"], name="generation_submitted_once"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="generation_state_known"),
            models.CheckConstraint(condition=Q(price__gt=0), name="generation_price_positive"),
            models.CheckConstraint(
                condition=~Q(state="completed") | Q(take__isnull=False), name="generation_completed_has_take"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("completed", "failed", "canceled"), finished_at__isnull=False)
                | (~Q(state__in=("completed", "failed", "canceled")) & Q(finished_at__isnull=True)),
                name="generation_final_has_time",
            ),
        ]
        indexes = [
            *(
                models.Index(fields=[name], condition=Q(**{f"{name}__isnull": False}), name=f"generation_{name}")
                for name in ("api_key", "project", "last_frame", "retry_of")
            ),
            # All jobs of a team, newest first.
            models.Index(fields=["team", "-created_at", "-id"], name="generation_of_team"),
            # The jobs of one member, newest first.
            models.Index(fields=["author", "team", "-created_at", "-id"], name="generation_of_author"),
            # The head of each member's queue.
            models.Index(
                fields=["team", "author", "created_at", "id"], condition=Q(state="queued"), name="generation_queue"
            ),
            # Jobs that staff moved to the front.
            models.Index(
                fields=["prioritized_at"],
                condition=Q(state="queued", prioritized_at__isnull=False),
                name="generation_prioritized",
            ),
            # Due jobs: for the dispatcher and the poller.
            models.Index(
                fields=["state", "next_action_at"],
                condition=Q(state__in=("queued", "submitting", "unconfirmed", "parked", "processing", "saving")),
                name="generation_due",
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="transitions", field="state", transitions=list(TRANSITIONS)),
            pgtrigger.Protect(name="generation_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.prompt[:60] or str(self.id)

    @property
    def is_final(self) -> bool:
        return State(self.state) not in ACTIVE

    @property
    def can_cancel(self) -> bool:
        """Nothing was posted to the provider yet, or the POST may just have started."""
        return self.state in (State.QUEUED, State.PARKED, State.SUBMITTING)


class Circuit(models.TextChoices):
    CLOSED = "closed", "Working"
    OPEN = "open", "Account refused"


class ProviderThrottle(models.Model):
    """How many jobs one provider accepts at a time. All workers share this row.

    `concurrency` grows by about one per round of accepted jobs and is halved when the provider reports overload. While
    the circuit is open, or before `not_before`, only a probe is sent, at `probe_at`.
    """

    provider = models.CharField(max_length=200, unique=True, help_text="Base URL.")
    concurrency = models.FloatField()
    halved_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    circuit = models.CharField(max_length=6, choices=Circuit.choices, default=Circuit.CLOSED)
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    probes = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(concurrency__gte=1), name="throttle_allows_one"),
            models.CheckConstraint(condition=Q(circuit__in=Circuit.values), name="throttle_circuit_known"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.get_circuit_display()}"


class QueueShare(models.Model):
    """When a member's job was last sent. The fair queue serves the member who has waited longest."""

    team = models.ForeignKey("generations.Team", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    served_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="queueshare_once_a_member")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.served_at}"


class Outcome(models.TextChoices):
    SENDING = "sending", "Sending"
    NEVER_SENT = "never_sent", "Never sent"
    REJECTED = "rejected", "Rejected"
    ACCEPTED = "accepted", "Accepted"
    UNKNOWN = "unknown", "Unknown"


class Bill(models.TextChoices):
    NONE = "none", "No"
    POSSIBLE = "possible", "Possibly"
    DUE = "due", "Yes"


class Attempt(models.Model):
    """One POST to the provider. It keeps its `idempotency_key` when it is sent again after an unknown outcome."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=200, help_text="Base URL.")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.SENDING)
    idempotency_key = models.UUIDField(default=uuid7)
    request = models.JSONField(help_text="The body as sent, so that a repeated POST sends the same body.")
    provider_job_id = models.CharField(max_length=100, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status of the response, if there was one.")
    error_type = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    bill = models.CharField(
        max_length=8, choices=Bill.choices, default=Bill.NONE, help_text="Does the provider bill this attempt?"
    )
    started_at = models.DateTimeField(db_default=Now())
    responded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["generation", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["generation"],
                condition=Q(outcome__in=("sending", "unknown", "accepted")),
                name="attempt_live_once",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="accepted") | ~Q(provider_job_id=""), name="attempt_accepted_has_job"
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"
