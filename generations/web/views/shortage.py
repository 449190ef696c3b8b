"""A 402 outside of the studio: a page, or for htmx a notice, with everything that helps."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render

from generations.credits.errors import Shortage

from ..asking import asking_after
from ..teams import TeamRequest


def shortage_page(request: TeamRequest, shortage: Shortage) -> HttpResponse:
    context = {"shortage": shortage, "asking": asking_after(request.membership, shortage)}
    if not request.htmx:
        return render(request, "credits/shortage.html", context, status=HTTPStatus.PAYMENT_REQUIRED)
    response = render(request, "credits/_shortage_notice.html", context, status=HTTPStatus.PAYMENT_REQUIRED)
    response["HX-Retarget"] = "#notices"
    response["HX-Reswap"] = "innerHTML show:window:top"
    return response
