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
    urls = [reverse(name, args=[request.membership.team.slug]) for name, _, _ in pages]
    # The statement's address begins all of them; what is below a page, such as one quota, belongs to that page.
    current = max((url for url in urls if request.path.startswith(url)), key=len, default="")
    return [DeskPage(label, url, url == current, count) for (_, label, count), url in zip(pages, urls, strict=True)]
