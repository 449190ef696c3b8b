"""The part of a page where a member asks for credits, and sees what has become of it."""

from dataclasses import dataclass

from generations.accounts.models import Membership
from generations.credits.errors import Shortage
from generations.credits.models import CreditRequest, RequestState, RequestTarget

from .credit_forms import AskForm


@dataclass(frozen=True)
class Asking:
    """Either `pending`, the request that waits for an answer, or the form to make one."""

    target: RequestTarget
    pending: CreditRequest | None
    form: AskForm

    @property
    def is_for_wallet(self) -> bool:
        return self.target == RequestTarget.WALLET


def asking_for(membership: Membership, target: RequestTarget, *, amount: int | None = None) -> Asking:
    pending = CreditRequest.objects.filter(membership=membership, target=target, state=RequestState.PENDING).first()
    return Asking(target, pending, AskForm(initial={"target": target, "amount": amount}))


def asking_after(membership: Membership, shortage: Shortage) -> Asking:
    """Ask whoever can help with this shortage for exactly what is missing."""
    target = RequestTarget.WALLET if shortage.limit == "wallet" else RequestTarget.QUOTA
    return asking_for(membership, target, amount=shortage.required - shortage.available)
