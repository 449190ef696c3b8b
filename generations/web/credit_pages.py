"""The pages of the credit desk: one frame, and the ways between them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from generations.accounts.roles import Right
from generations.credits.models import RequestState
from generations.credits.requests import requests_of

from .teams import TeamRequest


@dataclass(frozen=True)
class DeskPage:
    label: str
    url: str
    is_current: bool
    count: int = 0


def show_desk_page(
    request: TeamRequest, template: str, context: dict[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    return render(request, template, {**context, "credit_pages": pages_of(request)}, status=status)


def pages_of(request: TeamRequest) -> list[DeskPage]:
    """What the member's role may open, with the number of requests that wait."""
    is_manager = request.membership.can(Right.MANAGE_CREDITS)
    waiting = requests_of(request.membership).filter(state=RequestState.PENDING).count()
    pages = [("credits", "Statement" if is_manager else "Overview", 0), ("credit_requests", "Requests", waiting)]
    if is_manager:
        pages += [("quotas", "Quotas", 0), ("credit_report", "Report", 0), ("credit_alerts", "Alerts", 0)]
    current = request.resolver_match.view_name if request.resolver_match else ""
    return [
        DeskPage(label, reverse(name, args=[request.membership.team.slug]), current == name, count)
        for name, label, count in pages
    ]
