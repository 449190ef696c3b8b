"""Ask for credits and be answered: of the own quota by the team's managers, of the wallet by site staff.

A request is decided once, however many people press at the same time. What is granted for a quota is a raise; what is
granted for a wallet is a grant.
"""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Right
from generations.common.errors import DailiesError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .grants import grant_credits
from .managers import managers_of, site_staff
from .models import CreditRequest, RequestState, RequestTarget
from .raises import raise_quota
from .tellings import tell


class BadRequestError(DailiesError):
    """The amount or the reason will not do."""

    status = 422
    code = "invalid"


class AlreadyAskedError(DailiesError):
    """The member waits for an answer already."""

    status = 409
    code = "conflict"


class AlreadyDecidedError(DailiesError):
    """Somebody was quicker: the request is approved, declined or withdrawn."""

    status = 409
    code = "conflict"

    def __init__(self, request: CreditRequest) -> None:
        by = f" by {request.decided_by}" if request.decided_by else ""
        super().__init__(f"This request is {request.get_state_display().lower()} already{by}.")


def requests_of(membership: Membership) -> QuerySet[CreditRequest]:
    """What the member may see: the whole team's requests to manage its credits, otherwise the own ones."""
    rows = CreditRequest.objects.select_related("membership__user", "membership__team", "decided_by")
    if membership.can(Right.MANAGE_CREDITS):
        return rows.filter(membership__team=membership.team_id)
    return rows.filter(membership=membership)


def wallet_requests() -> QuerySet[CreditRequest]:
    """What site staff have to answer, oldest first."""
    rows = CreditRequest.objects.filter(target=RequestTarget.WALLET, state=RequestState.PENDING)
    return rows.select_related("membership__user", "membership__team").order_by("created_at")


def request_credits(*, membership: Membership, target: RequestTarget, amount: int, reason: str) -> CreditRequest:
    """Ask, and let those who decide know. Raises BadRequestError or AlreadyAskedError."""
    if amount <= 0:
        raise BadRequestError("Ask for at least 1 credit.")
    if not reason.strip():
        raise BadRequestError("Say what you need the credits for.")
    try:
        with transaction.atomic():
            made = CreditRequest.objects.create(
                membership=membership, target=target, amount=amount, reason=reason.strip()[:500]
            )
            _tell_deciders(made)
            return made
    except IntegrityError as error:
        raise AlreadyAskedError("You have asked already. Withdraw that request to ask for something else.") from error


@transaction.atomic
def approve_request(
    *, request_id: UUID, actor: User, amount: int, expires_at: datetime | None = None, note: str = ""
) -> CreditRequest:
    """Grant `amount` credits, by a raise of the quota or a grant to the wallet, until `expires_at` if it is given.

    Raises AlreadyDecidedError, and BadRaiseError or BadGrantError for an amount or an end that will not do.
    """
    request = _pending(request_id)
    reason = f"{request.membership.user} asked: {request.reason}"
    if request.target == RequestTarget.QUOTA:
        raise_quota(
            membership=request.membership, amount=amount, reason=reason[:200], actor=actor, expires_at=expires_at
        )
    else:
        grant_credits(
            team=request.membership.team, amount=amount, reason=reason[:200], actor=actor, expires_at=expires_at
        )
    request.granted = amount
    return _decide(request, RequestState.APPROVED, actor, note)


@transaction.atomic
def decline_request(*, request_id: UUID, actor: User, note: str) -> CreditRequest:
    """Raises AlreadyDecidedError, and BadRequestError without a note."""
    if not note.strip():
        raise BadRequestError("Say why: whoever asked reads it.")
    return _decide(_pending(request_id), RequestState.DECLINED, actor, note)


@transaction.atomic
def withdraw_request(*, membership: Membership, request_id: UUID) -> CreditRequest:
    """Take one's own request back. Raises AlreadyDecidedError, and NotFoundError for somebody else's."""
    request = _pending(request_id)
    if request.membership_id != membership.pk:
        raise NotFoundError
    request.state = RequestState.WITHDRAWN
    request.save(update_fields=["state"])
    return request


def _pending(request_id: UUID) -> CreditRequest:
    """The request, locked, so that it is decided once."""
    rows = CreditRequest.objects.select_for_update(of=("self",)).select_related("membership__user", "membership__team")
    request = rows.filter(pk=request_id).first()
    if request is None:
        raise NotFoundError
    if request.state != RequestState.PENDING:
        raise AlreadyDecidedError(request)
    return request


def _decide(request: CreditRequest, state: RequestState, actor: User, note: str) -> CreditRequest:
    request.state, request.decided_by, request.note = state, actor, note.strip()[:500]
    request.save(update_fields=["state", "decided_by", "note", "granted"])
    CreditRequest.objects.filter(pk=request.pk).update(decided_at=Now())
    _record(request, actor)
    _tell_asker(request)
    return request


def _record(request: CreditRequest, actor: User) -> None:
    member = request.membership
    record_audit(
        EventKind(f"credits.request_{request.state}"),
        team_id=member.team_id,
        actor_id=actor.pk,
        subject_id=request.pk,
        email=member.user.email,
        target=request.target,
        asked=request.amount,
        granted=request.granted,
        note=request.note,
    )


def _tell_deciders(request: CreditRequest) -> None:
    membership = request.membership
    is_quota = request.target == RequestTarget.QUOTA
    people = managers_of(membership.team) if is_quota else site_staff()
    whom = f"{membership.user} in {membership.team}"
    more = f"{request.amount:,} more credit{'' if request.amount == 1 else 's'}"
    tell(
        [person for person in people if person.pk != membership.user_id],
        kind="credits.asked",
        text=f"{whom} asks for {more} {'within their quota' if is_quota else 'for the team'}.",
        details=f"“{request.reason}”",
        path=reverse("credit_requests", args=[membership.team.slug]) if is_quota else reverse("operations_credits"),
        team=membership.team,
    )


def _tell_asker(request: CreditRequest) -> None:
    team: Team = request.membership.team
    answers = {
        RequestState.APPROVED: f"You have {request.granted or 0:,} credits more in {team}.",
        RequestState.DECLINED: f"Your request for {request.amount:,} credits in {team} was declined.",
    }
    tell(
        [request.membership.user],
        kind=f"credits.{request.state}",
        text=answers[RequestState(request.state)],
        details=f"“{request.note}”" if request.note else "",
        path=reverse("credits", args=[team.slug]),
        team=team,
    )
