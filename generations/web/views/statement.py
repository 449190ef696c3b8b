"""Credits: the team's statement for who manages it, one's own spending for everybody else."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generations.accounts.roles import Right
from generations.credits.models import RequestTarget

from ..asking import asking_for
from ..credit_pages import show_desk_page
from ..quota_words import limit_lines
from ..statements import own_statement, team_statement
from ..teams import TeamRequest, team_page


@team_page()
@require_safe
def statement(request: TeamRequest) -> HttpResponse:
    is_manager = request.membership.can(Right.MANAGE_CREDITS)
    read = team_statement if is_manager else own_statement
    page = read(request.membership, before=request.GET.get("before"))
    context: dict[str, Any] = {"page": page, "is_manager": is_manager}
    if request.htmx:
        return render(request, "credits/_entries.html" if is_manager else "credits/_holds.html", context)
    context["limits"] = limit_lines(request.balance.limits)
    if request.membership.can(Right.GENERATE):
        target = RequestTarget.QUOTA if request.balance.quota else RequestTarget.WALLET
        context["asking"] = asking_for(request.membership, target)
    return show_desk_page(request, "credits/page.html", context)
