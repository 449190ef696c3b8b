"""Credit requests: the team's managers decide on requests for a quota, site staff on requests for a wallet.

A request is decided once, even if several people decide at the same time. An approved request increases the quota or
adds credits to the wallet.
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
from .models import CreditRequest, RequestState, RequestTarget
from .quota_settings import increase_quota
from .usage_alerts import notify_and_mail
from .wallets import credit_managers


class BadRequestError(DailiesError):
    """The amount or the reason is not valid."""

    status = 422
    code = "invalid"


class AlreadyRequestedError(DailiesError):
    """The member already has a pending request."""

    status = 409
    code = "conflict"


class AlreadyDecidedError(DailiesError):
    """The request was already approved, declined or withdrawn."""

    status = 409
    code = "conflict"

    def __init__(self, request: CreditRequest) -> None:
        by = f" by {request.decided_by}" if request.decided_by else ""
        super().__init__(f"This request was already {request.get_state_display().lower()}{by}.")


def requests_of(membership: Membership) -> QuerySet[CreditRequest]:
    """Return the requests visible to the member: all of the team with the right to manage credits, else their own."""
    rows = CreditRequest.objects.select_related("membership__user", "membership__team", "decided_by")
    if membership.can(Right.MANAGE_CREDITS):
        return rows.filter(membership__team=membership.team_id)
    return rows.filter(membership=membership)


def wallet_requests() -> QuerySet[CreditRequest]:
    """Return the pending requests that site staff decide on, oldest first."""
    rows = CreditRequest.objects.filter(target=RequestTarget.WALLET, state=RequestState.PENDING)
    return rows.select_related("membership__user", "membership__team").order_by("created_at")


def request_credits(*, membership: Membership, target: RequestTarget, amount: int, reason: str) -> CreditRequest:
    """Create a request and notify those who decide. Raises BadRequestError or AlreadyRequestedError."""
    if amount <= 0:
        raise BadRequestError("Enter at least 1 credit.")
    if not reason.strip():
        raise BadRequestError("Enter a reason.")
    try:
        with transaction.atomic():
            request = CreditRequest.objects.create(
                membership=membership, target=target, amount=amount, reason=reason.strip()[:500]
            )
            _notify_deciders(request)
            return request
    except IntegrityError as error:
        raise AlreadyRequestedError("You already have a pending request. Withdraw it to send a new one.") from error


@transaction.atomic
def approve_request(
    *, request_id: UUID, actor: User, amount: int, expires_at: datetime | None = None, note: str = ""
) -> CreditRequest:
    """Increase the quota or grant credits to the wallet by `amount`, until `expires_at` if it is given.

    Raises AlreadyDecidedError, and BadIncreaseError or BadGrantError for an invalid amount or date.
    """
    request = _pending(request_id)
    reason = f"{request.membership.user} requested: {request.reason}"
    if request.target == RequestTarget.QUOTA:
        increase_quota(
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
    """Decline the request. Raises AlreadyDecidedError, and BadRequestError without a note."""
    if not note.strip():
        raise BadRequestError("Add a reason. The requester will see it.")
    return _decide(_pending(request_id), RequestState.DECLINED, actor, note)


@transaction.atomic
def withdraw_request(*, membership: Membership, request_id: UUID) -> CreditRequest:
    """Withdraw the member's own request. Raises AlreadyDecidedError, and NotFoundError for another member's."""
    request = _pending(request_id)
    if request.membership_id != membership.pk:
        raise NotFoundError
    request.state = RequestState.WITHDRAWN
    request.save(update_fields=["state"])
    return request


def _pending(request_id: UUID) -> CreditRequest:
    """Return the pending request, locked, so that it is decided once."""
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
    _notify_requester(request)
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


def _notify_deciders(request: CreditRequest) -> None:
    membership, team = request.membership, request.membership.team
    is_quota = request.target == RequestTarget.QUOTA
    deciders = credit_managers(team) if is_quota else User.objects.filter(is_staff=True, is_active=True)
    notify_and_mail(
        [user for user in deciders if user.pk != membership.user_id],
        kind="credits.asked",
        text=f"{membership.user} requested {_in_credits(request.amount)}{'' if is_quota else ' for the team'} ({team})",
        details=f"“{request.reason}”",
        path=reverse("credit_requests", args=[team.slug]) if is_quota else reverse("operations_credits"),
        team=team,
    )


def _notify_requester(request: CreditRequest) -> None:
    team: Team = request.membership.team
    if request.state == RequestState.APPROVED:
        text = f"Your request was approved: +{_in_credits(request.granted or 0)} in {team}"
    else:
        text = f"Your request for {_in_credits(request.amount)} in {team} was declined"
    notify_and_mail(
        [request.membership.user],
        kind=f"credits.{request.state}",
        text=text,
        details=f"“{request.note}”" if request.note else "",
        path=reverse("credits", args=[team.slug]),
        team=team,
    )


def _in_credits(amount: int) -> str:
    return f"{amount:,} credit" if amount == 1 else f"{amount:,} credits"
