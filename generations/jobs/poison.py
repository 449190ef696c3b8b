"""Jobs that kill whoever works on them: after a few deaths they are set aside, the credits returned, staff told."""

from django.db import transaction

from generations.events.alerts import open_alert

from .leases import Lease
from .models import Generation
from .settle import fail_generation


@transaction.atomic
def set_aside(generation: Generation, lease: Lease) -> None:
    """Fail the generation. What the provider has made of it can still be asked for from the operations page."""
    fail_generation(
        generation,
        lease,
        error_type="poison",
        message="Working on this job failed again and again. Your credits are back; whoever runs this site knows.",
        may_have_cost=True,
    )
    open_alert("poison", f"A job was set aside because its workers kept dying: {generation.pk}.")
