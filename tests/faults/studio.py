"""What a test needs to submit jobs: a team with credits, a member, an image."""

from dataclasses import dataclass
from io import BytesIO
from uuid import UUID, uuid4

from django.core.files.base import ContentFile
from PIL import Image

from generations.accounts.models import Membership, Team
from generations.accounts.roles import Role
from generations.accounts.teams import add_member, create_team
from generations.credits.balances import Balance, balance_of
from generations.credits.grants import grant_credits
from generations.jobs.models import Attempt, Generation, State
from generations.jobs.submit import GenerationRequest, submit_generation
from generations.media.images import store_image
from tests.conftest import make_user

from .cluster import wait_until

PRICE = 18


@dataclass(frozen=True)
class Studio:
    team: Team
    member: Membership
    request: GenerationRequest

    def submit(self, count: int = 1) -> list[UUID]:
        """Submit so many jobs for PRICE credits each, and return their ids."""
        return [
            submit_generation(membership=self.member, request=self.request, idempotency_key=str(uuid4())).id
            for _ in range(count)
        ]

    def jobs(self) -> list[Generation]:
        return list(Generation.objects.filter(team=self.team).select_related("hold").order_by("created_at"))

    def job(self) -> Generation:
        """The only job of the team."""
        (job,) = self.jobs()
        return job

    def states(self) -> list[str]:
        return [job.state for job in self.jobs()]

    def attempts(self) -> list[Attempt]:
        return list(Attempt.objects.filter(generation__team=self.team).order_by("started_at"))

    def outcomes(self) -> list[str]:
        return [attempt.outcome for attempt in self.attempts()]

    def wait_for(self, *states: State, within: float = 90) -> None:
        """Wait until every job of the team is in one of these states."""
        assert self.jobs(), "nothing was submitted"
        wait_until(lambda: set(self.states()) <= set(states), what=lambda: f"{states}: {self.states()}", within=within)

    def balance(self) -> Balance:
        return balance_of(self.member)


def open_studio(name: str) -> Studio:
    owner = make_user(f"owner-{name}")
    team = create_team(name=name, owner=owner)
    grant_credits(team=team, amount=1000, reason="opening balance", actor=owner)
    member = add_member(team=team, user=make_user(f"creator-{name}"), role=Role.CREATOR)
    image = BytesIO()
    Image.new("RGB", (320, 180), (40, 90, 160)).save(image, "PNG")
    still = store_image(team=team, uploader=member.user, file=ContentFile(image.getvalue(), name="still.png"))
    request = GenerationRequest(
        first_frame=still, prompt="The lantern sways.", model="ltx-2-3-fast", resolution="1280x720", fps=24, duration=6
    )
    return Studio(team, member, request)
