"""Operations, for site staff: what waits where and why, and what can be done about it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.models import User
from generations.common.errors import DailiesError, NotFoundError
from generations.events.models import Alert
from generations.jobs import operations
from generations.jobs.models import Generation, ProviderThrottle
from generations.jobs.operations import ask_again

from ..teams import PageRequest, View, signed_in


def staff_page(view: View) -> View:
    """For site staff only; there is nothing here for anybody else."""

    @signed_in
    @wraps(view)
    def wrapped(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise NotFoundError
        return view(request, *args, **kwargs)

    return wrapped


@staff_page
@require_safe
def overview(request: PageRequest) -> HttpResponse:
    context = {
        "alerts": Alert.objects.open().order_by("opened_at"),
        "waiting": operations.state_counts(),
        "gates": operations.provider_throttles(),
        "troubled": operations.needing_attention(),
    }
    return render(request, "operations/page.html", context)


@staff_page
@require_POST
def act(request: PageRequest, generation_id: UUID, name: str) -> HttpResponse:
    """Do one of `ACTS` to a generation and say what came of it."""
    generation = Generation.objects.filter(pk=generation_id).first()
    if generation is None or name not in ACTS:
        raise NotFoundError
    try:
        messages.success(request, ACTS[name](generation, request.user, request.POST.get("reason", "")))
    except DailiesError as error:
        messages.warning(request, error.message)
    return HttpResponseRedirect(resolve_url("operations"))


@staff_page
@require_POST
def probe(request: PageRequest, gate_id: int) -> HttpResponse:
    throttle = ProviderThrottle.objects.filter(pk=gate_id).first()
    if throttle is None:
        raise NotFoundError
    operations.probe_now(throttle=throttle, actor=request.user)
    messages.success(request, "The next job that waits is sent as a probe.")
    return HttpResponseRedirect(resolve_url("operations"))


def _lift(generation: Generation, actor: User, reason: str) -> str:
    operations.prioritize_generation(generation=generation, actor=actor)
    return "It goes before all others."


def _look(generation: Generation, actor: User, reason: str) -> str:
    operations.check_now(generation=generation, actor=actor)
    return "A worker looks at it now."


def _give_up(generation: Generation, actor: User, reason: str) -> str:
    operations.give_up(generation=generation, actor=actor, reason=reason)
    return f"Given up; {generation.price:,} credits returned."


def _ask(generation: Generation, actor: User, reason: str) -> str:
    if ask_again(generation=generation, actor=actor):
        return "The provider has finished it after all. It is being saved, and not charged."
    return "The provider has no video of it."


ACTS: dict[str, Callable[[Generation, User, str], str]] = {
    "lift": _lift,
    "look": _look,
    "give-up": _give_up,
    "ask": _ask,
}
