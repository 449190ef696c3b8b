"""Credits: the team's statement for who manages it, one's own spending for everybody else."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generations.accounts.roles import Right

from ..statements import own_statement, team_statement
from ..teams import TeamRequest, team_page


@team_page()
@require_safe
def statement(request: TeamRequest) -> HttpResponse:
    is_manager = request.membership.can(Right.MANAGE_CREDITS)
    read = team_statement if is_manager else own_statement
    page = read(request.membership, before=request.GET.get("before"))
    context = {"page": page, "is_manager": is_manager}
    part = "credits/_entries.html" if is_manager else "credits/_holds.html"
    return render(request, part if request.htmx else "credits/page.html", context)
