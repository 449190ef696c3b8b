"""The panel where a member requests credits, and the 402 page that contains it."""

from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render

from generations.accounts.models import Membership
from generations.credits.errors import Shortage
from generations.credits.models import CreditRequest, RequestState, RequestTarget

from ..decorators import TeamRequest
from .forms import CreditRequestForm


@dataclass(frozen=True)
class RequestPanel:
    """Shows the `pending` request if there is one, or else the form."""

    target: RequestTarget
    pending: CreditRequest | None
    form: CreditRequestForm

    @property
    def is_for_wallet(self) -> bool:
        return self.target == RequestTarget.WALLET


def panel_for(membership: Membership, target: RequestTarget, *, amount: int | None = None) -> RequestPanel:
    pending = CreditRequest.objects.filter(membership=membership, target=target, state=RequestState.PENDING).first()
    return RequestPanel(target, pending, CreditRequestForm(initial={"target": target, "amount": amount}))


def panel_for_shortage(membership: Membership, shortage: Shortage) -> RequestPanel:
    """Return the panel with the missing amount. The target is the limit that was reached."""
    target = RequestTarget.WALLET if shortage.limit == "wallet" else RequestTarget.QUOTA
    return panel_for(membership, target, amount=shortage.required - shortage.available)


def insufficient_credits_page(request: TeamRequest, shortage: Shortage) -> HttpResponse:
    """Render the 402 response outside the studio: a page, or a message for htmx."""
    context = {"shortage": shortage, "request_panel": panel_for_shortage(request.membership, shortage)}
    if not request.htmx:
        return render(request, "credits/shortage.html", context, status=HTTPStatus.PAYMENT_REQUIRED)
    response = render(request, "credits/_shortage_message.html", context, status=HTTPStatus.PAYMENT_REQUIRED)
    response["HX-Retarget"] = "#messages"
    response["HX-Reswap"] = "innerHTML show:window:top"
    return response
