from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile
from django.db.models.functions import Now
from PIL import Image
from pytest_django import Settings

from generations.accounts.models import Membership, Team, User
from generations.common.clock import database_time
from generations.credits.models import HoldState
from generations.jobs.dispatch import claim_due, dispatch_due
from generations.jobs.models import Generation, ProviderThrottle, State
from generations.jobs.polling import poll_due
from generations.jobs.reconciliation import audit_books
from generations.jobs.saving import save_generation
from generations.jobs.sending import send_generation
from generations.jobs.submit import GenerationRequest, submit_generation
from generations.media.images import store_image
from tests.fakes.provider import ScriptedProvider

from .rows import Submit, state_of


@pytest.fixture
def provider(settings: Settings) -> Iterator[ScriptedProvider]:
    """The provider of the settings. Like the vendor, it does not honour idempotency keys."""
    with ScriptedProvider(polls_until_done=1) as scripted:
        settings.PROVIDER_URL = scripted.base_url
        settings.PROVIDER_API_KEY = "a-key"
        settings.PROVIDER_HONOURS_IDEMPOTENCY = False
        settings.PROVIDER_CONCURRENCY = 4
        yield scripted


@pytest.fixture
def generation_request(funded: Team, bob: User) -> GenerationRequest:
    picture = BytesIO()
    Image.new("RGB", (320, 180), (40, 90, 160)).save(picture, "PNG")
    still = store_image(team=funded, uploader=bob, file=ContentFile(picture.getvalue(), name="still.png"))
    return GenerationRequest(
        first_frame=still, prompt="The lantern sways.", model="ltx-2-3-fast", resolution="1280x720", fps=24, duration=6
    )


@pytest.fixture
def submit(
    generation_request: GenerationRequest, funded: Team, member: Callable[[User, Team], Membership], bob: User
) -> Callable[..., Generation]:
    """Submit bob's generation_request, with changes, under a fresh key unless one is given."""

    def go(*, by: User = bob, key: str | None = None, **changes: object) -> Generation:
        generation = submit_generation(
            membership=member(by, funded),
            request=replace(generation_request, **changes),
            idempotency_key=key or str(uuid4()),
        )
        return Generation.objects.get(pk=generation.pk)

    return go


@dataclass
class Drive:
    """Do the work of the workers on demand. Within a test's transaction the database's time does not advance."""

    def dispatch(self) -> None:
        dispatch_due()

    def send(self, *, dispatching: bool = True) -> None:
        if dispatching:
            dispatch_due()
        for row in self._claimed(State.SUBMITTING, State.UNCONFIRMED):
            send_generation(*row)

    def poll(self) -> None:
        self.make_due()
        poll_due()

    def save(self) -> None:
        self.make_due()
        for row in claim_due([State.SAVING], limit=50):
            save_generation(*row)

    def render(self) -> None:
        """Send the queued jobs, and poll until the provider has rendered them."""
        self.send()
        self.poll()
        self.poll()

    def to_the_end(self) -> None:
        self.render()
        self.save()

    def make_due(self) -> None:
        """End every wait of jobs and of the provider's throttle."""
        ProviderThrottle.objects.update(not_before=None, probe_at=Now())
        Generation.objects.in_flight().update(next_action_at=Now(), lease_until=None)

    def age(self, by: timedelta) -> None:
        """Make every active generation older by this time."""
        Generation.objects.in_flight().update(state_since=database_time(-by))

    def _claimed(self, *states: State) -> list[tuple[UUID, int]]:
        return list(Generation.objects.filter(state__in=states).values_list("pk", "fence"))


@pytest.fixture
def drive() -> Iterator[Drive]:
    """The workers, driven by the test. After the test the books must balance."""
    yield Drive()
    assert [str(finding) for finding in audit_books()] == []


@pytest.fixture
def sent(submit: Submit, drive: Drive, provider: ScriptedProvider) -> Generation:
    """A job that the provider has accepted."""
    generation = submit()
    drive.send()
    assert state_of(generation) == (State.PROCESSING, HoldState.PENDING)
    return generation


@pytest.fixture
def saving(submit: Submit, drive: Drive, provider: ScriptedProvider) -> Generation:
    """A job whose video can be saved."""
    generation = submit()
    drive.render()
    assert state_of(generation) == (State.SAVING, HoldState.PENDING)
    return generation
